//! The months' budgets: never exceeded, at whatever concurrency, and what they withheld is found oldest first.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::budget::BudgetMonth;
use referral_domain::ledger::Verdict;
use referral_domain::port::Changes;
use referral_domain::program::{Policy, Program};
use referral_domain::referral::{Award, Referral, State, WithheldReason};
use referral_domain::time::{Month, Timestamp};

use super::referrals::brought;
use super::{Meeting, Subject, race};
use crate::build::{a_program, a_spend, usd};
use crate::fake::NOON;
use crate::world::World;

/// A program that may grant so much a month.
fn granting(reward_budget: Option<i64>) -> Program {
    a_program().policy(Policy { reward_budget, ..Policy::default() }).limited_to(10_000).build()
}

async fn assert_verified(world: &World) {
    let verdict = world.reports.verify().await.expect("a report");
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
}

async fn month(world: &World, month: Month) -> BudgetMonth {
    let mut unit = world.begin().await;
    unit.budgets().lock(world.program.book, month).await.expect("a month")
}

/// A friend of `owner`'s own spends 60.00 now; answers their referral.
async fn rewarded(world: &World, owner: &str, name: &str) -> Referral {
    let code = world.code(owner).await;
    world.sign_up(name, &code).await.expect("applied");
    world.verify(name).await;
    world.spend(&[a_spend(&format!("inv_{name}"), name, usd(60_00)).at(world.now()).build()]).await;
    let user = world.user(name).await.id;
    world.referral(user).await.expect("a referral")
}

pub async fn a_month_nobody_asked_is_untouched(subject: Subject) {
    let world = World::open_with(subject, granting(Some(60_00))).await;
    for at in [NOON, NOON.plus_days(400)] {
        assert_eq!(month(&world, at.month()).await, BudgetMonth::untouched(at.month()));
    }
}

pub async fn a_month_is_read_back_as_it_was_recorded(subject: Subject) {
    let world = World::open_with(subject, granting(Some(60_00))).await;
    let other = world.beside(a_program().named("other").build()).await;
    let row = |month, closed_under| BudgetMonth { month, granted: 0, closed_under };
    let this = NOON.month();
    let next = NOON.plus_days(31).month();
    for recorded in [row(this, Some(60_00)), row(next, None), row(this, None), row(this, Some(0))] {
        world.record(&Changes { budget: Some(recorded), ..Changes::default() }).await;
        assert_eq!(month(&world, recorded.month).await, recorded);
    }
    assert_eq!(month(&world, next).await, row(next, None), "each month is its own");
    assert_eq!(month(&other, this).await, BudgetMonth::untouched(this), "and each program's");
}

pub async fn a_budget_is_counted_and_closed_by_the_first_that_does_not_fit(subject: Subject) {
    let world = World::open_with(subject, granting(Some(60_00))).await;
    let mut awards = Vec::new();
    for n in 0..4 {
        awards.push(rewarded(&world, "u_ana", &format!("u_{n}")).await.progress.reward);
    }
    let withheld = Award::Withheld(WithheldReason::Budget);
    assert!(awards[0].is_posted() && awards[1].is_posted());
    assert_eq!(awards[2..], [withheld, withheld]);
    let expected = BudgetMonth { month: NOON.month(), granted: 50_00, closed_under: Some(60_00) };
    assert_eq!(month(&world, NOON.month()).await, expected);
    assert_verified(&world).await;
}

pub async fn what_was_granted_before_there_was_a_budget_counts_in_its_month(subject: Subject) {
    let world = World::open_with(subject, granting(None)).await;
    rewarded(&world, "u_ana", "u_0").await;
    rewarded(&world, "u_ana", "u_1").await;
    assert_eq!(month(&world, NOON.month()).await.granted, 50_00);
    assert_eq!(month(&world, NOON.plus_days(31).month()).await.granted, 0);
    let mut limited = world.clone();
    limited.program = granting(Some(60_00));
    let reward = rewarded(&limited, "u_ana", "u_2").await.progress.reward;
    assert_eq!(reward, Award::Withheld(WithheldReason::Budget));
    assert_verified(&world).await;
}

