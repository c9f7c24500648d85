//! Reading payouts and batches: one statement each, along an index, steps included.
//!
//! A page by status looks at every payout that ever stood there and passes those that went on.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Uuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use referral_domain::id::{BatchId, BookId, PayoutId, UserId};
use referral_domain::payout::{Batch, BatchItem, LeftOut, MethodKind, PayoutMethod};
use referral_domain::port::{BatchFilter, BatchHead, PayoutFilter, PayoutItem, PayoutSummary, StoreError};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use super::row::{
    self, BatchRow, BatchSql, BatchStepRow, BatchStepSql, MethodRow, MethodSql, PayoutRow, PayoutSql,
    StepRow, StepSql,
};
use crate::column::{Key, Place};
use crate::failure::{Told, touched};
use crate::reports::account;
use crate::statement::{Fixed, fixed};
use crate::users;

const METHOD: &str = "SELECT user_id, n, kind, label, digest, sealed, changed_at FROM payout_methods
  WHERE book_id = $1 AND user_id = $2 ORDER BY n DESC LIMIT 1";

pub(super) async fn method(
    mut conn: &AsyncPgConnection,
    book: BookId,
    user: UserId,
) -> Result<Option<PayoutMethod>, StoreError> {
    let query = fixed::<MethodSql>(METHOD).bind(book.0).bind(Key::from(user));
    query.get_result::<MethodRow>(&mut conn).await.optional().told()?.map(row::method).transpose()
}

const METHOD_OF: &str = "SELECT m.user_id, m.n, m.kind, m.label, m.digest, m.sealed, m.changed_at
  FROM user_names AS u CROSS JOIN LATERAL (SELECT * FROM payout_methods AS m
    WHERE m.book_id = $1 AND m.user_id = u.user_id ORDER BY m.n DESC LIMIT 1) AS m
  WHERE u.book_id = $1 AND u.host_id = $2";

pub(crate) async fn method_of(
    mut conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
) -> Result<Option<PayoutMethod>, StoreError> {
    let query = fixed::<MethodSql>(METHOD_OF).bind(book.0).bind(host.as_str());
    query.get_result::<MethodRow>(&mut conn).await.optional().told()?.map(row::method).transpose()
}

const METHODS: &str = "SELECT m.user_id, m.n, m.kind, m.label, m.digest, m.sealed, m.changed_at
  FROM unnest($1, $2) WITH ORDINALITY AS u(user_id, n, ordinal) CROSS JOIN LATERAL (SELECT * FROM payout_methods AS m
    WHERE m.book_id = $3 AND m.user_id = u.user_id AND m.n = u.n LIMIT 1) AS m ORDER BY u.ordinal";

pub(super) async fn methods(
    mut conn: &AsyncPgConnection,
    book: BookId,
    versions: &[(UserId, u32)],
) -> Result<Vec<PayoutMethod>, StoreError> {
    let query = fixed::<MethodSql>(METHODS).column(versions, |(user, _)| Key::from(*user));
    let query = query.column(versions, |(_, n)| i64::from(*n)).bind(book.0);
    let rows: Vec<MethodRow> = query.load(&mut conn).await.told()?;
    touched(rows.len(), versions.len(), "payout_methods")?;
    rows.into_iter().map(row::method).collect()
}

/// A payout beside one of its steps.
type Beside = (PayoutSql, StepSql);

/// The payouts that a statement finds, in its order: it answers a row a step, the first step first.
async fn items(mut conn: &AsyncPgConnection, query: Fixed<Beside>) -> Result<Vec<PayoutItem>, StoreError> {
    let rows: Vec<(PayoutRow, StepRow)> = query.load(&mut conn).await.told()?;
    let mut found: Vec<PayoutItem> = Vec::new();
    for (payout, step) in rows {
        let step = row::step(step)?;
        match found.last_mut().filter(|item| item.payout.id == step.payout) {
            Some(item) => item.payout.steps.push(step),
            None => found.push(row::payout(payout, vec![step])?),
        }
    }
    Ok(found)
}

