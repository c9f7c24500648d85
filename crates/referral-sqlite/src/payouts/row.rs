//! The rows of payouts, their batches and their methods, as they are read.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use referral_domain::audit::{Actor, ActorKind};
use referral_domain::id::{BatchId, PayoutId, UserId};
use referral_domain::payout::{
    BatchItem, BatchStage, BatchStatus, BatchStep, CancelledBy, Failure, MethodKind, Payout, PayoutMethod,
    PayoutStage, PayoutStatus, PayoutStep,
};
use referral_domain::port::{PayoutItem, StoreError};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};

#[derive(QueryableByName)]
pub(super) struct MethodRow {
    #[diesel(sql_type = Binary)]
    user_id: Key,
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    label: String,
    #[diesel(sql_type = Binary)]
    digest: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    sealed: Option<Vec<u8>>,
    #[diesel(sql_type = BigInt)]
    changed_at: i64,
}

impl TryFrom<MethodRow> for PayoutMethod {
    type Error = StoreError;

    fn try_from(row: MethodRow) -> Result<Self, StoreError> {
        let user = UserId::from(row.user_id);
        let place = Place { table: "payout_methods", row: &user };
        Ok(Self {
            user,
            n: place.small("n", row.n)?,
            kind: place.sound("kind", MethodKind::parse(&row.kind), &row.kind)?,
            label: row.label,
            digest: place.hash("digest", &row.digest)?,
            sealed: row.sealed,
            changed_at: Timestamp::from_micros(row.changed_at),
        })
    }
}

/// A payout without its steps, with what may be shown of where it goes.
#[derive(QueryableByName)]
pub(super) struct PayoutRow {
    #[diesel(sql_type = Binary)]
    pub(super) payout_id: Key,
    #[diesel(sql_type = Binary)]
    user_id: Key,
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = BigInt)]
    method_n: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = Text)]
    label: String,
    #[diesel(sql_type = Nullable<Text>)]
    host_id: Option<String>,
}

impl PayoutRow {
    pub(super) fn with(self, steps: Vec<PayoutStep>) -> Result<PayoutItem, StoreError> {
        let id = PayoutId::from(self.payout_id);
        let place = Place { table: "payouts", row: &id };
        let host =
            self.host_id.map(|name| place.sound("user_id", HostId::parse(&name), &name)).transpose()?;
        let payout = Payout {
            id,
            user: self.user_id.into(),
            n: place.small("n", self.n)?,
            method: place.small("method_n", self.method_n)?,
            kind: place.sound("kind", MethodKind::parse(&self.kind), &self.kind)?,
            amount: self.amount,
            steps,
        };
        Ok(PayoutItem { payout, label: self.label, host })
    }
}

#[derive(QueryableByName)]
pub(super) struct PayoutStepRow {
    #[diesel(sql_type = Binary)]
    payout_id: Key,
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = Nullable<Text>)]
    prev_status: Option<String>,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Nullable<Binary>)]
    batch_id: Option<Key>,
    #[diesel(sql_type = Nullable<Binary>)]
    transaction_id: Option<Key>,
    #[diesel(sql_type = Nullable<Text>)]
    cancelled_by: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    reason_code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = BigInt)]
    at: i64,
}

impl TryFrom<PayoutStepRow> for PayoutStep {
    type Error = StoreError;

    fn try_from(row: PayoutStepRow) -> Result<Self, StoreError> {
        let payout = PayoutId::from(row.payout_id);
        let place = Place { table: "payout_steps", row: &payout };
        let read = |word: &str| place.sound("status", PayoutStatus::parse(word), word);
        let status = read(&row.status)?;
        let by = row.cancelled_by.map(|word| place.sound("cancelled_by", CancelledBy::parse(&word), &word));
        let reason = row.reason_code.zip(row.reason).map(|(code, message)| Failure { code, message });
        let (batch, transaction) = (row.batch_id.map(Into::into), row.transaction_id.map(Into::into));
        let stage = PayoutStage::of(status, batch, transaction, by.transpose()?, reason);
        Ok(Self {
            payout,
            n: place.small("n", row.n)?,
            after: row.prev_status.as_deref().map(read).transpose()?,
            stage: place.sound("status", stage, &row.status)?,
            at: Timestamp::from_micros(row.at),
        })
    }
}

#[derive(QueryableByName)]
pub(super) struct BatchRow {
    #[diesel(sql_type = Binary)]
    pub(super) batch_id: Key,
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
    #[diesel(sql_type = BigInt)]
    pub(super) count: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) total: i64,
    #[diesel(sql_type = Text)]
    pub(super) left_out: String,
}

#[derive(QueryableByName)]
pub(super) struct BatchStepRow {
    #[diesel(sql_type = Binary)]
    batch_id: Key,
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = Nullable<Text>)]
    prev_status: Option<String>,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Nullable<Binary>)]
    manifest: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Text>)]
    format: Option<String>,
    #[diesel(sql_type = Text)]
    actor_kind: String,
    #[diesel(sql_type = Text)]
    actor_id: String,
    #[diesel(sql_type = BigInt)]
    at: i64,
}

impl TryFrom<BatchStepRow> for BatchStep {
    type Error = StoreError;

    fn try_from(row: BatchStepRow) -> Result<Self, StoreError> {
        let batch = BatchId::from(row.batch_id);
        let place = Place { table: "batch_steps", row: &batch };
        let read = |word: &str| place.sound("status", BatchStatus::parse(word), word);
        let manifest = row.manifest.map(|bytes| place.hash("manifest", &bytes)).transpose()?;
        let stage = BatchStage::of(read(&row.status)?, manifest, row.format);
        let kind = place.sound("actor_kind", ActorKind::parse(&row.actor_kind), &row.actor_kind)?;
        Ok(Self {
            batch,
            n: place.small("n", row.n)?,
            after: row.prev_status.as_deref().map(read).transpose()?,
            stage: place.sound("status", stage, &row.status)?,
            by: Actor { kind, id: row.actor_id },
            at: Timestamp::from_micros(row.at),
        })
    }
}

#[derive(QueryableByName)]
pub(super) struct ItemRow {
    #[diesel(sql_type = Binary)]
    payout_id: Key,
    #[diesel(sql_type = BigInt)]
    step_n: i64,
    #[diesel(sql_type = Binary)]
    user_id: Key,
    #[diesel(sql_type = BigInt)]
    method_n: i64,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = Binary)]
    digest: Vec<u8>,
}

impl TryFrom<ItemRow> for BatchItem {
    type Error = StoreError;

    fn try_from(row: ItemRow) -> Result<Self, StoreError> {
        let payout = PayoutId::from(row.payout_id);
        let place = Place { table: "batch_items", row: &payout };
        Ok(Self {
            payout,
            step: place.small("step_n", row.step_n)?,
            user: row.user_id.into(),
            method: place.small("method_n", row.method_n)?,
            amount: row.amount,
            digest: place.hash("digest", &row.digest)?,
        })
    }
}
