//! Statements of account: what a user had, everything that moved it, and what they had then. A statement that does not
//! add up line by line cannot be made.

use crate::ledger::{Balances, Line};
use crate::port::HistoryItem;
use crate::time::Timestamp;

/// Why lines are no statement: something is missing, or does not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementFault {
    /// A line does not come after the one before.
    #[error("line {found} stands where line {expected} should")]
    Gap {
        /// Which should be there.
        expected: i64,
        /// Which is.
        found: i64,
    },
    /// A line begins with other balances than the one before it ended with.
    #[error("line {n} does not begin where the line before ended")]
    Unequal {
        /// Which.
        n: i64,
    },
}

/// A user's account over a span of time: `opening`, then each of `lines`, comes to `closing`.
///
/// ```
/// use referral_domain::{statement::Statement, time::Timestamp};
/// let [from, until] = [0, 1].map(Timestamp::from_micros);
/// let quiet = Statement::of(from, until, None, Vec::new())?;
/// assert_eq!(quiet.opening, quiet.closing, "nothing moved");
/// # Ok::<(), referral_domain::statement::StatementFault>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// Of what was recorded at or after.
    pub from: Timestamp,
    /// And before.
    pub until: Timestamp,
    /// The balances at the beginning.
    pub opening: Balances,
    /// Every business transaction in between, the oldest first.
    pub lines: Vec<HistoryItem>,
    /// The balances at the end.
    pub closing: Balances,
}

impl Statement {
    /// The statement of these lines, the oldest first, after the user's last line before them.
    ///
    /// # Errors
    /// A [`StatementFault`].
    pub fn of(
        from: Timestamp,
        until: Timestamp,
        before: Option<&Line>,
        lines: Vec<HistoryItem>,
    ) -> Result<Self, StatementFault> {
        let (mut n, opening) = before.map_or((0, Balances::default()), |line| (line.n, line.after));
        let mut closing = opening;
        for HistoryItem { line, .. } in &lines {
            if line.n != n + 1 {
                return Err(StatementFault::Gap { expected: n + 1, found: line.n });
            }
            if line.before != closing {
                return Err(StatementFault::Unequal { n: line.n });
            }
            (n, closing) = (line.n, line.after);
        }
        Ok(Self { from, until, opening, lines, closing })
    }
}
