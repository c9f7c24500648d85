//! API keys: one statement a call. Scopes are their words, parted by blanks.

use async_trait::async_trait;
use diesel::prelude::*;
use referral_domain::auth::{ApiKey, Scope};
use referral_domain::id::{ApiKeyId, BookId};
use referral_domain::port::{ApiKeys, StoreError};
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;

use crate::column::{Key, Place, instant, micros};
use crate::failure::Told;
use crate::schema::{api_keys, books};
use crate::statement::fixed;
use crate::unit::SqliteUnit;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
struct KeyRow {
    book_id: i64,
    api_key_id: Key,
    name: String,
    prefix: String,
    hash: Vec<u8>,
    scopes: String,
    created_at: i64,
    last_used_at: Option<i64>,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl From<&ApiKey> for KeyRow {
    fn from(key: &ApiKey) -> Self {
        let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        Self {
            book_id: key.book.0,
            api_key_id: key.id.into(),
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            hash: key.hash.to_vec(),
            scopes: scopes.join(" "),
            created_at: key.created_at.micros(),
            last_used_at: micros(key.last_used_at),
            expires_at: micros(key.expires_at),
            revoked_at: micros(key.revoked_at),
        }
    }
}

/// A key with the slug of its program.
#[derive(Queryable, Selectable)]
#[diesel(table_name = books)]
struct KeyOfProgram {
    #[diesel(embed)]
    key: KeyRow,
    slug: String,
}

impl TryFrom<KeyOfProgram> for ApiKey {
    type Error = StoreError;

    fn try_from(KeyOfProgram { key: row, slug }: KeyOfProgram) -> Result<Self, StoreError> {
        let id = ApiKeyId::from(row.api_key_id);
        let place = Place { table: "api_keys", row: &id };
        let scopes: Option<Vec<_>> = row.scopes.split_whitespace().map(Scope::parse).collect();
        Ok(Self {
            id,
            book: BookId(row.book_id),
            program: Place { table: "books", row: &id }.sound("slug", Slug::parse(&slug), &slug)?,
            name: row.name,
            prefix: row.prefix,
            hash: place.hash("hash", &row.hash)?,
            scopes: place.sound("scopes", scopes, &row.scopes)?,
            created_at: Timestamp::from_micros(row.created_at),
            last_used_at: instant(row.last_used_at),
            expires_at: instant(row.expires_at),
            revoked_at: instant(row.revoked_at),
        })
    }
}

/// The key with this hash.
pub(crate) fn by_hash(conn: &mut SqliteConnection, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
    let found = api_keys::table
        .inner_join(books::table.on(books::book_id.eq(api_keys::book_id)))
        .filter(api_keys::hash.eq(hash.as_slice()))
        .select(KeyOfProgram::as_select())
        .get_result(conn)
        .optional()
        .told()?;
    found.map(ApiKey::try_from).transpose()
}

/// The key with this id. The writer is the lock.
fn by_id(conn: &mut SqliteConnection, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    let found = api_keys::table
        .inner_join(books::table.on(books::book_id.eq(api_keys::book_id)))
        .filter(api_keys::api_key_id.eq(Key::from(id)))
        .select(KeyOfProgram::as_select())
        .get_result(conn)
        .optional()
        .told()?;
    found.map(ApiKey::try_from).transpose()
}

/// All keys, newest first.
pub(crate) fn all(conn: &mut SqliteConnection) -> Result<Vec<ApiKey>, StoreError> {
    let found = api_keys::table
        .inner_join(books::table.on(books::book_id.eq(api_keys::book_id)))
        .order((api_keys::created_at.desc(), api_keys::api_key_id.desc()))
        .select(KeyOfProgram::as_select())
        .load(conn)
        .told()?;
    found.into_iter().map(ApiKey::try_from).collect()
}

fn insert(conn: &mut SqliteConnection, row: KeyRow) -> Result<(), StoreError> {
    diesel::insert_into(api_keys::table).values(row).execute(conn).told()?;
    Ok(())
}

fn revoke(conn: &mut SqliteConnection, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
    let update = fixed("UPDATE api_keys SET revoked_at = ? WHERE api_key_id = ? AND revoked_at IS NULL");
    Ok(update.bind(at.micros()).bind(Key::from(id)).execute(conn).told()? == 1)
}

/// Never moves back: requests end in another order than they began.
fn touch(conn: &mut SqliteConnection, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
    let update =
        fixed("UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, ?), ?) WHERE api_key_id = ?");
    update.bind(at.micros()).bind(at.micros()).bind(Key::from(id)).execute(conn).told()?;
    Ok(())
}

#[async_trait]
impl ApiKeys for SqliteUnit {
    async fn insert(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        let row = KeyRow::from(key);
        self.run(move |conn| insert(conn, row)).await
    }

    async fn lock(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.run(move |conn| by_id(conn, id)).await
    }

    async fn revoke(&mut self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
        self.run(move |conn| revoke(conn, id, at)).await
    }

    async fn touch(&mut self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        self.run(move |conn| touch(conn, id, at)).await
    }
}
