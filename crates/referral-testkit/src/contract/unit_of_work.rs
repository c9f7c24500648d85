//! A unit is stored whole or not at all.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use referral_domain::port::{Changes, StoreError};

use super::{Subject, is_unavailable};
use crate::build::{a_code, a_referral, host};
use crate::world::World;

pub async fn a_commit_makes_everything_visible(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await;
    let mut unit = world.begin().await;
    let code = a_code(world.program.book, ana.id).build();
    let claim = unit.codes().claim(&code).await;
    unit.commit().await.expect("a unit commits");
    assert!(claim.is_ok());
    let found = world.reports.code(world.program.book, &code.text.folded()).await.expect("a report");
    assert_eq!(found, Some(code.clone()), "to reports");
    let mut unit = world.begin().await;
    let found = unit.codes().find(world.program.book, &[code.text.folded()]).await.expect("codes").remove(0);
    assert_eq!(found, Some(code), "and to the next unit");
}

pub async fn dropping_a_unit_stores_nothing_and_leaves_nothing_locked(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let mut told = code.clone();
    told.uses = 7;
    for _ in 0..3 {
        let mut unit = world.begin().await;
        let ben = world.new_user("u_ben");
        let users = unit.users().lock(world.program.book, &[ben], &[code.owner], world.now()).await;
        let referral = a_referral(&world.program, &code, users.expect("users")[0].id).build();
        unit.codes().lock(world.program.book, &[code.id]).await.expect("codes");
        let changes =
            Changes { codes: vec![told.clone()], new_referrals: vec![referral], ..Changes::default() };
        unit.recorder().record(world.program.book, &changes).await.expect("recorded");
        drop(unit);
    }
    let unknown = world.reports.user(world.program.book, &host("u_ben")).await.expect("a report");
    assert_eq!(unknown, None, "the user made in the unit is gone with it");
    let ben = world.user("u_ben").await;
    assert_eq!(world.referral(ben.id).await, None);
    let mut unit = world.begin().await;
    let locked = unit.codes().lock(world.program.book, &[code.id]).await.expect("codes");
    assert_eq!(locked, [code]);
}

pub async fn a_unit_sees_what_it_recorded_itself(subject: Subject) {
    let world = World::open(subject).await;
    let (code, ben) = (world.code("u_ana").await, world.user("u_ben").await);
    let referral = a_referral(&world.program, &code, ben.id).build();
    let mut unit = world.begin().await;
    let changes = Changes { new_referrals: vec![referral.clone()], ..Changes::default() };
    unit.recorder().record(world.program.book, &changes).await.expect("recorded");
    let locked = unit.referrals().lock(world.program.book, &[ben.id]).await.expect("referrals");
    assert_eq!(locked, [referral]);
}

pub async fn a_unit_sees_everything_committed_before_it_began(subject: Subject) {
    let world = World::open(subject).await;
    for n in 0..20 {
        let name = format!("u_{n}");
        let made = world.user(&name).await;
        let mut unit = world.begin().await;
        let seen = unit.users().names(world.program.book, &[made.id]).await.expect("names");
        assert_eq!(seen, [host(&name)]);
    }
}

/// How many calls are abandoned, at how many depths.
const ABANDONED: u32 = 300;

pub async fn an_abandoned_call_never_leaks_into_the_next_unit(subject: Subject) {
    let world = World::open(subject).await;
    let mut pending = 0;
    for round in 0..ABANDONED {
        let name = format!("u_gone_{round}");
        let mut unit = world.begin().await;
        let named = [world.new_user(&name)];
        let call = unit.users();
        let call = call.lock(world.program.book, &named, &[], world.now());
        pending += u32::from(abandon(call, round % 4).await.is_none());
        drop(unit);
        let unit = world.begin().await;
        tokio::task::yield_now().await;
        unit.commit().await.expect("the next unit commits");
    }
    let mut leaked = 0;
    for round in 0..ABANDONED {
        let name = host(&format!("u_gone_{round}"));
        let found = world.reports.user(world.program.book, &name).await.expect("a report");
        leaked += u32::from(found.is_some());
    }
    println!("abandoned calls={ABANDONED} of which pending={pending} leaked={leaked}");
    assert_eq!(leaked, 0);
}

pub async fn a_unit_with_an_abandoned_call_is_of_no_more_use(subject: Subject) {
    let world = World::open(subject).await;
    let (mut pending, mut refused) = (0, 0);
    for round in 0..60_u32 {
        let name = format!("u_gone_{round}");
        let (named, later) = ([world.new_user(&name)], [world.new_user("u_later")]);
        let mut unit = world.begin().await;
        let abandoned =
            abandon(unit.users().lock(world.program.book, &named, &[], world.now()), round % 2).await;
        if abandoned.is_some() {
            continue;
        }
        pending += 1;
        let next = unit.users().lock(world.program.book, &later, &[], world.now()).await;
        refused += u32::from(is_unavailable(&next));
        let committed: Result<(), StoreError> = unit.commit().await;
        assert!(is_unavailable(&committed), "a commit after an abandoned call: {committed:?}");
        let found = world.reports.user(world.program.book, &host(&name)).await.expect("a report");
        assert_eq!(found, None, "nothing of it is stored");
    }
    println!("abandoned calls pending={pending} refused afterwards={refused}");
    assert_eq!(refused, pending);
    assert_eq!(world.reports.user(world.program.book, &host("u_later")).await.expect("a report"), None);
}

pub async fn an_abandoned_begin_leaves_nothing_locked(subject: Subject) {
    let world = World::open(subject).await;
    let mut pending = 0;
    for round in 0..100 {
        pending += u32::from(abandon(world.store.begin(), round % 4).await.is_none());
        world.user(&format!("u_{}", round % 3)).await;
    }
    println!("abandoned begins=100 of which pending={pending}");
}

pub async fn an_abandoned_commit_is_stored_whole_or_not_at_all(subject: Subject) {
    let world = World::open(subject).await;
    let (rounds, mut stored) = (100, 0);
    for round in 0..rounds {
        let names = [format!("u_one_{round}"), format!("u_two_{round}")];
        let mut unit = world.begin().await;
        let named = names.each_ref().map(|name| world.new_user(name));
        unit.users().lock(world.program.book, &named, &[], world.now()).await.expect("users");
        let answer = abandon(unit.commit(), round % 4).await;
        world.begin().await.commit().await.expect("the next unit commits");
        let mut known = Vec::new();
        for name in &names {
            let found = world.reports.user(world.program.book, &host(name)).await.expect("a report");
            known.push(found.is_some());
        }
        assert_eq!(known[0], known[1], "round {round}: half of a unit is stored");
        assert!(known[0] || !matches!(answer, Some(Ok(()))), "round {round}: acknowledged, and lost");
        stored += u32::from(known[0]);
    }
    println!("abandoned commits={rounds} stored={stored}");
}

/// Polls a call a few times and drops it unless it is done; answers what it brought, if anything.
async fn abandon<T>(call: impl Future<Output = T>, yields: u32) -> Option<T> {
    let mut call = pin!(call);
    for _ in 0..yields {
        if let Poll::Ready(brought) = poll(call.as_mut()) {
            return Some(brought);
        }
        tokio::task::yield_now().await;
    }
    match poll(call.as_mut()) {
        Poll::Ready(brought) => Some(brought),
        Poll::Pending => None,
    }
}

fn poll<T>(call: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    call.poll(&mut Context::from_waker(Waker::noop()))
}
