//! Reading payouts and batches: each by a key or along an index, steps by the key of what they belong to.
//!
//! A page by status looks at every payout that ever stood there and passes those that went on.

use std::collections::BTreeSet;

use diesel::prelude::*;
use referral_domain::id::{BatchId, BookId, PayoutId, UserId};
use referral_domain::payout::{Batch, BatchItem, BatchStep, LeftOut, MethodKind, PayoutMethod, PayoutStep};
use referral_domain::port::{BatchFilter, BatchHead, PayoutFilter, PayoutItem, PayoutSummary, StoreError};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use super::row::{BatchRow, BatchStepRow, ItemRow, MethodRow, PayoutRow, PayoutStepRow};
use crate::column::{Key, Place};
use crate::failure::Told;
use crate::reports::account;
use crate::schema::user_names;
use crate::statement::{Fixed, fixed};
use crate::users;

macro_rules! payouts {
    ($rest:literal) => {
        fixed(concat!(
            "SELECT p.payout_id, p.user_id, p.n, p.method_n, p.kind, p.amount, m.label, u.host_id FROM payouts AS p
             JOIN payout_methods AS m ON m.book_id = p.book_id AND m.user_id = p.user_id AND m.n = p.method_n
             LEFT JOIN user_names AS u ON u.book_id = p.book_id AND u.user_id = p.user_id ",
            $rest
        ))
    };
}

pub(crate) fn method(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
) -> Result<Option<PayoutMethod>, StoreError> {
    let query = fixed(
        "SELECT user_id, n, kind, label, digest, sealed, changed_at FROM payout_methods
         WHERE book_id = ? AND user_id = ? ORDER BY n DESC LIMIT 1",
    );
    let found: Option<MethodRow> =
        query.bind(book.0).bind(Key::from(user)).get_result(conn).optional().told()?;
    found.map(PayoutMethod::try_from).transpose()
}

pub(super) fn methods(
    conn: &mut SqliteConnection,
    book: BookId,
    versions: &[(UserId, u32)],
) -> Result<Vec<PayoutMethod>, StoreError> {
    let one = |(user, n): &(UserId, u32)| {
        let query = fixed(
            "SELECT user_id, n, kind, label, digest, sealed, changed_at FROM payout_methods
             WHERE book_id = ? AND user_id = ? AND n = ?",
        );
        let row: MethodRow = query.bind(book.0).bind(Key::from(*user)).bind(*n).get_result(conn).told()?;
        PayoutMethod::try_from(row)
    };
    versions.iter().map(one).collect()
}

fn steps(conn: &mut SqliteConnection, book: BookId, payout: Key) -> Result<Vec<PayoutStep>, StoreError> {
    let query = fixed(
        "SELECT payout_id, n, prev_status, status, batch_id, transaction_id, cancelled_by, reason_code, reason, at
         FROM payout_steps WHERE book_id = ? AND payout_id = ? ORDER BY n",
    );
    let rows: Vec<PayoutStepRow> = query.bind(book.0).bind(payout).load(conn).told()?;
    rows.into_iter().map(PayoutStep::try_from).collect()
}

fn items(conn: &mut SqliteConnection, book: BookId, query: Fixed) -> Result<Vec<PayoutItem>, StoreError> {
    let rows: Vec<PayoutRow> = query.load(conn).told()?;
    let whole = |row: PayoutRow| {
        let steps = steps(conn, book, row.payout_id)?;
        row.with(steps)
    };
    rows.into_iter().map(whole).collect()
}

pub(crate) fn by_id(
    conn: &mut SqliteConnection,
    book: BookId,
    id: PayoutId,
) -> Result<Option<PayoutItem>, StoreError> {
    let query = payouts!("WHERE p.book_id = ? AND p.payout_id = ?");
    Ok(items(conn, book, query.bind(book.0).bind(Key::from(id)))?.pop())
}

pub(super) fn newest(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
) -> Result<Option<PayoutItem>, StoreError> {
    let query = payouts!("WHERE p.book_id = ? AND p.user_id = ? ORDER BY p.n DESC LIMIT 1");
    Ok(items(conn, book, query.bind(book.0).bind(Key::from(user)))?.pop())
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = diesel::sql_types::Binary)]
    id: Key,
}

