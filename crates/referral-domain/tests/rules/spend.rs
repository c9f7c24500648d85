//! Spend events: what each counts for, what makes two the same, and that a batch is its items one by one.

use proptest::prelude::*;
use referral_domain::identity::Fingerprint;
use referral_domain::money::{Currency, Money};
use referral_domain::referral::{Review, StateName, WithheldReason};
use referral_domain::spend::{
    Answer, EventCommand, FUTURE_TOLERANCE, Level, OLDEST, Outcome, RefundCommand, RefundReason,
    SpendCommand, SpendEvent, SpendRefusal, SpendScene, Withheld, body_hash, decide,
};
use referral_domain::time::Timestamp;
use referral_domain::user::EmailStatus;

use crate::made::{ANA, BEN, NOW, days, events, host, ids, paid, plenty, refunded, rules, source, usd};
use crate::world::{World, costing, named, user};

fn recorded(answer: &Answer) -> &SpendEvent {
    match answer {
        Answer::Recorded(event) => event,
        other => panic!("not recorded: {other:?}"),
    }
}

fn told_one(world: &mut World, command: SpendCommand) -> SpendEvent {
    recorded(&world.spend(&[command])[0]).clone()
}

fn outcome(at: Timestamp) -> Outcome {
    told_one(&mut World::referred(), paid("i", 100, at)).outcome
}

fn eur(minor: i64) -> Money {
    Money::of(minor, Currency::parse("EUR").expect("ISO 4217"))
}

#[test]
fn each_outcome_is_reached() {
    assert_eq!(outcome(NOW), Outcome::Counted);
    assert_eq!(outcome(days(-1)), Outcome::BeforeReferral);
    assert_eq!(told_one(&mut World::new(), paid("i", 100, NOW)).outcome, Outcome::NotReferred);
    let foreign = costing(paid("i", 100, NOW), eur(100));
    for world in [&mut World::new(), &mut World::referred()] {
        assert_eq!(told_one(world, foreign.clone()).outcome, Outcome::CurrencyMismatch);
    }
    assert_eq!(told_one(&mut World::referred(), paid("i", 5_000, NOW)).outcome, Outcome::ThresholdCrossed);
    let mut late = World { now: days(120), ..World::referred() };
    assert_eq!(told_one(&mut late, paid("i", 100, days(100))).outcome, Outcome::AfterWindow);
    let mut closed = World::referred();
    closed.ben_mut().progress.state =
        referral_domain::referral::State::Fraud { activated_at: None, closed_at: NOW };
    let event = told_one(&mut closed, paid("i", 5_000, NOW));
    assert_eq!((event.outcome, closed.ben().progress.spend.net()), (Outcome::ReferralClosed, 0));
}

#[test]
fn what_is_not_counted_changes_nothing_but_is_stored_with_the_level_it_met() {
    let mut world = World::referred();
    let before = world.ben().clone();
    let event = told_one(&mut world, costing(paid("i", 0, NOW), eur(9_999)));
    assert_eq!((event.counted, event.reward, event.withheld), (0, None, None));
    assert_eq!(event.level, Some(Level { net: 0, threshold: 5_000 }));
    assert_eq!((world.ben(), world.grants.len(), world.known.len()), (&before, 0, 1));
    assert_eq!(told_one(&mut World::new(), paid("i", 1, NOW)).level, None, "no referral, no level");
}

#[test]
fn the_threshold_is_crossed_at_it_and_not_one_cent_below() {
    let mut world = World::referred();
    world.hear(NOW, true);
    let below = told_one(&mut world, paid("a", 4_999, NOW));
    assert_eq!((below.outcome, below.reward), (Outcome::Counted, None));
    assert_eq!(world.ben().progress.state.name(), StateName::Active);
    let at = told_one(&mut world, paid("b", 1, NOW));
    assert_eq!(at.outcome, Outcome::ThresholdCrossed);
    assert_eq!(at.reward.map(|reward| reward.amount), Some(2_500));
    assert_eq!(world.ben().progress.state.name(), StateName::Completed);
    let above = told_one(&mut world, paid("c", 1, NOW));
    assert_eq!((above.outcome, above.reward), (Outcome::Counted, None), "it is crossed once");
    assert_eq!(world.ending().posted, (vec![1_000], vec![2_500]));
}

