//! Read models while others write: all that one answer tells was true at one instant.
//!
//! Readers ask until each has met `STATES` different states, a writer writes until the readers have: so every case
//! reads between commits, however fast its adapter is, and none waits for a clock. Both yield after each turn, so that
//! neither keeps the other from running on an adapter that never waits.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use referral_domain::credit::RedeemMode;
use referral_domain::user::EmailStatus;

use super::{Subject, race, wallets};
use crate::build::{a_program, host, reference};
use crate::transact::Boxed;
use crate::world::World;

/// How many different states each reader meets.
const STATES: usize = 25;
/// How many read at once.
const READERS: usize = 3;

/// Judges one answer, and tells by a number of which state it was true. It is told the state of the answer before.
pub(super) type Ask = fn(World, i64) -> Boxed<'static, i64>;
/// Commits the next state; it is told how many there were.
pub(super) type Write = fn(World, i64) -> Boxed<'static, ()>;

pub(super) async fn ask_while_written(world: &World, ask: Ask, write: Write) {
    let done = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write_until(world.clone(), write, Arc::clone(&done)));
    let judged = race((0..READERS).map(|_| ask_until_met(world.clone(), ask))).await;
    done.store(true, Ordering::SeqCst);
    let written = writer.await.expect("the writer does not panic");
    let judged: usize = judged.into_iter().sum();
    println!("states written={written} answers judged={judged} by readers={READERS}");
    assert!(judged >= READERS * STATES && written > 0);
}

async fn write_until(world: World, write: Write, done: Arc<AtomicBool>) -> i64 {
    let mut written = 0;
    while !done.load(Ordering::SeqCst) {
        write(world.clone(), written).await;
        written += 1;
        tokio::task::yield_now().await;
    }
    written
}

async fn ask_until_met(world: World, ask: Ask) -> usize {
    let (mut met, mut judged, mut state) = (BTreeSet::new(), 0, 0);
    while met.len() < STATES {
        state = ask(world.clone(), state).await;
        met.insert(state);
        judged += 1;
        tokio::task::yield_now().await;
    }
    judged
}

/// Credits a reward, and uses some of it.
pub(super) async fn move_credits(world: World, n: i64) {
    let ana = world.user("u_ana").await.id;
    wallets::credit(&world, ana, 7).await;
    let order = reference(&format!("order:{n}"));
    world.redeem(ana, 3, RedeemMode::Exact, &order).await.expect("as much is available");
}

pub async fn a_summary_comes_to_the_balance_beside_it_while_credits_move(subject: Subject) {
    let world = World::open(subject).await;
    ask_while_written(
        &world,
        |world, _| Box::pin(ask_summary(world)),
        |world, n| Box::pin(move_credits(world, n)),
    )
    .await;
}

async fn ask_summary(world: World) -> i64 {
    let (book, tomorrow) = (world.program.book, world.now().plus_days(1));
    let report = world.reports.summary(book, &host("u_ana"), tomorrow).await.expect("a report");
    let (sums, last) = (&report.sums, report.account.last.as_ref());
    let available = last.map_or(0, |line| line.after.available);
    assert_eq!(sums.credited - sums.debited, available, "{report:?}");
    assert_eq!(report.account.aged, last.map_or(0, |line| line.earned), "{report:?}");
    let lines = sums.by_kind.iter().map(|kind| kind.count).sum();
    assert_eq!(last.map_or(0, |line| line.n), lines, "{report:?}");
    lines
}

pub async fn an_account_is_of_one_instant_while_credits_move(subject: Subject) {
    let world = World::open(subject).await;
    ask_while_written(
        &world,
        |world, _| Box::pin(ask_account(world)),
        |world, n| Box::pin(move_credits(world, n)),
    )
    .await;
}

/// All that was earned until tomorrow is what was earned at the end of the history.
async fn ask_account(world: World) -> i64 {
    let account = world.account("u_ana", world.now().plus_days(1)).await;
    let last = account.last.as_ref();
    assert_eq!(account.aged, last.map_or(0, |line| line.earned), "{account:?}");
    last.map_or(0, |line| line.n)
}

pub async fn a_users_referral_agrees_with_their_email_while_words_come_in(subject: Subject) {
    let world = World::open_with(subject, generous()).await;
    world.code("u_ana").await;
    ask_while_written(
        &world,
        |world, state| Box::pin(ask_my_referral(world, state)),
        |world, n| Box::pin(refer_and_verify(world, n)),
    )
    .await;
}

async fn refer_and_verify(world: World, n: i64) {
    sign_up(world.clone(), n).await;
    world.verify(&format!("u_{n}")).await;
}

/// Follows one user until they are verified, then the next one: the state is thrice their number and how far they are.
async fn ask_my_referral(world: World, state: i64) -> i64 {
    let n = if state % 3 == 2 { state / 3 + 1 } else { state / 3 };
    let user = host(&format!("u_{n}"));
    let report = world.reports.my_referral(world.program.book, &user).await.expect("a report");
    let verified = report.referral.as_ref().map(|referral| referral.progress.verified_at.is_some());
    let far = match (report.email, verified) {
        (EmailStatus::Unknown, None) => 0,
        (EmailStatus::Unknown, Some(false)) => 1,
        (EmailStatus::Verified(_), Some(true)) => 2,
        other => panic!("the referral and the e-mail disagree: {other:?}"),
    };
    3 * n + far
}

pub async fn a_code_was_used_as_often_as_it_brought_somebody_while_users_sign_up(subject: Subject) {
    let world = World::open_with(subject, generous()).await;
    world.code("u_ana").await;
    ask_while_written(
        &world,
        |world, _| Box::pin(ask_referrer(world)),
        |world, n| Box::pin(sign_up(world, n)),
    )
    .await;
}

async fn ask_referrer(world: World) -> i64 {
    let report = world.referrer("u_ana").await;
    let uses = i64::from(report.code.as_ref().expect("ana has a code").uses);
    assert_eq!(uses, report.counts.pending, "{report:?}");
    uses
}

async fn sign_up(world: World, n: i64) {
    let code = world.referrer("u_ana").await.code.expect("ana has a code");
    world.sign_up(&format!("u_{n}"), &code).await.expect("applied");
}

fn generous() -> referral_domain::program::Program {
    a_program().limited_to(u32::MAX).build()
}
