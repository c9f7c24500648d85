//! The one error of every store.

use std::error::Error;
use std::iter::successors;

/// A driver's error, kept as a source and never shown to a client.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why a store could not do what was asked. A rule's "no" is never one of these.
///
/// ```
/// use referral_domain::port::StoreError;
/// let lost = StoreError::Contended("somebody recorded the id first".into());
/// assert!(lost.is_contended());
/// let bad = StoreError::corrupt("referrals", "state", "ref_7", "no such state");
/// assert_eq!(bad.to_string(), "stored data breaks a rule: referrals.state of ref_7");
/// ```
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is away, or the unit was abandoned. Nothing of the unit is stored, or, if it was committing, all is.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// The unit lost a race. Nothing of it is stored; it may run again.
    #[error("the unit lost a race and may run again")]
    Contended(#[source] BoxError),
    /// A stored row is not what the domain could have written.
    #[error("stored data breaks a rule: {table}.{column} of {row}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Which row.
        row: String,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
}

impl StoreError {
    /// A row that does not follow from the rules.
    #[must_use]
    pub fn corrupt(
        table: &'static str,
        column: &'static str,
        row: impl ToString,
        source: impl Into<BoxError>,
    ) -> Self {
        Self::Corrupt { table, column, row: row.to_string(), source: source.into() }
    }

    /// Whether the unit may run again.
    #[must_use]
    pub const fn is_contended(&self) -> bool {
        matches!(self, Self::Contended(_))
    }
}

/// An error and its causes, the outermost first: for a log, which prints no more of an error than its own words.
///
/// ```
/// use referral_domain::port::{StoreError, chain};
/// let away = StoreError::Unavailable("connection refused".into());
/// assert_eq!(chain(&away), "the store is unavailable: connection refused");
/// ```
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    successors(Some(error), |cause| (*cause).source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
