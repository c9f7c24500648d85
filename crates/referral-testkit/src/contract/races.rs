//! Units at once on the same users, referrals and wallets: nothing is counted twice, nothing is lost.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::code::Code;
use referral_domain::ledger::Verdict;
use referral_domain::program::Program;
use referral_domain::referral::SpendTotals;
use referral_domain::spend::{Answer, Outcome, SpendCommand, SpendEvent};

use super::{Meeting, Subject, race};
use crate::build::{a_program, a_spend, usd};
use crate::world::World;

/// A program that lets a referrer bring everybody of a case on one day.
fn generous() -> Program {
    a_program().limited_to(10_000).build()
}

/// Signs up and verifies so many friends of one code.
async fn friends(world: &World, code: &Code, count: usize) -> Vec<String> {
    let names: Vec<_> = (0..count).map(|n| format!("u_friend_{}_{n}", code.text)).collect();
    for name in &names {
        world.sign_up(name, code).await.expect("applied");
        world.verify(name).await;
    }
    names
}

async fn totals(world: &World, name: &str) -> SpendTotals {
    let user = world.user(name).await.id;
    world.referral(user).await.expect("a referral").progress.spend
}

async fn available(world: &World, name: &str) -> i64 {
    let user = world.user(name).await.id;
    world.wallet(user).await.balances().available
}

async fn assert_verified(world: &World) {
    let verdict = world.reports.verify().await.expect("a report");
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
}

fn told(answer: &Answer) -> &SpendEvent {
    match answer {
        Answer::Recorded(event) | Answer::Replayed(event) => event,
        Answer::Conflict(source) => panic!("{source} is in conflict"),
    }
}

pub async fn the_same_event_sent_fifty_times_at_once_counts_once(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let ben = friends(&world, &code, 1).await.remove(0);
    let spend = a_spend("inv_1", &ben, usd(60_00)).build();
    let answers = race((0..50).map(|_| {
        let (world, spend) = (world.clone(), spend.clone());
        async move { world.spend(&[spend]).await.remove(0) }
    }));
    let answers = answers.await;
    let recorded = answers.iter().filter(|answer| matches!(answer, Answer::Recorded(_))).count();
    assert!(answers.iter().all(|answer| told(answer) == told(&answers[0])), "one answer for all");
    println!("times sent=50 recorded={recorded}");
    assert_eq!((recorded, totals(&world, &ben).await.gross), (1, 60_00));
    assert_eq!(available(&world, "u_ana").await, 25_00);
    assert_verified(&world).await;
}

pub async fn events_that_cross_the_threshold_at_once_grant_one_reward(subject: Subject) {
    let world = World::open_with(subject, generous()).await;
    let code = world.code("u_ana").await;
    let (rounds, racers) = (5_i64, 6);
    for (round, name) in (0_i64..).zip(friends(&world, &code, 5).await) {
        let meeting = Meeting::of(racers);
        let outcomes = race((0..racers).map(|n| {
            let (world, meeting) = (world.clone(), meeting.clone());
            let spend = a_spend(&format!("inv_{round}_{n}"), &name, usd(30_00)).build();
            async move {
                meeting.wait().await;
                told(&world.spend(&[spend]).await[0]).outcome
            }
        }));
        let outcomes = outcomes.await;
        let crossed = outcomes.iter().filter(|outcome| **outcome == Outcome::ThresholdCrossed).count();
        assert_eq!((crossed, totals(&world, &name).await.gross), (1, 18_000), "{outcomes:?}");
        assert_eq!(available(&world, "u_ana").await, (round + 1) * 25_00);
    }
    println!("referrals crossed={rounds} by events at once={racers}");
    assert_verified(&world).await;
}

pub async fn friends_of_one_referrer_who_cross_at_once_are_rewarded_once_each(subject: Subject) {
    let world = World::open_with(subject, generous()).await;
    let code = world.code("u_ana").await;
    let names = friends(&world, &code, 20).await;
    race(names.iter().cloned().map(|name| {
        let world = world.clone();
        async move { world.spend(&[a_spend(&format!("inv:{name}"), &name, usd(50_00)).build()]).await }
    }))
    .await;
    println!("friends crossing at once={}", names.len());
    assert_eq!(available(&world, "u_ana").await, 20 * 25_00);
    assert_verified(&world).await;
}