pub(super) fn approved(
    conn: &mut SqliteConnection,
    book: BookId,
    kind: MethodKind,
    limit: u32,
) -> Result<Vec<PayoutId>, StoreError> {
    let query = fixed(
        "SELECT s.payout_id AS id FROM payout_steps AS s
         JOIN payouts AS p ON p.book_id = s.book_id AND p.payout_id = s.payout_id AND p.kind = ?
         WHERE s.book_id = ? AND s.status = 'approved' AND NOT EXISTS (SELECT 1 FROM payout_steps AS t
           WHERE t.book_id = s.book_id AND t.payout_id = s.payout_id AND t.n = s.n + 1)
         ORDER BY s.payout_id LIMIT ?",
    );
    let ids: Vec<Id> = query.bind(kind.as_str()).bind(book.0).bind(limit).load(conn).told()?;
    Ok(ids.into_iter().map(|row| row.id.into()).collect())
}

/// Greater than every id.
const LAST: Key = Key(uuid::Uuid::max());

pub(super) fn page(
    conn: &mut SqliteConnection,
    book: BookId,
    filter: &PayoutFilter,
) -> Result<Vec<PayoutItem>, StoreError> {
    let before = filter.before.map_or(LAST, Key::from);
    let status = filter.status.map(|status| status.as_str());
    let query = match filter.user {
        Some(user) => payouts!(
            "WHERE p.book_id = ? AND p.user_id = ? AND p.payout_id < ? AND coalesce((SELECT s.status
               FROM payout_steps AS s WHERE s.book_id = p.book_id AND s.payout_id = p.payout_id
               ORDER BY s.n DESC LIMIT 1) = ?, true) ORDER BY p.payout_id DESC LIMIT ?"
        )
        .bind(book.0)
        .bind(Key::from(user)),
        None => payouts!(
            "WHERE p.book_id = ? AND p.payout_id < ? AND coalesce((SELECT s.status
               FROM payout_steps AS s WHERE s.book_id = p.book_id AND s.payout_id = p.payout_id
               ORDER BY s.n DESC LIMIT 1) = ?, true) ORDER BY p.payout_id DESC LIMIT ?"
        )
        .bind(book.0),
    };
    items(conn, book, query.bind(before).bind(status).bind(filter.limit))
}

#[derive(QueryableByName)]
struct Paid {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    paid: i64,
}

pub(crate) fn summary(
    conn: &mut SqliteConnection,
    book: BookId,
    host: &HostId,
    aged: Timestamp,
) -> Result<PayoutSummary, StoreError> {
    let account = account::account(conn, book, host, aged)?;
    let Some(user) = users::id_of(conn, book, host)? else { return Ok(PayoutSummary::default()) };
    let query = fixed(
        "SELECT coalesce(sum(p.amount), 0) AS paid FROM payout_steps AS s
         JOIN payouts AS p ON p.book_id = s.book_id AND p.payout_id = s.payout_id
         WHERE s.book_id = ? AND s.user_id = ? AND s.ends IS NOT NULL AND s.status = 'paid'",
    );
    let Paid { paid } = query.bind(book.0).bind(Key::from(user)).get_result(conn).told()?;
    let last = newest(conn, book, user)?.map(|item| item.payout);
    let open = last.filter(|payout| !payout.status().is_final()).map(|payout| payout.id);
    Ok(PayoutSummary { account, paid, open })
}

pub(crate) fn names(
    conn: &mut SqliteConnection,
    book: BookId,
    ids: &[UserId],
) -> Result<Vec<Option<HostId>>, StoreError> {
    let one = |id: &UserId| {
        let its = user_names::book_id.eq(book.0).and(user_names::user_id.eq(Key::from(*id)));
        let found = user_names::table.filter(its).select(user_names::host_id);
        let name: Option<String> = found.get_result(conn).optional().told()?;
        let place = Place { table: "user_names", row: id };
        name.map(|name| place.sound("host_id", HostId::parse(&name), &name)).transpose()
    };
    ids.iter().map(one).collect()
}

pub(super) fn unverified(
    conn: &mut SqliteConnection,
    book: BookId,
    ids: BTreeSet<UserId>,
) -> Result<BTreeSet<UserId>, StoreError> {
    let one = |id: UserId| {
        let email = users::email_status(conn, book, id)?;
        Ok(users::must_verify(conn, book, id, email)?.then_some(id))
    };
    ids.into_iter().map(one).filter_map(Result::transpose).collect()
}

