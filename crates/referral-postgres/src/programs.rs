//! Programs and their rules.
//!
//! `find` is one statement over `books`, `programs` and `rule_versions` by the unique slug. `insert` is three; the
//! first says by its row count whether the slug was free.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::id::BookId;
use referral_domain::money::Currency;
use referral_domain::port::{Inserted, Programs, StoreError};
use referral_domain::program::{Program, ProgramStatus, Rules};
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;

use crate::column::{At, Place};
use crate::failure::Told;
use crate::schema::{books, programs, rule_versions};
use crate::unit::{PgUnit, call};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = books)]
struct BookRow {
    book_id: i64,
    slug: String,
    currency: String,
    digits: i16,
    created_at: At,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = programs)]
struct ProgramRow {
    book_id: i64,
    name: String,
    landing_url: String,
    status: String,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = rule_versions)]
struct RulesRow {
    book_id: i64,
    version: i64,
    rules: String,
    effective_from: At,
}

type Joined = (BookRow, ProgramRow, RulesRow);

/// A currency as a row pinned it.
pub(crate) fn currency(place: Place<'_>, code: &str, digits: i16) -> Result<Currency, StoreError> {
    let digits = place.sound("digits", u8::try_from(digits).ok(), digits)?;
    place.sound("currency", Currency::pinned(code, digits).ok(), code)
}

const fn status_word(status: ProgramStatus) -> &'static str {
    match status {
        ProgramStatus::Active => "active",
        ProgramStatus::Paused => "paused",
    }
}

fn status(word: &str) -> Option<ProgramStatus> {
    [ProgramStatus::Active, ProgramStatus::Paused].into_iter().find(|status| status_word(*status) == word)
}

fn program((book, program, rules): Joined) -> Result<Program, StoreError> {
    let row = book.book_id;
    let at = |table| Place { table, row: &row };
    let read: Option<Rules> = serde_json::from_str(&rules.rules).ok();
    Ok(Program {
        book: BookId(book.book_id),
        slug: at("books").sound("slug", Slug::parse(&book.slug), &book.slug)?,
        currency: currency(at("books"), &book.currency, book.digits)?,
        status: at("programs").sound("status", status(&program.status), &program.status)?,
        name: program.name,
        landing_url: program.landing_url,
        rule_version: at("rule_versions").small("version", rules.version)?,
        rules: at("rule_versions").sound("rules", read, &rules.rules)?,
        created_at: book.created_at.into(),
    })
}

diesel::alias!(rule_versions as newer: Newer);

/// Every version of every program; the first one stands in before its own time, so that a clock set back hides none.
async fn in_force(
    mut conn: &AsyncPgConnection,
    slug: Option<&Slug>,
    now: Timestamp,
) -> Result<Vec<Joined>, StoreError> {
    let versions = newer.filter(newer.field(rule_versions::book_id).eq(rule_versions::book_id));
    let in_time = newer.field(rule_versions::effective_from).le(At::from(now));
    let first = newer.field(rule_versions::version).eq(1);
    let latest = versions.filter(in_time.or(first)).select(newer.field(rule_versions::version));
    let joined = books::table
        .inner_join(programs::table.on(programs::book_id.eq(books::book_id)))
        .inner_join(rule_versions::table.on(rule_versions::book_id.eq(books::book_id)))
        .filter(
            rule_versions::version.eq_any(latest.order(newer.field(rule_versions::version).desc()).limit(1)),
        )
        .order(books::slug)
        .select(<(BookRow, ProgramRow, RulesRow)>::as_select());
    match slug {
        Some(slug) => joined.filter(books::slug.eq(slug.as_str())).load(&mut conn).await.told(),
        None => joined.load(&mut conn).await.told(),
    }
}

/// A program with the rules in force at `now`.
pub(crate) async fn find(
    conn: &AsyncPgConnection,
    slug: &Slug,
    now: Timestamp,
) -> Result<Option<Program>, StoreError> {
    in_force(conn, Some(slug), now).await?.pop().map(program).transpose()
}

/// Every program, by slug.
pub(crate) async fn all(conn: &AsyncPgConnection, now: Timestamp) -> Result<Vec<Program>, StoreError> {
    in_force(conn, None, now).await?.into_iter().map(program).collect()
}

async fn insert(mut conn: &AsyncPgConnection, program: &Program) -> Result<Inserted, StoreError> {
    let (book_id, created_at) = (program.book.0, At::from(program.created_at));
    let (currency, digits) = (program.currency.code().to_owned(), i16::from(program.currency.digits()));
    let book = BookRow { book_id, slug: program.slug.to_string(), currency, digits, created_at };
    let free = diesel::insert_into(books::table).values(book).on_conflict(books::slug).do_nothing();
    if free.execute(&mut conn).await.told()? == 0 {
        return Ok(Inserted::AlreadyThere);
    }
    let (name, landing_url) = (program.name.clone(), program.landing_url.clone());
    let row = ProgramRow { book_id, name, landing_url, status: status_word(program.status).to_owned() };
    diesel::insert_into(programs::table).values(row).execute(&mut conn).await.told()?;
    let rules = serde_json::to_string(&program.rules).map_err(crate::failure::unavailable)?;
    let version = i64::from(program.rule_version);
    let row = RulesRow { book_id, version, rules, effective_from: created_at };
    diesel::insert_into(rule_versions::table).values(row).execute(&mut conn).await.told()?;
    Ok(Inserted::New)
}

#[async_trait]
impl Programs for PgUnit {
    async fn find(&mut self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        call!(self, |conn| find(conn, slug, now))
    }

    async fn insert(&mut self, program: &Program) -> Result<Inserted, StoreError> {
        call!(self, |conn| insert(conn, program))
    }
}
