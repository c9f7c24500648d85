//! Writing what a unit changes of payouts: one statement a table, in the order in which rows refer to one another.

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::id::BookId;
use referral_domain::payout::{
    Batch, BatchItem, BatchStep, LeftOut, Payout, PayoutMethod, PayoutStep, SettlementLine,
};
use referral_domain::port::StoreError;

use crate::column::Key;
use crate::failure::{Told, touched};
use crate::ledger::previous;
use crate::statement::fixed;

const METHODS: &str =
    "INSERT INTO payout_methods (book_id, user_id, n, prev_n, kind, label, digest, sealed, changed_at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9)";

/// Stores versions of methods.
pub(crate) async fn methods(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[PayoutMethod],
) -> Result<(), StoreError> {
    let insert = fixed::<()>(METHODS).bind(book.0).column(rows, |row| Key::from(row.user));
    let insert = insert.column(rows, |row| i64::from(row.n)).column(rows, |row| previous(row.n.into()));
    let insert = insert.column(rows, |row| row.kind.as_str()).column(rows, |row| row.label.clone());
    let insert = insert.column(rows, |row| row.digest.to_vec()).column(rows, |row| row.sealed.clone());
    insert.column(rows, |row| row.changed_at).execute(&mut conn).await.told()?;
    Ok(())
}

const PAYOUTS: &str = "INSERT INTO payouts (book_id, payout_id, user_id, n, prev_n, method_n, kind, amount)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8)";

/// Stores what was asked for.
pub(crate) async fn payouts(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[Payout],
) -> Result<(), StoreError> {
    let insert = fixed::<()>(PAYOUTS).bind(book.0).column(rows, |row| Key::from(row.id));
    let insert = insert.column(rows, |row| Key::from(row.user)).column(rows, |row| i64::from(row.n));
    let insert = insert.column(rows, |row| previous(row.n.into())).column(rows, |row| i64::from(row.method));
    let insert = insert.column(rows, |row| row.kind.as_str()).column(rows, |row| row.amount);
    insert.execute(&mut conn).await.told()?;
    Ok(())
}

const BATCHES: &str =
    "INSERT INTO payout_batches (book_id, batch_id, kind, count, total, left_out, made_by_kind, made_by)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8)";

/// Stores batches without what is in them.
pub(crate) async fn batches(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[Batch],
) -> Result<(), StoreError> {
    let count = |row: &Batch| i64::try_from(row.items.len()).unwrap_or(i64::MAX);
    let insert = fixed::<()>(BATCHES).bind(book.0).column(rows, |row| Key::from(row.id));
    let insert = insert.column(rows, |row| row.kind.as_str()).column(rows, count);
    let insert = insert.column(rows, Batch::total).column(rows, |row| LeftOut::written(&row.left_out));
    let insert = insert.column(rows, |row| row.maker().map(|maker| maker.kind.as_str().to_owned()));
    insert.column(rows, |row| row.maker().map(|maker| maker.id.clone())).execute(&mut conn).await.told()?;
    Ok(())
}

const BATCH_STEPS: &str =
    "INSERT INTO batch_steps (book_id, batch_id, n, prev_n, prev_status, status, manifest, format,
    actor_kind, actor_id, at, maker_kind, maker)
  SELECT $1, u.*, b.made_by_kind, b.made_by FROM (SELECT unnest($2) AS batch_id, unnest($3), unnest($4), unnest($5),
    unnest($6), unnest($7), unnest($8), unnest($9), unnest($10), unnest($11)) AS u
  CROSS JOIN LATERAL (SELECT b.made_by_kind, b.made_by FROM payout_batches AS b
    WHERE b.book_id = $1 AND b.batch_id = u.batch_id LIMIT 1) AS b";

/// Stores steps of batches.
pub(crate) async fn batch_steps(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[BatchStep],
) -> Result<(), StoreError> {
    let insert = fixed::<()>(BATCH_STEPS).bind(book.0).column(rows, |row| Key::from(row.batch));
    let insert = insert.column(rows, |row| i64::from(row.n)).column(rows, |row| previous(row.n.into()));
    let insert = insert.column(rows, |row| row.after.map(|was| was.as_str()));
    let insert = insert.column(rows, |row| row.stage.status().as_str());
    let insert = insert.column(rows, |row| row.stage.parts().0.map(|bytes| bytes.to_vec()));
    let insert = insert.column(rows, |row| row.stage.parts().1.cloned());
    let insert = insert.column(rows, |row| row.by.kind.as_str()).column(rows, |row| row.by.id.clone());
    let stored = insert.column(rows, |row| row.at).execute(&mut conn).await.told()?;
    touched(stored, rows.len(), "batch_steps")
}

