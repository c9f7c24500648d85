//! Columns: ids as UUIDs, hashes as 32 bytes, instants as microseconds, words as text.

use std::fmt::Display;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Timestamptz};
use referral_domain::id::{
    AccountId, AdjustmentId, ApiKeyId, AuditId, BatchId, CaseId, ClickId, CodeId, EventId, PayoutId,
    RedemptionId, ReferralId, TransactionId, TransferId, UserId,
};
use referral_domain::port::StoreError;
use referral_domain::time::Timestamp;
use uuid::Uuid;

/// An id as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Uuid)]
pub struct Key(pub Uuid);

impl ToSql<diesel::sql_types::Uuid, Pg> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<diesel::sql_types::Uuid, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<diesel::sql_types::Uuid, Pg> for Key {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <Uuid as FromSql<diesel::sql_types::Uuid, Pg>>::from_sql(value).map(Self)
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

/// An instant as it is stored: a `timestamptz`, to the microsecond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = Timestamptz)]
pub struct At(Timestamp);

/// Where PostgreSQL begins to count, 2000-01-01, in microseconds since 1970.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

impl ToSql<Timestamptz, Pg> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let micros = self.0.micros().saturating_sub(EPOCH_MICROS);
        ToSql::<BigInt, Pg>::to_sql(&micros, &mut out.reborrow())
    }
}

impl FromSql<Timestamptz, Pg> for At {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Pg>>::from_sql(value)?;
        Ok(Self(Timestamp::from_micros(micros.saturating_add(EPOCH_MICROS))))
    }
}

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl From<At> for Timestamp {
    fn from(at: At) -> Self {
        at.0
    }
}

/// An instant that may be missing.
pub fn instant(at: Option<At>) -> Option<Timestamp> {
    at.map(Timestamp::from)
}

/// An instant that may be missing, to be stored.
pub fn stored(at: Option<Timestamp>) -> Option<At> {
    at.map(At)
}

/// Where a value stands, for the error that names it.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// Which row.
    pub row: &'a (dyn Display + Sync),
}

/// What is wrong with a stored value.
#[derive(Debug, thiserror::Error)]
#[error("the domain never writes {0}")]
struct Unsound(String);

impl Place<'_> {
    /// A value as the domain knows it, or the error that names where it stands.
    pub fn sound<T>(
        self,
        column: &'static str,
        read: Option<T>,
        stored: impl Display,
    ) -> Result<T, StoreError> {
        read.ok_or_else(|| StoreError::corrupt(self.table, column, self.row, Unsound(stored.to_string())))
    }

    /// A value that a whole row must have, like the instant of a state.
    pub fn given<T>(self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        self.sound(column, value, "NULL")
    }

    /// A 32-byte hash.
    pub fn hash(self, column: &'static str, bytes: &[u8]) -> Result<[u8; 32], StoreError> {
        let stored = format_args!("{} bytes", bytes.len()).to_string();
        self.sound(column, bytes.try_into().ok(), stored)
    }

    /// A number from 0 to 4,294,967,295.
    pub fn small(self, column: &'static str, number: i64) -> Result<u32, StoreError> {
        self.sound(column, u32::try_from(number).ok(), number)
    }
}
