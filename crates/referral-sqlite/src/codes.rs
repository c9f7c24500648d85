//! Codes.
//!
//! `find` is one look-up in the unique index `(book_id, folded)`. `claim` is one insert whose row count says whether
//! the code was free, and one look-up when it was not.

use async_trait::async_trait;
use diesel::prelude::*;
use referral_domain::code::{Code, CodeText, FoldedCode};
use referral_domain::id::{BookId, CodeId, UserId};
use referral_domain::port::{CodeClaim, CodeFilter, CodeItem, Codes, StoreError};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use crate::column::{Key, Place, instant, micros};
use crate::failure::{Told, touched};
use crate::schema::{referral_codes, referral_codes as codes, user_names as names};
use crate::statement::fixed;
use crate::unit::SqliteUnit;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = referral_codes, treat_none_as_default_value = false)]
struct CodeRow {
    book_id: i64,
    code_id: Key,
    owner_id: Key,
    text: String,
    folded: String,
    is_primary: bool,
    active: bool,
    expires_at: Option<i64>,
    max_uses: Option<i64>,
    daily_limit: Option<i64>,
    uses: i64,
    last_used_at: Option<i64>,
    created_at: i64,
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
            expires_at: micros(code.expires_at),
            max_uses: code.max_uses.map(i64::from),
            daily_limit: code.daily_limit.map(i64::from),
            uses: i64::from(code.uses),
            last_used_at: micros(code.last_used_at),
            created_at: code.created_at.micros(),
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
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

/// A code's text as another table repeats it.
pub(crate) fn text(place: Place<'_>, column: &'static str, stored: &str) -> Result<CodeText, StoreError> {
    place.sound(column, CodeText::parse(stored), stored)
}

/// A code by its folded form.
pub(crate) fn by_folded(
    conn: &mut SqliteConnection,
    book: BookId,
    folded: &FoldedCode,
) -> Result<Option<Code>, StoreError> {
    let same = referral_codes::book_id.eq(book.0).and(referral_codes::folded.eq(folded.as_str()));
    let query = referral_codes::table.filter(same).select(CodeRow::as_select());
    query.get_result(conn).optional().told()?.map(Code::try_from).transpose()
}

/// A user's primary code.
pub(crate) fn primary(
    conn: &mut SqliteConnection,
    book: BookId,
    owner: UserId,
) -> Result<Option<Code>, StoreError> {
    let theirs = referral_codes::book_id.eq(book.0).and(referral_codes::owner_id.eq(Key::from(owner)));
    let query =
        referral_codes::table.filter(theirs.and(referral_codes::is_primary)).select(CodeRow::as_select());
    query.get_result(conn).optional().told()?.map(Code::try_from).transpose()
}

fn by_id(conn: &mut SqliteConnection, book: BookId, id: CodeId) -> Result<Code, StoreError> {
    let query = referral_codes::table.find((book.0, Key::from(id))).select(CodeRow::as_select());
    let found = query.get_result(conn).optional().told()?;
    Place { table: "referral_codes", row: &id }.given("code_id", found)?.try_into()
}

fn claim(conn: &mut SqliteConnection, code: &Code) -> Result<CodeClaim, StoreError> {
    let free =
        diesel::insert_into(referral_codes::table).values(CodeRow::from(code)).on_conflict_do_nothing();
    if free.execute(conn).told()? == 1 {
        return Ok(CodeClaim::Claimed);
    }
    let theirs = primary(conn, code.book, code.owner)?.filter(|_| code.primary);
    Ok(theirs.map_or(CodeClaim::Taken, |code| CodeClaim::OwnerHas(Box::new(code))))
}

/// Replaces what may change of a code: what bounds it, and how it was used.
pub(crate) fn save(conn: &mut SqliteConnection, code: &Code) -> Result<(), StoreError> {
    let update = fixed(
        "UPDATE referral_codes SET active = ?, expires_at = ?, max_uses = ?, daily_limit = ?, uses = ?,
           last_used_at = ? WHERE book_id = ? AND code_id = ?",
    );
    let update = update.bind(code.active).bind(micros(code.expires_at)).bind(code.max_uses.map(i64::from));
    let update = update.bind(code.daily_limit.map(i64::from)).bind(code.uses).bind(micros(code.last_used_at));
    let update = update.bind(code.book.0).bind(Key::from(code.id));
    touched(update.execute(conn).told()?, 1, "referral_codes")
}

fn item((row, owner): (CodeRow, Option<String>)) -> Result<CodeItem, StoreError> {
    let code = Code::try_from(row)?;
    let place = Place { table: "user_names", row: &code.owner };
    let owner = owner.map(|name| place.sound("host_id", HostId::parse(&name), &name)).transpose()?;
    Ok(CodeItem { code, owner })
}

/// Codes, newest first: one statement over the index of what it is bounded by.
pub(crate) fn page(
    conn: &mut SqliteConnection,
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
        let later = codes::created_at.lt(at.micros()).or(codes::code_id.lt(Key::from(id)));
        query = query.filter(codes::created_at.le(at.micros()).and(later));
    }
    query.load(conn).told()?.into_iter().map(item).collect()
}

#[async_trait]
impl Codes for SqliteUnit {
    async fn find(&mut self, book: BookId, folded: &[FoldedCode]) -> Result<Vec<Option<Code>>, StoreError> {
        let folded = folded.to_vec();
        self.run(move |conn| folded.iter().map(|folded| by_folded(conn, book, folded)).collect()).await
    }

    async fn lock(&mut self, book: BookId, ids: &[CodeId]) -> Result<Vec<Code>, StoreError> {
        let ids = ids.to_vec();
        self.run(move |conn| ids.iter().map(|id| by_id(conn, book, *id)).collect()).await
    }

    async fn claim(&mut self, code: &Code) -> Result<CodeClaim, StoreError> {
        let code = code.clone();
        self.run(move |conn| claim(conn, &code)).await
    }
}
