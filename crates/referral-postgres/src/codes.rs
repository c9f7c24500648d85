//! Codes.
//!
//! `find` is one look-up in the unique index `(book_id, folded)`. `lock` locks (`FOR NO KEY UPDATE`, in the order of
//! ids) what it reads. `claim` is one insert whose row count says whether the code was free, and behind it, in the same
//! flight, one look-up for when it was not.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use referral_domain::code::{Code, CodeText, FoldedCode};
use referral_domain::id::{BookId, CodeId, UserId};
use referral_domain::port::{CodeClaim, CodeFilter, CodeItem, Codes, StoreError};

use referral_domain::reference::HostId;

use crate::column::{At, Key, Place, instant, stored};
use crate::failure::{Told, touched};
use crate::schema::{referral_codes, referral_codes as codes, user_names as names};
use crate::statement::{RowSql, fixed};
use crate::unit::{PgUnit, call};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = referral_codes, treat_none_as_default_value = false)]
pub(crate) struct CodeRow {
    book_id: i64,
    code_id: Key,
    owner_id: Key,
    text: String,
    folded: String,
    is_primary: bool,
    active: bool,
    expires_at: Option<At>,
    max_uses: Option<i64>,
    daily_limit: Option<i64>,
    uses: i64,
    last_used_at: Option<At>,
    created_at: At,
}

impl From<&Code> for CodeRow {
    fn from(code: &Code) -> Self {
        Self {
            book_id: code.book.0,
            code_id: code.id.into(),
            owner_id: code.owner.into(),
            text: code.text.to_string(),
            folded: code.text.folded().as_str().to_owned(),
            is_primary: code.primary,
            active: code.active,
            expires_at: stored(code.expires_at),
            max_uses: code.max_uses.map(i64::from),
            daily_limit: code.daily_limit.map(i64::from),
            uses: i64::from(code.uses),
            last_used_at: stored(code.last_used_at),
            created_at: code.created_at.into(),
        }
    }
}

impl TryFrom<CodeRow> for Code {
    type Error = StoreError;

    fn try_from(row: CodeRow) -> Result<Self, StoreError> {
        let id = CodeId::from(row.code_id);
        let place = Place { table: "referral_codes", row: &id };
        let same = |text: &CodeText| text.folded().as_str() == row.folded;
        let text = CodeText::parse(&row.text).filter(same);
        Ok(Self {
            book: BookId(row.book_id),
            id,
            owner: row.owner_id.into(),
            text: place.sound("text", text, &row.text)?,
            primary: row.is_primary,
            active: row.active,
            expires_at: instant(row.expires_at),
            max_uses: row.max_uses.map(|n| place.small("max_uses", n)).transpose()?,
            daily_limit: row.daily_limit.map(|n| place.small("daily_limit", n)).transpose()?,
            uses: place.small("uses", row.uses)?,
            last_used_at: instant(row.last_used_at),
            created_at: row.created_at.into(),
        })
    }
}

/// A code's text as another table repeats it.
pub(crate) fn text(place: Place<'_>, column: &'static str, stored: &str) -> Result<CodeText, StoreError> {
    place.sound(column, CodeText::parse(stored), stored)
}

/// The code with this folded form.
pub(crate) async fn by_folded(
    conn: &AsyncPgConnection,
    book: BookId,
    folded: &FoldedCode,
) -> Result<Option<Code>, StoreError> {
    Ok(all_by_folded(conn, book, std::slice::from_ref(folded)).await?.pop().flatten())
}

/// The codes with these folded forms, in input order.
pub(crate) async fn all_by_folded(
    mut conn: &AsyncPgConnection,
    book: BookId,
    folded: &[FoldedCode],
) -> Result<Vec<Option<Code>>, StoreError> {
    let texts: Vec<_> = folded.iter().map(FoldedCode::as_str).collect();
    let same = referral_codes::book_id.eq(book.0).and(referral_codes::folded.eq_any(&texts));
    let found: Vec<CodeRow> =
        referral_codes::table.filter(same).select(CodeRow::as_select()).load(&mut conn).await.told()?;
    let found = found.into_iter().map(|row| Code::try_from(row).map(|code| (code.text.folded(), code)));
    let found = found.collect::<Result<BTreeMap<_, _>, _>>()?;
    Ok(folded.iter().map(|folded| found.get(folded).cloned()).collect())
}

/// A user's primary code.
pub(crate) async fn primary(
    mut conn: &AsyncPgConnection,
    book: BookId,
    owner: UserId,
) -> Result<Option<Code>, StoreError> {
    let theirs = referral_codes::book_id.eq(book.0).and(referral_codes::owner_id.eq(Key::from(owner)));
    let query =
        referral_codes::table.filter(theirs.and(referral_codes::is_primary)).select(CodeRow::as_select());
    query.get_result(&mut conn).await.optional().told()?.map(Code::try_from).transpose()
}

/// The columns of a [`CodeRow`].
macro_rules! columns {
    () => {
        "c.book_id, c.code_id, c.owner_id, c.text, c.folded, c.is_primary, c.active, c.expires_at, c.max_uses,
        c.daily_limit, c.uses, c.last_used_at, c.created_at"
    };
}
pub(crate) use columns;

/// The types of a [`CodeRow`].
pub(crate) type CodeSql = RowSql<CodeRow>;

pub(crate) const LOCK: &str = concat!(
    "SELECT c.* FROM unnest($1) AS u(id) CROSS JOIN LATERAL (
    SELECT ",
    columns!(),
    " FROM referral_codes AS c
    WHERE c.book_id = $2 AND c.code_id = u.id LIMIT 1 FOR NO KEY UPDATE) AS c"
);

