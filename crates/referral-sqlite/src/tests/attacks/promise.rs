//! What the schema promises by name, read from its own text, and how SQLite tells of each.

use diesel::prelude::*;

use super::Refusal;
use crate::tests::lines;

/// A constraint or trigger that has a name.
#[derive(Debug)]
pub(super) struct Promise {
    pub(super) table: String,
    pub(super) name: String,
    /// How its refusal is told.
    pub(super) words: String,
    /// The columns of a key.
    columns: Vec<String>,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Check,
    Unique,
    Key,
    Trigger,
}

/// Every one, but unique keys that follow from a shorter one: they are what foreign keys point at.
pub(super) fn all(conn: &mut SqliteConnection) -> Vec<Promise> {
    let tables = "SELECT tbl_name || char(10) || sql AS line FROM sqlite_schema WHERE type = 'table'
      AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%migrations'";
    let mut found: Vec<_> = lines(conn, tables).iter().flat_map(|text| of_table(text)).collect();
    let triggers = "SELECT tbl_name || char(10) || name AS line FROM sqlite_schema WHERE type = 'trigger'";
    for trigger in lines(conn, triggers) {
        let (table, name) = trigger.split_once('\n').expect("two lines");
        let (table, name) = (table.to_owned(), name.to_owned());
        found.push(Promise { table, words: name.clone(), name, columns: Vec::new(), what: What::Trigger });
    }
    let implied: Vec<_> = found.iter().map(|promise| follows(promise, &found)).collect();
    let mut implied = implied.into_iter();
    found.retain(|_| !implied.next().unwrap_or_default());
    found
}

/// Whether a unique key holds another one.
fn follows(promise: &Promise, all: &[Promise]) -> bool {
    let shorter = |other: &Promise| {
        (other.what, &other.table) == (What::Unique, &promise.table)
            && other.columns.len() < promise.columns.len()
            && other.columns.iter().all(|column| promise.columns.contains(column))
    };
    promise.what == What::Unique && all.iter().any(shorter)
}

fn of_table(text: &str) -> Vec<Promise> {
    let (table, sql) = text.split_once('\n').expect("a table has a text");
    sql.split("CONSTRAINT ").skip(1).map(|rest| named(table, rest)).collect()
}

fn named(table: &str, rest: &str) -> Promise {
    let (name, rest) = rest.split_once(char::is_whitespace).expect("a name and what it is");
    let what = match rest.trim_start() {
        rest if rest.starts_with("CHECK") => What::Check,
        rest if rest.starts_with("FOREIGN KEY") => What::Key,
        rest if rest.starts_with("UNIQUE") || rest.starts_with("PRIMARY KEY") => What::Unique,
        rest => panic!("{table}: {name} is {rest}"),
    };
    let columns = rest.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let columns: Vec<_> =
        columns.map_or("", |(columns, _)| columns).split(", ").map(ToOwned::to_owned).collect();
    let words = match what {
        What::Check => format!("CHECK constraint failed: {name}"),
        What::Unique => {
            let columns: Vec<_> = columns.iter().map(|column| format!("{table}.{column}")).collect();
            format!("UNIQUE constraint failed: {}", columns.join(", "))
        }
        What::Key | What::Trigger => format!("{table}({})", columns.join(", ")),
    };
    Promise { table: table.to_owned(), name: name.to_owned(), words, columns, what }
}

fn what(by: Refusal, promises: &[Promise]) -> Option<What> {
    match by {
        Refusal::Check(_) => Some(What::Check),
        Refusal::Unique(_) => Some(What::Unique),
        Refusal::Key(..) => Some(What::Key),
        Refusal::Trigger(_) => Some(What::Trigger),
        Refusal::Sqlite(_) => None,
        Refusal::Named(name) => {
            promises.iter().find(|promise| promise.name == name).map(|promise| promise.what)
        }
    }
}

/// The trigger that refuses.
pub(super) fn trigger(by: Refusal, promises: &[Promise]) -> Option<String> {
    (what(by, promises) == Some(What::Trigger)).then(|| by.words(promises))
}

/// Whether a foreign key refuses.
pub(super) fn is_key(by: Refusal, promises: &[Promise]) -> bool {
    what(by, promises) == Some(What::Key)
}
