//! The store against the contract of the ports, and the schema against whoever would corrupt it.

mod attacks;
mod contract;
mod cost;
mod launch;
mod news;
mod operated;
mod partitioned;
mod random;
mod rings;
mod schema;
mod sealing;
mod service;
mod sessions;
mod tampering;
mod tls;
mod traffic;

use crate::{PgStore, Sessions};
use launch::{Database, a_database};

/// A fresh store in a database of its own, migrated.
async fn a_store() -> (PgStore, Database) {
    a_store_of(Sessions::default()).await
}

async fn a_store_of(sessions: Sessions) -> (PgStore, Database) {
    let database = a_database().await;
    let store = PgStore::open(&database.url(), sessions).expect("a store opens");
    (store, database)
}