/// `$1` is the book; the first part finds payouts as `p`, the second orders them.
macro_rules! payouts {
    ($from:literal, $order:literal) => {
        fixed::<Beside>(concat!(
            "SELECT p.payout_id, p.user_id, p.n, p.method_n, p.kind, p.amount, m.label, u.host_id, s.payout_id, s.n,
               s.prev_status, s.status, s.batch_id, s.transaction_id, s.cancelled_by, s.reason_code, s.reason, s.at
             FROM ",
            $from,
            " CROSS JOIN LATERAL (SELECT m.label FROM payout_methods AS m
               WHERE m.book_id = $1 AND m.user_id = p.user_id AND m.n = p.method_n LIMIT 1) AS m
             LEFT JOIN LATERAL (SELECT u.host_id FROM user_names AS u
               WHERE u.book_id = $1 AND u.user_id = p.user_id LIMIT 1) AS u ON true
             CROSS JOIN LATERAL (SELECT * FROM payout_steps AS s
               WHERE s.book_id = $1 AND s.payout_id = p.payout_id) AS s ORDER BY ",
            $order,
            ", s.n"
        ))
    };
}

/// The payouts of these ids, by id.
pub(super) async fn by_ids(
    conn: &AsyncPgConnection,
    book: BookId,
    ids: &[PayoutId],
) -> Result<Vec<PayoutItem>, StoreError> {
    let query = payouts!(
        "(SELECT DISTINCT v.id, $1::bigint FROM unnest($2) AS v(id)) AS v CROSS JOIN LATERAL (SELECT * FROM payouts AS p
          WHERE p.book_id = $1 AND p.payout_id = v.id LIMIT 1) AS p",
        "p.payout_id"
    );
    items(conn, query.bind(book.0).column(ids, |id| Key::from(*id))).await
}

pub(crate) async fn newest(
    conn: &AsyncPgConnection,
    book: BookId,
    user: UserId,
) -> Result<Option<PayoutItem>, StoreError> {
    let query = payouts!(
        "(SELECT * FROM payouts AS p WHERE p.book_id = $1 AND p.user_id = $2 ORDER BY p.n DESC LIMIT 1) AS p",
        "p.n"
    );
    Ok(items(conn, query.bind(book.0).bind(Key::from(user))).await?.pop())
}

const APPROVED: &str = "SELECT s.payout_id FROM payout_steps AS s
  CROSS JOIN LATERAL (SELECT 1 FROM payouts AS p
    WHERE p.book_id = s.book_id AND p.payout_id = s.payout_id AND p.kind = $1 LIMIT 1) AS p
  WHERE s.book_id = $2 AND s.status = 'approved' AND NOT EXISTS (SELECT 1 FROM payout_steps AS t
    WHERE t.book_id = s.book_id AND t.payout_id = s.payout_id AND t.n = s.n + 1)
  ORDER BY s.payout_id LIMIT $3";

pub(super) async fn approved(
    mut conn: &AsyncPgConnection,
    book: BookId,
    kind: MethodKind,
    limit: u32,
) -> Result<Vec<PayoutId>, StoreError> {
    let query = fixed::<Uuid>(APPROVED).bind(kind.as_str()).bind(book.0).bind(limit);
    let ids: Vec<Key> = query.load(&mut conn).await.told()?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Greater than every id.
const LAST: Key = Key(uuid::Uuid::max());

/// Any status, where none is asked for.
const ANY: &str = "";

pub(super) async fn page(
    conn: &AsyncPgConnection,
    book: BookId,
    filter: &PayoutFilter,
) -> Result<Vec<PayoutItem>, StoreError> {
    let before = filter.before.map_or(LAST, Key::from);
    let status = filter.status.map_or(ANY, |status| status.as_str());
    let query = match filter.user {
        Some(user) => payouts!(
            "(SELECT * FROM payouts AS p
               WHERE p.book_id = $1 AND p.payout_id < $2 AND ($3 = '' OR (SELECT s.status FROM payout_steps AS s
                 WHERE s.book_id = p.book_id AND s.payout_id = p.payout_id ORDER BY s.n DESC LIMIT 1) = $3)
                 AND p.user_id = $4 ORDER BY p.payout_id DESC LIMIT $5) AS p",
            "p.payout_id DESC"
        )
        .bind(book.0)
        .bind(before)
        .bind(status)
        .bind(Key::from(user))
        .bind(filter.limit),
        None => payouts!(
            "(SELECT * FROM payouts AS p
               WHERE p.book_id = $1 AND p.payout_id < $2 AND ($3 = '' OR (SELECT s.status FROM payout_steps AS s
                 WHERE s.book_id = p.book_id AND s.payout_id = p.payout_id ORDER BY s.n DESC LIMIT 1) = $3)
               ORDER BY p.payout_id DESC LIMIT $4) AS p",
            "p.payout_id DESC"
        )
        .bind(book.0)
        .bind(before)
        .bind(status)
        .bind(filter.limit),
    };
    items(conn, query).await
}

