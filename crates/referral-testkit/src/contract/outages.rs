//! A store that is away: said at once, nothing half stored, and of use again when it is back.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::sync::Arc;

use referral_domain::ledger::Verdict;
use referral_domain::port::{Changes, HistoryFilter, StoreError};
use referral_domain::user::UserFacts;

use super::{Outage, Subject, is_unavailable};
use crate::build::{a_spend, host, reference, usd};
use crate::fake::NOON;
use crate::world::World;

async fn open(mut subject: Subject) -> (World, Arc<dyn Outage>) {
    let nothing: Box<dyn Outage> = Box::new(|_: bool| ());
    let outage = Arc::from(std::mem::replace(&mut subject.outage, nothing));
    (World::open(subject).await, outage)
}

pub async fn no_unit_begins_while_the_store_is_away(subject: Subject) {
    let (world, outage) = open(subject).await;
    for _ in 0..3 {
        outage.begin().await;
        assert!(is_unavailable(&world.store.begin().await));
        outage.end().await;
        let unit = world.begin().await;
        unit.commit().await.expect("a unit commits again");
    }
}

pub async fn every_report_says_that_the_store_is_away(subject: Subject) {
    let (world, outage) = open(subject).await;
    let code = world.code("u_ana").await;
    outage.begin().await;
    let away = reports_away(&world, &code).await;
    outage.end().await;
    let back = reports_away(&world, &code).await;
    println!("reports asked={} while away, and again after it", away.len());
    assert!(away.iter().all(|(_, away)| *away), "{away:?}");
    assert!(back.iter().all(|(_, away)| !away), "{back:?}");
}

async fn reports_away(world: &World, code: &referral_domain::code::Code) -> Vec<(&'static str, bool)> {
    let (reports, book, now) = (world.reports.as_ref(), world.program.book, world.now());
    let (user, ana) = (code.owner, host("u_ana"));
    vec![
        ("ready", is_unavailable(&reports.ready().await)),
        ("program", is_unavailable(&reports.program(&world.program.slug, now).await)),
        ("programs", is_unavailable(&reports.programs(now).await)),
        ("api_key", is_unavailable(&reports.api_key(&[1; 32]).await)),
        ("api_keys", is_unavailable(&reports.api_keys().await)),
        ("code", is_unavailable(&reports.code(book, &code.text.folded()).await)),
        ("user", is_unavailable(&reports.user(book, &ana).await)),
        ("user_id", is_unavailable(&reports.user_id(book, &ana).await)),
        ("referrer", is_unavailable(&reports.referrer(book, &ana).await)),
        ("my_referral", is_unavailable(&reports.my_referral(book, &ana).await)),
        ("account", is_unavailable(&reports.account(book, &ana, now).await)),
        ("history", is_unavailable(&reports.history(book, user, &HistoryFilter::default()).await)),
        ("summary", is_unavailable(&reports.summary(book, &ana, now).await)),
        ("verify", is_unavailable(&reports.verify().await)),
    ]
}

pub async fn a_unit_that_meets_an_outage_is_stored_whole_or_not_at_all(subject: Subject) {
    let (world, outage) = open(subject).await;
    let (mut stored, mut lost) = (0, 0);
    for round in 0..6_usize {
        let [one, two] = ["one", "two"].map(|half| format!("u_{half}_{round}"));
        let acknowledged = record_two(&world, outage.as_ref(), &one, &two, round % 3).await;
        outage.end().await;
        let (one, two) = (world.user(&one).await, world.user(&two).await);
        let (one, two) = (one.signed_up_at.is_some(), two.signed_up_at.is_some());
        assert_eq!(one, two, "round {round}: half of a unit is stored");
        assert!(one || acknowledged.is_err(), "round {round}: acknowledged, and not stored");
        stored += u32::from(one);
        lost += u32::from(!one);
    }
    println!("units that met an outage=6 stored={stored} refused={lost}");
}

/// Records two facts in one unit, with an outage before the call of that number.
async fn record_two(
    world: &World,
    outage: &dyn Outage,
    one: &str,
    two: &str,
    down_before: usize,
) -> Result<(), StoreError> {
    let (book, named) = (world.program.book, [world.new_user(one), world.new_user(two)]);
    let mut unit = world.begin().await;
    if down_before == 0 {
        outage.begin().await;
    }
    let mut users = unit.users().lock(book, &named, &[], world.now()).await?;
    users.iter_mut().for_each(|user: &mut UserFacts| user.hear_sign_up(NOON));
    if down_before == 1 {
        outage.begin().await;
    }
    unit.recorder().record(book, &Changes { users, ..Changes::default() }).await?;
    if down_before == 2 {
        outage.begin().await;
    }
    unit.commit().await
}

pub async fn a_story_interrupted_by_outages_ends_as_if_there_had_been_none(subject: Subject) {
    let (world, outage) = open(subject).await;
    let code = world.code("u_ana").await;
    interrupt(&world, outage.as_ref()).await;
    world.sign_up("u_ben", &code).await.expect("applied");
    interrupt(&world, outage.as_ref()).await;
    world.verify("u_ben").await;
    interrupt(&world, outage.as_ref()).await;
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    interrupt(&world, outage.as_ref()).await;
    let mode = referral_domain::credit::RedeemMode::Exact;
    world.redeem(code.owner, 5_00, mode, &reference("order:1")).await.expect("redeemed");
    interrupt(&world, outage.as_ref()).await;
    assert_eq!(world.wallet(code.owner).await.balances().available, 20_00);
    let verdict = world.reports.verify().await.expect("a report");
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
}

async fn interrupt(world: &World, outage: &dyn Outage) {
    outage.begin().await;
    assert!(is_unavailable(&world.store.begin().await));
    outage.end().await;
}