pub async fn a_budget_is_never_exceeded_at_whatever_concurrency(subject: Subject) {
    let world = World::open_with(subject, granting(Some(10_000))).await;
    let racers = 12;
    for n in 0..racers {
        let code = world.code(&format!("u_owner_{n}")).await;
        world.sign_up(&format!("u_{n}"), &code).await.expect("applied");
        world.verify(&format!("u_{n}")).await;
    }
    let meeting = Meeting::of(racers);
    let told = race((0..racers).map(|n| {
        let (world, meeting) = (world.clone(), meeting.clone());
        async move {
            let spend = a_spend(&format!("inv_{n}"), &format!("u_{n}"), usd(60_00)).build();
            meeting.wait().await;
            world.spend(&[spend]).await;
            let user = world.user(&format!("u_{n}")).await.id;
            world.referral(user).await.expect("a referral").progress.reward
        }
    }));
    let granted = told.await.into_iter().filter(|award| award.is_posted()).count();
    let month = month(&world, NOON.month()).await;
    println!("qualified at once={racers} granted={granted} budget={month:?}");
    assert_eq!((granted, month.granted, month.closed_under), (4, 10_000, Some(10_000)));
    assert_verified(&world).await;
}

pub async fn a_locked_month_does_not_change_until_the_unit_ends(subject: Subject) {
    let world = World::open_with(subject, granting(Some(1_000_000))).await;
    let (rounds, racers) = (3, 4);
    let this = NOON.month();
    for _ in 0..rounds {
        let meeting = Meeting::of(racers);
        race((0..racers).map(|_| {
            let (world, meeting) = (world.clone(), meeting.clone());
            async move { add_one(&world, this, &meeting).await }
        }))
        .await;
    }
    let closed = month(&world, this).await.closed_under;
    println!("units={} counted={closed:?}", rounds * racers);
    assert_eq!(closed, i64::try_from(rounds * racers).ok(), "none of them is lost");
}

/// Reads a month, meets the others, and writes what it read and one more.
async fn add_one(world: &World, month: Month, meeting: &Meeting) {
    let book = world.program.book;
    let added = world.transact(move |unit| {
        Box::pin(async move {
            let mut row = unit.budgets().lock(book, month).await?;
            meeting.wait().await;
            row.closed_under = Some(row.closed_under.unwrap_or(0) + 1);
            unit.recorder().record(book, &Changes { budget: Some(row), ..Changes::default() }).await
        })
    });
    added.await.expect("a month is recorded");
}

fn completed(at: Timestamp, reason: WithheldReason) -> impl Fn(&mut Referral) {
    move |referral| {
        referral.progress.state = State::Completed { activated_at: NOON, completed_at: at };
        referral.progress.verified_at = Some(NOON);
        referral.progress.spend.gross = referral.facts.terms.spend_threshold;
        referral.progress.welcome = Award::Withheld(WithheldReason::UnderReview);
        referral.progress.reward = Award::Withheld(reason);
    }
}

pub async fn what_the_budget_withheld_is_claimed_oldest_first_and_nothing_else(subject: Subject) {
    let world = World::open_with(subject, granting(Some(60_00))).await;
    let other = world.beside(a_program().named("other").build()).await;
    let code = world.code("u_ana").await;
    let (at, budget) = (|n| NOON.plus_micros(n), WithheldReason::Budget);
    let shapes = [(3, budget), (1, budget), (1, WithheldReason::UnderReview), (2, budget), (1, budget)];
    let made = brought(&world, &code, shapes.len(), |n, referral| {
        completed(at(shapes[n].0), shapes[n].1)(referral);
    })
    .await;
    let mut expected: Vec<_> =
        made.iter().filter(|made| made.progress.reward.reason() == Some(budget)).collect();
    expected.sort_by_key(|made| (made.progress.state.completed_at(), made.facts.id));
    for limit in [0, 1, 3, 4, 9] {
        let mut unit = world.begin().await;
        let claimed = unit.referrals().claim_budgeted(world.program.book, limit).await.expect("referrals");
        let first = &expected[..expected.len().min(limit as usize)];
        assert_eq!(claimed.iter().collect::<Vec<_>>(), first, "at most {limit}");
    }
    let mut unit = world.begin().await;
    let unsettled = unit.referrals().claim_unsettled(world.program.book, 9).await.expect("referrals");
    assert_eq!(unsettled, [], "the budget's are not the reconciler's");
    drop(unit);
    let mut unit = other.begin().await;
    assert_eq!(unit.referrals().claim_budgeted(other.program.book, 9).await.expect("referrals"), []);
}
