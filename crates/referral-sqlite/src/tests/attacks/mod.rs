//! Attacks: somebody with a shell on the file tries to corrupt an honest book, one thing at a time.
//!
//! Each runs in a transaction of its own, must be refused by the very constraint or trigger it names, and leaves every
//! row of every table as it was. A refusal proves something only if the attack works without it: so each is tried
//! again with its trigger dropped, with checks ignored, or with foreign keys off, and must then store something.

mod held;
mod honest;
mod on_adjustments;
mod on_audit;
mod on_blocks;
mod on_holds;
mod on_ledger;
mod on_lines;
mod on_rows;
mod on_story;
mod row;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use referral_domain::ledger::Verdict;
use tempfile::TempDir;

use crate::connection::{self, Role};
use crate::tests::{FILE, a_store, lines};
use crate::verify;

/// What must refuse an attack.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// The CHECK of this name.
    Check(&'static str),
    /// The unique key over these columns.
    Unique(&'static str),
    /// The foreign key of this table over these columns.
    Key(&'static str, &'static str),
    /// The trigger of this name.
    Trigger(&'static str),
    /// SQLite itself, in these words.
    Sqlite(&'static str),
}

struct Attack {
    label: &'static str,
    sql: String,
    by: Refusal,
}

fn attack(label: &'static str, by: Refusal, sql: impl Into<String>) -> Attack {
    Attack { label, sql: sql.into(), by }
}

fn attacks() -> Vec<Attack> {
    [
        on_adjustments::attacks(),
        on_audit::attacks(),
        on_blocks::attacks(),
        on_ledger::attacks(),
        on_lines::attacks(),
        on_holds::attacks(),
        on_rows::attacks(),
        on_story::attacks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The honest book, in a file of its own.
pub(super) async fn an_honest_book() -> (SqliteConnection, TempDir) {
    let (store, folder) = a_store().await;
    drop(store);
    let mut conn = connection::open(&folder.path().join(FILE), Role::Writer).expect("a connection");
    conn.batch_execute(&honest::everything()).expect("an honest book is stored");
    (conn, folder)
}

/// Every column of every row of every table.
fn fingerprint(conn: &mut SqliteConnection) -> Vec<String> {
    let tables = "SELECT name AS line FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
      AND name NOT LIKE '%migrations' ORDER BY name";
    let mut found = Vec::new();
    for table in lines(conn, tables) {
        let columns = lines(
            conn,
            &format!("SELECT 'quote(\"' || name || '\")' AS line FROM pragma_table_xinfo('{table}')"),
        );
        let row = columns.join(" || ',' || ");
        found.extend(lines(conn, &format!("SELECT '{table}: ' || {row} AS line FROM {table} ORDER BY 1")));
    }
    found
}

/// How an attack ended: the words of the statement that was refused, the keys that do not hold, or nothing.
#[derive(Debug, PartialEq)]
enum End {
    Statement(String),
    Keys(Vec<String>),
    Stored,
}

/// Foreign keys wait for the commit, so that those an attack breaks can be named before it.
fn run(conn: &mut SqliteConnection, sql: &str) -> End {
    conn.batch_execute("BEGIN; PRAGMA defer_foreign_keys=ON;").expect("a transaction begins");
    let end = match conn.batch_execute(sql) {
        Err(error) => End::Statement(error.to_string()),
        Ok(()) => match broken_keys(conn) {
            keys if keys.is_empty() => End::Stored,
            keys => End::Keys(keys),
        },
    };
    let committed = match &end {
        End::Keys(_) => conn.batch_execute("COMMIT").err().map(|error| error.to_string()),
        End::Statement(_) | End::Stored => None,
    };
    conn.batch_execute("ROLLBACK").expect("a refused attack is rolled back");
    assert_eq!(
        committed.as_deref().unwrap_or("FOREIGN KEY constraint failed"),
        "FOREIGN KEY constraint failed"
    );
    end
}

fn broken_keys(conn: &mut SqliteConnection) -> Vec<String> {
    lines(
        conn,
        r#"SELECT DISTINCT v."table" || '(' || (SELECT group_concat(k."from", ', ' ORDER BY k.seq)
             FROM pragma_foreign_key_list(v."table") AS k WHERE k.id = v.fkid) || ')' AS line
           FROM pragma_foreign_key_check AS v"#,
    )
}

fn is_refused(end: &End, by: Refusal) -> bool {
    match (end, by) {
        (End::Statement(words), Refusal::Check(name)) => *words == format!("CHECK constraint failed: {name}"),
        (End::Statement(words), Refusal::Unique(columns)) => {
            *words == format!("UNIQUE constraint failed: {columns}")
        }
        (End::Statement(words), Refusal::Trigger(name)) => words == name,
        (End::Statement(words), Refusal::Sqlite(what)) => words.contains(what),
        (End::Keys(keys), Refusal::Key(table, columns)) => keys.contains(&format!("{table}({columns})")),
        _ => false,
    }
}

#[tokio::test]
async fn an_honest_book_is_accepted_and_verified() {
    let (mut conn, _folder) = an_honest_book().await;
    let verdict = verify::verify(&mut conn).expect("it can be read");
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
    assert_eq!(run(&mut conn, &honest::posting().sql()), End::Stored, "and so is one more honest posting");
}

#[tokio::test]
async fn every_attack_is_refused_by_what_it_names_and_changes_nothing() {
    let (mut conn, _folder) = an_honest_book().await;
    let before = fingerprint(&mut conn);
    let (attacks, mut leaks) = (attacks(), Vec::new());
    for Attack { label, sql, by } in &attacks {
        let end = run(&mut conn, sql);
        if !is_refused(&end, *by) {
            leaks.push(format!("{label}: {end:?} instead of {by:?}"));
        }
        assert_eq!(fingerprint(&mut conn), before, "{label} left something behind");
    }
    println!("rejected={}/{} rows={}", attacks.len() - leaks.len(), attacks.len(), before.len());
    assert!(leaks.is_empty(), "{leaks:#?}");
    assert!(attacks.len() >= 100, "{} attacks", attacks.len());
}

/// Dropped within the attack's transaction, so the trigger is back after it.
#[tokio::test]
async fn every_attack_on_a_trigger_works_once_it_is_dropped() {
    let (mut conn, _folder) = an_honest_book().await;
    let (mut tried, mut open) = (0, Vec::new());
    for Attack { label, sql, by } in &attacks() {
        let Refusal::Trigger(name) = by else { continue };
        tried += 1;
        let end = run(&mut conn, &format!("DROP TRIGGER {name};\n{sql}"));
        assert!(!is_refused(&end, *by), "{label}: {name} was dropped");
        if end == End::Stored {
            open.push(*label);
        }
    }
    println!("triggers dropped={tried} attacks that then stored something={}", open.len());
    assert!(open.contains(&"change when a transfer took effect") && open.len() * 2 >= tried, "{open:?}");
}

#[tokio::test]
async fn every_attack_on_a_check_passes_it_once_checks_are_ignored() {
    let (mut conn, _folder) = an_honest_book().await;
    conn.batch_execute("PRAGMA ignore_check_constraints=ON").expect("checks are ignored");
    let (mut tried, mut stored) = (0, 0);
    for Attack { label, sql, by } in &attacks() {
        let Refusal::Check(name) = by else { continue };
        tried += 1;
        let end = run(&mut conn, sql);
        assert!(!is_refused(&end, *by), "{label}: {name} was to be ignored");
        stored += usize::from(end == End::Stored);
    }
    println!("checks ignored={tried} attacks that then stored something={stored}");
    assert!(stored * 2 >= tried, "only {stored} of {tried}");
}

#[tokio::test]
async fn every_attack_on_a_foreign_key_is_stored_once_keys_are_off() {
    let (mut conn, _folder) = an_honest_book().await;
    conn.batch_execute("PRAGMA foreign_keys=OFF").expect("keys are off");
    let before = fingerprint(&mut conn);
    let (mut tried, mut stored) = (0, 0);
    for Attack { label, sql, by } in &attacks() {
        let Refusal::Key(..) = by else { continue };
        tried += 1;
        conn.batch_execute(&format!("BEGIN; {sql}")).unwrap_or_else(|error| panic!("{label}: {error}"));
        stored += usize::from(fingerprint(&mut conn) != before);
        conn.batch_execute("ROLLBACK").expect("rolled back");
    }
    println!("foreign keys off={tried} attacks that then stored something={stored}");
    assert_eq!(stored, tried);
}
