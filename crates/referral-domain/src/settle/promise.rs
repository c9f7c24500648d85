//! What is promised, and what is to be posted of it.

use crate::id::{CodeId, ReferralId, TransactionId, UserId};
use crate::reference::SourceId;
use crate::time::Timestamp;

/// Which promise is kept, or taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promise {
    /// The referred user's welcome credit.
    Welcome,
    /// The welcome credit is taken back.
    WelcomeRetraction {
        /// The transaction that posted it.
        of: TransactionId,
    },
    /// The referrer's reward; the number of its step, odd for a grant.
    Reward {
        /// 1 for the first grant.
        step: u32,
        /// The net spend that made it due, in minor units, for the description.
        threshold: i64,
    },
    /// The reward is taken back; the number of its step is even.
    RewardRetraction {
        /// 2 for the first time.
        step: u32,
        /// The transaction that posted it.
        of: TransactionId,
    },
    /// The referrer's commission rises.
    Commission {
        /// 1 for the first time it moves.
        step: u32,
        /// What is posted of it after that.
        posted: i64,
    },
    /// The referrer's commission falls.
    CommissionRetraction {
        /// One more than the last time it moved.
        step: u32,
        /// What is posted of it after that.
        posted: i64,
    },
}

impl Promise {
    /// Whether it is the referrer's, not the referred user's.
    #[must_use]
    pub const fn is_the_referrers(self) -> bool {
        !matches!(self, Self::Welcome | Self::WelcomeRetraction { .. })
    }

    /// Whether it is taken back, not kept.
    #[must_use]
    pub const fn is_taken_back(self) -> bool {
        match self {
            Self::Welcome | Self::Reward { .. } | Self::Commission { .. } => false,
            Self::WelcomeRetraction { .. }
            | Self::RewardRetraction { .. }
            | Self::CommissionRetraction { .. } => true,
        }
    }
}

/// That an operator takes back what a transaction granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Withdrawal {
    /// Which transaction.
    pub of: TransactionId,
    /// Why; the user reads it.
    pub reason: String,
}

/// An amount to post: granted, or taken back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The transaction that posts it.
    pub transaction: TransactionId,
    /// Which promise it keeps or takes back.
    pub promise: Promise,
    /// Whose balances it moves.
    pub to: UserId,
    /// How much, in minor units; always positive.
    pub amount: i64,
    /// For which referral.
    pub referral: ReferralId,
    /// By which code that came.
    pub code: CodeId,
    /// The event that brought it about, when one did.
    pub cause: Option<SourceId>,
    /// The spend it stems from, when one event brought it about: a refund's is the one it names.
    pub spend: Option<SourceId>,
    /// The operator's word that brought it about, when one did.
    pub by_hand: Option<Withdrawal>,
    /// Until when it is held; `None` when it can be used at once, or is taken back.
    pub held_until: Option<Timestamp>,
    /// When it took effect.
    pub effective_at: Timestamp,
}

impl Grant {
    /// The amount, negative when it is taken back.
    #[must_use]
    pub const fn signed(&self) -> i64 {
        if self.promise.is_taken_back() { -self.amount } else { self.amount }
    }
}