#[test]
fn sixty_spent_unverified_rewards_nobody_until_verified() {
    let mut world = World::referred();
    let event = told_one(&mut world, paid("a", 6_000, NOW));
    assert_eq!(event.outcome, Outcome::ThresholdCrossed);
    let reason = WithheldReason::EmailNotVerified;
    assert_eq!((event.reward, event.withheld), (None, Some(Withheld { amount: 2_500, reason })));
    assert!(world.grants.is_empty());
    world.hear(days(1), true);
    assert_eq!(world.ending().posted, (vec![1_000], vec![2_500]));
}

#[test]
fn a_reward_that_is_withheld_says_why_on_the_event_that_made_it_due() {
    let mut world = World { ana: EmailStatus::Unverified, ..World::referred() };
    world.hear(NOW, true);
    world.ben_mut().progress.review = Review::Open;
    let event = told_one(&mut world, paid("a", 5_000, NOW));
    assert_eq!(event.withheld.map(|it| it.reason), Some(WithheldReason::UnderReview));
    assert_eq!((event.reward, told_one(&mut world, paid("b", 1, NOW)).withheld), (None, None));
}

#[test]
fn a_grant_names_the_event_that_made_it_due() {
    let mut world = World::referred();
    world.hear(NOW, true);
    let event = told_one(&mut world, paid("inv_9", 5_000, NOW));
    let grant = world.grants.last().expect("granted");
    assert_eq!((grant.cause.as_ref(), grant.to), (Some(&source("inv_9")), ANA));
    assert_eq!(event.reward.map(|reward| reward.transaction), Some(grant.transaction));
    assert_eq!(world.grants[0].cause, None, "nothing spent made the welcome credit due");
}

#[test]
fn the_same_event_again_gets_the_first_answer_and_changes_nothing() {
    let mut world = World::referred();
    let first = told_one(&mut world, paid("a", 5_000, NOW));
    let stored = world.clone();
    let spelt = SpendCommand { metadata: Some("{}".into()), ..paid("a", 5_000, NOW) };
    world.now = days(399);
    assert_eq!(
        world.spend(&[spelt]),
        [Answer::Replayed(first)],
        "metadata is not compared, and time has passed"
    );
    world.now = days(500);
    assert!(
        matches!(world.spend(&[paid("a", 5_000, NOW)])[0], Answer::Replayed(_)),
        "however old it is by now"
    );
    assert_eq!((world.known, world.referrals, world.grants), (stored.known, stored.referrals, stored.grants));
}

#[test]
fn another_body_under_the_same_id_is_a_conflict_and_changes_nothing() {
    let first = paid("a", 100, NOW);
    for other in [
        paid("a", 101, NOW),
        paid("a", 100, NOW.plus_micros(-1)),
        costing(first.clone(), eur(100)),
        named(first.clone(), "u_eva"),
        SpendCommand { payment: Some(Fingerprint([0; 32])), ..first.clone() },
    ] {
        let mut world = World::crowded();
        world.spend(std::slice::from_ref(&first));
        let (known, referrals) = (world.known.clone(), world.referrals.clone());
        assert_eq!(world.spend(std::slice::from_ref(&other)), [Answer::Conflict(source("a"))], "{other:?}");
        assert_eq!((world.known, world.referrals), (known, referrals));
    }
}

#[test]
fn the_first_of_equal_ids_in_a_batch_decides_and_the_others_are_answered_from_it() {
    let mut world = World::referred();
    let answers = world.spend(&[paid("a", 3_000, NOW), paid("a", 3_000, NOW), paid("a", 9_000, NOW)]);
    let first = recorded(&answers[0]).clone();
    assert_eq!(answers[1..], [Answer::Replayed(first), Answer::Conflict(source("a"))]);
    assert_eq!((world.ben().progress.spend.net(), world.known.len()), (3_000, 1));
}

