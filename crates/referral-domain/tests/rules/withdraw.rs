//! Withdrawals: what an operator took back is due no more, whatever is told later.

use proptest::prelude::*;
use referral_domain::commission::due;
use referral_domain::id::TransactionId;
use referral_domain::program::Commission;
use referral_domain::referral::{Award, Review};
use referral_domain::retraction::{Entitlement, Withdrawn};
use referral_domain::settle::{Circumstances, Grant, Promise, Withdrawal, withdraw};
use referral_domain::spend::EventCommand;
use uuid::Uuid;

use crate::made::{NOW, clear, days, ids, paid, plenty, refunded};
use crate::world::World;

/// A tenth of net spend for a year, at most 9.00.
fn share() -> Commission {
    Commission::of_millionths(100_000, 12, Some(900)).expect("at most all of it")
}

fn earning() -> World {
    let mut world = World { now: days(1), ..World::referred() };
    world.ben_mut().facts.terms.commission = Some(share());
    world.hear(NOW, true);
    world
}

/// Withdraws it by the transaction of this number; what was taken back, if it stood.
fn withdrawn(world: &mut World, what: Entitlement, of: TransactionId, n: u128) -> Option<Vec<Grant>> {
    let order = Withdrawal { of, reason: "By mistake".to_owned() };
    let seen = Circumstances { paused: n.is_multiple_of(2), ..clear(world.now) };
    let done = withdraw(world.ben_mut(), what, &order, &seen, &mut plenty(), &mut ids(n * 10_000))?;
    world.grants.extend(done.grants.clone());
    Some(done.grants)
}

fn nobodys() -> TransactionId {
    TransactionId::from_uuid(Uuid::from_u128(9))
}

#[test]
fn only_what_stands_is_withdrawn_and_nothing_else_changes() {
    let mut world = earning();
    world.tell(&[EventCommand::Spend(paid("s1", 6_000, NOW))]);
    let before = world.clone();
    for what in [Entitlement::Welcome, Entitlement::Reward] {
        assert_eq!(withdrawn(&mut world, what, nobodys(), 7), None, "{what:?} was posted by another");
    }
    world.ben_mut().progress.commission.posted = 0;
    assert_eq!(withdrawn(&mut world, Entitlement::Commission(600), nobodys(), 7), None, "nothing is posted");
    world.ben_mut().progress.commission.posted = 600;
    assert_eq!(world, before);
}

#[test]
fn what_is_taken_back_says_by_whose_word_and_what_else_is_settled_does_not() {
    let mut world = earning();
    world.tell(&[EventCommand::Spend(paid("s1", 6_000, NOW))]);
    world.ben_mut().progress.review = Review::Open;
    world.tell(&[EventCommand::Spend(paid("s2", 1_000, NOW))]);
    world.ben_mut().progress.review = Review::Cleared;
    let grants = withdrawn(&mut world, Entitlement::Commission(600), nobodys(), 7).expect("it is posted");
    let told: Vec<_> = grants.iter().map(|grant| (grant.signed(), grant.by_hand.is_some())).collect();
    assert_eq!(told, [(-600, true), (100, false)], "what was withheld is granted by itself");
    assert_eq!(world.ben().progress.withdrawn, Withdrawn { commission: 600, ..Withdrawn::default() });
}

/// What happens next: a spend, a refund of one, or a withdrawal of so much commission.
#[derive(Clone, Debug)]
enum Next {
    Spend(i64),
    Refund(usize, i64),
    Commission(i64),
    Reward,
}

fn next() -> impl Strategy<Value = Next> {
    prop_oneof![
        4 => (1_i64..4_000).prop_map(Next::Spend),
        3 => (0_usize..8, 1_i64..4_000).prop_map(|(of, minor)| Next::Refund(of, minor)),
        2 => (1_i64..500).prop_map(Next::Commission),
        1 => Just(Next::Reward),
    ]
}

fn happen(world: &mut World, n: usize, next: &Next) {
    let number = u128::try_from(n).expect("few") + 1;
    match *next {
        Next::Spend(minor) => {
            world.tell(&[EventCommand::Spend(paid(&format!("s{n}"), minor, NOW))]);
        }
        Next::Refund(of, minor) => {
            let refund = refunded(&format!("r{n}"), &format!("s{of}"), minor, NOW);
            world.tell(&[EventCommand::Refund(refund)]);
        }
        Next::Commission(minor) => {
            withdrawn(world, Entitlement::Commission(minor), nobodys(), number);
        }
        Next::Reward => {
            let of = world.ben().progress.reward.transaction().unwrap_or_else(nobodys);
            withdrawn(world, Entitlement::Reward, of, number);
        }
    }
}

proptest! {
    #[test]
    fn what_is_posted_is_what_is_left_whatever_happens(story in prop::collection::vec(next(), 1..16)) {
        let (mut world, mut gone) = (earning(), Withdrawn::default());
        for (n, next) in story.iter().enumerate() {
            happen(&mut world, n, next);
            let progress = &world.ben().progress;
            let left = (due(&share(), progress.commission.net()) - progress.withdrawn.commission).max(0);
            let moved = world.grants.iter().filter(|grant| matches!(
                grant.promise, Promise::Commission { .. } | Promise::CommissionRetraction { .. }));
            prop_assert_eq!((progress.commission.posted, moved.map(Grant::signed).sum::<i64>()), (left, left));
            prop_assert!(progress.withdrawn.commission >= gone.commission && progress.withdrawn.reward >= gone.reward);
            prop_assert!(!progress.withdrawn.reward || progress.reward == Award::Retracted);
            gone = progress.withdrawn;
        }
    }
}
