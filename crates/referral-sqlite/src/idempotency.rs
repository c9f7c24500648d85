//! Idempotency keys: the writer is the lock, so a key that another unit holds is waited for with everything else.
//!
//! `claim` is one look-up by the primary key; `forget` one deletion, oldest first, over the index on `created_at`.

use async_trait::async_trait;
use diesel::prelude::*;
use referral_domain::port::{Idempotency, IdempotencyKey, StoreError, StoredReply};
use referral_domain::time::Timestamp;

use crate::column::Place;
use crate::failure::{Told, unavailable};
use crate::schema::idempotency_replies as replies;
use crate::statement::fixed;
use crate::unit::SqliteUnit;

#[derive(Queryable, Selectable)]
#[diesel(table_name = replies)]
struct ReplyRow {
    request: Vec<u8>,
    status: i64,
    body: String,
    created_at: i64,
}

fn reply(key: &IdempotencyKey, row: ReplyRow) -> Result<StoredReply, StoreError> {
    let place = Place { table: "idempotency_replies", row: &key.key };
    Ok(StoredReply {
        request: place.hash("request", &row.request)?,
        status: place.sound("status", u16::try_from(row.status).ok(), row.status)?,
        body: row.body,
        created_at: Timestamp::from_micros(row.created_at),
    })
}

fn find(conn: &mut SqliteConnection, key: &IdempotencyKey) -> Result<Option<StoredReply>, StoreError> {
    let same = (key.book.0, &key.caller, &key.endpoint, &key.key);
    let found = replies::table.find(same).select(ReplyRow::as_select()).get_result(conn).optional().told()?;
    found.map(|row| reply(key, row)).transpose()
}

fn forget(conn: &mut SqliteConnection, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let delete = fixed(
        "DELETE FROM idempotency_replies WHERE rowid IN
           (SELECT rowid FROM idempotency_replies WHERE created_at < ? ORDER BY created_at LIMIT ?)",
    );
    let rows = delete.bind(before.micros()).bind(limit).execute(conn).told()?;
    u64::try_from(rows).map_err(unavailable)
}

/// Stores a reply under its key.
pub(crate) fn insert(
    conn: &mut SqliteConnection,
    key: &IdempotencyKey,
    reply: &StoredReply,
) -> Result<(), StoreError> {
    let row = (
        replies::book_id.eq(key.book.0),
        replies::caller.eq(&key.caller),
        replies::endpoint.eq(&key.endpoint),
        replies::key.eq(&key.key),
        replies::request.eq(reply.request.as_slice()),
        replies::status.eq(i64::from(reply.status)),
        replies::body.eq(&reply.body),
        replies::created_at.eq(reply.created_at.micros()),
    );
    diesel::insert_into(replies::table).values(row).execute(conn).told()?;
    Ok(())
}

#[async_trait]
impl Idempotency for SqliteUnit {
    async fn claim(&mut self, key: &IdempotencyKey) -> Result<Option<StoredReply>, StoreError> {
        let key = key.clone();
        self.run(move |conn| find(conn, &key)).await
    }

    async fn forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.run(move |conn| forget(conn, before, limit)).await
    }
}