#[test]
fn a_body_is_hashed_as_it_always_was() {
    let payment = Some(Fingerprint([5; 32]));
    let hex = |event: EventCommand| -> String {
        body_hash(BEN, &event).0.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    assert_eq!(
        hex(SpendCommand { payment, ..paid("a", 100, NOW) }.into()),
        "ffbc82b4afaad762fda33c9ee5c1a17dd2ac4a4ad7cc0082b13b268085c4b7e7",
        "a stored event would no longer be recognised"
    );
}

#[test]
fn only_a_new_event_must_lie_in_range() {
    let ask = |at: Timestamp| {
        let told = [paid("ok", 1, NOW), paid("a", 1, at)];
        let users = [(told[0].user.clone(), BEN)].into();
        let scene = SpendScene { users, ..SpendScene::default() };
        decide(&rules(false, usd()), &events(&told), scene, &mut plenty(), NOW, &mut ids(9))
    };
    for inside in [FUTURE_TOLERANCE, 0, -OLDEST] {
        assert!(ask(NOW.plus_micros(inside)).is_ok());
    }
    for outside in [FUTURE_TOLERANCE + 1, -OLDEST - 1, i64::MIN, i64::MAX] {
        let refused = ask(Timestamp::from_micros(NOW.micros().saturating_add(outside)));
        assert_eq!(refused, Err(SpendRefusal::TimeOutOfRange { index: 1 }));
    }
}

/// Spends and refunds of three people, under ids that meet.
fn told() -> impl Strategy<Value = EventCommand> {
    prop_oneof![3 => told_spend().prop_map(EventCommand::Spend), 1 => told_refund().prop_map(EventCommand::Refund)]
}

fn told_refund() -> impl Strategy<Value = RefundCommand> {
    let names = proptest::sample::select(vec!["u_ben", "u_ben", "u_eva", "u_zoe"]);
    let minor = proptest::sample::select(vec![1, 2_500, 4_999, 9_000]);
    let days =
        proptest::sample::select(vec![0, 2, 58, 61].into_iter().map(|it| days(it)).collect::<Vec<_>>());
    (0..6_u8, 0..6_u8, names, minor, days, 0..4_usize).prop_map(|(id, of, name, minor, at, reason)| {
        let reason = RefundReason::ALL[reason];
        let refund = refunded(
            &format!("{}_{id}", if id == 5 { "inv" } else { "ref" }),
            &format!("inv_{of}"),
            minor,
            at,
        );
        RefundCommand { user: host(name), reason, ..refund }
    })
}

fn told_spend() -> impl Strategy<Value = SpendCommand> {
    let names = proptest::sample::select(vec!["u_ben", "u_ben", "u_eva", "u_zoe"]);
    let minor = proptest::sample::select(vec![1, 2_500, 4_999, 5_000, 6_000]);
    (0..5_u8, names, minor, -1..=1_i64, 0..8_u8).prop_map(|(id, name, minor, day, coin)| {
        let command = named(paid(&format!("inv_{id}"), minor, days(day).plus_micros(-1)), name);
        if coin == 0 { costing(command, eur(minor)) } else { command }
    })
}

proptest! {
    #[test]
    fn a_batch_equals_its_items_one_by_one(
        batch in proptest::collection::vec(told(), 0..12), verified in any::<bool>(), cut in 0..12_usize,
    ) {
        let mut start = World { now: days(62), ..World::crowded() };
        if verified { start.hear(NOW, true) }
        let (mut whole, mut single, mut halves) = (start.clone(), start.clone(), start);
        let answers = whole.tell_with(&batch, &mut ids(9_000));
        let mut drawn = ids(9_000);
        let one_by_one: Vec<_> = batch.iter()
            .flat_map(|command| single.tell_with(std::slice::from_ref(command), &mut drawn)).collect();
        let (early, late) = batch.split_at(cut.min(batch.len()));
        let mut drawn = ids(9_000);
        let in_two = [halves.tell_with(early, &mut drawn), halves.tell_with(late, &mut drawn)].concat();
        prop_assert_eq!((&answers, &whole), (&one_by_one, &single));
        prop_assert_eq!((&answers, &whole), (&in_two, &halves));
    }

    #[test]
    fn telling_everything_again_changes_nothing(batch in proptest::collection::vec(told(), 0..12)) {
        let mut world = World { now: days(62), ..World::crowded() };
        world.hear(NOW, true);
        let first = world.tell(&batch);
        let stored = world.clone();
        let again = world.tell(&batch);
        for (first, again) in first.iter().zip(&again) {
            match first {
                Answer::Recorded(event) | Answer::Replayed(event) =>
                    prop_assert_eq!(again, &Answer::Replayed(event.clone())),
                Answer::Conflict(_) => prop_assert_eq!(again, first),
            }
        }
        prop_assert_eq!((world.known, world.referrals), (stored.known, stored.referrals));
        prop_assert_eq!((world.grants, world.days), (stored.grants, stored.days));
    }

    #[test]
    fn net_spend_is_the_sum_of_what_the_events_counted(batch in proptest::collection::vec(told(), 0..12)) {
        let mut world = World { now: days(62), ..World::crowded() };
        world.tell(&batch);
        for name in ["u_ben", "u_eva"] {
            let events = world.known.values().filter(|event| event.user == user(name));
            let counted: i64 = events.map(|event| event.counted).sum();
            prop_assert_eq!(world.referrals[&user(name)].progress.spend.net(), counted);
        }
    }
}
