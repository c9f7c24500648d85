//! Why this store could not do what was asked.

use std::fmt::Debug;

use referral_domain::port::StoreError;

/// What stands behind a [`StoreError`] of this store.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The outage that a test switched on.
    Down,
    /// A call of the unit failed or was abandoned.
    Spent,
    /// A row with this key is there already.
    Taken {
        /// The table.
        table: &'static str,
        /// The key.
        key: String,
    },
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Down => f.write_str("the store is switched off"),
            Self::Spent => f.write_str("a call of this unit failed or was abandoned"),
            Self::Taken { table, key } => write!(f, "{table} has a row {key} already"),
        }
    }
}

impl std::error::Error for Fault {}

/// The store is switched off.
pub(crate) fn down() -> StoreError {
    StoreError::Unavailable(Fault::Down.into())
}

/// The unit is of no use any more.
pub(crate) fn spent() -> StoreError {
    StoreError::Unavailable(Fault::Spent.into())
}

/// A key is taken that was free when it was looked up.
pub(crate) fn taken(table: &'static str, key: &impl Debug) -> StoreError {
    StoreError::Contended(Fault::Taken { table, key: format!("{key:?}") }.into())
}

/// A rule that every row of a table keeps. One that does not is a bug of whoever decided it, not a lost race.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    /// The table.
    pub(crate) table: &'static str,
    /// The column.
    pub(crate) column: &'static str,
    /// The rule, as a sentence.
    pub(crate) says: &'static str,
}

impl Rule {
    /// Refuses a row that breaks the rule.
    pub(crate) fn holds(self, holds: bool, row: &impl Debug) -> Result<(), StoreError> {
        if holds {
            Ok(())
        } else {
            Err(StoreError::corrupt(self.table, self.column, format!("{row:?}"), self.says))
        }
    }
}
