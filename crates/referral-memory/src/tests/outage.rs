//! A store that is away, units that are of no use any more, and reports that wait for nobody.

use referral_domain::id::TransactionId;
use referral_domain::port::{Changes, Reports, Store, StoreError};
use referral_domain::referral::Award;
use referral_testkit::build::{host, named_id};

use super::story;
use crate::fault::Fault;

fn fault<T>(answer: Result<T, StoreError>) -> Fault {
    match answer.err() {
        Some(StoreError::Unavailable(source)) => *source.downcast().expect("a fault of this store"),
        other => panic!("not unavailable: {other:?}"),
    }
}

#[tokio::test]
async fn while_the_store_is_away_nothing_answers_and_afterwards_nothing_is_lost() {
    let story::Story { store, world, book, .. } = story::told().await;
    let before = store.verify().await.expect("it answers");
    let named = [world.new_user("u_cyd")];
    let mut open = world.begin().await;
    open.users().lock(book, &named, &[], world.now()).await.expect("it answers");
    store.go_down(true);
    assert_eq!(fault(open.users().names(book, &[]).await), Fault::Down);
    assert_eq!(fault(open.commit().await), Fault::Spent, "a call failed");
    assert_eq!(fault(store.begin().await.map(drop)), Fault::Down);
    assert_eq!(fault(store.ready().await), Fault::Down);
    assert_eq!(fault(store.verify().await), Fault::Down);
    store.go_down(false);
    assert_eq!(store.verify().await.expect("it answers again"), before);
    assert_eq!(store.user(book, &host("u_cyd")).await.expect("it answers again"), None);
}

#[tokio::test]
async fn a_unit_that_commits_during_an_outage_stores_nothing() {
    let story::Story { store, world, book, .. } = story::told().await;
    let named = [world.new_user("u_cyd")];
    let mut unit = world.begin().await;
    unit.users().lock(book, &named, &[], world.now()).await.expect("it answers");
    store.go_down(true);
    assert_eq!(fault(unit.commit().await), Fault::Down);
    store.go_down(false);
    assert_eq!(store.user(book, &host("u_cyd")).await.expect("it answers again"), None);
}

#[tokio::test]
async fn a_unit_whose_call_failed_half_way_is_of_no_use_any_more() {
    let story::Story { store, world, book, ben, .. } = story::told().await;
    let referral = world.referral(ben).await.expect("ben was referred");
    let mut progress = referral.progress;
    let transaction = TransactionId::from_uuid(named_id("never posted"));
    progress.welcome = Award::Granted { at: world.now(), transaction };
    let mut facts = world.user("u_ben").await;
    facts.signed_up_at = None;
    let changes =
        Changes { users: vec![facts], progress: vec![(referral.facts.id, progress)], ..Changes::default() };
    let before = store.user(book, &host("u_ben")).await.expect("a report");
    let mut unit = world.begin().await;
    let refused = unit.recorder().record(book, &changes).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    assert_eq!(fault(unit.users().names(book, &[ben]).await), Fault::Spent);
    assert_eq!(fault(unit.commit().await), Fault::Spent);
    assert_eq!(store.user(book, &host("u_ben")).await.expect("a report"), before);
}

#[tokio::test]
async fn a_report_waits_for_no_unit_and_sees_what_was_committed() {
    let story::Story { store, world, book, .. } = story::told().await;
    let named = [world.new_user("u_cyd")];
    let mut unit = world.begin().await;
    unit.users().lock(book, &named, &[], world.now()).await.expect("users");
    assert_eq!(store.user(book, &host("u_cyd")).await.expect("a report"), None, "not committed yet");
    unit.commit().await.expect("a unit commits");
    assert!(store.user(book, &host("u_cyd")).await.expect("a report").is_some());
}
