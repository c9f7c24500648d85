//! Programs and their rules.
//!
//! `find` is one statement over `books`, `programs` and `rule_versions` by the unique slug. `insert` is three; the
//! first says by its row count whether the slug was free.

use async_trait::async_trait;
use diesel::prelude::*;
use referral_domain::id::BookId;
use referral_domain::money::Currency;
use referral_domain::port::{Inserted, Programs, StoreError};
use referral_domain::program::{Program, ProgramStatus};
use referral_domain::reference::Slug;
use referral_domain::rules::RuleVersion;
use referral_domain::time::Timestamp;

use crate::column::Place;
use crate::failure::{Told, touched};
use crate::rules::{self, RulesRow};
use crate::schema::{books, programs, rule_versions};
use crate::statement::fixed;
use crate::unit::SqliteUnit;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = books)]
struct BookRow {
    book_id: i64,
    slug: String,
    currency: String,
    digits: i64,
    created_at: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = programs)]
struct ProgramRow {
    book_id: i64,
    name: String,
    landing_url: String,
    status: String,
}

type Joined = (BookRow, ProgramRow, RulesRow);

/// A currency as a row pinned it.
pub(crate) fn currency(place: Place<'_>, code: &str, digits: i64) -> Result<Currency, StoreError> {
    let digits = place.sound("digits", u8::try_from(digits).ok(), digits)?;
    place.sound("currency", Currency::pinned(code, digits).ok(), code)
}

fn program((book, program, rules): Joined) -> Result<Program, StoreError> {
    let row = book.book_id;
    let at = |table| Place { table, row: &row };
    let in_force = rules::version(&rules)?;
    Ok(Program {
        book: BookId(book.book_id),
        slug: at("books").sound("slug", Slug::parse(&book.slug), &book.slug)?,
        currency: currency(at("books"), &book.currency, book.digits)?,
        status: at("programs").sound("status", ProgramStatus::parse(&program.status), &program.status)?,
        name: program.name,
        landing_url: program.landing_url,
        rule_version: in_force.version,
        rules: in_force.rules,
        created_at: Timestamp::from_micros(book.created_at),
    })
}

diesel::alias!(rule_versions as newer: Newer);

/// Every version of every program; the first one stands in before its own time, so that a clock set back hides none.
fn in_force(
    conn: &mut SqliteConnection,
    slug: Option<&Slug>,
    now: Timestamp,
) -> Result<Vec<Joined>, StoreError> {
    let versions = newer.filter(newer.field(rule_versions::book_id).eq(rule_versions::book_id));
    let in_time = newer.field(rule_versions::effective_from).le(now.micros());
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
        Some(slug) => joined.filter(books::slug.eq(slug.as_str())).load(conn).told(),
        None => joined.load(conn).told(),
    }
}

/// A program with the rules in force at `now`.
pub(crate) fn find(
    conn: &mut SqliteConnection,
    slug: &Slug,
    now: Timestamp,
) -> Result<Option<Program>, StoreError> {
    in_force(conn, Some(slug), now)?.pop().map(program).transpose()
}

/// Every program, by slug.
pub(crate) fn all(conn: &mut SqliteConnection, now: Timestamp) -> Result<Vec<Program>, StoreError> {
    in_force(conn, None, now)?.into_iter().map(program).collect()
}

/// The currency of a book.
pub(crate) fn currency_of(conn: &mut SqliteConnection, book: BookId) -> Result<String, StoreError> {
    books::table.find(book.0).select(books::currency).get_result(conn).told()
}

fn insert(conn: &mut SqliteConnection, program: &Program) -> Result<Inserted, StoreError> {
    let (book_id, created_at) = (program.book.0, program.created_at.micros());
    let (currency, digits) = (program.currency.code().to_owned(), i64::from(program.currency.digits()));
    let book = BookRow { book_id, slug: program.slug.to_string(), currency, digits, created_at };
    let free = diesel::insert_into(books::table).values(book).on_conflict(books::slug).do_nothing();
    if free.execute(conn).told()? == 0 {
        return Ok(Inserted::AlreadyThere);
    }
    let (name, landing_url) = (program.name.clone(), program.landing_url.clone());
    let row = ProgramRow { book_id, name, landing_url, status: program.status.to_string() };
    diesel::insert_into(programs::table).values(row).execute(conn).told()?;
    let (version, rules) = (program.rule_version, program.rules.clone());
    let first = RuleVersion { version, rules, effective_from: program.created_at };
    rules::insert(conn, program.book, &first)?;
    Ok(Inserted::New)
}

/// Replaces what may change of a program. The writer is its lock.
fn save(conn: &mut SqliteConnection, program: &Program) -> Result<(), StoreError> {
    let update = fixed("UPDATE programs SET name = ?, landing_url = ?, status = ? WHERE book_id = ?");
    let update = update.bind(program.name.as_str()).bind(program.landing_url.as_str());
    let update = update.bind(program.status.as_str()).bind(program.book.0);
    touched(update.execute(conn).told()?, 1, "programs")
}

#[async_trait]
impl Programs for SqliteUnit {
    async fn find(&mut self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        let slug = slug.clone();
        self.run(move |conn| find(conn, &slug, now)).await
    }

    async fn insert(&mut self, program: &Program) -> Result<Inserted, StoreError> {
        let program = program.clone();
        self.run(move |conn| insert(conn, &program)).await
    }

    async fn lock(&mut self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        let slug = slug.clone();
        self.run(move |conn| find(conn, &slug, now)).await
    }

    async fn save(&mut self, program: &Program) -> Result<(), StoreError> {
        let program = program.clone();
        self.run(move |conn| save(conn, &program)).await
    }

    async fn newest_rules(&mut self, book: BookId) -> Result<RuleVersion, StoreError> {
        self.run(move |conn| rules::newest(conn, book)).await
    }

    async fn publish(&mut self, book: BookId, version: &RuleVersion) -> Result<(), StoreError> {
        let version = version.clone();
        self.run(move |conn| rules::insert(conn, book, &version)).await
    }
}
