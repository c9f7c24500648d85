//! Many at once: whoever wins, the end is the same as one after another.

use referral_app::{ApplyRefusal as Refusal, Replayable, SignUp};
use referral_domain::apply::ApplyRefusal;
use referral_domain::ledger::TransactionKind;
use referral_domain::spend::{Answer, Outcome};
use referral_testkit::build::{a_program, a_spend, usd};
use referral_testkit::contract::race;

use crate::stage::{Stage, answer, outcome, rule};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_event_50_times_at_once_counts_once_and_answers_50_times_the_same() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let event = a_spend("inv_1", "u_ben", usd(60_00)).at(stage.now()).build();
    let tellers = (0..50).map(|_| {
        let (stage, event) = (stage.clone(), event.clone());
        async move { stage.spend_all(vec![event]).await.remove(0) }
    });
    let answers = race(tellers).await;
    let first = answers.iter().filter(|answer| matches!(answer, Answer::Recorded(_))).count();
    let bodies: Vec<_> = answers.iter().map(body).collect();
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "{bodies:?}");
    assert_eq!((answers.len(), first), (50, 1), "exactly one says that it is not replayed");
    assert_eq!(stage.available("u_ana").await, 25_00);
    assert_eq!(stage.is_sound().await.transactions, 2);
    println!("tellers=50 recorded={first} rewards=1");
}

