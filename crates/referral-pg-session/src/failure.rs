//! What a driver's error means to a port.
//!
//! | PostgreSQL says | the port says | why |
//! |---|---|---|
//! | unique, primary key, foreign key | `Contended` | a key is taken, or a row gone, that was not when it was looked up |
//! | serialization failure, deadlock, lock not available | `Contended` | the unit lost a race for a lock |
//! | check, not null | `Corrupt` | what was to be stored breaks a rule of the ledger; running it again would again |
//! | a lost connection, a statement that took too long, shutdown, no right, and what else there is | `Unavailable` | |
//! | a value that cannot be read | `Corrupt` | |
//!
//! Kinds come from the SQLSTATE, never from a message. Diesel shows it for constraints only; the others are read off
//! the wire by the connection itself ([`wire`](crate::wire)), so a unit asks it about an error that has no kind.

use diesel::result::{DatabaseErrorKind, Error};
use referral_domain::port::{BoxError, StoreError};

/// The store cannot be used, for this reason.
pub fn unavailable(source: impl Into<BoxError>) -> StoreError {
    StoreError::Unavailable(source.into())
}

/// What a failed statement means.
pub fn meaning(error: Error) -> StoreError {
    match &error {
        Error::DatabaseError(kind, _) => match kind {
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::SerializationFailure => StoreError::Contended(error.into()),
            DatabaseErrorKind::CheckViolation | DatabaseErrorKind::NotNullViolation => {
                StoreError::corrupt("(see the cause)", "(see the cause)", "?", error)
            }
            _ => unavailable(error),
        },
        Error::DeserializationError(_) => {
            StoreError::corrupt("(see the cause)", "(see the cause)", "?", error)
        }
        _ => unavailable(error),
    }
}

/// Turns Diesel's results into the port's.
pub trait Told<T> {
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
pub struct UnitIsOver;

/// As many rows were touched as should have been.
pub fn touched(rows: usize, expected: usize, table: &'static str) -> Result<(), StoreError> {
    if rows == expected {
        return Ok(());
    }
    Err(StoreError::Contended(format!("{table}: {rows} rows touched instead of {expected}").into()))
}
