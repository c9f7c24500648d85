//! Versions of rules: one insert each, by their number; a page with who published them is one statement, which finds in
//! the audit log, by its index of subjects, who that was.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::audit::ActorKind;
use referral_domain::id::BookId;
use referral_domain::port::StoreError;
use referral_domain::program::{Program, Rules};
use referral_domain::rules::{PublishedRules, RuleVersion};

use crate::column::{At, Place};
use crate::failure::Told;
use crate::schema::rule_versions;
use crate::statement::fixed;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = rule_versions)]
pub(crate) struct RulesRow {
    book_id: i64,
    version: i64,
    rules: String,
    effective_from: At,
}

/// A version as the domain knows it.
pub(crate) fn version(row: &RulesRow) -> Result<RuleVersion, StoreError> {
    let place = Place { table: "rule_versions", row: &row.book_id };
    let rules: Option<Rules> = serde_json::from_str(&row.rules).ok();
    Ok(RuleVersion {
        version: place.small("version", row.version)?,
        rules: place.sound("rules", rules, &row.rules)?,
        effective_from: row.effective_from.into(),
    })
}

/// The newest version.
pub(crate) async fn newest(mut conn: &AsyncPgConnection, book: BookId) -> Result<RuleVersion, StoreError> {
    let newest = rule_versions::table.filter(rule_versions::book_id.eq(book.0));
    let newest = newest.order(rule_versions::version.desc()).select(RulesRow::as_select());
    version(&newest.first(&mut conn).await.told()?)
}

/// Stores a version.
pub(crate) async fn insert(
    mut conn: &AsyncPgConnection,
    book: BookId,
    version: &RuleVersion,
) -> Result<(), StoreError> {
    let row = RulesRow {
        book_id: book.0,
        version: i64::from(version.version),
        rules: serde_json::to_string(&version.rules).map_err(crate::failure::unavailable)?,
        effective_from: version.effective_from.into(),
    };
    diesel::insert_into(rule_versions::table).values(row).execute(&mut conn).await.told()?;
    Ok(())
}

const PUBLISHED: &str =
    "SELECT v.version, v.rules, v.effective_from, a.actor_kind, coalesce(a.actor_id, n.host_id), a.at
  FROM rule_versions AS v
  LEFT JOIN audit_log AS a ON a.book_id = v.book_id AND a.subject = $1 || '/' || v.version
    AND a.action = 'rules.publish'
  LEFT JOIN user_names AS n ON n.book_id = a.book_id AND n.user_id = a.user_id
  WHERE v.book_id = $2 AND v.version < $3 ORDER BY v.version DESC LIMIT $4";

/// A version, and the entry of the audit log that tells of it.
type PublishedSql = (BigInt, Text, Timestamptz, Nullable<Text>, Nullable<Text>, Nullable<Timestamptz>);
type PublishedRow = (i64, String, At, Option<String>, Option<String>, Option<At>);

fn published(book: BookId, row: PublishedRow) -> Result<PublishedRules, StoreError> {
    let (number, rules, effective_from, kind, actor, at) = row;
    let version = version(&RulesRow { book_id: book.0, version: number, rules, effective_from })?;
    let place = Place { table: "audit_log", row: &number };
    let kind = kind.map(|word| place.sound("actor_kind", ActorKind::parse(&word), &word)).transpose()?;
    let published = kind.zip(at).map(|(kind, at)| (kind, actor, at.into()));
    Ok(PublishedRules { version, published })
}

/// Versions before one, the newest first.
pub(crate) async fn page(
    mut conn: &AsyncPgConnection,
    program: &Program,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<PublishedRules>, StoreError> {
    let query = fixed::<PublishedSql>(PUBLISHED).bind(program.slug.as_str()).bind(program.book.0);
    let query = query.bind(before.unwrap_or(u32::MAX)).bind(limit);
    let found = query.load::<PublishedRow>(&mut conn).await.told()?;
    found.into_iter().map(|row| published(program.book, row)).collect()
}
