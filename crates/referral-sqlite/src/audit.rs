//! The audit log: one insert an entry, behind a look-up of the person who acts.
//!
//! A page is one statement over the index of what it is bounded by, in its order: as many entries are read as are
//! answered, and those of another action or kind between. One by actor looks their name up first.

use diesel::prelude::*;
use referral_domain::audit::{ActorKind, AuditEntry};
use referral_domain::id::{AuditId, BookId, UserId};
use referral_domain::port::{AuditFilter, AuditItem, NewUser, StoreError};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::schema::{audit_log as log, user_names as names};
use crate::users;

#[derive(Insertable)]
#[diesel(table_name = log, treat_none_as_default_value = false)]
struct NewRow<'a> {
    book_id: i64,
    audit_id: Key,
    actor_kind: &'static str,
    user_id: Option<Key>,
    actor_id: Option<&'a str>,
    action: &'a str,
    subject: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
    at: i64,
}

/// The user who acts, made when nobody named them yet; `None` for what is no person.
fn person(
    conn: &mut SqliteConnection,
    book: BookId,
    entry: &AuditEntry,
) -> Result<Option<UserId>, StoreError> {
    match entry.actor.kind {
        ActorKind::Key | ActorKind::Command => Ok(None),
        ActorKind::User | ActorKind::Staff => {
            let place = Place { table: "audit_log", row: &entry.id };
            let host = place.sound("user_id", HostId::parse(&entry.actor.id), &entry.actor.id)?;
            if let Some(known) = users::id_of(conn, book, &host)? {
                return Ok(Some(known));
            }
            let fresh = UserId::from_uuid(entry.id.uuid());
            Ok(Some(users::make(conn, book, &NewUser { host, fresh }, entry.at)?.id))
        }
    }
}

/// Adds an entry.
pub(crate) fn insert(
    conn: &mut SqliteConnection,
    book: BookId,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    let user = person(conn, book, entry)?;
    let row = NewRow {
        book_id: book.0,
        audit_id: entry.id.into(),
        actor_kind: entry.actor.kind.as_str(),
        user_id: user.map(Key::from),
        actor_id: user.is_none().then_some(&entry.actor.id),
        action: entry.action,
        subject: &entry.subject,
        before: entry.before.as_deref(),
        after: entry.after.as_deref(),
        at: entry.at.micros(),
    };
    diesel::insert_into(log::table).values(row).execute(conn).told()?;
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
    at: i64,
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
        at: Timestamp::from_micros(row.at),
    })
}

/// The user of a name, if it is one.
fn named(conn: &mut SqliteConnection, book: BookId, name: &str) -> Result<Option<Key>, StoreError> {
    let Some(host) = HostId::parse(name) else { return Ok(None) };
    Ok(users::id_of(conn, book, &host)?.map(Key::from))
}

/// Entries, newest first.
pub(crate) fn page(
    conn: &mut SqliteConnection,
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
        let person = named(conn, book, name)?;
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
        query = query.filter(log::at.ge(Timestamp::micros(from)));
    }
    if let Some(until) = filter.until {
        query = query.filter(log::at.lt(Timestamp::micros(until)));
    }
    if let Some((at, id)) = filter.before {
        let later = log::at.lt(Timestamp::micros(at)).or(log::audit_id.lt(Key::from(id)));
        query = query.filter(log::at.le(Timestamp::micros(at)).and(later));
    }
    query.load(conn).told()?.into_iter().map(item).collect()
}
