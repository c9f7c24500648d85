//! A limiter that cannot answer, and what is counted and logged.

use std::sync::Arc;

use async_trait::async_trait;
use mockall::{Sequence, mock, predicate};
use referral_app::{Parts, SignUp, Validity};
use referral_domain::port::{Admission, Demand, Limiter, LimiterDown, Ticket};
use referral_domain::time::Timestamp;
use referral_testkit::build::host;

use crate::stage::{Stage, ip, made};
use crate::watch::{Counters, Log};

mock! {
    Limiter {}

    #[async_trait]
    impl Limiter for Limiter {
        async fn admit(&self, group: &str, demands: &[Demand], now: Timestamp) -> Result<Admission, LimiterDown>;
        async fn release(&self, ticket: &Ticket) -> Result<(), LimiterDown>;
    }
}

const DOWN: &str = "referral_limiter_down_total";

#[tokio::test]
async fn a_limiter_that_is_down_refuses_nobody_counts_once_and_logs_once() {
    let mut limiter = MockLimiter::new();
    limiter.expect_admit().times(1).returning(|_, _, _| Err(down()));
    limiter.expect_release().never();
    let (stage, log, counters) = (limited_by(limiter).await, Log::default(), Counters::default());
    let _listening = (log.listen(), metrics::set_default_local_recorder(&counters));
    let code = stage.code("u_ana").await;
    made(stage.app.sign_up(&from_somewhere(&stage, "u_ben", &code)).await);
    let lines = log.lines();
    assert_eq!((counters.count(DOWN), lines.len()), (1, 1), "{lines:?}");
    assert!(lines[0].contains("WARN") && lines[0].contains("no route to it"), "with its cause: {lines:?}");
}

#[tokio::test]
async fn while_it_stays_down_each_ask_is_counted_and_none_is_said_again() {
    let mut limiter = MockLimiter::new();
    limiter.expect_admit().returning(|_, _, _| Err(down()));
    let (stage, log, counters) = (limited_by(limiter).await, Log::default(), Counters::default());
    let _listening = (log.listen(), metrics::set_default_local_recorder(&counters));
    let code = stage.code("u_ana").await;
    for n in 0..7 {
        made(stage.app.sign_up(&from_somewhere(&stage, &format!("u_{n}"), &code)).await);
    }
    let program = stage.program().slug.clone();
    stage.app.admit_user_call(&program, &host("u_ben")).await.expect("nobody is refused");
    stage.app.admit_apply(&program, &host("u_ben")).await.expect("nobody is refused");
    assert_eq!((counters.count(DOWN), log.lines().len()), (9, 1));
    let valid = stage.app.validate_code(&program, &code, ip("8.8.4.4")).await.expect("nobody is refused");
    assert!(matches!(valid, Validity::Valid { .. }));
    assert_eq!(log.lines().len(), 1);
}

#[tokio::test]
async fn a_limiter_that_came_back_and_goes_down_again_is_said_again() {
    let (mut limiter, mut order) = (MockLimiter::new(), Sequence::new());
    for answers in [false, false, true, false] {
        limiter.expect_admit().times(1).in_sequence(&mut order).returning(move |_, _, now| {
            let ticket = Ticket { group: String::new(), keys: Vec::new(), at: now };
            if answers { Ok(Admission::Admitted(ticket)) } else { Err(down()) }
        });
    }
    let (stage, log) = (limited_by(limiter).await, Log::default());
    let _listening = log.listen();
    for lines in [1, 1, 1, 2] {
        stage.app.admit_user_call(&stage.program().slug, &host("u_ben")).await.expect("nobody is refused");
        assert_eq!(log.lines().len(), lines);
    }
}

#[tokio::test]
async fn a_limiter_that_goes_down_before_a_reservation_is_given_back_changes_no_answer() {
    let mut limiter = MockLimiter::new();
    let ticket = |at| Ticket { group: String::new(), keys: vec!["validate".to_owned()], at };
    limiter.expect_admit().times(2).returning(move |_, _, now| Ok(Admission::Admitted(ticket(now))));
    let given_back = ticket(referral_testkit::fake::NOON);
    limiter.expect_release().with(predicate::eq(given_back)).times(1).returning(|_| Err(down()));
    let (stage, log, counters) = (limited_by(limiter).await, Log::default(), Counters::default());
    let (program, code) = (stage.program().slug.clone(), stage.code("u_ana").await);
    let _listening = (log.listen(), metrics::set_default_local_recorder(&counters));
    let valid = stage.app.validate_code(&program, &code, ip("8.8.4.4")).await.expect("nobody is refused");
    assert!(matches!(valid, Validity::Valid { .. }));
    assert_eq!((counters.count(DOWN), log.lines().len()), (1, 1));
}

#[tokio::test]
async fn without_limits_the_limiter_is_never_asked() {
    let mut limiter = MockLimiter::new();
    limiter.expect_admit().never();
    let parts = |parts| Parts { limiter: Arc::new(limiter), limits: None, ..parts };
    let stage = Stage::made_of(referral_testkit::build::a_program().build(), parts).await;
    let code = stage.code("u_ana").await;
    made(stage.app.sign_up(&from_somewhere(&stage, "u_ben", &code)).await);
}

#[tokio::test]
async fn every_event_is_counted_by_its_outcome_and_what_the_reconciler_did_by_itself() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let counters = Counters::default();
    let _listening = metrics::set_default_local_recorder(&counters);
    for cents in [20_00, 30_00] {
        stage.spend(&format!("inv_{cents}"), "u_ben", cents).await;
    }
    stage.spend("inv_2000", "u_ben", 20_00).await;
    stage.spend("inv_2000", "u_ben", 20_01).await;
    stage.app.reconcile_referrals().await.expect("a sweep");
    let told = ["counted", "threshold_crossed", "duplicate", "conflict", "not_referred"]
        .map(|outcome| counters.count(&format!("referral_spend_events_total{{outcome={outcome}}}")));
    assert_eq!(told, [1, 1, 1, 1, 0]);
    assert_eq!(counters.count("referral_reconciled_total"), 0);
}

async fn limited_by(limiter: MockLimiter) -> Stage {
    let parts = |parts| Parts { limiter: Arc::new(limiter), ..parts };
    Stage::made_of(referral_testkit::build::a_program().build(), parts).await
}

fn from_somewhere(stage: &Stage, user: &str, code: &str) -> SignUp {
    SignUp { ip: ip("8.8.4.4"), ..stage.with_code(user, code) }
}

fn down() -> LimiterDown {
    LimiterDown("no route to it".into())
}
