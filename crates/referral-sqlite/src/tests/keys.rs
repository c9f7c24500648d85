//! What SQLite reads to keep foreign keys: read from the programs it makes of statements.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

use super::{attacks, lines};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    opcode: String,
    #[diesel(sql_type = Integer)]
    p1: i32,
    #[diesel(sql_type = Integer)]
    p2: i32,
}

/// What the pages are the roots of.
fn roots(conn: &mut SqliteConnection) -> BTreeMap<i32, String> {
    let roots = lines(conn, "SELECT rootpage || ' ' || name AS line FROM sqlite_schema WHERE rootpage > 0");
    let parts = roots.iter().map(|line| line.split_once(' ').expect("a number and a name"));
    parts.map(|(root, name)| (root.parse().expect("a number"), name.to_owned())).collect()
}

fn program(conn: &mut SqliteConnection, sql: &str) -> Vec<Step> {
    diesel::sql_query(format!("EXPLAIN {sql}")).load(conn).expect("a program")
}

/// While the leg and the line of another one are missing, SQLite asks of each transaction who waits for it.
#[tokio::test]
async fn a_transaction_is_inserted_without_a_walk_of_all_progress() {
    let (mut conn, _folder) = attacks::an_honest_book().await;
    let roots = roots(&mut conn);
    let columns =
        "book_id, transaction_id, user_id, kind, description, created_by, effective_at, recorded_at";
    let sql = format!("INSERT INTO ledger_transactions ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    let steps = program(&mut conn, &sql);
    let opened: BTreeMap<_, _> = steps
        .iter()
        .filter(|step| step.opcode == "OpenRead")
        .map(|step| (step.p1, &roots[&step.p2]))
        .collect();
    let sought: Vec<_> = steps
        .iter()
        .filter(|step| ["SeekGE", "Rewind"].contains(&step.opcode.as_str()))
        .filter_map(|step| opened.get(&step.p1))
        .map(|name| name.as_str())
        .filter(|name| name.starts_with("referral_progress"))
        .collect();
    assert_eq!(sought, ["referral_progress_of_a_reward", "referral_progress_of_a_welcome"]);
}

/// With `SQLITE_ENABLE_QPSG` a value that is bound is no reason to plan a statement afresh: else each `LIMIT ?` is.
#[tokio::test]
async fn statements_are_planned_once() {
    let (mut conn, _folder) = attacks::an_honest_book().await;
    let options = lines(&mut conn, "SELECT compile_options AS line FROM pragma_compile_options");
    assert!(options.iter().any(|option| option == "ENABLE_QPSG"), "{options:#?}");
}
