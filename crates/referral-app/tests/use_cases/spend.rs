//! Recording spend: what counts, what waits, what is a repetition, and batches.

use referral_app::{Failure, RecordSpend, SignUp, SpendReceipt};
use referral_domain::money::Money;
use referral_domain::referral::{AwardStatus, StateName, WithheldReason};
use referral_domain::spend::{Answer, Outcome, SpendCommand, SpendEvent, SpendRefusal, Withheld};
use referral_domain::time::{DAY, HOUR, SECOND};
use referral_testkit::build::{a_program, a_spend, currency, slug, usd};
use referral_testkit::fingerprint::normalised;

use crate::stage::{Stage, made, outcome};

#[tokio::test]
async fn spend_counts_from_applying_until_the_window_ends() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let applied_at = stage.refer("u_ben", &code).await.facts.applied_at;
    let end = applied_at.plus_days(90);
    stage.world.clock.set(end);
    let at = |name: &str, at| a_spend(name, "u_ben", usd(1_00)).at(at).build();
    let told = stage
        .spend_all(vec![
            at("early", applied_at.plus_micros(-1)),
            at("first", applied_at),
            at("last", end.plus_micros(-1)),
            at("late", end),
        ])
        .await;
    let outcomes: Vec<_> = told.iter().map(outcome).collect();
    let expected = [Outcome::BeforeReferral, Outcome::Counted, Outcome::Counted, Outcome::AfterWindow];
    assert_eq!(outcomes, expected);
    assert_eq!(stage.referral("u_ben").await.expect("a referral").progress.spend.net(), 2_00);
}

#[tokio::test]
async fn spend_in_another_currency_is_recorded_and_never_added() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let euros = Money::of(60_00, currency("EUR"));
    let told = stage.spend_all(vec![a_spend("inv_1", "u_ben", euros).at(stage.now()).build()]).await;
    assert_eq!(outcome(&told[0]), Outcome::CurrencyMismatch);
    assert_eq!(stage.referral("u_ben").await.expect("a referral").progress.spend.net(), 0);
}

#[tokio::test]
async fn an_event_told_again_gets_the_first_answer_and_changes_nothing() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let event = a_spend("inv_1", "u_ben", usd(60_00)).at(stage.now());
    let first = recorded(stage.spend_all(vec![event.clone().build()]).await.remove(0));
    let stored = stage.stored();
    stage.world.clock.advance(500 * DAY);
    let again = stage.spend_all(vec![event.clone().noting("{\"n\":1}").build()]).await.remove(0);
    assert_eq!(again, Answer::Replayed(first), "metadata is not part of it, and its age is not asked again");
    assert_eq!(stage.stored(), stored);
}

#[tokio::test]
async fn another_body_under_the_same_id_is_a_conflict_and_changes_nothing() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let event = a_spend("inv_1", "u_ben", usd(60_00)).at(stage.now());
    stage.spend_all(vec![event.clone().build()]).await;
    let stored = stage.stored();
    let print = stage.app.payment_fingerprint("a card's fingerprint");
    let others = [
        a_spend("inv_1", "u_ben", usd(60_01)).at(stage.now()).build(),
        a_spend("inv_1", "u_ana", usd(60_00)).at(stage.now()).build(),
        a_spend("inv_1", "u_ben", Money::of(60_00, currency("EUR"))).at(stage.now()).build(),
        event.clone().at(stage.now().plus_micros(1)).build(),
        event.paid_with(print).build(),
    ];
    for other in others {
        let conflict = Answer::Conflict(other.source.clone());
        assert_eq!(stage.spend_all(vec![other]).await, [conflict]);
        assert_eq!(stage.stored(), stored);
    }
}

