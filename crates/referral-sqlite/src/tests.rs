//! The store against the contract of the ports, and the schema against whoever would corrupt it.

mod attacks;
mod connections;
mod contract;
mod keys;
mod operated;
mod prepared;
mod random;
mod schema;
mod tampering;

use diesel::prelude::*;
use diesel::sql_types::Text;
use tempfile::TempDir;

use crate::SqliteStore;

/// What the file is called in tests.
const FILE: &str = "referral.db";

/// A fresh store in a folder of its own, migrated.
async fn a_store() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = SqliteStore::open(folder.path().join(FILE)).expect("a store opens");
    store.migrate().await.expect("migrations run");
    (store, folder)
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The column `line` of every row a query finds.
fn lines(conn: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(sql).load(conn).unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.into_iter().map(|row| row.line).collect()
}
