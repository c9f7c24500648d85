//! The service's role has the rights that the ports need, and no more.

use std::sync::Arc;

use referral_domain::credit::RedeemMode;
use referral_domain::ledger::Verdict;
use referral_testkit::build::{a_spend, reference, usd};
use referral_testkit::world::World;

use super::launch::a_database;
use crate::{PgStore, Sessions};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_whole_story_is_told_by_the_services_role() {
    let database = a_database().await;
    let url = as_service(&database.url());
    let store = Arc::new(PgStore::open(&url, Sessions::default()).expect("a store"));
    let world = World::new(store.clone(), store).await;
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("applied");
    world.verify("u_ben").await;
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    let redeemed = world.redeem(code.owner, 20_00, RedeemMode::Exact, &reference("order:1")).await;
    world.reverse(redeemed.expect("redeemed").id, None, &reference("back:1")).await;
    let (book, now) = (world.program.book, world.now());
    let mut unit = world.begin().await;
    assert!(unit.referrals().claim_expired(book, now, 9).await.expect("asked").is_empty());
    assert!(unit.referrals().claim_unsettled(book, 9).await.expect("asked").is_empty());
    assert_eq!(unit.idempotency().forget(now, 9).await.expect("asked"), 0);
    unit.commit().await.expect("committed");
    let verdict = world.reports.verify().await.expect("a report");
    assert!(matches!(verdict, Verdict::Verified(ref counts) if counts.transactions == 4), "{verdict:?}");
    let store = PgStore::open(&url, Sessions::default()).expect("a store");
    assert!(store.pending().await.expect("it may see what is applied").is_empty());
    let owner = PgStore::open(&database.url(), Sessions::default()).expect("a store");
    let could_harm = [store.is_overprivileged().await, owner.is_overprivileged().await];
    assert_eq!(could_harm.map(|could| could.expect("asked")), [false, true]);
}

/// So it is in a database that was upgraded from PostgreSQL 14, where everybody may make things in `public`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_may_make_functions_has_more_than_the_service_needs() {
    let database = a_database().await;
    let service = PgStore::open(&as_service(&database.url()), Sessions::default()).expect("a store");
    assert!(!service.is_overprivileged().await.expect("asked"));
    let owner = database.client().await;
    owner.batch_execute("GRANT CREATE ON SCHEMA public TO PUBLIC").await.expect("granted");
    assert!(service.is_overprivileged().await.expect("asked"));
}

/// A database's URL for a session in the service's role.
fn as_service(url: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}options=-c%20role%3Dreferral_app")
}