#[tokio::test]
async fn an_id_is_taken_by_whoever_told_of_it_first_even_when_it_counted_for_nothing() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    assert_eq!(outcome(&stage.spend("inv_1", "u_nobody", 60_00).await), Outcome::NotReferred);
    let stored = stage.stored();
    assert!(matches!(stage.spend("inv_1", "u_ben", 60_00).await, Answer::Conflict(_)));
    assert_eq!(stage.stored(), stored);
}

#[tokio::test]
async fn the_first_of_equal_ids_in_a_batch_decides() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let event = |cents| a_spend("inv_1", "u_ben", usd(cents)).at(stage.now()).build();
    let mut told = stage.spend_all(vec![event(30_00), event(30_00), event(31_00)]).await.into_iter();
    let first = recorded(told.next().expect("three answers"));
    assert_eq!(told.next(), Some(Answer::Replayed(first.clone())));
    assert_eq!(told.next(), Some(Answer::Conflict(first.source)));
    assert_eq!(stage.referral("u_ben").await.expect("a referral").progress.spend.net(), 30_00);
}

#[tokio::test]
async fn a_time_out_of_range_refuses_the_whole_batch() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let stored = stage.stored();
    for away in [300 * SECOND + 1, -400 * DAY - 1] {
        let odd = a_spend("inv_2", "u_ben", usd(1_00)).at(stage.now().plus_micros(away)).build();
        let fine = a_spend("inv_1", "u_zoe", usd(1_00)).at(stage.now()).build();
        let refused = stage.app.record_spend(&stage.a_batch(vec![fine, odd])).await;
        assert!(matches!(refused, Err(Failure::Refused(SpendRefusal::TimeOutOfRange { index: 1 }))));
        assert_eq!(stage.stored(), stored);
    }
}

#[tokio::test]
async fn spend_told_before_the_referral_is_folded_in_within_72_hours() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let applied_at = stage.now();
    assert_eq!(outcome(&stage.spend("inv_1", "u_ben", 60_00).await), Outcome::NotReferred);
    stage.world.clock.advance(72 * HOUR);
    let early = SignUp {
        applied_at: Some(applied_at),
        created_at: Some(applied_at),
        email_verified: Some(true),
        ..stage.with_code("u_ben", &code)
    };
    let referral = made(stage.app.sign_up(&early).await);
    assert_eq!(
        (referral.progress.spend.net(), referral.progress.state.name()),
        (60_00, StateName::Completed)
    );
    assert_eq!((stage.available("u_ana").await, stage.available("u_ben").await), (25_00, 10_00));
    stage.is_sound().await;
}

#[tokio::test]
async fn spend_told_more_than_72_hours_before_the_referral_is_not_folded_in() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let applied_at = stage.now();
    stage.spend("inv_1", "u_ben", 60_00).await;
    stage.world.clock.advance(72 * HOUR + 1);
    let late = SignUp { applied_at: Some(applied_at), ..stage.with_code("u_ben", &code) };
    assert_eq!(made(stage.app.sign_up(&late).await).progress.spend.net(), 0);
}

#[tokio::test]
async fn spend_before_the_code_was_applied_is_never_folded_in() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.spend("inv_1", "u_ben", 60_00).await;
    stage.world.clock.advance(1);
    assert_eq!(stage.refer("u_ben", &code).await.progress.spend.net(), 0);
}

#[tokio::test]
async fn a_batch_equals_its_events_one_by_one() {
    let (whole, single) = (Stage::open().await, Stage::open().await);
    for stage in [&whole, &single] {
        stage.ben_is_verified().await;
        let code = stage.code("u_ana").await;
        stage.refer("u_eva", &code).await;
        stage.hear("u_eva", true).await;
        stage.world.user("u_nobody").await;
    }
    let events = mixed(&whole);
    let together = whole.spend_all(events.clone()).await;
    let mut apart = Vec::new();
    for event in events {
        apart.extend(single.spend_all(vec![event]).await);
    }
    assert_eq!(normalised(&format!("{together:?}")), normalised(&format!("{apart:?}")));
    assert_eq!(
        normalised(&whole.stored()),
        normalised(&single.stored()),
        "everything that is stored is equal"
    );
    assert_eq!(whole.available("u_ana").await, 50_00);
    whole.is_sound().await;
}

