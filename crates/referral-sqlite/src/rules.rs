//! Versions of rules: one insert each, by their number; a page with who published them is one statement, which finds in
//! the audit log, by its index of subjects, who that was.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use referral_domain::audit::ActorKind;
use referral_domain::id::BookId;
use referral_domain::port::StoreError;
use referral_domain::program::{Program, Rules};
use referral_domain::rules::{PublishedRules, RuleVersion};
use referral_domain::time::Timestamp;

use crate::column::Place;
use crate::failure::Told;
use crate::schema::rule_versions;
use crate::statement::fixed;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = rule_versions)]
pub(crate) struct RulesRow {
    book_id: i64,
    version: i64,
    rules: String,
    effective_from: i64,
}

/// A version as the domain knows it.
pub(crate) fn version(row: &RulesRow) -> Result<RuleVersion, StoreError> {
    let place = Place { table: "rule_versions", row: &row.book_id };
    let rules: Option<Rules> = serde_json::from_str(&row.rules).ok();
    Ok(RuleVersion {
        version: place.small("version", row.version)?,
        rules: place.sound("rules", rules, &row.rules)?,
        effective_from: Timestamp::from_micros(row.effective_from),
    })
}

/// The newest version.
pub(crate) fn newest(conn: &mut SqliteConnection, book: BookId) -> Result<RuleVersion, StoreError> {
    let newest = rule_versions::table.filter(rule_versions::book_id.eq(book.0));
    let newest = newest.order(rule_versions::version.desc()).select(RulesRow::as_select());
    version(&newest.first(conn).told()?)
}

/// Stores a version.
pub(crate) fn insert(
    conn: &mut SqliteConnection,
    book: BookId,
    version: &RuleVersion,
) -> Result<(), StoreError> {
    let row = RulesRow {
        book_id: book.0,
        version: i64::from(version.version),
        rules: serde_json::to_string(&version.rules).map_err(crate::failure::unavailable)?,
        effective_from: version.effective_from.micros(),
    };
    diesel::insert_into(rule_versions::table).values(row).execute(conn).told()?;
    Ok(())
}

/// A version, and the entry of the audit log that tells of it.
#[derive(QueryableByName)]
struct PublishedRow {
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Text)]
    rules: String,
    #[diesel(sql_type = BigInt)]
    effective_from: i64,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    actor: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    at: Option<i64>,
}

const PUBLISHED: &str = "SELECT v.version AS version, v.rules AS rules, v.effective_from AS effective_from,
    a.actor_kind AS kind, coalesce(a.actor_id, n.host_id) AS actor, a.at AS at
  FROM rule_versions AS v
  LEFT JOIN audit_log AS a ON a.book_id = v.book_id AND a.subject = ? || '/' || v.version
    AND a.action = 'rules.publish'
  LEFT JOIN user_names AS n ON n.book_id = a.book_id AND n.user_id = a.user_id
  WHERE v.book_id = ? AND v.version < ? ORDER BY v.version DESC LIMIT ?";

fn published(book: BookId, row: PublishedRow) -> Result<PublishedRules, StoreError> {
    let PublishedRow { version: number, rules, effective_from, kind, actor, at } = row;
    let version = version(&RulesRow { book_id: book.0, version: number, rules, effective_from })?;
    let place = Place { table: "audit_log", row: &number };
    let kind = kind.map(|word| place.sound("actor_kind", ActorKind::parse(&word), &word)).transpose()?;
    let published = kind.zip(at).map(|(kind, at)| (kind, actor, Timestamp::from_micros(at)));
    Ok(PublishedRules { version, published })
}

/// Versions before one, the newest first.
pub(crate) fn page(
    conn: &mut SqliteConnection,
    program: &Program,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<PublishedRules>, StoreError> {
    let query = fixed(PUBLISHED).bind(program.slug.as_str()).bind(program.book.0);
    let query = query.bind(before.unwrap_or(u32::MAX)).bind(limit);
    let found: Vec<PublishedRow> = query.load(conn).told()?;
    found.into_iter().map(|row| published(program.book, row)).collect()
}
