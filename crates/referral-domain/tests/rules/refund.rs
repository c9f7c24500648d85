//! Refunds: which weigh on their spend, and how much they take from the net.

use referral_domain::spend::{Answer, Outcome, RefundCommand, RefundReason, SpendEvent};
use referral_domain::time::Timestamp;

use crate::made::{NOW, days, paid, refunded};
use crate::world::World;

/// Ben, verified, has spent 60.00 in two spends of 30.00 just now; time has passed since.
fn spent(now: Timestamp) -> World {
    let mut world = World::referred();
    world.hear(NOW, true);
    world.spend(&[paid("a", 3_000, NOW), paid("b", 3_000, NOW)]);
    World { now, ..world }
}

fn told(world: &mut World, refund: RefundCommand) -> SpendEvent {
    match &world.refund(&[refund])[0] {
        Answer::Recorded(event) => event.clone(),
        other => panic!("not recorded: {other:?}"),
    }
}

/// What a refund of 5.00 of the first spend, made at this instant and for this reason, takes from the net.
fn taken(at: Timestamp, reason: RefundReason) -> i64 {
    let mut world = spent(days(200));
    let refund = RefundCommand { reason, ..refunded("r", "a", 500, at) };
    6_000 - told(&mut world, refund).level.expect("a level").net
}

#[test]
fn a_refund_weighs_until_just_before_the_clawback_window_of_its_spend_is_over() {
    use RefundReason::{Chargeback, Fraud, Other, Requested};
    let (last, over) = (days(60).plus_micros(-1), days(60));
    for reason in [Requested, Other] {
        assert_eq!((taken(last, reason), taken(over, reason)), (500, 0), "{reason:?}");
    }
    for reason in [Chargeback, Fraud] {
        assert_eq!((taken(over, reason), taken(days(200), reason)), (500, 500), "{reason:?}");
    }
}

#[test]
fn a_refund_made_after_the_qualification_window_weighs_all_the_same() {
    let mut world = World { now: days(80), ..World::referred() };
    world.hear(NOW, true);
    world.spend(&[paid("a", 6_000, days(80))]);
    world.now = days(100);
    let event = told(&mut world, refunded("r", "a", 2_000, days(100)));
    assert_eq!(
        (event.outcome, event.counted, world.ben().progress.spend.net()),
        (Outcome::RewardRetracted, -2_000, 4_000)
    );
}

#[test]
fn what_goes_beyond_a_spend_is_said_and_takes_nothing_more() {
    let mut world = spent(days(1));
    let first = told(&mut world, refunded("r1", "a", 2_900, days(1)));
    let second = told(&mut world, refunded("r2", "a", 2_900, days(1)));
    let third = told(&mut world, refunded("r3", "a", 1, days(1)));
    assert_eq!([first.over_refund, second.over_refund, third.over_refund], [false, true, true]);
    assert_eq!([first.counted, second.counted, third.counted], [-2_900, -100, 0]);
    assert_eq!(world.ben().progress.spend.net(), 3_000);
}

#[test]
fn a_spend_that_meets_the_refunds_that_waited_for_it_counts_what_is_left() {
    let mut world = spent(days(1));
    let waiting = told(&mut world, refunded("r", "c", 700, days(1)));
    assert_eq!((waiting.outcome, waiting.counted), (Outcome::AwaitingSpend, 0));
    world.spend(&[paid("c", 500, NOW)]);
    assert_eq!(world.ben().progress.spend.net(), 6_000, "all of it was refunded before");
    assert_eq!(world.ben().progress.spend.gross, 6_500);
}

#[test]
fn one_cent_below_the_threshold_takes_the_reward_back_and_one_cent_more_grants_it_again() {
    let mut world = spent(days(1));
    let at = told(&mut world, refunded("r1", "a", 1_000, days(1)));
    assert_eq!((at.outcome, at.reward), (Outcome::Counted, None), "at the threshold it is still reached");
    let below = told(&mut world, refunded("r2", "a", 1, days(1)));
    assert_eq!(below.outcome, Outcome::RewardRetracted);
    assert_eq!(below.reward.map(|effect| effect.amount), Some(-2_500));
    world.spend(&[paid("c", 1, days(1))]);
    assert_eq!(world.ending().posted.1, [2_500, -2_500, 2_500]);
}
