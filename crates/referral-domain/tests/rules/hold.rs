//! Holds: what is taken back leaves the hold of its own reward, and no other.

use referral_domain::budget::{Budget, BudgetMonth};
use referral_domain::grant::{post, release};
use referral_domain::hold::{Hold, HoldStep, HoldStepKind, Holds};
use referral_domain::id::{ReferralId, TransactionId};
use referral_domain::ledger::{Balances, Journal, Wallet};
use referral_domain::settle::{Grant, Promise};
use uuid::Uuid;

use crate::made::{ANA, BOOK, NOW, code, days, ids, usd};

fn transaction(n: u128) -> TransactionId {
    TransactionId::from_uuid(Uuid::from_u128(n))
}

/// A grant to Ana for the referral of this number, by the transaction of this number.
fn grant(n: u128, referral: u128, promise: Promise, held: bool) -> Grant {
    Grant {
        transaction: transaction(n),
        promise,
        to: ANA,
        amount: 2_500,
        referral: ReferralId::from_uuid(Uuid::from_u128(referral)),
        code: code().id,
        cause: None,
        spend: None,
        by_hand: None,
        held_until: held.then(|| days(14)),
        effective_at: NOW,
    }
}

const REWARD: Promise = Promise::Reward { step: 1, threshold: 5_000 };

/// Ana's journal and holds after two rewards for two referrals, both held.
fn two_held() -> (Journal, Holds) {
    let mut journal = Journal::open(vec![Wallet::empty(BOOK, ANA, usd())], NOW);
    let mut holds = Holds::default();
    for (n, referral) in [(101, 1), (102, 2)] {
        let mut ids = ids(n * 1_000);
        post(&mut journal, &mut holds, &grant(n, referral, REWARD, true), usd(), &mut ids).expect("posted");
    }
    (journal, holds)
}

fn steps(holds: Holds) -> Vec<(TransactionId, HoldStepKind, i64, i64)> {
    let told = |step: HoldStep| (step.hold, step.kind, step.amount, step.remaining);
    holds.finish().1.into_iter().map(told).collect()
}

#[test]
fn a_reward_taken_back_voids_its_own_hold_and_leaves_the_other_alone() {
    let (mut journal, mut holds) = two_held();
    let back = Promise::RewardRetraction { step: 2, of: transaction(102) };
    let posted =
        post(&mut journal, &mut holds, &grant(103, 2, back, false), usd(), &mut ids(9_000)).expect("posted");
    assert_eq!(posted.pending, -2_500);
    assert_eq!(journal.balances(ANA).expect("open"), Balances { held: 2_500, ..Balances::default() });
    assert_eq!(steps(holds), [(transaction(102), HoldStepKind::Void, 2_500, 0)]);
}

#[test]
fn what_was_released_and_used_becomes_owed_and_no_other_hold_pays_for_it() {
    let (mut journal, mut holds) = two_held();
    let of_102 = holds.made().iter().find(|hold| hold.transaction == transaction(102)).cloned();
    let of_102: Hold = of_102.expect("made");
    release(&mut journal, &mut holds, &of_102, days(14), &mut ids(8_000)).expect("released");
    assert!(release(&mut journal, &mut holds, &of_102, days(14), &mut ids(8_500)).expect("asked").is_none());
    assert_eq!(journal.balances(ANA).expect("open").available, 2_500);
    let back = Promise::RewardRetraction { step: 2, of: transaction(102) };
    let used = Grant { amount: 4_000, ..grant(103, 2, back, false) };
    post(&mut journal, &mut holds, &used, usd(), &mut ids(9_000)).expect("posted");
    let expected = Balances { available: 0, held: 2_500, in_payout: 0, owed: 1_500 };
    assert_eq!(journal.balances(ANA).expect("open"), expected);
    assert_eq!(steps(holds), [(transaction(102), HoldStepKind::Release, 2_500, 0)]);
}

#[test]
fn the_first_reward_that_does_not_fit_closes_its_month_to_later_ones() {
    let month = BudgetMonth { granted: 7_500, ..BudgetMonth::untouched(NOW.month()) };
    let mut budget = Budget::of(Some(10_000), month);
    assert!(budget.admits(2_500), "up to the limit");
    assert!(!budget.admits(1));
    assert_eq!((budget.month().granted, budget.month().closed_under), (10_000, Some(10_000)));
    let mut later = Budget::of(Some(10_000), BudgetMonth { granted: 0, ..budget.month() });
    assert!(!later.admits(1), "closed is closed, though it would fit");
    assert!(Budget::of(Some(10_001), budget.month()).admits(1), "a higher limit opens it again");
}
