//! Using credits: redemptions and their reversals, and what of a balance could be paid out.

use crate::auth::words;
use crate::id::{RedemptionId, TransactionId, UserId};
use crate::ledger::{Balances, Sums, Wallet};
use crate::reference::Reference;
use crate::time::Timestamp;
use crate::user::EmailStatus;

words! {
    /// How much a redemption may take.
    RedeemMode {
        /// All that is asked, or nothing.
        Exact = "exact",
        /// At most what is available.
        UpTo = "up_to",
    }
}

/// A redemption of credits against the host's invoice. It never changes; reversals stand beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redemption {
    /// Its id.
    pub id: RedemptionId,
    /// Whose credits.
    pub user: UserId,
    /// The host's reference; unique per program for ever.
    pub reference: Reference,
    /// How much was asked, in minor units.
    pub asked: i64,
    /// How it was asked.
    pub mode: RedeemMode,
    /// How much was taken.
    pub redeemed: i64,
    /// The host's words.
    pub description: Option<String>,
    /// By which transaction; `None` when nothing was taken.
    pub transaction: Option<TransactionId>,
    /// The balance right after it, for repeating the answer.
    pub balance: BalanceSnapshot,
    /// When it was recorded.
    pub created_at: Timestamp,
}

/// A reversal of a redemption, whole or in part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reversal {
    /// The redemption.
    pub redemption: RedemptionId,
    /// The host's reference; unique per program for ever among reversals.
    pub reference: Reference,
    /// How much was asked, in minor units; `None` for all that was left.
    pub asked: Option<i64>,
    /// How much was given back.
    pub amount: i64,
    /// How much of the redemption remains after it.
    pub remaining: i64,
    /// The host's words.
    pub reason: Option<String>,
    /// By which transaction.
    pub transaction: TransactionId,
    /// The balance right after it.
    pub balance: BalanceSnapshot,
    /// When it was recorded.
    pub created_at: Timestamp,
}

/// Balances as they were at an instant, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BalanceSnapshot {
    /// The four balances.
    pub balances: Balances,
    /// What a payout might take.
    pub payable: i64,
    /// When.
    pub as_of: Timestamp,
}

impl BalanceSnapshot {
    /// The balances of a wallet. `aged` is the sum of rewards and commissions granted more than the payout delay ago.
    #[must_use]
    pub fn of(wallet: &Wallet, aged: i64, as_of: Timestamp) -> Self {
        let balances = wallet.balances();
        let sums = wallet.last.as_ref().map(Sums::of).unwrap_or_default();
        Self { balances, payable: Self::payable(balances, aged, sums), as_of }
    }

    /// `max(0, min(available, aged - taken - paid_out))`: welcome credits, adjustments and reversals can be spent, never cashed
    /// out (`domain.md`, Credits).
    ///
    /// ```
    /// use referral_domain::{credit::BalanceSnapshot, ledger::{Balances, Sums}};
    /// let (balances, earned) = (Balances { available: 3_500, ..Balances::default() }, 2_500);
    /// let sums = Sums { earned, taken: 0, paid_out: 0 };
    /// assert_eq!(BalanceSnapshot::payable(balances, earned, sums), 2_500, "10.00 of it was a welcome credit");
    /// assert_eq!(BalanceSnapshot::payable(balances, earned, Sums { taken: 2_000, ..sums }), 500);
    /// assert_eq!(BalanceSnapshot::payable(balances, earned, Sums { taken: 1_000, paid_out: 1_000, ..sums }), 500);
    /// ```
    #[must_use]
    pub fn payable(balances: Balances, aged: i64, sums: Sums) -> i64 {
        let left = aged.saturating_sub(sums.taken).saturating_sub(sums.paid_out);
        balances.available.min(left).max(0)
    }
}

/// Why credits cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedeemRefusal {
    /// The user is known not to be verified, or was referred and is not verified yet.
    #[error("the user's e-mail is not verified")]
    EmailNotVerified,
    /// Less is available than asked.
    #[error("only {available} minor units are available")]
    InsufficientBalance {
        /// How much there is.
        available: i64,
    },
}

/// Whether a user may use credits: known to be unverified may not, nor may a referred user not yet verified;
/// unknown, for a user who was not referred, is not unverified.
///
/// ```
/// use referral_domain::{credit::may_redeem, time::Timestamp, user::EmailStatus};
/// assert!(may_redeem(EmailStatus::Verified(Timestamp::from_micros(1)), true));
/// assert!(may_redeem(EmailStatus::Unknown, false));
/// assert!(!may_redeem(EmailStatus::Unknown, true));
/// ```
#[must_use]
pub const fn may_redeem(status: EmailStatus, referred: bool) -> bool {
    match status {
        EmailStatus::Verified(_) => true,
        EmailStatus::Unverified => false,
        EmailStatus::Unknown => !referred,
    }
}

/// How much a redemption takes.
///
/// # Errors
/// A [`RedeemRefusal`]; nothing is taken then.
///
/// ```
/// use referral_domain::credit::{RedeemMode, RedeemRefusal, redeemable};
/// assert_eq!(redeemable(RedeemMode::Exact, 100, 150), Ok(100));
/// assert_eq!(redeemable(RedeemMode::UpTo, 200, 150), Ok(150));
/// let refused = Err(RedeemRefusal::InsufficientBalance { available: 150 });
/// assert_eq!(redeemable(RedeemMode::Exact, 200, 150), refused);
/// ```
pub const fn redeemable(mode: RedeemMode, asked: i64, available: i64) -> Result<i64, RedeemRefusal> {
    match mode {
        RedeemMode::UpTo if asked > available => Ok(available),
        RedeemMode::Exact if asked > available => Err(RedeemRefusal::InsufficientBalance { available }),
        RedeemMode::Exact | RedeemMode::UpTo => Ok(asked),
    }
}

/// More is to be reversed than remains of a redemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("only {remaining} minor units of the redemption remain")]
pub struct OverReversal {
    /// How much remains.
    pub remaining: i64,
}

/// How much a reversal gives back: what is asked, or all that remains.
///
/// # Errors
/// [`OverReversal`] beyond what remains, and when nothing does.
///
/// ```
/// use referral_domain::credit::{OverReversal, reversible};
/// assert_eq!(reversible(None, 150), Ok(150), "all that remains");
/// assert_eq!(reversible(Some(40), 150), Ok(40));
/// assert_eq!(reversible(Some(151), 150), Err(OverReversal { remaining: 150 }));
/// ```
pub fn reversible(asked: Option<i64>, remaining: i64) -> Result<i64, OverReversal> {
    let amount = asked.unwrap_or(remaining);
    if (1..=remaining).contains(&amount) { Ok(amount) } else { Err(OverReversal { remaining }) }
}
