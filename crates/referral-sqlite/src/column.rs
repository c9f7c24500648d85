//! Columns: ids as 16 bytes, hashes as 32, instants as microseconds, words as text.

use std::fmt::Display;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Binary;
use diesel::sqlite::{Sqlite, SqliteValue};
use referral_domain::id::{
    AccountId, AdjustmentId, ApiKeyId, AuditId, BatchId, CaseId, ClickId, CodeId, EventId, PayoutId,
    RedemptionId, ReferralId, TransactionId, TransferId, UserId,
};
use referral_domain::port::StoreError;
use referral_domain::time::Timestamp;
use uuid::Uuid;

/// An id as it is stored: the UUID's 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub(crate) struct Key(pub(crate) Uuid);

impl ToSql<Binary, Sqlite> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        <[u8] as ToSql<Binary, Sqlite>>::to_sql(self.0.as_bytes(), out)
    }
}

impl FromSql<Binary, Sqlite> for Key {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

macro_rules! keys {
    ($($id:ident),+ $(,)?) => {$(
        impl From<$id> for Key {
            fn from(id: $id) -> Self {
                Self(id.uuid())
            }
        }

        impl From<Key> for $id {
            fn from(key: Key) -> Self {
                Self::from_uuid(key.0)
            }
        }
    )+};
}

keys!(
    AccountId,
    AdjustmentId,
    ApiKeyId,
    AuditId,
    BatchId,
    CaseId,
    ClickId,
    CodeId,
    EventId,
    PayoutId,
    RedemptionId,
    ReferralId,
    TransactionId,
    TransferId,
    UserId,
);

/// An instant that may be missing.
pub(crate) fn instant(micros: Option<i64>) -> Option<Timestamp> {
    micros.map(Timestamp::from_micros)
}

/// An instant that may be missing, to be stored.
pub(crate) fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::micros)
}

/// Where a value stands, for the error that names it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) row: &'a dyn Display,
}

/// What is wrong with a stored value.
#[derive(Debug, thiserror::Error)]
#[error("the domain never writes {0}")]
struct Unsound(String);

impl Place<'_> {
    /// A value as the domain knows it, or the error that names where it stands.
    pub(crate) fn sound<T>(
        self,
        column: &'static str,
        read: Option<T>,
        stored: impl Display,
    ) -> Result<T, StoreError> {
        read.ok_or_else(|| StoreError::corrupt(self.table, column, self.row, Unsound(stored.to_string())))
    }

    /// A value that a whole row must have, like the instant of a state.
    pub(crate) fn given<T>(self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        self.sound(column, value, "NULL")
    }

    /// A 32-byte hash.
    pub(crate) fn hash(self, column: &'static str, bytes: &[u8]) -> Result<[u8; 32], StoreError> {
        let stored = format_args!("{} bytes", bytes.len()).to_string();
        self.sound(column, bytes.try_into().ok(), stored)
    }

    /// A number from 0 to 4,294,967,295.
    pub(crate) fn small(self, column: &'static str, number: i64) -> Result<u32, StoreError> {
        self.sound(column, u32::try_from(number).ok(), number)
    }
}
