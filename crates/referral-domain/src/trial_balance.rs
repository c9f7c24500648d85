//! The trial balance: what every account was debited and credited up to an instant. Since each transfer is one debit and
//! one credit of the same amount, both columns come to the same sum; one that does not is a broken ledger.

use std::collections::BTreeMap;

use crate::ledger::Side;
use crate::time::Timestamp;

/// What an account was debited and credited, in minor units; neither is negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Movement {
    /// The account; for a purpose, that of all users together.
    pub account: Side,
    /// The sum of what left it.
    pub debits: i64,
    /// The sum of what entered it.
    pub credits: i64,
}

impl Movement {
    /// Credits less debits: what users have is positive, what they owe and what was spent on rewards negative.
    #[must_use]
    pub const fn balance(&self) -> i64 {
        self.credits.saturating_sub(self.debits)
    }
}

/// Why movements are no trial balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrialFault {
    /// A sum leaves the range of 64 bits.
    #[error("a column does not fit")]
    Overflow,
    /// The columns differ.
    #[error("debits of {debits} and credits of {credits} are not equal")]
    Unequal {
        /// What left accounts.
        debits: i64,
        /// What entered accounts.
        credits: i64,
    },
}

/// Every account of a program's books at one instant; its columns come to the same sum.
///
/// ```
/// use referral_domain::{ledger::{Purpose, Side, SystemAccount}, time::Timestamp, trial_balance::*};
/// let expense = Side::System(SystemAccount::RewardExpense);
/// let moved = [
///     Movement { account: expense, debits: 2500, credits: 0 },
///     Movement { account: Side::User(Purpose::Available), debits: 0, credits: 2500 },
/// ];
/// let trial = TrialBalance::of(Timestamp::from_micros(1), &moved)?;
/// assert_eq!((trial.rows.len(), trial.total), (Side::ALL.len(), 2500), "an account without movements has zeros");
/// assert_eq!(trial.rows[0].balance(), 2500);
/// assert!(TrialBalance::of(Timestamp::from_micros(1), &moved[1..]).is_err());
/// # Ok::<(), TrialFault>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrialBalance {
    /// Of what was recorded at or before.
    pub as_of: Timestamp,
    /// Every account, in the order of [`Side::ALL`].
    pub rows: Vec<Movement>,
    /// What either column comes to.
    pub total: i64,
}

impl TrialBalance {
    /// The trial balance of these movements; those of one account add up.
    ///
    /// # Errors
    /// A [`TrialFault`].
    pub fn of(as_of: Timestamp, moved: &[Movement]) -> Result<Self, TrialFault> {
        let mut sums = BTreeMap::<Side, (i64, i64)>::new();
        for Movement { account, debits, credits } in moved {
            let sum = sums.entry(*account).or_default();
            *sum = (add(sum.0, *debits)?, add(sum.1, *credits)?);
        }
        let row = |account: Side| {
            let (debits, credits) = sums.get(&account).copied().unwrap_or_default();
            Movement { account, debits, credits }
        };
        let rows: Vec<_> = Side::ALL.into_iter().map(row).collect();
        let debits = rows.iter().try_fold(0, |sum, row| add(sum, row.debits))?;
        let credits = rows.iter().try_fold(0, |sum, row| add(sum, row.credits))?;
        if debits != credits {
            return Err(TrialFault::Unequal { debits, credits });
        }
        Ok(Self { as_of, rows, total: debits })
    }
}

fn add(sum: i64, more: i64) -> Result<i64, TrialFault> {
    sum.checked_add(more).ok_or(TrialFault::Overflow)
}
