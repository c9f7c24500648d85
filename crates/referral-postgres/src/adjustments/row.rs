//! The rows of `adjustments` and `adjustment_steps`.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::adjustment::{Adjustment, AdjustmentFile, AdjustmentStatus, AdjustmentStep};
use referral_domain::audit::{Actor, ActorKind};
use referral_domain::id::{AdjustmentId, BookId};
use referral_domain::port::StoreError;
use referral_domain::reference::Reference;

use crate::column::{At, Key, Place};
use crate::failure::Told;
use crate::ledger::previous;
use crate::schema::{adjustment_steps, adjustments};
use crate::statement::fixed;

#[derive(Queryable, Selectable)]
#[diesel(table_name = adjustments)]
pub(super) struct AdjustmentRow {
    pub(super) adjustment_id: Key,
    pub(super) user_id: Key,
    reference: String,
    amount: i64,
    reason: String,
    created_at: At,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = adjustment_steps)]
pub(super) struct StepRow {
    pub(super) adjustment_id: Key,
    n: i64,
    status: String,
    audit_id: Key,
    note: Option<String>,
    pub(super) transaction_id: Option<Key>,
    at: At,
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
        at: row.at.into(),
    })
}

/// An adjustment with its steps, the first one first.
pub(super) fn file(row: AdjustmentRow, taken: Vec<Taken>) -> Result<AdjustmentFile, StoreError> {
    let id = AdjustmentId::from(row.adjustment_id);
    let place = Place { table: "adjustments", row: &id };
    let mut steps = taken.into_iter().map(step);
    let asked = place.given("adjustment_id", steps.next())??;
    let decided = steps.next().transpose()?;
    let adjustment = Adjustment {
        id,
        user: row.user_id.into(),
        reference: place.sound("reference", Reference::parse(&row.reference), &row.reference)?,
        amount: row.amount,
        reason: row.reason,
        created_at: row.created_at.into(),
    };
    Ok(AdjustmentFile { adjustment, asked, decided })
}

const INSERT: &str =
    "INSERT INTO adjustments (book_id, adjustment_id, user_id, reference, amount, reason, created_at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7)";

/// Stores adjustments.
pub(crate) async fn insert(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[Adjustment],
) -> Result<(), StoreError> {
    let insert = fixed::<()>(INSERT).bind(book.0).column(rows, |row| Key::from(row.id));
    let insert = insert.column(rows, |row| Key::from(row.user)).column(rows, |row| row.reference.to_string());
    let insert = insert.column(rows, |row| row.amount).column(rows, |row| row.reason.clone());
    insert.column(rows, |row| row.created_at).execute(&mut conn).await.told()?;
    Ok(())
}

const STEPS: &str =
    "INSERT INTO adjustment_steps (book_id, adjustment_id, n, prev_n, prev_status, status, audit_id,
    note, transaction_id, at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9),
    unnest($10)";

/// Stores steps: the second of an adjustment follows one that waits.
pub(crate) async fn insert_steps(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[AdjustmentStep],
) -> Result<(), StoreError> {
    let before = |row: &AdjustmentStep| previous(row.n.into()).map(|_| AdjustmentStatus::Waiting.as_str());
    let insert = fixed::<()>(STEPS).bind(book.0).column(rows, |row| Key::from(row.adjustment));
    let insert = insert.column(rows, |row| i64::from(row.n)).column(rows, |row| previous(row.n.into()));
    let insert = insert.column(rows, before).column(rows, |row| row.status.as_str());
    let insert = insert.column(rows, |row| Key::from(row.audit)).column(rows, |row| row.note.clone());
    let insert = insert.column(rows, |row| row.transaction.map(Key::from));
    insert.column(rows, |row| row.at).execute(&mut conn).await.told()?;
    Ok(())
}
