//! The audit log: one insert a unit, behind one call that makes the people who act and whom nobody named yet.
//!
//! A page is one statement over the index of what it is bounded by, in its order: as many entries are read as are
//! answered, and those of another action or kind between. One by actor looks their name up first.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::audit::{ActorKind, AuditEntry};
use referral_domain::id::{AuditId, BookId, UserId};
use referral_domain::port::{AuditFilter, AuditItem, NewUser, StoreError};
use referral_domain::reference::HostId;

use crate::column::{At, Key, Place};
use crate::failure::Told;
use crate::schema::{audit_log as log, user_names as names};
use crate::statement::fixed;
use crate::users;

/// Whether it is a person who acts.
const fn by_person(entry: &AuditEntry) -> bool {
    match entry.actor.kind {
        ActorKind::User | ActorKind::Staff => true,
        ActorKind::Key | ActorKind::Command => false,
    }
}

fn person(entry: &AuditEntry) -> Result<NewUser, StoreError> {
    let place = Place { table: "audit_log", row: &entry.id };
    let host = place.sound("user_id", HostId::parse(&entry.actor.id), &entry.actor.id)?;
    Ok(NewUser { host, fresh: UserId::from_uuid(entry.id.uuid()) })
}

/// Makes those who act users of the book, where nobody named them yet. All act at the instant of their unit.
pub(crate) async fn make_people(
    conn: &AsyncPgConnection,
    book: BookId,
    entries: &[AuditEntry],
) -> Result<(), StoreError> {
    let acting = entries.iter().filter(|entry| by_person(entry));
    let people = acting.clone().map(person).collect::<Result<Vec<_>, _>>()?;
    match acting.map(|entry| entry.at).min() {
        Some(at) => users::make(conn, book, &people, at).await,
        None => Ok(()),
    }
}

const INSERT: &str = "INSERT INTO audit_log (book_id, audit_id, actor_kind, user_id, actor_id, action, subject, before,
    after, at)
  SELECT $1, u.id, u.kind,
    (SELECT n.user_id FROM user_names AS n WHERE n.book_id = $1 AND n.host_id = u.host_id LIMIT 1), u.actor_id,
    u.action, u.subject, u.before, u.after, u.at
  FROM (SELECT unnest($2) AS id, unnest($3) AS kind, unnest($4) AS host_id, unnest($5) AS actor_id,
    unnest($6) AS action, unnest($7) AS subject, unnest($8) AS before, unnest($9) AS after, unnest($10) AS at) AS u";

/// Adds entries.
pub(crate) async fn insert(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[AuditEntry],
) -> Result<(), StoreError> {
    let told = |row: &AuditEntry, person| (by_person(row) == person).then(|| row.actor.id.clone());
    let insert = fixed::<()>(INSERT).bind(book.0).column(rows, |row| Key::from(row.id));
    let insert = insert.column(rows, |row| row.actor.kind.as_str()).column(rows, |row| told(row, true));
    let insert = insert.column(rows, |row| told(row, false)).column(rows, |row| row.action);
    let insert = insert.column(rows, |row| row.subject.clone()).column(rows, |row| row.before.clone());
    let insert = insert.column(rows, |row| row.after.clone()).column(rows, |row| row.at);
    insert.execute(&mut conn).await.told()?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = log)]
struct Row {
    audit_id: Key,
    actor_kind: String,
    actor_id: Option<String>,
    action: String,
    subject: String,
    before: Option<String>,
    after: Option<String>,
    at: At,
}

fn item((row, name): (Row, Option<String>)) -> Result<AuditItem, StoreError> {
    let id = AuditId::from(row.audit_id);
    let place = Place { table: "audit_log", row: &id };
    Ok(AuditItem {
        id,
        kind: place.sound("actor_kind", ActorKind::parse(&row.actor_kind), &row.actor_kind)?,
        actor: row.actor_id.or(name),
        action: row.action,
        subject: row.subject,
        before: row.before,
        after: row.after,
        at: row.at.into(),
    })
}

/// The user of a name, if it is one.
async fn named(conn: &AsyncPgConnection, book: BookId, name: &str) -> Result<Option<Key>, StoreError> {
    let Some(host) = HostId::parse(name) else { return Ok(None) };
    Ok(users::id_of(conn, book, &host).await?.map(Key::from))
}

/// Entries, newest first.
pub(crate) async fn page(
    mut conn: &AsyncPgConnection,
    book: BookId,
    filter: &AuditFilter,
) -> Result<Vec<AuditItem>, StoreError> {
    let of_person = names::book_id.eq(log::book_id).and(names::user_id.nullable().eq(log::user_id));
    let mut query = log::table
        .left_join(names::table.on(of_person))
        .filter(log::book_id.eq(book.0))
        .order((log::at.desc(), log::audit_id.desc()))
        .limit(i64::from(filter.limit))
        .select((Row::as_select(), names::host_id.nullable()))
        .into_boxed();
    if let Some(name) = &filter.actor {
        let person = named(conn, book, name).await?;
        query = query.filter(log::user_id.eq(person).or(log::actor_id.eq(name)));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(log::actor_kind.eq(kind.as_str()));
    }
    if let Some(action) = &filter.action {
        query = query.filter(log::action.eq(action));
    }
    if let Some(subject) = &filter.subject {
        query = query.filter(log::subject.eq(subject));
    }
    if let Some(from) = filter.from {
        query = query.filter(log::at.ge(At::from(from)));
    }
    if let Some(until) = filter.until {
        query = query.filter(log::at.lt(At::from(until)));
    }
    if let Some((at, id)) = filter.before {
        let later = log::at.lt(At::from(at)).or(log::audit_id.lt(Key::from(id)));
        query = query.filter(log::at.le(At::from(at)).and(later));
    }
    query.load(&mut conn).await.told()?.into_iter().map(item).collect()
}
