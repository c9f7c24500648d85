//! The store against the contract of the ports, and the schema against whoever would corrupt it.

mod contract;

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
