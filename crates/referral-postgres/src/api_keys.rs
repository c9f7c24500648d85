//! API keys: one statement a call. Scopes are their words, parted by blanks.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::auth::{ApiKey, Scope};
use referral_domain::id::{ApiKeyId, BookId};
use referral_domain::port::{ApiKeys, StoreError};
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;

use crate::column::{At, Key, Place, instant, stored};
use crate::failure::Told;
use crate::schema::{api_keys, books};
use crate::statement::{RowSql, fixed};
use crate::unit::{PgUnit, call};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
struct KeyRow {
    book_id: i64,
    api_key_id: Key,
    name: String,
    prefix: String,
    hash: Vec<u8>,
    scopes: String,
    created_at: At,
    last_used_at: Option<At>,
    expires_at: Option<At>,
    revoked_at: Option<At>,
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
            created_at: key.created_at.into(),
            last_used_at: stored(key.last_used_at),
            expires_at: stored(key.expires_at),
            revoked_at: stored(key.revoked_at),
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
            created_at: row.created_at.into(),
            last_used_at: instant(row.last_used_at),
            expires_at: instant(row.expires_at),
            revoked_at: instant(row.revoked_at),
        })
    }
}

/// The key with this hash.
pub(crate) async fn by_hash(
    mut conn: &AsyncPgConnection,
    hash: &[u8; 32],
) -> Result<Option<ApiKey>, StoreError> {
    let found = api_keys::table
        .inner_join(books::table.on(books::book_id.eq(api_keys::book_id)))
        .filter(api_keys::hash.eq(hash.as_slice()))
        .select(KeyOfProgram::as_select())
        .get_result(&mut conn)
        .await
        .optional()
        .told()?;
    found.map(ApiKey::try_from).transpose()
}

/// All keys, newest first.
pub(crate) async fn all(mut conn: &AsyncPgConnection) -> Result<Vec<ApiKey>, StoreError> {
    let found = api_keys::table
        .inner_join(books::table.on(books::book_id.eq(api_keys::book_id)))
        .order((api_keys::created_at.desc(), api_keys::api_key_id.desc()))
        .select(KeyOfProgram::as_select())
        .load(&mut conn)
        .await
        .told()?;
    found.into_iter().map(ApiKey::try_from).collect()
}

const LOCK: &str =
    "SELECT k.book_id, k.api_key_id, k.name, k.prefix, k.hash, k.scopes, k.created_at, k.last_used_at,
    k.expires_at, k.revoked_at, b.slug
  FROM api_keys AS k JOIN books AS b ON b.book_id = k.book_id WHERE k.api_key_id = $1 FOR NO KEY UPDATE OF k";

async fn lock(mut conn: &AsyncPgConnection, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    let query = fixed::<(RowSql<KeyRow>, Text)>(LOCK).bind(Key::from(id));
    let found = query.get_result::<KeyOfProgram>(&mut conn).await.optional().told()?;
    found.map(ApiKey::try_from).transpose()
}

async fn insert(mut conn: &AsyncPgConnection, row: KeyRow) -> Result<(), StoreError> {
    diesel::insert_into(api_keys::table).values(row).execute(&mut conn).await.told()?;
    Ok(())
}

async fn revoke(mut conn: &AsyncPgConnection, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
    let update =
        fixed::<()>("UPDATE api_keys SET revoked_at = $1 WHERE api_key_id = $2 AND revoked_at IS NULL");
    Ok(update.bind(at).bind(Key::from(id)).execute(&mut conn).await.told()? == 1)
}

/// Never moves back: requests end in another order than they began.
async fn touch(mut conn: &AsyncPgConnection, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
    let update =
        fixed::<()>("UPDATE api_keys SET last_used_at = greatest(last_used_at, $1) WHERE api_key_id = $2");
    update.bind(at).bind(Key::from(id)).execute(&mut conn).await.told()?;
    Ok(())
}

#[async_trait]
impl ApiKeys for PgUnit {
    async fn insert(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        let row = KeyRow::from(key);
        call!(self, |conn| insert(conn, row))
    }

    async fn lock(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        call!(self, |conn| lock(conn, id))
    }

    async fn revoke(&mut self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
        call!(self, |conn| revoke(conn, id, at))
    }

    async fn touch(&mut self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        call!(self, |conn| touch(conn, id, at))
    }
}