/// What a user was paid, and the payout that has not ended.
const PAID: &str = "SELECT paid.sum, open.payout_id FROM user_names AS u
  CROSS JOIN LATERAL (SELECT coalesce(sum(p.amount), 0)::bigint AS sum FROM payout_steps AS s
    CROSS JOIN LATERAL (SELECT p.amount FROM payouts AS p
      WHERE p.book_id = $1 AND p.payout_id = s.payout_id LIMIT 1) AS p
    WHERE s.book_id = $1 AND s.user_id = u.user_id AND s.ends IS NOT NULL AND s.status = 'paid') AS paid
  LEFT JOIN LATERAL (SELECT p.payout_id, p.n FROM payouts AS p
    WHERE p.book_id = $1 AND p.user_id = u.user_id ORDER BY p.n DESC LIMIT 1) AS open ON NOT EXISTS
      (SELECT 1 FROM payout_steps AS s WHERE s.book_id = $1 AND s.user_id = u.user_id AND s.ends = open.n)
  WHERE u.book_id = $1 AND u.host_id = $2";

async fn paid(
    mut conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
) -> Result<(i64, Option<PayoutId>), StoreError> {
    let query = fixed::<(BigInt, Nullable<Uuid>)>(PAID).bind(book.0).bind(host.as_str());
    let found = query.get_result::<(i64, Option<Key>)>(&mut conn).await.optional().told()?;
    let (paid, open) = found.unwrap_or_default();
    Ok((paid, open.map(Into::into)))
}

pub(crate) async fn summary(
    conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
    aged: Timestamp,
) -> Result<PayoutSummary, StoreError> {
    let (account, (paid, open)) =
        try_join(account::account(conn, book, host, aged), paid(conn, book, host)).await?;
    Ok(PayoutSummary { account, paid, open })
}

const NAMES: &str = "SELECT n.host_id FROM unnest($1) WITH ORDINALITY AS u(id, ordinal)
  LEFT JOIN LATERAL (SELECT n.host_id FROM user_names AS n
    WHERE n.book_id = $2 AND n.user_id = u.id LIMIT 1) AS n ON true ORDER BY u.ordinal";

pub(crate) async fn names(
    mut conn: &AsyncPgConnection,
    book: BookId,
    ids: &[UserId],
) -> Result<Vec<Option<HostId>>, StoreError> {
    let query = fixed::<Nullable<Text>>(NAMES).column(ids, |id| Key::from(*id)).bind(book.0);
    let names: Vec<Option<String>> = query.load(&mut conn).await.told()?;
    let read = |(name, id): (Option<String>, &UserId)| {
        let place = Place { table: "user_names", row: id };
        name.map(|name| place.sound("host_id", HostId::parse(&name), &name)).transpose()
    };
    names.into_iter().zip(ids).map(read).collect()
}

const DOUBTS: &str = concat!(
    "SELECT u.user_id, doubt.* FROM (SELECT unnest($1) AS user_id, $2 AS book_id) AS u CROSS JOIN LATERAL (",
    users::doubt!(),
    ") AS doubt"
);

pub(super) async fn unverified(
    mut conn: &AsyncPgConnection,
    book: BookId,
    ids: &[UserId],
) -> Result<BTreeSet<UserId>, StoreError> {
    let query = fixed::<(Uuid, Bool, Bool)>(DOUBTS).column(ids, |id| Key::from(*id)).bind(book.0);
    let rows: Vec<(Key, bool, bool)> = query.load(&mut conn).await.told()?;
    let barred = rows.into_iter().filter(|(_, unknown, referred)| users::must_verify((*unknown, *referred)));
    Ok(barred.map(|(id, ..)| id.into()).collect())
}

/// A batch beside one of its steps.
type BatchBeside = (BatchSql, BatchStepSql);

