//! Writing what a unit changes of payouts, in the order in which rows refer to one another.

use diesel::prelude::*;
use referral_domain::id::BookId;
use referral_domain::payout::{Batch, BatchStep, LeftOut, Payout, PayoutMethod, PayoutStep, SettlementLine};
use referral_domain::port::{Changes, StoreError};

use crate::column::Key;
use crate::failure::{Told, touched};
use crate::ledger::previous;
use crate::statement::{Fixed, fixed};

/// Stores everything.
pub(crate) fn record(conn: &mut SqliteConnection, book: BookId, changes: &Changes) -> Result<(), StoreError> {
    changes.payout_methods.iter().try_for_each(|row| method(conn, book, row))?;
    changes.payouts.iter().try_for_each(|row| payout(conn, book, row))?;
    changes.batches.iter().try_for_each(|row| batch(conn, book, row))?;
    changes.batch_steps.iter().try_for_each(|row| batch_step(conn, book, row))?;
    changes.settlement_lines.iter().try_for_each(|row| settlement(conn, book, row))?;
    changes.payout_steps.iter().try_for_each(|row| payout_step(conn, book, row))?;
    changes.batches.iter().try_for_each(|row| items(conn, book, row))
}

fn one(conn: &mut SqliteConnection, insert: Fixed, table: &'static str) -> Result<(), StoreError> {
    let rows = insert.execute(conn).told()?;
    touched(rows, 1, table)
}

fn method(conn: &mut SqliteConnection, book: BookId, row: &PayoutMethod) -> Result<(), StoreError> {
    let insert = fixed(
        "INSERT INTO payout_methods (book_id, user_id, n, prev_n, kind, label, digest, sealed, changed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert.bind(book.0).bind(Key::from(row.user)).bind(row.n).bind(previous(row.n.into()));
    let insert = insert.bind(row.kind.as_str()).bind(row.label.as_str()).bind(Some(row.digest.to_vec()));
    one(conn, insert.bind(row.sealed.clone()).bind(row.changed_at.micros()), "payout_methods")
}

fn payout(conn: &mut SqliteConnection, book: BookId, row: &Payout) -> Result<(), StoreError> {
    let insert = fixed(
        "INSERT INTO payouts (book_id, payout_id, user_id, n, prev_n, method_n, kind, amount)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert.bind(book.0).bind(Key::from(row.id)).bind(Key::from(row.user)).bind(row.n);
    let insert = insert.bind(previous(row.n.into())).bind(row.method).bind(row.kind.as_str());
    one(conn, insert.bind(row.amount), "payouts")
}

fn batch(conn: &mut SqliteConnection, book: BookId, row: &Batch) -> Result<(), StoreError> {
    let insert = fixed(
        "INSERT INTO payout_batches (book_id, batch_id, kind, count, total, left_out, made_by_kind, made_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let count = i64::try_from(row.items.len()).unwrap_or(i64::MAX);
    let maker = row.maker();
    let insert = insert.bind(book.0).bind(Key::from(row.id)).bind(row.kind.as_str()).bind(count);
    let insert = insert.bind(row.total()).bind(LeftOut::written(&row.left_out).as_str());
    let insert = insert.bind(maker.map(|maker| maker.kind.as_str()));
    one(conn, insert.bind(maker.map(|maker| maker.id.as_str())), "payout_batches")
}

fn batch_step(conn: &mut SqliteConnection, book: BookId, row: &BatchStep) -> Result<(), StoreError> {
    let insert = fixed(
        "INSERT INTO batch_steps (book_id, batch_id, n, prev_n, prev_status, status, manifest, format, actor_kind,
           actor_id, at, maker_kind, maker)
         SELECT b.book_id, b.batch_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, b.made_by_kind, b.made_by
         FROM payout_batches AS b WHERE b.book_id = ? AND b.batch_id = ?",
    );
    let (manifest, format) = row.stage.parts();
    let insert = insert.bind(row.n).bind(previous(row.n.into())).bind(row.after.map(|was| was.as_str()));
    let insert = insert.bind(row.stage.status().as_str()).bind(manifest.map(|bytes| bytes.to_vec()));
    let insert = insert.bind(format.map(String::as_str)).bind(row.by.kind.as_str());
    let insert = insert.bind(row.by.id.as_str()).bind(row.at.micros());
    one(conn, insert.bind(book.0).bind(Key::from(row.batch)), "batch_steps")
}

fn settlement(conn: &mut SqliteConnection, book: BookId, row: &SettlementLine) -> Result<(), StoreError> {
    let insert = fixed(
        "INSERT INTO settlement_lines (book_id, payout_id, batch_id, outcome, amount, failure, at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert.bind(book.0).bind(Key::from(row.payout)).bind(Key::from(row.batch));
    let insert = insert.bind(row.outcome.as_str()).bind(row.amount).bind(row.failure.as_deref());
    one(conn, insert.bind(row.at.micros()), "settlement_lines")
}

fn payout_step(conn: &mut SqliteConnection, book: BookId, row: &PayoutStep) -> Result<(), StoreError> {
    let insert = fixed(
        "INSERT INTO payout_steps (book_id, payout_id, user_id, payout_n, n, prev_n, prev_status, status, batch_id,
           transaction_id, cancelled_by, reason_code, reason, at)
         SELECT p.book_id, p.payout_id, p.user_id, p.n, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
         FROM payouts AS p WHERE p.book_id = ? AND p.payout_id = ?",
    );
    let (stage, reason) = (&row.stage, row.stage.reason());
    let insert = insert.bind(row.n).bind(previous(row.n.into())).bind(row.after.map(|was| was.as_str()));
    let insert = insert.bind(stage.status().as_str()).bind(stage.batch().map(Key::from));
    let insert = insert.bind(stage.transaction().map(Key::from));
    let insert = insert.bind(stage.cancelled_by().map(|by| by.as_str()));
    let insert = insert.bind(reason.map(|reason| reason.code.as_str()));
    let insert = insert.bind(reason.map(|reason| reason.message.as_str())).bind(row.at.micros());
    one(conn, insert.bind(book.0).bind(Key::from(row.payout)), "payout_steps")
}

fn items(conn: &mut SqliteConnection, book: BookId, batch: &Batch) -> Result<(), StoreError> {
    batch.items.iter().try_for_each(|row| {
        let insert = fixed(
            "INSERT INTO batch_items (book_id, batch_id, payout_id, step_n, user_id, method_n, kind, amount, digest)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        );
        let insert = insert.bind(book.0).bind(Key::from(batch.id)).bind(Key::from(row.payout)).bind(row.step);
        let insert = insert.bind(Key::from(row.user)).bind(row.method).bind(batch.kind.as_str());
        one(conn, insert.bind(row.amount).bind(Some(row.digest.to_vec())), "batch_items")
    })
}