const SETTLEMENTS: &str =
    "INSERT INTO settlement_lines (book_id, payout_id, batch_id, outcome, amount, failure, at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7)";

/// Stores what banks said.
pub(crate) async fn settlements(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[SettlementLine],
) -> Result<(), StoreError> {
    let insert = fixed::<()>(SETTLEMENTS).bind(book.0).column(rows, |row| Key::from(row.payout));
    let insert = insert.column(rows, |row| Key::from(row.batch)).column(rows, |row| row.outcome.as_str());
    let insert = insert.column(rows, |row| row.amount).column(rows, |row| row.failure.clone());
    insert.column(rows, |row| row.at).execute(&mut conn).await.told()?;
    Ok(())
}

const PAYOUT_STEPS: &str = "INSERT INTO payout_steps (book_id, payout_id, n, prev_n, prev_status, status, batch_id,
    transaction_id, cancelled_by, reason_code, reason, at, user_id, payout_n)
  SELECT $1, u.*, p.user_id, p.n FROM (SELECT unnest($2) AS payout_id, unnest($3), unnest($4), unnest($5), unnest($6),
    unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), unnest($12)) AS u
  CROSS JOIN LATERAL (SELECT p.user_id, p.n FROM payouts AS p
    WHERE p.book_id = $1 AND p.payout_id = u.payout_id LIMIT 1) AS p";

/// Stores steps of payouts.
pub(crate) async fn payout_steps(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[PayoutStep],
) -> Result<(), StoreError> {
    let insert = fixed::<()>(PAYOUT_STEPS).bind(book.0).column(rows, |row| Key::from(row.payout));
    let insert = insert.column(rows, |row| i64::from(row.n)).column(rows, |row| previous(row.n.into()));
    let insert = insert.column(rows, |row| row.after.map(|was| was.as_str()));
    let insert = insert.column(rows, |row| row.stage.status().as_str());
    let insert = insert.column(rows, |row| row.stage.batch().map(Key::from));
    let insert = insert.column(rows, |row| row.stage.transaction().map(Key::from));
    let insert = insert.column(rows, |row| row.stage.cancelled_by().map(|by| by.as_str()));
    let insert = insert.column(rows, |row| row.stage.reason().map(|reason| reason.code.clone()));
    let insert = insert.column(rows, |row| row.stage.reason().map(|reason| reason.message.clone()));
    let stored = insert.column(rows, |row| row.at).execute(&mut conn).await.told()?;
    touched(stored, rows.len(), "payout_steps")
}

const ITEMS: &str =
    "INSERT INTO batch_items (book_id, batch_id, payout_id, step_n, user_id, method_n, kind, amount, digest)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9)";

/// Stores what is in batches.
pub(crate) async fn items(
    mut conn: &AsyncPgConnection,
    book: BookId,
    batches: &[Batch],
) -> Result<(), StoreError> {
    let rows: Vec<(&Batch, &BatchItem)> =
        batches.iter().flat_map(|batch| batch.items.iter().map(move |item| (batch, item))).collect();
    let rows = rows.as_slice();
    let insert = fixed::<()>(ITEMS).bind(book.0).column(rows, |(batch, _)| Key::from(batch.id));
    let insert = insert.column(rows, |(_, item)| Key::from(item.payout));
    let insert = insert.column(rows, |(_, item)| i64::from(item.step));
    let insert = insert.column(rows, |(_, item)| Key::from(item.user));
    let insert = insert.column(rows, |(_, item)| i64::from(item.method));
    let insert = insert.column(rows, |(batch, _)| batch.kind.as_str());
    let insert = insert.column(rows, |(_, item)| item.amount).column(rows, |(_, item)| item.digest.to_vec());
    insert.execute(&mut conn).await.told()?;
    Ok(())
}