/// The batches that a statement finds, in its order: it answers a row a step, the first step first.
async fn heads(
    mut conn: &AsyncPgConnection,
    query: Fixed<BatchBeside>,
) -> Result<Vec<BatchHead>, StoreError> {
    let rows: Vec<(BatchRow, BatchStepRow)> = query.load(&mut conn).await.told()?;
    let mut found: Vec<BatchHead> = Vec::new();
    for ((id, kind, count, total, left_out), step) in rows {
        let (id, step) = (BatchId::from(id), row::batch_step(step)?);
        match found.last_mut().filter(|head| head.id == id) {
            Some(head) => head.steps.push(step),
            None => {
                let place = Place { table: "payout_batches", row: &id };
                let kind = place.sound("kind", MethodKind::parse(&kind), &kind)?;
                let count = place.small("count", count)?;
                let left_out = place.sound("left_out", LeftOut::read(&left_out), &left_out)?;
                found.push(BatchHead { id, kind, count, total, left_out, steps: vec![step] });
            }
        }
    }
    Ok(found)
}

macro_rules! batches {
    ($from:literal, $order:literal) => {
        fixed::<BatchBeside>(concat!(
            "SELECT b.batch_id, b.kind, b.count, b.total, b.left_out, s.batch_id, s.n, s.prev_status, s.status, s.manifest,
               s.format, s.actor_kind, s.actor_id, s.at
             FROM ",
            $from,
            " CROSS JOIN LATERAL (SELECT * FROM batch_steps AS s
               WHERE s.book_id = $1 AND s.batch_id = b.batch_id) AS s ORDER BY ",
            $order,
            ", s.n"
        ))
    };
}

pub(super) async fn batch_head(
    conn: &AsyncPgConnection,
    book: BookId,
    id: BatchId,
) -> Result<Option<BatchHead>, StoreError> {
    let query = batches!(
        "(SELECT * FROM payout_batches AS b WHERE b.book_id = $1 AND b.batch_id = $2) AS b",
        "b.batch_id"
    );
    Ok(heads(conn, query.bind(book.0).bind(Key::from(id))).await?.pop())
}

const ITEMS: &str = "SELECT payout_id, step_n, user_id, method_n, amount, digest FROM batch_items
  WHERE book_id = $1 AND batch_id = $2 ORDER BY payout_id";

async fn batch_items(
    mut conn: &AsyncPgConnection,
    book: BookId,
    id: BatchId,
) -> Result<Vec<BatchItem>, StoreError> {
    let query = fixed::<row::ItemSql>(ITEMS).bind(book.0).bind(Key::from(id));
    let rows: Vec<row::ItemRow> = query.load(&mut conn).await.told()?;
    rows.into_iter().map(row::item).collect()
}

pub(crate) async fn batch(
    conn: &AsyncPgConnection,
    book: BookId,
    id: BatchId,
) -> Result<Option<Batch>, StoreError> {
    let (head, items) = try_join(batch_head(conn, book, id), batch_items(conn, book, id)).await?;
    Ok(head.map(|BatchHead { id, kind, left_out, steps, .. }| Batch { id, kind, items, left_out, steps }))
}

pub(super) async fn batch_payouts(
    conn: &AsyncPgConnection,
    book: BookId,
    id: BatchId,
) -> Result<Vec<PayoutItem>, StoreError> {
    let query = payouts!(
        "(SELECT i.payout_id FROM batch_items AS i WHERE i.book_id = $1 AND i.batch_id = $2) AS i
         CROSS JOIN LATERAL (SELECT * FROM payouts AS p
           WHERE p.book_id = $1 AND p.payout_id = i.payout_id LIMIT 1) AS p",
        "p.payout_id"
    );
    items(conn, query.bind(book.0).bind(Key::from(id))).await
}

pub(super) async fn batch_page(
    conn: &AsyncPgConnection,
    book: BookId,
    filter: &BatchFilter,
) -> Result<Vec<BatchHead>, StoreError> {
    let before = filter.before.map_or(LAST, Key::from);
    let status = filter.status.map_or(ANY, |status| status.as_str());
    let query = batches!(
        "(SELECT * FROM payout_batches AS b
           WHERE b.book_id = $1 AND b.batch_id < $2 AND ($3 = '' OR (SELECT s.status FROM batch_steps AS s
             WHERE s.book_id = b.book_id AND s.batch_id = b.batch_id ORDER BY s.n DESC LIMIT 1) = $3)
           ORDER BY b.batch_id DESC LIMIT $4) AS b",
        "b.batch_id DESC"
    );
    heads(conn, query.bind(book.0).bind(before).bind(status).bind(filter.limit)).await
}
