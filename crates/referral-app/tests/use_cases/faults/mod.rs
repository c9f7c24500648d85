//! The n-th port call of a use case fails, for every n and in every way: nothing is changed, and a retry ends as if it
//! had never failed.

mod engine;
mod governing;
mod money;
mod operating;
mod people;
mod workers;

use std::fmt::Debug;
use std::sync::Arc;

use referral_app::{Failure, Parts};
use referral_domain::port::Chance;
use referral_domain::program::Program;
use referral_domain::time::SECOND;
use referral_testkit::build::{a_program, host};
use referral_testkit::faults::{Fault, FaultyReports, FaultyStore, Plan, Sweep, Swept};
use referral_testkit::fingerprint::normalised;

use crate::stage::{Stage, ip};

/// Draws the same whenever it is asked, so that a repeated run can be compared with one that never failed.
struct Same;

impl Chance for Same {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

/// A stage whose ports fail as the plan says.
async fn failing() -> (Stage, Arc<Plan>) {
    failing_in(a_program().build()).await
}

/// The same, of this program.
async fn failing_in(program: Program) -> (Stage, Arc<Plan>) {
    let plan = Plan::new();
    let exchange = |parts: Parts| Parts {
        store: Arc::new(FaultyStore::new(parts.store, plan.clone())),
        reports: Arc::new(FaultyReports::new(parts.reports, plan.clone())),
        chance: Arc::new(Same),
        ..parts
    };
    (Stage::made_of(program, exchange).await, plan)
}

/// Sweeps over a use case on a stage that was set before.
async fn swept<T, E: Debug>(
    sweep: Sweep,
    set: impl AsyncFn(&Stage),
    run: impl AsyncFn(&Stage) -> Result<T, E>,
) -> Swept {
    swept_in(a_program().build(), sweep, set, run).await
}

/// The same, in this program.
async fn swept_in<T, E: Debug>(
    program: Program,
    sweep: Sweep,
    set: impl AsyncFn(&Stage),
    run: impl AsyncFn(&Stage) -> Result<T, E>,
) -> Swept {
    let make = async || {
        let (stage, plan) = failing_in(program.clone()).await;
        set(&stage).await;
        (stage, plan)
    };
    sweep.run(make, run, async |stage: &Stage| normalised(&format!("{:?}", stage.memory))).await
}

/// What a use case answers, for a sweep: a refusal is an answer, and so is that a key was used for another body, `None`.
fn answered<T, R>(settled: Result<T, Failure<R>>) -> Result<Result<T, Option<R>>, String> {
    match settled {
        Ok(receipt) => Ok(Ok(receipt)),
        Err(Failure::Refused(refusal)) => Ok(Err(Some(refusal))),
        Err(Failure::NoProgram) => Err("there is no such program".to_owned()),
        Err(Failure::KeyReused) => Ok(Err(None)),
        Err(Failure::Store(error)) => Err(format!("{error:?}")),
    }
}

/// Nothing is set before.
async fn nothing(_: &Stage) {}

#[tokio::test]
async fn every_port_call_of_every_use_case_may_fail_in_every_way() {
    let people = people::sweeps().await;
    let money = money::sweeps().await;
    let workers = workers::sweeps().await;
    let engine = engine::sweeps().await;
    let governing = governing::sweeps().await;
    let operating = operating::sweeps().await;
    let Swept { use_cases, calls, faults, survived } =
        [people, money, workers, engine, governing, operating].into_iter().sum();
    println!("use_cases={use_cases} calls={calls} faults={faults} changed=0 diverged=0 survived={survived}");
    assert!(
        use_cases >= 50 && calls >= 300 && faults >= 1_200 && survived >= 150,
        "a sweep of nothing finds nothing"
    );
}

#[tokio::test]
async fn a_race_lost_again_and_again_is_run_8_times_and_told() {
    let (stage, plan) = failing().await;
    let before = stage.stored();
    plan.arm(1, Fault::ContendedForEver);
    let told = stage.app.email_verified(&stage.an_email_event("u_ben", true, None)).await;
    let (calls, _) = plan.disarm();
    let Err(Failure::Store(error)) = told else { panic!("{told:?}") };
    assert!(error.is_contended());
    assert_eq!((calls, stage.stored()), (8, before));
}

#[tokio::test]
async fn a_store_that_is_away_is_not_asked_again() {
    let (stage, plan) = failing().await;
    plan.arm(1, Fault::Unavailable);
    assert!(stage.app.email_verified(&stage.an_email_event("u_ben", true, None)).await.is_err());
    assert_eq!(plan.disarm().0, 1);
}

#[tokio::test]
async fn a_store_that_is_away_uses_up_no_sign_up_of_an_address() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.memory.go_down(true);
    for _ in 0..20 {
        assert!(stage.app.sign_up(&from_home(&stage, "u_0", &code)).await.is_err());
    }
    stage.memory.go_down(false);
    let (failing, plan) = (stage.exchanging(|parts| parts), Plan::new());
    let failing = failing
        .exchanging(|parts| Parts { store: Arc::new(FaultyStore::new(parts.store, plan.clone())), ..parts });
    for _ in 0..20 {
        plan.arm(3, Fault::Unavailable);
        assert!(failing.app.sign_up(&from_home(&stage, "u_0", &code)).await.is_err());
    }
    plan.disarm();
    for n in 0..5 {
        failing.app.sign_up(&from_home(&stage, &format!("u_{n}"), &code)).await.expect("within the quota");
    }
    assert!(failing.app.sign_up(&from_home(&stage, "u_5", &code)).await.is_err());
}

fn from_home(stage: &Stage, user: &str, code: &str) -> referral_app::SignUp {
    referral_app::SignUp { ip: ip("8.8.4.4"), ..stage.with_code(user, code) }
}

#[tokio::test]
async fn an_outage_is_told_and_leaves_no_trace() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let (before, balance) = (stage.stored(), stage.balance("u_ben").await);
    stage.memory.go_down(true);
    let program = stage.program().slug.clone();
    assert!(stage.app.balance(&program, &host("u_ben")).await.is_err());
    assert!(stage.app.redeem_credits(&stage.a_redemption("order:1", "u_ben", 1_00)).await.is_err());
    assert!(stage.app.expire_referrals().await.is_err());
    stage.memory.go_down(false);
    assert_eq!((stage.stored(), stage.balance("u_ben").await), (before, balance));
}

/// Ben came by Ana's code and spent 60.00; nobody is verified.
async fn ben_has_spent(stage: &Stage) {
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    stage.spend("inv_1", "u_ben", 60_00).await;
    stage.world.clock.advance(SECOND);
}