fn batch_steps(conn: &mut SqliteConnection, book: BookId, batch: Key) -> Result<Vec<BatchStep>, StoreError> {
    let query = fixed(
        "SELECT batch_id, n, prev_status, status, manifest, format, actor_kind, actor_id, at
         FROM batch_steps WHERE book_id = ? AND batch_id = ? ORDER BY n",
    );
    let rows: Vec<BatchStepRow> = query.bind(book.0).bind(batch).load(conn).told()?;
    rows.into_iter().map(BatchStep::try_from).collect()
}

fn batch_items(conn: &mut SqliteConnection, book: BookId, batch: Key) -> Result<Vec<BatchItem>, StoreError> {
    let query = fixed(
        "SELECT payout_id, step_n, user_id, method_n, amount, digest FROM batch_items
         WHERE book_id = ? AND batch_id = ? ORDER BY payout_id",
    );
    let rows: Vec<ItemRow> = query.bind(book.0).bind(batch).load(conn).told()?;
    rows.into_iter().map(BatchItem::try_from).collect()
}

fn head(conn: &mut SqliteConnection, book: BookId, row: BatchRow) -> Result<BatchHead, StoreError> {
    let id = BatchId::from(row.batch_id);
    let place = Place { table: "payout_batches", row: &id };
    let kind = place.sound("kind", MethodKind::parse(&row.kind), &row.kind)?;
    let count = place.small("count", row.count)?;
    let left_out = place.sound("left_out", LeftOut::read(&row.left_out), &row.left_out)?;
    let steps = batch_steps(conn, book, row.batch_id)?;
    Ok(BatchHead { id, kind, count, total: row.total, left_out, steps })
}

pub(super) fn batch_head(
    conn: &mut SqliteConnection,
    book: BookId,
    id: BatchId,
) -> Result<Option<BatchHead>, StoreError> {
    let query = fixed(
        "SELECT batch_id, kind, count, total, left_out FROM payout_batches WHERE book_id = ? AND batch_id = ?",
    );
    let found: Option<BatchRow> =
        query.bind(book.0).bind(Key::from(id)).get_result(conn).optional().told()?;
    found.map(|row| head(conn, book, row)).transpose()
}

pub(crate) fn batch(
    conn: &mut SqliteConnection,
    book: BookId,
    id: BatchId,
) -> Result<Option<Batch>, StoreError> {
    let Some(head) = batch_head(conn, book, id)? else { return Ok(None) };
    let BatchHead { id, kind, left_out, steps, .. } = head;
    let items = batch_items(conn, book, id.into())?;
    Ok(Some(Batch { id, kind, items, left_out, steps }))
}

pub(super) fn batch_payouts(
    conn: &mut SqliteConnection,
    book: BookId,
    id: BatchId,
) -> Result<Vec<PayoutItem>, StoreError> {
    let query = payouts!(
        "JOIN batch_items AS i ON i.book_id = p.book_id AND i.payout_id = p.payout_id
         WHERE i.book_id = ? AND i.batch_id = ? ORDER BY i.payout_id"
    );
    items(conn, book, query.bind(book.0).bind(Key::from(id)))
}

pub(super) fn batch_page(
    conn: &mut SqliteConnection,
    book: BookId,
    filter: &BatchFilter,
) -> Result<Vec<BatchHead>, StoreError> {
    let query = fixed(
        "SELECT b.batch_id, b.kind, b.count, b.total, b.left_out FROM payout_batches AS b
         WHERE b.book_id = ? AND b.batch_id < ? AND coalesce((SELECT s.status FROM batch_steps AS s
           WHERE s.book_id = b.book_id AND s.batch_id = b.batch_id ORDER BY s.n DESC LIMIT 1) = ?, true)
         ORDER BY b.batch_id DESC LIMIT ?",
    );
    let before = filter.before.map_or(LAST, Key::from);
    let status = filter.status.map(|status| status.as_str());
    let rows: Vec<BatchRow> =
        query.bind(book.0).bind(before).bind(status).bind(filter.limit).load(conn).told()?;
    rows.into_iter().map(|row| head(conn, book, row)).collect()
}
