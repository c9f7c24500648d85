//! What is done without being asked: labels put on, levels restored.

use referral_app::Swept;
use referral_domain::port::Changes;
use referral_domain::program::Program;
use referral_domain::referral::{Award, AwardStatus, Referral, State, StateName, WithheldReason};
use referral_domain::spend::{Outcome, SpendEvent};
use referral_domain::time::{DAY, SECOND};
use referral_testkit::build::{a_program, a_referral, a_spend, an_event, usd};

use crate::stage::Stage;
use crate::watch::Counters;
use referral_testkit::pausable::Pause;

const NOTHING: Swept = Swept { changed: 0 };

#[tokio::test]
async fn a_referral_expires_when_its_window_is_over_and_it_did_not_qualify() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    stage.refer("u_eva", &code).await;
    stage.refer("u_zoe", &code).await;
    stage.hear("u_eva", true).await;
    stage.hear("u_zoe", true).await;
    stage.spend("inv_1", "u_zoe", 50_00).await;
    stage.world.clock.advance(90 * DAY - 1);
    assert_eq!(stage.app.expire_referrals().await.expect("a sweep"), NOTHING);
    stage.world.clock.advance(1);
    assert_eq!(stage.app.expire_referrals().await.expect("a sweep"), Swept { changed: 2 });
    let states = [state(&stage, "u_ben").await, state(&stage, "u_eva").await, state(&stage, "u_zoe").await];
    assert_eq!(states, [StateName::Expired, StateName::Expired, StateName::Completed]);
    let stored = stage.stored();
    assert_eq!(stage.app.expire_referrals().await.expect("a sweep"), NOTHING);
    assert_eq!(stage.stored(), stored, "repeating it changes nothing");
}

#[tokio::test]
async fn expired_is_a_label_and_not_a_gate() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let applied_at = stage.refer("u_ben", &code).await.facts.applied_at;
    stage.world.clock.advance(100 * DAY);
    stage.app.expire_referrals().await.expect("a sweep");
    stage.hear_at("u_ben", true, applied_at.plus_micros(DAY)).await;
    assert_eq!(state(&stage, "u_ben").await, StateName::Active);
    let late = a_spend("inv_1", "u_ben", usd(50_00)).at(applied_at.plus_micros(2 * DAY));
    stage.spend_all(vec![late.build()]).await;
    assert_eq!(state(&stage, "u_ben").await, StateName::Completed);
    assert_eq!((stage.available("u_ana").await, stage.available("u_ben").await), (25_00, 10_00));
}

#[tokio::test]
async fn a_verification_after_the_window_grants_nothing() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    stage.spend("inv_1", "u_ben", 50_00).await;
    stage.world.clock.advance(90 * DAY);
    let heard = stage.hear("u_ben", true).await;
    assert!(!heard.welcome_credit_granted && heard.reward.is_none());
    assert_eq!(stage.is_sound().await.transactions, 0);
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), NOTHING);
}

#[tokio::test]
async fn the_reconciler_finds_nothing_in_a_sound_program() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    stage.spend("inv_1", "u_ben", 60_00).await;
    let code = stage.code("u_ana").await;
    stage.refer("u_eva", &code).await;
    stage.spend("inv_2", "u_eva", 60_00).await;
    let stored = stage.stored();
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), NOTHING);
    assert_eq!(stage.stored(), stored);
}

#[tokio::test]
async fn in_a_paused_program_what_falls_due_is_withheld_and_stays_so() {
    let stage = Stage::with(a_program().paused().build()).await;
    refer_many(&stage, 1, |referral| referral).await;
    stage.hear("u_0", true).await;
    stage.spend("inv_1", "u_0", 50_00).await;
    let progress = stage.referral("u_0").await.expect("a referral").progress;
    assert_eq!(progress.welcome, Award::Withheld(WithheldReason::ProgramPaused));
    assert_eq!(progress.reward, Award::Withheld(WithheldReason::ProgramPaused));
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), NOTHING);
    assert_eq!(stage.is_sound().await.transactions, 0);
}

#[tokio::test]
async fn a_program_that_runs_again_is_settled() {
    let pause = Pause::default();
    let stage = Stage::made_of(a_program().build(), |parts| pause.over(parts)).await;
    let code = stage.code("u_ana").await;
    for user in ["u_ben", "u_eva", "u_zoe"] {
        stage.refer(user, &code).await;
    }
    pause.set(true);
    for user in ["u_ben", "u_eva"] {
        stage.hear(user, true).await;
        stage.spend(&format!("inv_{user}"), user, 60_00).await;
    }
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), NOTHING, "it is still paused");
    assert_eq!(stage.is_sound().await.transactions, 0);
    pause.set(false);
    let counters = Counters::default();
    let listening = metrics::set_default_local_recorder(&counters);
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), Swept { changed: 2 });
    drop(listening);
    assert_eq!(counters.count("referral_reconciled_total"), 2);
    assert_eq!((stage.available("u_ana").await, stage.available("u_ben").await), (50_00, 10_00));
    stage.is_sound().await;
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), NOTHING);
}

#[tokio::test]
async fn a_program_that_runs_again_is_settled_by_whatever_happens_first() {
    let pause = Pause::default();
    let stage = Stage::made_of(a_program().build(), |parts| pause.over(parts)).await;
    stage.ben_is_verified().await;
    pause.set(true);
    stage.spend("inv_1", "u_ben", 60_00).await;
    assert_eq!(stage.available("u_ana").await, 0);
    pause.set(false);
    stage.spend("inv_2", "u_ben", 1).await;
    assert_eq!(stage.available("u_ana").await, 25_00);
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), NOTHING);
}