/// Everything of an answer but whether it is a repetition.
fn body(answer: &Answer) -> &referral_domain::spend::SpendEvent {
    match answer {
        Answer::Recorded(event) | Answer::Replayed(event) => event,
        Answer::Conflict(source) => panic!("a conflict about {source}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_users_of_as_many_referrers_crossing_at_once_bring_as_many_rewards() {
    let stage = Stage::open().await;
    for n in 0..200 {
        let code = stage.code(&format!("u_referrer{n}")).await;
        stage.refer(&format!("u_{n}"), &code).await;
        stage.hear(&format!("u_{n}"), true).await;
    }
    let spenders = (0..200).map(|n| {
        let stage = stage.clone();
        async move { stage.spend(&format!("inv_{n}"), &format!("u_{n}"), 50_00).await }
    });
    let crossed = race(spenders).await.iter().filter(|a| outcome(a) == Outcome::ThresholdCrossed).count();
    let mut rewards = 0;
    for n in 0..200 {
        rewards += stage.available(&format!("u_referrer{n}")).await / 25_00;
    }
    assert_eq!((crossed, rewards, stage.is_sound().await.transactions), (200, 200, 400));
    println!("crossing=200 rewards={rewards}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_friends_of_one_referrer_crossing_at_once_bring_a_hundred_rewards() {
    let stage = Stage::with(a_program().limited_to(100).build()).await;
    let code = stage.code("u_ana").await;
    for n in 0..100 {
        stage.refer(&format!("u_{n}"), &code).await;
        stage.hear(&format!("u_{n}"), true).await;
    }
    let spenders = (0..100).map(|n| {
        let stage = stage.clone();
        async move { stage.spend(&format!("inv_{n}"), &format!("u_{n}"), 50_00).await }
    });
    race(spenders).await;
    assert_eq!(stage.available("u_ana").await, 100 * 25_00);
    stage.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn verified_and_crossing_at_once_rewards_once() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    let happenings = (0..20).map(|n| {
        let stage = stage.clone();
        async move {
            match n % 2 {
                0 => drop(stage.hear("u_ben", true).await),
                _ => drop(stage.spend(&format!("inv_{n}"), "u_ben", 50_00).await),
            }
        }
    });
    race(happenings).await;
    assert_eq!((stage.available("u_ana").await, stage.available("u_ben").await), (25_00, 10_00));
    assert_eq!(stage.is_sound().await.transactions, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_redemptions_of_1_at_once_from_10_are_exactly_10() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let redeemers = (0..100).map(|n| {
        let stage = stage.clone();
        async move { stage.redeem(&format!("order:{n}"), "u_ben", 1_00).await }
    });
    let redeemed = race(redeemers).await.iter().filter(|receipt| receipt.is_ok()).count();
    assert_eq!((redeemed, stage.available("u_ben").await), (10, 0));
    let (summary, _) = stage
        .app
        .summary(&stage.program().slug, &referral_testkit::build::host("u_ben"))
        .await
        .expect("sums");
    let used = summary.by_kind.iter().find(|total| total.kind == TransactionKind::CreditRedemption);
    assert_eq!(used.map(|total| (total.count, total.total)), Some((10, -10_00)));
    stage.is_sound().await;
    println!("asked=100 redeemed={redeemed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_redemption_sent_50_times_at_once_takes_once() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let senders = (0..50).map(|_| {
        let stage = stage.clone();
        async move { stage.redeem("order:1", "u_ben", 3_00).await.expect("10.00 are available") }
    });
    let receipts = race(senders).await;
    let first = receipts.iter().filter(|receipt| !receipt.replayed).count();
    assert!(receipts.windows(2).all(|pair| (pair[0].id, pair[0].balance) == (pair[1].id, pair[1].balance)));
    assert_eq!((first, stage.available("u_ben").await), (1, 7_00));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_sign_ups_at_once_over_one_referrer_make_exactly_as_many_referrals_as_a_day_allows() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let arrivals = (0..100).map(|n| {
        let (stage, command) = (stage.clone(), stage.with_code(&format!("u_{n}"), &code));
        async move { answer(stage.app.sign_up(&command).await) }
    });
    let settled = race(arrivals).await;
    let made = settled.iter().filter(|settled| matches!(settled, Ok(Replayable::Fresh(_)))).count();
    let limited = |settled: &&Result<_, Refusal>| {
        matches!(settled, Err(Refusal::Rule(ApplyRefusal::ReferrerLimit { .. })))
    };
    assert_eq!((made, settled.iter().filter(limited).count()), (10, 90));
    assert_eq!(stage.is_sound().await.referrals, 10);
    println!("sign_ups=100 referrals={made}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sign_ups_at_once_from_one_address_make_no_more_referrals_than_its_quota() {
    let stage = Stage::with(a_program().limited_to(100).build()).await;
    let code = stage.code("u_ana").await;
    let arrivals = (0..40).map(|n| {
        let (stage, command) = (stage.clone(), stage.with_code(&format!("u_{n}"), &code));
        let command = SignUp { ip: crate::stage::ip("8.8.4.4"), ..command };
        async move { answer(stage.app.sign_up(&command).await).is_ok() }
    });
    let made = race(arrivals).await.into_iter().filter(|made| *made).count();
    assert_eq!((made, stage.is_sound().await.referrals), (5, 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_apply_one_anothers_code_at_once_close_no_ring() {
    let refused = ring(&["u_ana", "u_ben"]).await;
    assert_eq!(refused, [rule(ApplyRefusal::ReferralCycle)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_who_apply_one_anothers_code_at_once_close_no_ring() {
    let refused = ring(&["u_1", "u_2", "u_3", "u_4", "u_5"]).await;
    assert_eq!(refused, [rule(ApplyRefusal::ReferralCycle)]);
}

/// Each applies the code of the next, all at once; answers why those were refused that were.
async fn ring(names: &[&str]) -> Vec<Refusal> {
    let stage = Stage::open().await;
    let mut commands = Vec::new();
    for (name, next) in names.iter().zip(names.iter().cycle().skip(1)) {
        commands.push(stage.an_application(name, &stage.code(next).await));
    }
    let applications = commands.into_iter().map(|command| {
        let stage = stage.clone();
        async move { answer(stage.app.apply_code(&command, None).await).err() }
    });
    let refused: Vec<_> = race(applications).await.into_iter().flatten().collect();
    assert_eq!(stage.is_sound().await.referrals as usize, names.len() - refused.len());
    refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_user_who_applies_many_codes_at_once_is_referred_once() {
    let stage = Stage::open().await;
    let mut commands = Vec::new();
    for n in 0..20 {
        commands.push(stage.an_application("u_ben", &stage.code(&format!("u_{n}")).await));
    }
    let applications = commands.into_iter().map(|command| {
        let stage = stage.clone();
        async move { answer(stage.app.apply_code(&command, None).await).err() }
    });
    let refused: Vec<_> = race(applications).await.into_iter().flatten().collect();
    assert_eq!(refused, [rule(ApplyRefusal::AlreadyReferred); 19]);
    assert_eq!(stage.is_sound().await.referrals, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sweeps_at_once_with_everything_else_grant_nothing_twice() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    for n in 0..10 {
        stage.refer(&format!("u_{n}"), &code).await;
    }
    let happenings = (0..40).map(|n| {
        let (stage, user) = (stage.clone(), format!("u_{}", n % 10));
        async move {
            match n % 4 {
                0 => drop(stage.hear(&user, true).await),
                1 => drop(stage.app.reconcile_referrals().await.expect("a sweep")),
                2 => drop(stage.app.expire_referrals().await.expect("a sweep")),
                _ => drop(stage.spend(&format!("inv_{n}"), &user, 50_00).await),
            }
        }
    });
    race(happenings).await;
    for n in 0..10 {
        stage.hear(&format!("u_{n}"), true).await;
        stage.spend(&format!("last_{n}"), &format!("u_{n}"), 50_00).await;
    }
    assert_eq!(stage.available("u_ana").await, 10 * 25_00);
    assert_eq!(stage.is_sound().await.transactions, 20);
}
