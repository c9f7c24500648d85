//! The double-entry ledger: pure folds over immutable rows.
//!
//! A [`Transfer`] moves a positive amount from a debit side to a credit side, so everything sums to zero by its
//! shape. Each user account has a chain of [`Entry`] rows with running balances; each user has a chain of
//! [`Line`]s, one per business transaction, which is their history. [`Journal`] makes all of them, in memory, from
//! wallets that a unit has locked; the stores only write them down, and refuse what does not follow.

mod account;
mod chain;
mod journal;
mod moves;
mod seal;
mod side;
mod sums;
mod verify;
mod wallet;

pub use account::{Account, Purpose, SystemAccount, account_id};
pub use chain::{ChainFold, FoundLeaf};
pub use journal::{Heading, Journal, LedgerFault, Leg, MOST_LEGS, Posting, Reversed};
pub use seal::{
    BLOCK_SIZE, Block, ChainHead, Hash, Mark, NewBlock, Seal, SealedRow, Tail, Unsealed, UnsealedTail, leaf,
    seal,
};
pub use sums::Sums;
pub use verify::{Answer, Broken, Check, LedgerCounts, Verdict};
pub use wallet::{Balances, Head, Line, Wallet};

use crate::id::{AccountId, ReferralId, TransactionId, TransferId, UserId};
use crate::time::Timestamp;
use crate::words;

words! {
    /// What a business transaction is.
    TransactionKind {
        /// E-mail verified.
        WelcomeCredit = "welcome_credit",
        /// Threshold reached.
        ReferralBonus = "referral_bonus",
        /// Commission on net spend, and its corrections.
        AffiliateCommission = "affiliate_commission",
        /// Credits used against an invoice, and what of that was reversed.
        CreditRedemption = "credit_redemption",
        /// A step of a payout.
        AffiliatePayout = "affiliate_payout",
        /// Taken back.
        CreditRetraction = "credit_retraction",
        /// By an operator.
        ManualAdjustment = "manual_adjustment",
        /// A held reward becomes available.
        HoldRelease = "hold_release",
        /// A credit repaid what was owed.
        OwedRepayment = "owed_repayment",
    }
}

impl TransactionKind {
    /// Whether what it credits counts as earned: rewards and commissions can be paid out once they are old enough,
    /// whole, even where a part of them repaid what was owed.
    #[must_use]
    pub const fn earns(self) -> bool {
        match self {
            Self::ReferralBonus | Self::AffiliateCommission => true,
            Self::WelcomeCredit | Self::CreditRedemption | Self::AffiliatePayout | Self::CreditRetraction => {
                false
            }
            Self::ManualAdjustment | Self::HoldRelease | Self::OwedRepayment => false,
        }
    }
}

words! {
    /// The natural key's first part: which command posted it.
    Origin {
        /// A welcome credit; the second part is the referral.
        Welcome = "welcome",
        /// A reward step; the second part is `referral:step`.
        Reward = "reward",
        /// A redemption; the second part is its reference.
        Redeem = "redeem",
        /// A redemption's reversal; the second part is its reference.
        RedeemReversal = "redeem-reversal",
        /// A welcome credit taken back; the second part is the referral.
        WelcomeRetraction = "welcome-retraction",
        /// A step of a commission; the second part is `referral:step`.
        Commission = "commission",
        /// A step of a hold; the second part is `posting:step`.
        Hold = "hold",
        /// A step of a payout; the second part is `payout:step`.
        Payout = "payout",
        /// An operator's adjustment; the second part is its reference.
        Adjustment = "adjustment",
        /// A transaction taken back by an operator; the second part is that transaction.
        Retraction = "retraction",
    }
}

words! {
    /// What kind of thing a transaction's reference names.
    ReferenceType {
        /// A redemption.
        Redemption = "redemption",
        /// A payout.
        Payout = "payout",
        /// A spend or refund event.
        Event = "event",
        /// An adjustment.
        Adjustment = "adjustment",
    }
}

words! {
    /// Who had it posted.
    CreatedBy {
        /// A rule.
        System = "system",
        /// A user.
        User = "user",
        /// A host's server.
        Service = "service",
        /// A person at the company.
        Operator = "operator",
    }
}

/// A business transaction: what the legs of one group are for. It touches the accounts of one user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transaction {
    /// Its id, the group of its transfers.
    pub id: TransactionId,
    /// Whose balances it touches.
    pub user: UserId,
    /// What it is.
    pub kind: TransactionKind,
    /// For which referral.
    pub referral: Option<ReferralId>,
    /// Which transaction it reverses, wholly or in part.
    pub reverses: Option<TransactionId>,
    /// What the user reads.
    pub description: String,
    /// What it refers to, in the host's words.
    pub reference: Option<String>,
    /// What that names.
    pub reference_type: Option<ReferenceType>,
    /// Who had it posted.
    pub created_by: CreatedBy,
    /// When it took effect.
    pub effective_at: Timestamp,
    /// When it was recorded; strictly later than the user's transaction before it.
    pub recorded_at: Timestamp,
}

/// One side of a transfer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// A user's account.
    User(Purpose),
    /// A system account: a name without a row.
    System(SystemAccount),
}

/// One movement of a positive amount from `debit` to `credit`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// The business transaction it is a leg of.
    pub transaction: TransactionId,
    /// What this leg is.
    pub kind: TransactionKind,
    /// The natural key: which command.
    pub origin: Origin,
    /// The natural key: of what.
    pub origin_id: String,
    /// The natural key: which leg; 0 claims the group.
    pub leg: u8,
    /// Where the amount comes from: a user account's id, or a system account.
    pub debit: Party,
    /// Where it goes.
    pub credit: Party,
    /// How much, in minor units; positive.
    pub amount: i64,
    /// For which referral.
    pub referral: Option<ReferralId>,
    /// When it took effect.
    pub effective_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// A side of a transfer, resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party {
    /// A user's account.
    Account(AccountId),
    /// A system account.
    System(SystemAccount),
}

words! {
    /// Which side of its transfer an entry is.
    EntrySide {
        /// The amount leaves the account.
        Debit = "D",
        /// The amount enters the account.
        Credit = "C",
    }
}

/// One step of an account's running balance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The account.
    pub account: AccountId,
    /// What the account is for.
    pub purpose: Purpose,
    /// Its place in the account's chain, from 1.
    pub seq: i64,
    /// The transfer.
    pub transfer: TransferId,
    /// Which side of it.
    pub side: EntrySide,
    /// How much; positive.
    pub amount: i64,
    /// The balance before; the previous entry's balance after.
    pub balance_before: i64,
    /// The balance after.
    pub balance_after: i64,
}
