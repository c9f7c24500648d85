//! Applying a code: the edges of time, and the early spends that are folded in.

use referral_domain::apply::{ApplyRefusal, ApplyScene, NewReferral};
use referral_domain::money::{Currency, Money};
use referral_domain::referral::StateName;
use referral_domain::spend::{Answer, FUTURE_TOLERANCE, OLDEST, Outcome, PARKED_FOR, SpendEvent};
use referral_domain::time::Timestamp;
use referral_domain::user::Word;

use crate::apply::{applied, applied_at};
use crate::made::{ANA, NOW, days, paid, usd};
use crate::world::{World, costing, order, scene};

/// A spend recorded at one instant about another, when nobody had referred Ben yet.
fn parked(minor: i64, occurred_at: Timestamp, recorded_at: Timestamp) -> SpendEvent {
    let mut world = World { now: recorded_at, ..World::new() };
    let name = format!("inv_{minor}");
    match world.spend(&[paid(&name, minor, occurred_at)]).remove(0) {
        Answer::Recorded(event) => {
            assert_eq!(event.outcome, Outcome::NotReferred);
            event
        }
        other => panic!("not recorded: {other:?}"),
    }
}

fn folding(parked: Vec<SpendEvent>) -> NewReferral {
    applied(ApplyScene { parked, ..scene() }).expect("nothing refuses")
}

/// Whether a spend of 1.00 of that instant, recorded at that instant, is folded when applying is told now.
fn folds(applied_at: Timestamp, at: Timestamp) -> bool {
    let early = ApplyScene { parked: vec![parked(100, at, at)], ..scene() };
    let new = crate::apply::applied_at(early, order(applied_at)).expect("nothing refuses");
    assert_eq!(new.referral.progress.spend.net(), if new.folded.is_empty() { 0 } else { 100 });
    !new.folded.is_empty()
}

#[test]
fn a_code_may_be_applied_until_the_last_instant_of_the_apply_window() {
    let window_over = |at: Timestamp| {
        let mut late = scene();
        late.referred.signed_up_at = Some(at);
        applied(late).err()
    };
    assert_eq!(window_over(days(-30)), None);
    assert_eq!(window_over(days(-30).plus_micros(-1)), Some(ApplyRefusal::ApplyWindowOver));
    assert_eq!(window_over(days(1)), None, "the sign-up is told to be later than applying");
}

#[test]
fn the_apply_window_counts_from_signing_up_to_applying_not_to_the_telling() {
    let mut late = scene();
    late.referred.signed_up_at = Some(days(-60));
    assert_eq!(applied_at(late.clone(), order(days(-30))).err(), None);
    assert_eq!(applied_at(late, order(days(-29))).err(), Some(ApplyRefusal::ApplyWindowOver));
}

#[test]
fn an_apply_window_of_any_length_is_only_longer() {
    let mut endless = scene();
    endless.program.rules.policy.apply_window_days = u32::MAX;
    endless.program.rules.terms.qualification_window_days = u32::MAX;
    endless.referred.signed_up_at = Some(Timestamp::from_micros(0));
    let facts = applied(endless).expect("nothing refuses").referral.facts;
    assert!(facts.window_holds(days(40_000)));
}

#[test]
fn a_time_of_applying_ahead_of_the_clock_or_too_far_back_is_refused() {
    let ask = |micros| {
        let mut scene = scene();
        scene.referred.signed_up_at = Some(NOW.plus_micros(-OLDEST - 2));
        scene.program.rules.policy.apply_window_days = 1_000;
        applied_at(scene, order(NOW.plus_micros(micros))).err()
    };
    for inside in [FUTURE_TOLERANCE, 0, -OLDEST] {
        assert_eq!(ask(inside), None);
    }
    for outside in [FUTURE_TOLERANCE + 1, -OLDEST - 1] {
        assert_eq!(ask(outside), Some(ApplyRefusal::TimeOutOfRange));
    }
}

#[test]
fn a_referrer_at_the_limit_is_told_from_when_the_next_one_fits() {
    let made_at = days(-1).plus_micros(1);
    let refused = applied(ApplyScene { crowding: Some(made_at), ..scene() }).err();
    assert_eq!(refused, Some(ApplyRefusal::ReferrerLimit { free_at: NOW.plus_micros(1) }));
}

#[test]
fn a_spend_that_waited_72_hours_is_folded_and_one_that_waited_longer_is_not() {
    assert!(folds(days(-4), NOW));
    assert!(folds(days(-4), NOW.plus_micros(-PARKED_FOR)));
    assert!(!folds(days(-4), NOW.plus_micros(-PARKED_FOR - 1)));
}

#[test]
fn only_a_spend_of_the_window_is_folded() {
    assert!(!folds(NOW, NOW.plus_micros(-1)) && folds(NOW, NOW), "from the instant of applying");
    for (occurred_at, counted) in [(days(-2), 100), (days(-1).plus_micros(-1), 100), (days(-1), 0), (NOW, 0)]
    {
        let mut early = ApplyScene { parked: vec![parked(100, occurred_at, NOW)], ..scene() };
        early.program.rules.terms.qualification_window_days = 1;
        let new = applied_at(early, order(days(-2))).expect("nothing refuses");
        assert_eq!(new.referral.progress.spend.net(), counted, "{occurred_at}");
    }
}

#[test]
fn another_currency_is_never_folded() {
    let eur = Money::of(100, Currency::parse("EUR").expect("ISO 4217"));
    let foreign = SpendEvent { amount: eur, ..parked(100, NOW, NOW) };
    let mut world = World::new();
    world.spend(&[costing(paid("i", 1, NOW), eur)]);
    world.apply();
    assert_eq!(world.ben().progress.spend.net(), 0);
    let new = folding(vec![foreign, parked(30, NOW, NOW)]);
    assert_eq!((new.folded.len(), new.referral.progress.spend.net()), (1, 30));
    assert_eq!(new.folded[0].amount.currency(), usd());
}

#[test]
fn early_spends_of_a_verified_user_complete_the_referral_at_once() {
    let mut early = scene();
    early.referred.hear_event(Word { at: NOW, verified: true });
    early.parked = vec![parked(4_000, NOW, NOW), parked(1_000, NOW, NOW)];
    let new = applied(early).expect("nothing refuses");
    assert_eq!(new.referral.progress.state.name(), StateName::Completed);
    assert_eq!(new.grants.iter().map(|it| it.amount).collect::<Vec<_>>(), [1_000, 2_500]);
    assert!(new.grants[1].to == ANA && new.grants[1].cause.is_none());
    let day = new.day;
    assert_eq!((day.signups, day.verified_signups, day.conversions), (1, 1, 1));
    assert_eq!((day.revenue, day.earned), (5_000, 2_500));
}