#[tokio::test]
async fn a_level_that_was_missed_is_restored() {
    let stage = Stage::open().await;
    refer_many(&stage, 2, |referral| {
        let activated_at = referral.facts.applied_at;
        let mut referral = withheld(referral, WithheldReason::ProgramPaused);
        referral.progress.state = State::Active { activated_at };
        (referral.progress.welcome, referral.progress.reward) = (Award::NotDue, Award::NotDue);
        referral
    })
    .await;
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), Swept { changed: 2 });
    assert_eq!((stage.available("u_ana").await, stage.available("u_1").await), (50_00, 10_00));
    stage.is_sound().await;
}

#[tokio::test]
async fn whoever_waits_for_their_referrer_is_settled_when_the_referrer_is_verified() {
    let stage = Stage::open().await;
    stage.hear("u_ana", false).await;
    stage.ben_is_verified().await;
    stage.spend("inv_1", "u_ben", 50_00).await;
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), NOTHING, "she is not verified yet");
    stage.world.clock.advance(SECOND);
    stage.hear("u_ana", true).await;
    assert_eq!(stage.available("u_ana").await, 25_00);
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), NOTHING, "nothing was left to do");
}

#[tokio::test]
async fn of_more_than_500_that_wait_for_a_referrer_the_reconciler_settles_the_rest() {
    let stage = Stage::open().await;
    stage.hear("u_ana", false).await;
    refer_many(&stage, 503, |referral| withheld(referral, WithheldReason::ReferrerEmailNotVerified)).await;
    stage.world.clock.advance(SECOND);
    stage.hear("u_ana", true).await;
    assert_eq!(stage.available("u_ana").await, 500 * 25_00);
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), Swept { changed: 3 });
    assert_eq!(stage.available("u_ana").await, 503 * 25_00);
    let waiting = stage.referral("u_502").await.expect("a referral").progress.reward;
    assert_eq!(waiting.status(), AwardStatus::Granted);
}

#[tokio::test]
async fn a_sweep_goes_over_every_program() {
    let stage = Stage::open().await;
    refer_many(&stage, 1, |referral| withheld(referral, WithheldReason::ProgramPaused)).await;
    let other = a_program().named("other").build();
    let beside = Stage { world: stage.world.beside(other).await, ..stage.clone() };
    refer_many(&beside, 2, |referral| withheld(referral, WithheldReason::ProgramPaused)).await;
    assert_eq!(stage.app.reconcile_referrals().await.expect("a sweep"), Swept { changed: 3 });
    assert_eq!((stage.available("u_ana").await, beside.available("u_ana").await), (25_00, 50_00));
    stage.world.clock.advance(91 * DAY);
    assert_eq!(stage.app.expire_referrals().await.expect("a sweep"), NOTHING);
}

#[tokio::test]
async fn the_default_program_is_made_once() {
    let stage = Stage::with(a_program().named("other").build()).await;
    stage.app.ensure_default_program("https://shop.example/").await.expect("a program");
    let stored = stage.stored();
    stage.app.ensure_default_program("https://elsewhere.example/").await.expect("a program");
    assert_eq!(stage.stored(), stored);
    let made: Program = stage
        .app
        .program::<referral_app::Never>(&referral_testkit::build::slug("default"))
        .await
        .expect("it");
    assert_eq!((made.landing_url.as_str(), made.currency.code()), ("https://shop.example/", "USD"));
}

/// Users `u_0`, `u_1`, … came by Ana's code; what is stored of each referral is made of a pending one.
async fn refer_many(stage: &Stage, count: usize, stored: impl Fn(Referral) -> Referral) {
    let code = stage.world.code("u_ana").await;
    let names: Vec<_> = (0..count).map(|n| format!("u_{n}")).collect();
    let users = stage.world.users(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let made: Vec<_> =
        users.iter().map(|user| stored(a_referral(stage.program(), &code, user.id).build())).collect();
    let events = made.iter().zip(&names).filter_map(|(referral, name)| spent(referral, name)).collect();
    stage.world.record(&Changes { new_referrals: made, events, ..Changes::default() }).await;
}

/// The event by which a referral counts what it does.
fn spent(referral: &Referral, name: &str) -> Option<SpendEvent> {
    let gross = referral.progress.spend.gross;
    let told = a_spend(&format!("inv_of_{name}"), name, usd(gross)).build();
    let event = an_event(&told, referral.facts.referred).met(referral, Outcome::Counted);
    (gross > 0).then(|| event.with(|event| event.counted = gross).build())
}

/// Verified, beyond the threshold, and nothing granted for this reason.
fn withheld(mut referral: Referral, reason: WithheldReason) -> Referral {
    let activated_at = referral.facts.applied_at;
    referral.progress.verified_at = Some(activated_at);
    referral.progress.state = State::Completed { activated_at, completed_at: activated_at };
    referral.progress.spend.gross = 50_00;
    referral.progress.welcome = Award::Withheld(reason);
    referral.progress.reward = Award::Withheld(reason);
    referral
}

async fn state(stage: &Stage, user: &str) -> StateName {
    stage.referral(user).await.expect("a referral").progress.state.name()
}
