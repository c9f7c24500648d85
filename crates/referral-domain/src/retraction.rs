//! Retractions by an operator: which transactions may be taken back by hand, and what each one gave.
//!
//! What a rule granted is due as a level: merely taken back it would be granted again by the next event. So it is
//! [withdrawn](Withdrawn): the referral remembers it, and the level respects it from then on.

use crate::auth::words;
use crate::ledger::{Line, SystemAccount, Transaction, TransactionKind};

words! {
    /// Why a transaction cannot be retracted by hand.
    NotRetractable {
        /// It is a step of a payout: fail or cancel the payout.
        PayoutStep = "payout-step",
        /// It takes something back itself: adjust what is wrong.
        TakesBack = "takes-back",
        /// It gave credits back that were used: they can be used again.
        RedemptionReversal = "redemption-reversal",
        /// It moved what was held, and gave nothing.
        HoldRelease = "hold-release",
        /// It repaid what was owed, and gave nothing.
        OwedRepayment = "owed-repayment",
    }
}

impl NotRetractable {
    /// What to do instead, as a sentence.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::PayoutStep => "it is a step of a payout; cancel the payout, or settle it as failed",
            Self::TakesBack => "it takes something back itself; adjust what is wrong with a reason",
            Self::RedemptionReversal => "it gave used credits back; redeem them again",
            Self::HoldRelease => "it only made available what was held",
            Self::OwedRepayment => "it only repaid what was owed",
        }
    }
}

/// What an operator withdrew from a referral, for good: no event, verification, review or budget brings it back.
///
/// ```
/// use referral_domain::retraction::Withdrawn;
/// let withdrawn = Withdrawn { commission: 300, ..Withdrawn::default() };
/// assert_eq!([withdrawn.left_of(1_000), withdrawn.left_of(200)], [700, 0]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Withdrawn {
    /// Whether the welcome credit is never granted again.
    pub welcome: bool,
    /// Whether the reward is never granted again.
    pub reward: bool,
    /// By how much what the commission comes to is lowered, in minor units; never negative, and never less.
    pub commission: i64,
}

impl Withdrawn {
    /// What is left of what the commission comes to; never negative.
    #[must_use]
    pub const fn left_of(&self, commission: i64) -> i64 {
        let left = commission.saturating_sub(self.commission);
        if left > 0 { left } else { 0 }
    }
}

/// What a rule granted by a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entitlement {
    /// The welcome credit.
    Welcome,
    /// The reward.
    Reward,
    /// So much of the commission, in minor units.
    Commission(i64),
}

/// How a transaction is retracted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retraction {
    /// So much is taken back into this account: from what is available first, the rest becomes owed.
    TakeBack(i64, SystemAccount),
    /// So much is given back out of this account: what is owed is repaid first.
    GiveBack(i64, SystemAccount),
    /// What remains of a redemption is given back: it is reversed.
    Reverse,
    /// A rule granted it: it is withdrawn from its referral.
    Withdraw(Entitlement),
}

/// How a transaction is retracted, by what it is and by how much it [changed](change) what the user has.
///
/// # Errors
/// [`NotRetractable`], for good.
///
/// ```
/// use referral_domain::{id::*, ledger::*, retraction::{self, *}, time::Timestamp};
/// use uuid::Uuid;
/// let (ana, now) = (UserId::from_uuid(Uuid::from_u128(7)), Timestamp::from_micros(1));
/// let mut adjusted = Transaction {
///     id: TransactionId::from_uuid(Uuid::from_u128(8)), user: ana, kind: TransactionKind::ManualAdjustment,
///     referral: None, reverses: None, description: "Sorry".into(), reference: None, reference_type: None,
///     created_by: CreatedBy::Operator, effective_at: now, recorded_at: now,
/// };
/// assert_eq!(retraction::decide(&adjusted, 500), Ok(Retraction::TakeBack(500, SystemAccount::Adjustment)));
/// assert_eq!(retraction::decide(&adjusted, -500), Ok(Retraction::GiveBack(500, SystemAccount::Adjustment)));
/// adjusted.kind = TransactionKind::ReferralBonus;
/// assert_eq!(retraction::decide(&adjusted, 2500), Ok(Retraction::Withdraw(Entitlement::Reward)));
/// adjusted.kind = TransactionKind::CreditRetraction;
/// assert_eq!(retraction::decide(&adjusted, -2500), Err(NotRetractable::TakesBack));
/// ```
pub const fn decide(transaction: &Transaction, change: i64) -> Result<Retraction, NotRetractable> {
    match transaction.kind {
        TransactionKind::ManualAdjustment if change < 0 => {
            Ok(Retraction::GiveBack(change.saturating_neg(), SystemAccount::Adjustment))
        }
        TransactionKind::ManualAdjustment => Ok(Retraction::TakeBack(change, SystemAccount::Adjustment)),
        TransactionKind::CreditRedemption if transaction.reverses.is_none() => Ok(Retraction::Reverse),
        TransactionKind::CreditRedemption => Err(NotRetractable::RedemptionReversal),
        TransactionKind::WelcomeCredit => Ok(Retraction::Withdraw(Entitlement::Welcome)),
        TransactionKind::ReferralBonus => Ok(Retraction::Withdraw(Entitlement::Reward)),
        TransactionKind::AffiliateCommission if change <= 0 => Err(NotRetractable::TakesBack),
        TransactionKind::AffiliateCommission => Ok(Retraction::Withdraw(Entitlement::Commission(change))),
        TransactionKind::AffiliatePayout => Err(NotRetractable::PayoutStep),
        TransactionKind::CreditRetraction => Err(NotRetractable::TakesBack),
        TransactionKind::HoldRelease => Err(NotRetractable::HoldRelease),
        TransactionKind::OwedRepayment => Err(NotRetractable::OwedRepayment),
    }
}

/// By how much a line changed what a user has: what they owe counts against them.
#[must_use]
pub const fn change(line: &Line) -> i64 {
    let (before, after) = (line.before, line.after);
    (after.available - before.available) + (after.held - before.held) + (after.in_payout - before.in_payout)
        - (after.owed - before.owed)
}
