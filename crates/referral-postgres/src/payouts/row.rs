//! The rows of payouts, their batches and their methods, as they are read.

use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz, Uuid};
use referral_domain::audit::{Actor, ActorKind};
use referral_domain::id::{BatchId, PayoutId, UserId};
use referral_domain::payout::{
    BatchItem, BatchStage, BatchStatus, BatchStep, CancelledBy, Failure, MethodKind, Payout, PayoutMethod,
    PayoutStage, PayoutStatus, PayoutStep,
};
use referral_domain::port::{PayoutItem, StoreError};
use referral_domain::reference::HostId;

use crate::column::{At, Key, Place};

pub(super) type MethodSql = (Uuid, BigInt, Text, Text, Binary, Nullable<Binary>, Timestamptz);
pub(super) type MethodRow = (Key, i64, String, String, Vec<u8>, Option<Vec<u8>>, At);

/// A method as it was read.
pub(super) fn method(row: MethodRow) -> Result<PayoutMethod, StoreError> {
    let (user, n, kind, label, digest, sealed, changed_at) = row;
    let user = UserId::from(user);
    let place = Place { table: "payout_methods", row: &user };
    Ok(PayoutMethod {
        user,
        n: place.small("n", n)?,
        kind: place.sound("kind", MethodKind::parse(&kind), &kind)?,
        label,
        digest: place.hash("digest", &digest)?,
        sealed,
        changed_at: changed_at.into(),
    })
}

/// A payout without its steps, with what may be shown of where it goes.
pub(super) type PayoutSql = (Uuid, Uuid, BigInt, BigInt, Text, BigInt, Text, Nullable<Text>);
pub(super) type PayoutRow = (Key, Key, i64, i64, String, i64, String, Option<String>);

/// A payout as it was read, with its steps.
pub(super) fn payout(row: PayoutRow, steps: Vec<PayoutStep>) -> Result<PayoutItem, StoreError> {
    let (id, user, n, method, kind, amount, label, name) = row;
    let id = PayoutId::from(id);
    let place = Place { table: "payouts", row: &id };
    let host = name.map(|name| place.sound("user_id", HostId::parse(&name), &name)).transpose()?;
    let payout = Payout {
        id,
        user: user.into(),
        n: place.small("n", n)?,
        method: place.small("method_n", method)?,
        kind: place.sound("kind", MethodKind::parse(&kind), &kind)?,
        amount,
        steps,
    };
    Ok(PayoutItem { payout, label, host })
}

pub(super) type StepSql = (
    Uuid,
    BigInt,
    Nullable<Text>,
    Text,
    Nullable<Uuid>,
    Nullable<Uuid>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Timestamptz,
);
pub(super) type StepRow = (
    Key,
    i64,
    Option<String>,
    String,
    Option<Key>,
    Option<Key>,
    Option<String>,
    Option<String>,
    Option<String>,
    At,
);

/// A step as it was read.
pub(super) fn step(row: StepRow) -> Result<PayoutStep, StoreError> {
    let (payout, n, after, status, batch, transaction, by, code, reason, at) = row;
    let payout = PayoutId::from(payout);
    let place = Place { table: "payout_steps", row: &payout };
    let read = |word: &str| place.sound("status", PayoutStatus::parse(word), word);
    let by = by.map(|word| place.sound("cancelled_by", CancelledBy::parse(&word), &word)).transpose()?;
    let reason = code.zip(reason).map(|(code, message)| Failure { code, message });
    let (batch, transaction) = (batch.map(Into::into), transaction.map(Into::into));
    let stage = PayoutStage::of(read(&status)?, batch, transaction, by, reason);
    Ok(PayoutStep {
        payout,
        n: place.small("n", n)?,
        after: after.as_deref().map(read).transpose()?,
        stage: place.sound("status", stage, &status)?,
        at: at.into(),
    })
}

/// A batch without its steps.
pub(super) type BatchSql = (Uuid, Text, BigInt, BigInt, Text);
pub(super) type BatchRow = (Key, String, i64, i64, String);

pub(super) type BatchStepSql =
    (Uuid, BigInt, Nullable<Text>, Text, Nullable<Binary>, Nullable<Text>, Text, Text, Timestamptz);
pub(super) type BatchStepRow =
    (Key, i64, Option<String>, String, Option<Vec<u8>>, Option<String>, String, String, At);

/// A batch's step as it was read.
pub(super) fn batch_step(row: BatchStepRow) -> Result<BatchStep, StoreError> {
    let (batch, n, after, status, manifest, format, kind, id, at) = row;
    let batch = BatchId::from(batch);
    let place = Place { table: "batch_steps", row: &batch };
    let read = |word: &str| place.sound("status", BatchStatus::parse(word), word);
    let manifest = manifest.map(|bytes| place.hash("manifest", &bytes)).transpose()?;
    let stage = BatchStage::of(read(&status)?, manifest, format);
    Ok(BatchStep {
        batch,
        n: place.small("n", n)?,
        after: after.as_deref().map(read).transpose()?,
        stage: place.sound("status", stage, &status)?,
        by: Actor { kind: place.sound("actor_kind", ActorKind::parse(&kind), &kind)?, id },
        at: at.into(),
    })
}

pub(super) type ItemSql = (Uuid, BigInt, Uuid, BigInt, BigInt, Binary);
pub(super) type ItemRow = (Key, i64, Key, i64, i64, Vec<u8>);

/// An item of a batch as it was read.
pub(super) fn item(row: ItemRow) -> Result<BatchItem, StoreError> {
    let (payout, step, user, method, amount, digest) = row;
    let payout = PayoutId::from(payout);
    let place = Place { table: "batch_items", row: &payout };
    Ok(BatchItem {
        payout,
        step: place.small("step_n", step)?,
        user: user.into(),
        method: place.small("method_n", method)?,
        amount,
        digest: place.hash("digest", &digest)?,
    })
}
