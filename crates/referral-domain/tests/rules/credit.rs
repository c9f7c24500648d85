//! Using credits: who may, how much is taken, how much goes back, and what could be paid out.

use proptest::prelude::*;
use referral_domain::credit::{
    BalanceSnapshot, OverReversal, RedeemMode, RedeemRefusal, may_redeem, redeemable, reversible,
};
use referral_domain::id::TransactionId;
use referral_domain::ledger::{Balances, Line, Purpose, Wallet};
use referral_domain::user::EmailStatus;
use uuid::Uuid;

use crate::made::{ANA, BOOK, NOW, usd};

fn wallet(available: i64, taken: i64) -> Wallet {
    let mut wallet = Wallet::empty(BOOK, ANA, usd());
    wallet.head_mut(Purpose::Available).balance = available;
    let after = wallet.balances();
    let transaction = TransactionId::from_uuid(Uuid::from_u128(5));
    let line = Line {
        user: ANA,
        n: 1,
        transaction,
        before: Balances::default(),
        after,
        earned: 0,
        taken,
        paid_out: 0,
        at: NOW,
    };
    Wallet { last: Some(line), ..wallet }
}

#[test]
fn who_may_redeem() {
    for (status, referred, may) in [
        (EmailStatus::Verified(NOW), true, true),
        (EmailStatus::Verified(NOW), false, true),
        (EmailStatus::Unverified, true, false),
        (EmailStatus::Unverified, false, false),
        (EmailStatus::Unknown, true, false),
        (EmailStatus::Unknown, false, true),
    ] {
        assert_eq!(may_redeem(status, referred), may, "{status:?}, referred: {referred}");
    }
}

#[test]
fn a_redemption_takes_all_that_is_asked_or_nothing_unless_it_may_take_less() {
    let short = |available| Err(RedeemRefusal::InsufficientBalance { available });
    for (mode, asked, available, taken) in [
        (RedeemMode::Exact, 100, 100, Ok(100)),
        (RedeemMode::Exact, 99, 100, Ok(99)),
        (RedeemMode::Exact, 101, 100, short(100)),
        (RedeemMode::Exact, 1, 0, short(0)),
        (RedeemMode::UpTo, 101, 100, Ok(100)),
        (RedeemMode::UpTo, 99, 100, Ok(99)),
        (RedeemMode::UpTo, 1, 0, Ok(0)),
    ] {
        assert_eq!(redeemable(mode, asked, available), taken, "{mode} {asked} of {available}");
    }
}

#[test]
fn a_reversal_gives_back_at_most_what_remains() {
    let over = |remaining| Err(OverReversal { remaining });
    for (asked, remaining, given) in [
        (None, 100, Ok(100)),
        (Some(100), 100, Ok(100)),
        (Some(1), 100, Ok(1)),
        (Some(101), 100, over(100)),
        (Some(0), 100, over(100)),
        (Some(-1), 100, over(100)),
        (None, 0, over(0)),
        (Some(1), 0, over(0)),
    ] {
        assert_eq!(reversible(asked, remaining), given, "{asked:?} of {remaining}");
    }
}

#[test]
fn payable_is_what_is_available_of_aged_rewards_less_what_was_taken_of_them() {
    for (available, aged, taken, payable) in [
        (2_500, 2_500, 0, 2_500),
        (3_500, 2_500, 0, 2_500),
        (1_000, 2_500, 0, 1_000),
        (2_500, 0, 0, 0),
        (2_500, 5_000, 4_000, 1_000),
        (2_500, 1_000, 4_000, 0),
        (0, 2_500, 0, 0),
        (2_500, i64::MIN, i64::MAX, 0),
    ] {
        let snapshot = BalanceSnapshot::of(&wallet(available, taken), aged, NOW);
        assert_eq!(snapshot.payable, payable, "{available} available, {aged} aged, {taken} taken");
        assert_eq!((snapshot.balances.available, snapshot.as_of), (available, NOW));
    }
    assert_eq!(BalanceSnapshot::of(&Wallet::empty(BOOK, ANA, usd()), 0, NOW).payable, 0);
}

proptest! {
    #[test]
    fn no_redemption_takes_more_than_is_asked_or_available(
        upto in any::<bool>(), asked in 1..1_000_i64, available in 0..1_000_i64,
    ) {
        let mode = if upto { RedeemMode::UpTo } else { RedeemMode::Exact };
        match redeemable(mode, asked, available) {
            Ok(taken) => prop_assert!(taken == asked.min(available) && (upto || taken == asked)),
            Err(_) => prop_assert!(!upto && asked > available),
        }
    }

    #[test]
    fn reversals_one_after_another_never_give_back_more_than_was_redeemed(
        redeemed in 0..500_i64, asks in proptest::collection::vec(proptest::option::of(-5..200_i64), 0..9),
    ) {
        let given: i64 = asks.iter().scan(redeemed, |remaining, asked| {
            let back = reversible(*asked, *remaining).unwrap_or(0);
            *remaining -= back;
            Some(back)
        }).sum();
        prop_assert!((0..=redeemed).contains(&given));
    }

    #[test]
    fn payable_is_never_negative_nor_more_than_available(
        available in 0..i64::MAX, aged in any::<i64>(), taken in 0..i64::MAX,
    ) {
        let payable = BalanceSnapshot::of(&wallet(available, taken), aged, NOW).payable;
        prop_assert!((0..=available).contains(&payable) && (payable == 0 || payable <= aged));
    }
}
