//! Commissions: a running total that ends in the same cent in any order, rounded at one place.

use proptest::prelude::*;
use referral_domain::commission::due;
use referral_domain::program::Commission;
use referral_domain::settle::Promise;
use referral_domain::spend::EventCommand;

use crate::made::{NOW, days, paid, refunded};
use crate::world::World;

/// A share of net spend in millionths, for a year.
fn share(millionths: i64, cap: Option<i64>) -> Commission {
    Commission::of_millionths(millionths, 12, cap).expect("at most all of it")
}

fn earning(terms: Commission) -> World {
    let mut world = World { now: days(1), ..World::referred() };
    world.ben_mut().facts.terms.commission = Some(terms);
    world.hear(NOW, true);
    world
}

#[test]
fn half_a_cent_goes_to_the_even_one() {
    let terms = share(50_000, None);
    let nets = [10, 30, 50, 70, 1_010, 1_030, 9, 11];
    assert_eq!(nets.map(|net| due(&terms, net)), [0, 2, 2, 4, 50, 52, 0, 1]);
}

#[test]
fn a_commission_is_never_more_than_its_cap_nor_less_than_nothing() {
    let terms = share(100_000, Some(300));
    assert_eq!([due(&terms, 2_999), due(&terms, 3_010), due(&terms, 99_000)], [300, 300, 300]);
    assert_eq!([due(&terms, -5), due(&share(0, None), 5_000)], [0, 0]);
    assert_eq!(due(&share(1_000_000, None), i64::MAX), i64::MAX, "all of it");
}

/// What is posted of Ben's commission, and what the grants of it sum up to.
fn posted(world: &World) -> (i64, i64) {
    let of_commission =
        |promise| matches!(promise, Promise::Commission { .. } | Promise::CommissionRetraction { .. });
    let grants = world.grants.iter().filter(|grant| of_commission(grant.promise));
    (world.ben().progress.commission.posted, grants.map(referral_domain::settle::Grant::signed).sum())
}

/// Spends, and refunds of parts of them.
fn told(spends: &[i64], refunds: &[(usize, i64)]) -> Vec<EventCommand> {
    let spent = |(n, minor): (usize, &i64)| EventCommand::Spend(paid(&format!("s{n}"), *minor, NOW));
    let back = |(n, (of, minor)): (usize, &(usize, i64))| {
        let spend = format!("s{}", of % spends.len());
        EventCommand::Refund(refunded(&format!("r{n}"), &spend, *minor, NOW))
    };
    spends.iter().enumerate().map(spent).chain(refunds.iter().enumerate().map(back)).collect()
}

proptest! {
    #[test]
    fn any_order_of_spends_and_partial_refunds_ends_in_the_same_cent(
        spends in prop::collection::vec(1_i64..5_000, 1..6),
        refunds in prop::collection::vec((0_usize..6, 1_i64..3_000), 0..5),
        millionths in 0_i64..=300_000,
        cap in prop::option::of(0_i64..1_000),
        swaps in prop::collection::vec((0_usize..11, 0_usize..11), 0..12),
    ) {
        let terms = share(millionths, cap);
        let mut events = told(&spends, &refunds);
        let (mut whole, mut single) = (earning(terms), earning(terms));
        whole.tell(&events);
        let length = events.len();
        swaps.iter().for_each(|(one, other)| events.swap(one % length, other % length));
        events.iter().for_each(|event| drop(single.tell(std::slice::from_ref(event))));
        let net = whole.ben().progress.commission.net();
        prop_assert_eq!(posted(&whole), (due(&terms, net), due(&terms, net)));
        prop_assert_eq!(posted(&single), posted(&whole));
        prop_assert_eq!(single.ben().progress.spend, whole.ben().progress.spend);
    }
}
