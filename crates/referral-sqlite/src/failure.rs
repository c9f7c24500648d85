//! What a driver's error means to a port.
//!
//! | SQLite says | the port says | why |
//! |---|---|---|
//! | unique, primary key, foreign key | `Contended` | a key is taken, or a row gone, that was not when it was looked up |
//! | check, not null | `Corrupt` | what was to be stored breaks a rule of the ledger; running it again would again |
//! | busy, locked | `Unavailable` | another process has held the file longer than [`BUSY_MILLIS`](crate::connection::BUSY_MILLIS) |
//! | disk I/O, full, corrupt, read-only, and what else there is | `Unavailable` | |
//! | a value that cannot be read | `Corrupt` | |
//!
//! Kinds come from SQLite's result code through Diesel; no message is ever parsed. Busy cannot be told from a lost race
//! that way, and need not be: a unit takes the write lock when it begins, so it never loses it halfway.

use diesel::result::{DatabaseErrorKind, Error};
use referral_domain::port::{BoxError, StoreError};

/// The store cannot be used, for this reason.
pub(crate) fn unavailable(source: impl Into<BoxError>) -> StoreError {
    StoreError::Unavailable(source.into())
}

/// What a failed statement means.
pub(crate) fn meaning(error: Error) -> StoreError {
    match &error {
        Error::DatabaseError(kind, _) => {
            refused(kind, &error.to_string()).unwrap_or_else(|| unavailable(error))
        }
        Error::DeserializationError(_) => {
            StoreError::corrupt("(see the cause)", "(see the cause)", "?", error)
        }
        _ => unavailable(error),
    }
}

fn refused(kind: &DatabaseErrorKind, words: &str) -> Option<StoreError> {
    match kind {
        DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation => {
            Some(StoreError::Contended(words.into()))
        }
        DatabaseErrorKind::CheckViolation | DatabaseErrorKind::NotNullViolation => {
            Some(StoreError::corrupt("(see the cause)", "(see the cause)", "?", words))
        }
        _ => None,
    }
}

/// Turns Diesel's results into the port's.
pub(crate) trait Told<T> {
    /// The value, or what the failure means.
    fn told(self) -> Result<T, StoreError>;
}

impl<T> Told<T> for Result<T, Error> {
    fn told(self) -> Result<T, StoreError> {
        self.map_err(meaning)
    }
}

/// An earlier call of the unit failed or was abandoned.
#[derive(Debug, thiserror::Error)]
#[error("an earlier call of this unit failed or was abandoned")]
pub(crate) struct UnitIsOver;

/// As many rows were touched as should have been.
pub(crate) fn touched(rows: usize, expected: usize, table: &'static str) -> Result<(), StoreError> {
    if rows == expected {
        return Ok(());
    }
    Err(StoreError::Contended(format!("{table}: {rows} rows touched instead of {expected}").into()))
}
