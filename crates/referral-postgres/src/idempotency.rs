//! Idempotency keys.
//!
//! `claim` is one flight: the lock of the key, then a look-up by the primary key, which sees what was committed while
//! the lock was waited for. `forget` is one deletion, oldest first, over the index on `created_at`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use referral_domain::port::{Idempotency, IdempotencyKey, StoreError, StoredReply};
use referral_domain::time::Timestamp;

use crate::column::{At, Place};
use crate::failure::{Told, unavailable};
use crate::lock;
use crate::schema::idempotency_replies as replies;
use crate::statement::fixed;
use crate::unit::{PgUnit, call};

#[derive(Queryable, Selectable)]
#[diesel(table_name = replies)]
struct ReplyRow {
    request: Vec<u8>,
    status: i16,
    body: String,
    created_at: At,
}

fn reply(key: &IdempotencyKey, row: ReplyRow) -> Result<StoredReply, StoreError> {
    let place = Place { table: "idempotency_replies", row: &key.key };
    Ok(StoredReply {
        request: place.hash("request", &row.request)?,
        status: place.sound("status", u16::try_from(row.status).ok(), row.status)?,
        body: row.body,
        created_at: row.created_at.into(),
    })
}

async fn find(mut conn: &AsyncPgConnection, key: &IdempotencyKey) -> Result<Option<StoredReply>, StoreError> {
    let same = (key.book.0, &key.caller, &key.endpoint, &key.key);
    let query = replies::table.find(same).select(ReplyRow::as_select());
    let found = query.get_result(&mut conn).await.optional().told()?;
    found.map(|row| reply(key, row)).transpose()
}

async fn claim(conn: &AsyncPgConnection, key: &IdempotencyKey) -> Result<Option<StoredReply>, StoreError> {
    let name = format!("reply {} {} {} {}", key.book.0, key.caller, key.endpoint, key.key);
    let ((), found) = try_join(lock::hold(conn, &name), find(conn, key)).await?;
    Ok(found)
}

// A row's place is its own only within a partition: the age is asked again, so that a young one of that place stays.
const FORGET: &str = "DELETE FROM idempotency_replies WHERE created_at < $1 AND ctid = ANY (ARRAY(
    SELECT r.ctid FROM idempotency_replies AS r WHERE r.created_at < $1 ORDER BY r.created_at LIMIT $2))";

async fn forget(mut conn: &AsyncPgConnection, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let rows = fixed::<()>(FORGET).bind(before).bind(limit).execute(&mut conn).await.told()?;
    u64::try_from(rows).map_err(unavailable)
}

const INSERT: &str = "INSERT INTO idempotency_replies (book_id, caller, endpoint, key, request, status, body,
    created_at)
  SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8)";

/// Stores replies under their keys.
pub(crate) async fn insert(
    mut conn: &AsyncPgConnection,
    replies: &[(IdempotencyKey, StoredReply)],
) -> Result<(), StoreError> {
    let insert = fixed::<()>(INSERT).column(replies, |(key, _)| key.book.0);
    let insert = insert.column(replies, |(key, _)| key.caller.clone());
    let insert = insert.column(replies, |(key, _)| key.endpoint.clone());
    let insert = insert.column(replies, |(key, _)| key.key.clone());
    let insert = insert.column(replies, |(_, reply)| reply.request.to_vec());
    let insert = insert.column(replies, |(_, reply)| i64::from(reply.status));
    let insert = insert.column(replies, |(_, reply)| reply.body.clone());
    insert.column(replies, |(_, reply)| reply.created_at).execute(&mut conn).await.told()?;
    Ok(())
}

#[async_trait]
impl Idempotency for PgUnit {
    async fn claim(&mut self, key: &IdempotencyKey) -> Result<Option<StoredReply>, StoreError> {
        call!(self, |conn| claim(conn, key))
    }

    async fn forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        call!(self, |conn| forget(conn, before, limit))
    }
}
