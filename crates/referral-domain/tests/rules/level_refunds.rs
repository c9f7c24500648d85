//! Due is a level with refunds and commissions too: any order and any batching of the same spends, refunds and
//! verifications ends in the same net, due state and money, to the cent.

use proptest::prelude::*;
use referral_domain::program::Commission;
use referral_domain::settle::{Grant, Promise};
use referral_domain::spend::{EventCommand, RefundCommand, RefundReason, effective_refund};
use referral_domain::time::Timestamp;
use referral_domain::tracking::DayDelta;

use crate::made::{days, paid, refunded};
use crate::world::World;

#[derive(Clone, Debug)]
enum Fact {
    Told(EventCommand),
    Verified(Timestamp),
}

/// What must not depend on the order of arrival.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Level {
    net: i64,
    completed: bool,
    posted: bool,
    /// Welcome credits, rewards and commission, less what was taken back.
    money: [i64; 3],
    commission: i64,
    /// Revenue, earned, and conversions less those reversed, of the day rows.
    counted: [i64; 3],
}

fn level(world: &World) -> Level {
    let progress = &world.ben().progress;
    let sum = |of: fn(&Promise) -> bool| {
        world.grants.iter().filter(|grant| of(&grant.promise)).map(Grant::signed).sum::<i64>()
    };
    let day = |of: fn(&DayDelta) -> i64| world.days.iter().map(of).sum::<i64>();
    Level {
        net: progress.spend.net(),
        completed: progress.state.completed_at().is_some(),
        posted: progress.reward.is_posted(),
        money: [
            sum(|it| !it.is_the_referrers()),
            sum(|it| matches!(it, Promise::Reward { .. } | Promise::RewardRetraction { .. })),
            sum(|it| matches!(it, Promise::Commission { .. } | Promise::CommissionRetraction { .. })),
        ],
        commission: progress.commission.posted,
        counted: [
            day(|it| it.revenue),
            day(|it| it.earned),
            day(|it| it.conversions - it.conversions_reversed),
        ],
    }
}

/// Everything lies in the past; the commission is 10.55 percent of five months, at most 7.00.
fn start() -> World {
    let mut world = World { now: days(200), ..World::referred() };
    world.ben_mut().facts.terms.commission = Commission::of_millionths(105_500, 5, Some(700));
    world
}

/// Tells the facts in this order; those of one batch in one unit.
fn ended(facts: &[Fact], batch: usize) -> World {
    let mut world = start();
    for part in facts.chunk_by(|one, other| matches!((one, other), (Fact::Told(_), Fact::Told(_)))) {
        match part {
            [Fact::Verified(at)] => world.hear(*at, true),
            told => {
                let events: Vec<_> = told.iter().filter_map(event).collect();
                events.chunks(batch.max(1)).for_each(|some| drop(world.tell(some)));
            }
        }
    }
    world
}

fn event(fact: &Fact) -> Option<EventCommand> {
    match fact {
        Fact::Told(event) => Some(event.clone()),
        Fact::Verified(_) => None,
    }
}

const SPENDS: usize = 4;

fn spends() -> impl Strategy<Value = Vec<Fact>> {
    let minor = proptest::sample::select(vec![1, 1_999, 2_500, 3_333, 5_000, 6_001]);
    let at = proptest::sample::select([-1, 0, 30, 89, 90, 140, 155].map(days).to_vec());
    proptest::collection::vec((minor, at), 1..=SPENDS).prop_map(|drawn| {
        let spend = |(n, (minor, at))| Fact::Told(paid(&format!("inv_{n}"), minor, at).into());
        drawn.into_iter().enumerate().map(spend).collect()
    })
}

fn refunds() -> impl Strategy<Value = Vec<Fact>> {
    let minor = proptest::sample::select(vec![1, 1_000, 2_500, 9_000]);
    let at = proptest::sample::select([0, 31, 59, 60, 90, 149, 199].map(days).to_vec());
    proptest::collection::vec((0..SPENDS, minor, at, 0..4_usize), 0..5).prop_map(|drawn| {
        let refund = |(n, (of, minor, at, reason)): (usize, (usize, i64, Timestamp, usize))| {
            let told = refunded(&format!("back_{n}"), &format!("inv_{of}"), minor, at);
            Fact::Told(RefundCommand { reason: RefundReason::ALL[reason], ..told }.into())
        };
        drawn.into_iter().enumerate().map(refund).collect()
    })
}

fn words() -> impl Strategy<Value = Vec<Fact>> {
    let at = proptest::sample::select([-1, 5, 95].map(days).to_vec());
    proptest::collection::vec(at.prop_map(Fact::Verified), 0..3)
}

/// A history and another order of it.
fn history() -> impl Strategy<Value = (Vec<Fact>, Vec<Fact>)> {
    let facts = (spends(), refunds(), words()).prop_map(|(a, b, c)| [a, b, c].concat());
    facts.prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_order_and_batching_of_spends_refunds_and_verifications_ends_the_same(
        (told, shuffled) in history(), batch in 1..6_usize,
    ) {
        let (one, other) = (ended(&told, 1), ended(&shuffled, batch));
        prop_assert_eq!(level(&one), level(&other));
    }

    #[test]
    fn the_end_is_a_plain_sum_of_what_refunds_leave((_, order) in history()) {
        let world = ended(&order, 1);
        let refunds: Vec<_> =
            world.known.values().filter_map(referral_domain::spend::RefundFact::of).collect();
        let mut sums = [0, 0];
        for spend in world.known.values().filter(|event| event.refund.is_none()) {
            let naming: Vec<_> = refunds.iter().filter(|refund| {
                world.known[&refund.source].refund.as_ref().is_some_and(|of| of.spend == spend.source)
            }).cloned().collect();
            let left = spend.amount.minor() - effective_refund(spend, &naming, 60);
            let at = spend.occurred_at;
            sums[0] += if days(0) <= at && at < days(90) { left } else { 0 };
            sums[1] += if days(0) <= at && at < days(0).plus_months(5) { left } else { 0 };
        }
        let progress = &world.ben().progress;
        prop_assert_eq!([progress.spend.net(), progress.commission.net()], sums);
        let active = progress.state.activated_at().is_some() && progress.verified_at.is_some();
        prop_assert_eq!(progress.reward.is_posted(), active && sums[0] >= 5_000);
    }

    #[test]
    fn what_is_told_again_changes_nothing((told, _) in history()) {
        let mut world = ended(&told, 1);
        let before = level(&world);
        let events: Vec<_> = told.iter().filter_map(event).collect();
        world.tell(&events);
        prop_assert_eq!(level(&world), before);
    }
}
