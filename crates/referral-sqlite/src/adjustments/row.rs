//! The rows of `adjustments` and `adjustment_steps`.

use diesel::prelude::*;
use referral_domain::adjustment::{Adjustment, AdjustmentFile, AdjustmentStatus, AdjustmentStep};
use referral_domain::audit::{Actor, ActorKind};
use referral_domain::id::{AdjustmentId, BookId};
use referral_domain::port::StoreError;
use referral_domain::reference::Reference;
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::ledger::previous;
use crate::schema::{adjustment_steps, adjustments};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = adjustments)]
pub(super) struct AdjustmentRow {
    book_id: i64,
    adjustment_id: Key,
    user_id: Key,
    reference: String,
    amount: i64,
    reason: String,
    created_at: i64,
}

impl AdjustmentRow {
    pub(super) const fn id(&self) -> Key {
        self.adjustment_id
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = adjustment_steps, treat_none_as_default_value = false)]
pub(super) struct StepRow {
    book_id: i64,
    adjustment_id: Key,
    n: i64,
    prev_n: Option<i64>,
    prev_status: Option<String>,
    status: String,
    audit_id: Key,
    note: Option<String>,
    transaction_id: Option<Key>,
    at: i64,
}

/// A step, the kind of who took it, a key's id, a person's name.
pub(super) type Taken = (StepRow, String, Option<String>, Option<String>);

fn step((row, kind, id, name): Taken) -> Result<AdjustmentStep, StoreError> {
    let adjustment = AdjustmentId::from(row.adjustment_id);
    let place = Place { table: "adjustment_steps", row: &adjustment };
    let kind = place.sound("audit_id", ActorKind::parse(&kind), &kind)?;
    Ok(AdjustmentStep {
        adjustment,
        n: place.sound("n", u8::try_from(row.n).ok(), row.n)?,
        status: place.sound("status", AdjustmentStatus::parse(&row.status), &row.status)?,
        audit: row.audit_id.into(),
        by: Actor { kind, id: id.or(name).unwrap_or_default() },
        transaction: row.transaction_id.map(Into::into),
        note: row.note,
        at: Timestamp::from_micros(row.at),
    })
}

/// An adjustment with its steps, the first one first.
pub(super) fn file(row: AdjustmentRow, taken: Vec<Taken>) -> Result<AdjustmentFile, StoreError> {
    let id = AdjustmentId::from(row.adjustment_id);
    let place = Place { table: "adjustments", row: &id };
    let mut steps = taken.into_iter().map(step);
    let asked = place.given("first_step", steps.next())??;
    let decided = steps.next().transpose()?;
    let adjustment = Adjustment {
        id,
        user: row.user_id.into(),
        reference: place.sound("reference", Reference::parse(&row.reference), &row.reference)?,
        amount: row.amount,
        reason: row.reason,
        created_at: Timestamp::from_micros(row.created_at),
    };
    Ok(AdjustmentFile { adjustment, asked, decided })
}

/// Stores an adjustment.
pub(crate) fn insert(
    conn: &mut SqliteConnection,
    book: BookId,
    adjustment: &Adjustment,
) -> Result<(), StoreError> {
    let row = AdjustmentRow {
        book_id: book.0,
        adjustment_id: adjustment.id.into(),
        user_id: adjustment.user.into(),
        reference: adjustment.reference.to_string(),
        amount: adjustment.amount,
        reason: adjustment.reason.clone(),
        created_at: adjustment.created_at.micros(),
    };
    diesel::insert_into(adjustments::table).values(row).execute(conn).told()?;
    Ok(())
}

/// Stores a step: the second follows one that waits.
pub(crate) fn insert_step(
    conn: &mut SqliteConnection,
    book: BookId,
    step: &AdjustmentStep,
) -> Result<(), StoreError> {
    let n = i64::from(step.n);
    let row = StepRow {
        book_id: book.0,
        adjustment_id: step.adjustment.into(),
        n,
        prev_n: previous(n),
        prev_status: previous(n).map(|_| AdjustmentStatus::Waiting.to_string()),
        status: step.status.to_string(),
        audit_id: step.audit.into(),
        note: step.note.clone(),
        transaction_id: step.transaction.map(Key::from),
        at: step.at.micros(),
    };
    diesel::insert_into(adjustment_steps::table).values(row).execute(conn).told()?;
    Ok(())
}
