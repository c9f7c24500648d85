//! Sign-ups of one address: barred beyond the quota, given back when no referral was made.

use referral_app::{ApplyRefusal as Refusal, SignUp, Throttled};
use referral_domain::apply::ApplyRefusal;
use referral_domain::time::{DAY, HOUR};
use referral_testkit::build::{a_program, host};
use referral_testkit::contract::race;

use crate::stage::{Stage, again, ip, made, rule};

const HOME: &str = "8.8.4.4";

#[tokio::test]
async fn a_full_address_bars_new_referrals_alone() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    sign_ups(&stage, &code, HOME, 5).await;
    let throttled = Throttled { retry_at: stage.now().plus_micros(HOUR) };
    assert_eq!(stage.refusal(&from(&stage, "u_6", &code, HOME)).await, Refusal::IpLimit(throttled));
    again(stage.app.sign_up(&from(&stage, "u_1", &code, HOME)).await);
    let unknown = stage.refusal(&from(&stage, "u_6", "NOBODYS1", HOME)).await;
    assert_eq!(unknown, rule(ApplyRefusal::CodeUnknown), "a rule that refuses anyway says so");
    let codeless = SignUp { ip: ip(HOME), ..stage.a_sign_up("u_7") };
    stage.app.sign_up(&codeless).await.expect("a sign-up without a code is only noted");
    made(stage.app.sign_up(&from(&stage, "u_8", &code, "8.8.4.5")).await);
}

#[tokio::test]
async fn a_barred_sign_up_keeps_what_was_told_and_may_be_repeated_later() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    sign_ups(&stage, &code, HOME, 5).await;
    let signed_up_at = stage.now();
    stage.refusal(&from(&stage, "u_6", &code, HOME)).await;
    assert_eq!(stage.referral("u_6").await, None);
    stage.world.clock.advance(HOUR);
    let referral = made(stage.app.sign_up(&from(&stage, "u_6", &code, HOME)).await);
    assert_eq!(referral.facts.signed_up_at, Some(signed_up_at));
}

#[tokio::test]
async fn what_makes_no_referral_uses_up_nothing() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    for attempt in 0..8 {
        stage.refusal(&from(&stage, &format!("u_refused{attempt}"), "NOBODYS1", HOME)).await;
    }
    sign_ups(&stage, &code, HOME, 1).await;
    for _ in 0..8 {
        again(stage.app.sign_up(&from(&stage, "u_1", &code, HOME)).await);
    }
    sign_ups(&stage, &code, HOME, 5).await;
    assert!(matches!(stage.refusal(&from(&stage, "u_6", &code, HOME)).await, Refusal::IpLimit(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_being_refused_keeps_nobody_out() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let texts = (0..25).map(|n| if n % 5 == 0 { code.clone() } else { format!("NOBODYS{n}") });
    let sign_ups = texts.enumerate().map(|(n, text)| {
        let stage = stage.clone();
        async move { stage.app.sign_up(&from(&stage, &format!("u_{n}"), &text, HOME)).await.is_ok() }
    });
    let made = race(sign_ups).await.into_iter().filter(|made| *made).count();
    assert_eq!(made, 5, "20 that were refused took no place");
}

#[tokio::test]
async fn an_address_has_a_quota_a_day_beside_the_one_an_hour() {
    let stage = Stage::with(a_program().limited_to(100).build()).await;
    let (code, first_at) = (stage.code("u_ana").await, stage.now());
    sign_ups(&stage, &code, HOME, 5).await;
    stage.world.clock.advance(2 * HOUR);
    sign_ups(&stage, &code, HOME, 10).await;
    stage.world.clock.advance(2 * HOUR);
    let throttled = Throttled { retry_at: first_at.plus_micros(DAY) };
    assert_eq!(stage.refusal(&from(&stage, "u_11", &code, HOME)).await, Refusal::IpLimit(throttled));
}

#[tokio::test]
async fn a_64_is_one_address_and_a_48_has_ten_times_its_quota() {
    let stage = Stage::with(a_program().limited_to(1_000).build()).await;
    let code = stage.code("u_ana").await;
    for network in 0..10 {
        let neighbour = |n: i32| format!("2a00:1450:4001:{network:x}::{n:x}");
        for n in 1..=5 {
            made(stage.app.sign_up(&from(&stage, &format!("u_{network}_{n}"), &code, &neighbour(n))).await);
        }
        let sixth = from(&stage, &format!("u_{network}_6"), &code, &neighbour(6));
        assert!(matches!(stage.refusal(&sixth).await, Refusal::IpLimit(_)));
    }
    let eleventh = from(&stage, "u_fresh", &code, "2a00:1450:4001:ffff::1");
    assert!(matches!(stage.refusal(&eleventh).await, Refusal::IpLimit(_)));
    made(stage.app.sign_up(&from(&stage, "u_fresh", &code, "2a00:1450:4002::1")).await);
}

#[tokio::test]
async fn an_address_that_says_nothing_about_a_person_is_never_counted() {
    let stage = Stage::with(a_program().limited_to(1_000).build()).await;
    let code = stage.code("u_ana").await;
    for silent in ["127.0.0.1", "10.1.2.3", "100.64.0.1", "::1", "2001:db8::1"] {
        for n in 1..=11 {
            made(stage.app.sign_up(&from(&stage, &format!("u_{silent}_{n}"), &code, silent)).await);
        }
    }
}

#[tokio::test]
async fn an_address_is_one_whether_it_comes_as_v4_or_mapped_into_v6() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    sign_ups(&stage, &code, HOME, 5).await;
    let mapped = from(&stage, "u_6", &code, "::ffff:8.8.4.4");
    assert!(matches!(stage.refusal(&mapped).await, Refusal::IpLimit(_)));
}

#[tokio::test]
async fn calls_and_applications_of_a_user_are_limited_apart() {
    let stage = Stage::open().await;
    let (program, ben) = (stage.program().slug.clone(), host("u_ben"));
    for _ in 0..10 {
        stage.app.admit_apply(&program, &ben).await.expect("within the quota");
    }
    let throttled = Throttled { retry_at: stage.now().plus_micros(HOUR) };
    assert_eq!(stage.app.admit_apply(&program, &ben).await, Err(throttled));
    assert_eq!(stage.app.admit_apply(&program, &host("u_eva")).await, Ok(()));
    for _ in 0..600 {
        stage.app.admit_user_call(&program, &ben).await.expect("within the quota");
    }
    assert!(stage.app.admit_user_call(&program, &ben).await.is_err());
}

/// Users `u_1`, `u_2`, … up to this many sign up from this address; those who did before are repeated.
async fn sign_ups(stage: &Stage, code: &str, address: &str, count: usize) {
    for n in 1..=count {
        stage.app.sign_up(&from(stage, &format!("u_{n}"), code, address)).await.expect("within the quota");
    }
}

fn from(stage: &Stage, user: &str, code: &str, address: &str) -> SignUp {
    SignUp { ip: ip(address), ..stage.with_code(user, code) }
}