pub async fn friends_of_many_referrers_who_cross_at_once_are_rewarded_once_each(subject: Subject) {
    let world = World::open(subject).await;
    let (mut names, count) = (Vec::new(), 40);
    for n in 0..count {
        let code = world.code(&format!("u_referrer_{n}")).await;
        names.extend(friends(&world, &code, 1).await);
    }
    race(names.into_iter().map(|name| {
        let world = world.clone();
        async move { world.spend(&[a_spend(&format!("inv:{name}"), &name, usd(50_00)).build()]).await }
    }))
    .await;
    for n in 0..count {
        assert_eq!(available(&world, &format!("u_referrer_{n}")).await, 25_00);
    }
    println!("referrers rewarded at once={count}");
    assert_verified(&world).await;
}

pub async fn overlapping_batches_in_any_rotation_all_end(subject: Subject) {
    let world = World::open_with(subject, generous()).await;
    let codes = [world.code("u_ana").await, world.code("u_eve").await];
    let mut names = friends(&world, &codes[0], 6).await;
    names.extend(friends(&world, &codes[1], 6).await);
    let (racers, turns) = (6, 4);
    race((0..racers).map(|racer| {
        let (world, names) = (world.clone(), names.clone());
        async move {
            for turn in 0..turns {
                let batch = rotated(&names, racer + turn, &format!("{racer}:{turn}"));
                assert_eq!(world.spend(&batch).await.len(), names.len());
            }
        }
    }))
    .await;
    let batches = i64::try_from(racers * turns).expect("few");
    for name in &names {
        assert_eq!(totals(&world, name).await.gross, batches * 5_00);
    }
    println!("overlapping batches={batches} of {} events, deadlocks=0", names.len());
    assert_eq!(available(&world, "u_ana").await + available(&world, "u_eve").await, 12 * 25_00);
    assert_verified(&world).await;
}

/// One spend of everybody, beginning somewhere else each time, every other time backwards.
fn rotated(names: &[String], by: usize, label: &str) -> Vec<SpendCommand> {
    let mut names = names.to_vec();
    names.rotate_left(by * 5 % 12);
    if by % 2 == 1 {
        names.reverse();
    }
    names.iter().map(|name| a_spend(&format!("{label}:{name}"), name, usd(5_00)).build()).collect()
}

pub async fn a_verification_and_the_spend_it_releases_at_once_grant_each_promise_once(subject: Subject) {
    let world = World::open_with(subject, generous()).await;
    let (code, rounds) = (world.code("u_ana").await, 8);
    for round in 0..rounds {
        let name = format!("u_{round}");
        world.sign_up(&name, &code).await.expect("applied");
        let (meeting, verifier) = (Meeting::of(2), world.clone());
        let (met, friend) = (meeting.clone(), name.clone());
        let verified = tokio::spawn(async move {
            met.wait().await;
            verifier.verify(&friend).await;
        });
        meeting.wait().await;
        world.spend(&[a_spend(&format!("inv_{round}"), &name, usd(50_00)).build()]).await;
        verified.await.expect("no panic");
        assert_eq!(
            (available(&world, &name).await, available(&world, "u_ana").await),
            (10_00, (round + 1) * 25_00)
        );
    }
    println!("verifications racing a spend={rounds}");
    assert_verified(&world).await;
}

pub async fn credits_used_while_rewards_arrive_add_up(subject: Subject) {
    let world = World::open_with(subject, generous()).await;
    let code = world.code("u_ana").await;
    let names = friends(&world, &code, 10).await;
    let racers = names.into_iter().enumerate().map(|(n, name)| {
        let (world, ana) = (world.clone(), code.owner);
        async move {
            world.spend(&[a_spend(&format!("inv_{n}"), &name, usd(50_00)).build()]).await;
            let mode = referral_domain::credit::RedeemMode::UpTo;
            let order = crate::build::reference(&format!("order:{n}"));
            world.redeem(ana, 7_00, mode, &order).await.expect("up to what there is").redeemed
        }
    });
    let redeemed: i64 = race(racers).await.into_iter().sum();
    println!("rewards=10 redeemed={redeemed}");
    assert_eq!(available(&world, "u_ana").await, 10 * 25_00 - redeemed);
    assert_verified(&world).await;
}
