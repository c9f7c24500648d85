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
mod promise;
mod row;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use referral_domain::ledger::Verdict;
use referral_testkit::operated::attack as on_payouts;
use tempfile::TempDir;

use crate::connection::{self, Role};
use crate::tests::{FILE, a_store, lines, operated};
use crate::verify;
use promise::Promise;

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
    /// The constraint or trigger of this name, whatever it is.
    Named(&'static str),
}

impl Refusal {
    /// How SQLite tells of it.
    fn words(self, promises: &[Promise]) -> String {
        match self {
            Self::Check(name) => format!("CHECK constraint failed: {name}"),
            Self::Unique(columns) => format!("UNIQUE constraint failed: {columns}"),
            Self::Key(table, columns) => format!("{table}({columns})"),
            Self::Trigger(name) | Self::Sqlite(name) => name.to_owned(),
            Self::Named(name) => {
                let promise = promises.iter().find(|promise| promise.name == name);
                promise.unwrap_or_else(|| panic!("nothing is called {name}")).words.clone()
            }
        }
    }
}

struct Attack {
    label: String,
    sql: String,
    by: Refusal,
}

fn attack(label: &str, by: Refusal, sql: impl Into<String>) -> Attack {
    Attack { label: label.to_owned(), sql: sql.into(), by }
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

/// A file with something honest in it, and what is tried on it.
struct Target {
    conn: SqliteConnection,
    promises: Vec<Promise>,
    attacks: Vec<Attack>,
    _folder: TempDir,
}

impl Target {
    fn new((mut conn, folder): (SqliteConnection, TempDir), attacks: Vec<Attack>) -> Self {
        let promises = promise::all(&mut conn);
        Self { conn, promises, attacks, _folder: folder }
    }
}

/// The honest book, and what operators did.
async fn targets() -> [Target; 2] {
    let shared = on_payouts::attacks().into_iter().chain(on_payouts::half_ids());
    let shared = shared.map(|it| attack(&it.label, Refusal::Named(it.by), it.sql));
    [Target::new(an_honest_book().await, attacks()), Target::new(operated::told().await, shared.collect())]
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

fn is_refused(end: &End, by: Refusal, promises: &[Promise]) -> bool {
    let expected = by.words(promises);
    match (end, by) {
        (End::Statement(words), Refusal::Sqlite(_)) => words.contains(&expected),
        (End::Statement(words), _) => *words == expected,
        (End::Keys(keys), _) => keys.contains(&expected),
        (End::Stored, _) => false,
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
    let (mut tried, mut leaks) = (0, Vec::new());
    for Target { mut conn, promises, attacks, .. } in targets().await {
        let before = fingerprint(&mut conn);
        for Attack { label, sql, by } in &attacks {
            let end = run(&mut conn, sql);
            if !is_refused(&end, *by, &promises) {
                leaks.push(format!("{label}: {end:?} instead of {by:?}"));
            }
            assert_eq!(fingerprint(&mut conn), before, "{label} left something behind");
        }
        tried += attacks.len();
    }
    println!("rejected={}/{tried}", tried - leaks.len());
    assert!(leaks.is_empty(), "{leaks:#?}");
    assert!(tried >= 200, "{tried} attacks");
}

/// What refuses is dropped within the attack's transaction, so it is back after it.
#[tokio::test]
async fn every_attack_on_a_trigger_works_once_it_is_dropped() {
    let (mut tried, mut open) = (0, Vec::new());
    for Target { mut conn, promises, attacks, .. } in targets().await {
        for Attack { label, sql, by } in attacks {
            let Some(name) = promise::trigger(by, &promises) else { continue };
            tried += 1;
            let end = run(&mut conn, &format!("DROP TRIGGER {name};\n{sql}"));
            assert!(!is_refused(&end, by, &promises), "{label}: {name} was dropped");
            if end == End::Stored {
                open.push(label);
            }
        }
    }
    println!("triggers dropped={tried} attacks that then stored something={}", open.len());
    let known = open.iter().any(|label| label == "change when a transfer took effect");
    assert!(known && open.len() * 2 >= tried, "{open:?}");
}

#[tokio::test]
async fn every_attack_on_a_check_passes_it_once_checks_are_ignored() {
    let (mut tried, mut stored) = (0, 0);
    for Target { mut conn, promises, attacks, .. } in targets().await {
        conn.batch_execute("PRAGMA ignore_check_constraints=ON").expect("checks are ignored");
        for Attack { label, sql, by } in &attacks {
            if !by.words(&promises).starts_with("CHECK ") {
                continue;
            }
            tried += 1;
            let end = run(&mut conn, sql);
            assert!(!is_refused(&end, *by, &promises), "{label}: {by:?} was to be ignored");
            stored += usize::from(end == End::Stored);
        }
    }
    println!("checks ignored={tried} attacks that then stored something={stored}");
    assert!(stored * 2 >= tried, "only {stored} of {tried}");
}

#[tokio::test]
async fn every_attack_on_a_foreign_key_is_stored_once_keys_are_off() {
    let (mut tried, mut stored) = (0, 0);
    for Target { mut conn, promises, attacks, .. } in targets().await {
        conn.batch_execute("PRAGMA foreign_keys=OFF").expect("keys are off");
        let before = fingerprint(&mut conn);
        for Attack { label, sql, by } in &attacks {
            if !promise::is_key(*by, &promises) {
                continue;
            }
            tried += 1;
            conn.batch_execute(&format!("BEGIN; {sql}")).unwrap_or_else(|error| panic!("{label}: {error}"));
            stored += usize::from(fingerprint(&mut conn) != before);
            conn.batch_execute("ROLLBACK").expect("rolled back");
        }
    }
    println!("foreign keys off={tried} attacks that then stored something={stored}");
    assert_eq!(stored, tried);
}

/// Tables of which every promise is attacked, not some.
const WHOLLY: [&str; 4] = ["adjustments", "adjustment_steps", "ledger_blocks", "sealed_transfers"];
/// What another refuses before them: `adjustment_is_its_transaction`, `adjustment_follows`, and the longer key, of which
/// SQLite tells first.
const BEHIND: [&str; 3] = ["adjustment_is_posted", "adjustment_status_known", "adjustment_step"];

#[tokio::test]
async fn no_table_is_left_without_attacks_and_no_promise_of_those_who_move_money_by_hand() {
    let (mut attacked, mut all, mut missed) = (Vec::new(), Vec::new(), Vec::new());
    for Target { promises, attacks, .. } in targets().await {
        attacked.extend(attacks.iter().map(|attack| attack.by.words(&promises)));
        all = promises;
    }
    let is_attacked =
        |promise: &Promise| attacked.contains(&promise.words) || BEHIND.contains(&promise.name.as_str());
    let tables: std::collections::BTreeSet<_> = all.iter().map(|promise| promise.table.clone()).collect();
    let whole = |table: &str| WHOLLY.contains(&table) || on_payouts::TABLES.contains(&table);
    for table in &tables {
        let its: Vec<_> = all.iter().filter(|promise| promise.table == *table).collect();
        let named: Vec<_> = its.iter().filter(|promise| is_attacked(promise)).collect();
        println!("{table}: attacked={}/{}", named.len(), its.len());
        let left = its.iter().filter(|promise| !is_attacked(promise)).map(|promise| &promise.name);
        let left: Vec<_> = left.collect();
        if named.is_empty() || (whole(table) && !left.is_empty()) {
            missed.push(format!("{table}: {left:?}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