async fn lock(mut conn: &AsyncPgConnection, book: BookId, ids: &[CodeId]) -> Result<Vec<Code>, StoreError> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let query = fixed::<CodeSql>(LOCK);
    let query = query.column(&sorted, |id| Key::from(*id)).bind(book.0);
    let mut found = BTreeMap::new();
    for row in query.load::<CodeRow>(&mut conn).await.told()? {
        let code = Code::try_from(row)?;
        found.insert(code.id, code);
    }
    let code =
        |id: &CodeId| Place { table: "referral_codes", row: id }.given("code_id", found.get(id).cloned());
    ids.iter().map(code).collect()
}

async fn insert(mut conn: &AsyncPgConnection, code: &Code) -> Result<usize, StoreError> {
    let free =
        diesel::insert_into(referral_codes::table).values(CodeRow::from(code)).on_conflict_do_nothing();
    free.execute(&mut conn).await.told()
}

async fn claim(conn: &AsyncPgConnection, code: &Code) -> Result<CodeClaim, StoreError> {
    match try_join(insert(conn, code), primary(conn, code.book, code.owner)).await? {
        (1, _) => Ok(CodeClaim::Claimed),
        (_, theirs) => Ok(theirs
            .filter(|_| code.primary)
            .map_or(CodeClaim::Taken, |code| CodeClaim::OwnerHas(Box::new(code)))),
    }
}

const SAVE: &str = "INSERT INTO referral_codes (book_id, code_id, owner_id, text, folded, is_primary, active,
    expires_at, max_uses, daily_limit, uses, last_used_at, created_at)
  SELECT $1, c.code_id, c.owner_id, c.text, c.folded, c.is_primary, u.active, u.expires_at, u.max_uses, u.daily_limit,
    u.uses, u.last_used_at, c.created_at
  FROM (SELECT unnest($2) AS id, unnest($3) AS active, unnest($4) AS expires_at, unnest($5) AS max_uses,
    unnest($6) AS daily_limit, unnest($7) AS uses, unnest($8) AS last_used_at) AS u
  CROSS JOIN LATERAL (SELECT * FROM referral_codes AS c WHERE c.book_id = $1 AND c.code_id = u.id LIMIT 1) AS c
  ON CONFLICT (book_id, code_id) DO UPDATE SET active = excluded.active, expires_at = excluded.expires_at,
    max_uses = excluded.max_uses, daily_limit = excluded.daily_limit, uses = excluded.uses,
    last_used_at = excluded.last_used_at";

/// Replaces what may change of codes: what bounds them, and how they were used.
pub(crate) async fn save(
    mut conn: &AsyncPgConnection,
    book: BookId,
    codes: &[Code],
) -> Result<(), StoreError> {
    let save = fixed::<()>(SAVE).bind(book.0).column(codes, |code| Key::from(code.id));
    let save = save.column(codes, |code| Some(code.active)).column(codes, |code| code.expires_at);
    let save = save.column(codes, |code| code.max_uses.map(i64::from));
    let save = save.column(codes, |code| code.daily_limit.map(i64::from));
    let save = save.column(codes, |code| i64::from(code.uses)).column(codes, |code| code.last_used_at);
    touched(save.execute(&mut conn).await.told()?, codes.len(), "referral_codes")
}

fn item((row, owner): (CodeRow, Option<String>)) -> Result<CodeItem, StoreError> {
    let code = Code::try_from(row)?;
    let place = Place { table: "user_names", row: &code.owner };
    let owner = owner.map(|name| place.sound("host_id", HostId::parse(&name), &name)).transpose()?;
    Ok(CodeItem { code, owner })
}

/// Codes, newest first: one statement over the index of what it is bounded by.
pub(crate) async fn page(
    mut conn: &AsyncPgConnection,
    book: BookId,
    filter: &CodeFilter,
) -> Result<Vec<CodeItem>, StoreError> {
    let of_owner = names::book_id.eq(codes::book_id).and(names::user_id.eq(codes::owner_id));
    let mut query = codes::table
        .left_join(names::table.on(of_owner))
        .filter(codes::book_id.eq(book.0))
        .order((codes::created_at.desc(), codes::code_id.desc()))
        .limit(i64::from(filter.limit))
        .select((CodeRow::as_select(), names::host_id.nullable()))
        .into_boxed();
    if let Some(id) = filter.id {
        query = query.filter(codes::code_id.eq(Key::from(id)));
    }
    if let Some(owner) = &filter.owner {
        query = query.filter(names::host_id.eq(owner.as_str()));
    }
    if let Some(folded) = &filter.folded {
        query = query.filter(codes::folded.eq(folded.as_str()));
    }
    if let Some((at, id)) = filter.before {
        let later = codes::created_at.lt(At::from(at)).or(codes::code_id.lt(Key::from(id)));
        query = query.filter(codes::created_at.le(At::from(at)).and(later));
    }
    query.load(&mut conn).await.told()?.into_iter().map(item).collect()
}

#[async_trait]
impl Codes for PgUnit {
    async fn find(&mut self, book: BookId, folded: &[FoldedCode]) -> Result<Vec<Option<Code>>, StoreError> {
        call!(self, |conn| all_by_folded(conn, book, folded))
    }

    async fn lock(&mut self, book: BookId, ids: &[CodeId]) -> Result<Vec<Code>, StoreError> {
        call!(self, |conn| lock(conn, book, ids))
    }

    async fn claim(&mut self, code: &Code) -> Result<CodeClaim, StoreError> {
        call!(self, |conn| claim(conn, code))
    }
}