/// Events of three users, with a crossing, a repetition, a conflict and one that counts for nothing.
fn mixed(stage: &Stage) -> Vec<SpendCommand> {
    let event = |name: &str, user: &str, cents| a_spend(name, user, usd(cents)).at(stage.now()).build();
    vec![
        event("inv_1", "u_ben", 30_00),
        event("inv_2", "u_eva", 50_00),
        event("inv_3", "u_nobody", 50_00),
        event("inv_4", "u_ben", 20_00),
        event("inv_1", "u_ben", 30_00),
        event("inv_2", "u_ben", 50_00),
        event("inv_5", "u_ben", 1_00),
    ]
}

#[tokio::test]
async fn a_reward_names_the_event_that_brought_it_and_is_posted_once() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let event = recorded(stage.spend("inv_1", "u_ben", 50_00).await);
    let reward = event.reward.expect("a reward");
    assert_eq!(reward.amount, 25_00);
    assert_eq!(event.withheld, None);
    let next = recorded(stage.spend("inv_2", "u_ben", 50_00).await);
    assert_eq!((next.outcome, next.reward), (Outcome::Counted, None));
    assert_eq!(stage.available("u_ana").await, 25_00);
}

#[tokio::test]
async fn a_crossing_that_is_withheld_says_why() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    let event = recorded(stage.spend("inv_1", "u_ben", 50_00).await);
    let reason = WithheldReason::EmailNotVerified;
    assert_eq!((event.outcome, event.reward), (Outcome::ThresholdCrossed, None));
    assert_eq!(event.withheld, Some(Withheld { amount: 25_00, reason }));
}

#[tokio::test]
async fn nothing_is_granted_to_a_referrer_known_to_be_unverified_until_they_are() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    stage.hear("u_ana", false).await;
    let event = recorded(stage.spend("inv_1", "u_ben", 50_00).await);
    assert_eq!(event.withheld.map(|it| it.reason), Some(WithheldReason::ReferrerEmailNotVerified));
    assert_eq!(stage.available("u_ana").await, 0);
    stage.world.clock.advance(SECOND);
    stage.hear("u_ana", true).await;
    assert_eq!(stage.available("u_ana").await, 25_00);
    let reward = stage.referral("u_ben").await.expect("a referral").progress.reward;
    assert_eq!(reward.status(), AwardStatus::Granted);
    stage.is_sound().await;
}

#[tokio::test]
async fn no_spend_is_recorded_in_a_program_that_does_not_exist() {
    let stage = Stage::open().await;
    let elsewhere = RecordSpend { program: slug("other"), events: Vec::new() };
    assert!(matches!(stage.app.record_spend(&elsewhere).await, Err(Failure::NoProgram)));
}

#[tokio::test]
async fn terms_of_nothing_grant_nothing_and_a_threshold_of_nothing_is_reached_at_once() {
    let free = a_program().rewarding(usd(0)).welcoming(usd(0)).from_spend_of(usd(0)).build();
    let stage = Stage::with(free).await;
    stage.ben_is_verified().await;
    let referral = stage.referral("u_ben").await.expect("a referral");
    assert_eq!(referral.progress.state.name(), StateName::Completed);
    stage.spend("inv_1", "u_ben", 1_00).await;
    assert_eq!(stage.is_sound().await.transactions, 0);
    let SpendReceipt { program, answers } =
        stage.app.record_spend(&stage.a_batch(Vec::new())).await.expect("a batch of nothing");
    assert_eq!((program.slug.as_str(), answers.len()), ("default", 0));
}

fn recorded(answer: Answer) -> SpendEvent {
    match answer {
        Answer::Recorded(event) => event,
        other => panic!("not recorded now: {other:?}"),
    }
}
