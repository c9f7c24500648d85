//! The contract of the ports, on a database each.

use std::sync::Arc;

use async_trait::async_trait;
use referral_testkit::contract::{Outage, Subject};

use super::a_store;
use super::launch::Database;
use crate::PgStore;

async fn make() -> Subject {
    let (store, database) = a_store().await;
    subject(store, database)
}

/// A store in this database, which can be taken away.
pub(super) fn subject(store: PgStore, database: Database) -> Subject {
    let database = Arc::new(database);
    let outage = Box::new(Away { store: store.clone(), database: Arc::clone(&database) });
    let store = Arc::new(store);
    Subject { store: store.clone(), reports: store, outage, guard: Box::new(database) }
}

/// Nobody may connect, and everybody who was connected is thrown out.
struct Away {
    store: PgStore,
    database: Arc<Database>,
}

#[async_trait]
impl Outage for Away {
    async fn begin(&self) {
        self.database.close().await;
        // The server has cut every connection; the store's tasks notice as soon as they run.
        while self.store.units.idle_and_open() + self.store.readers.idle_and_open() > 0 {
            tokio::task::yield_now().await;
        }
    }

    async fn end(&self) {
        self.database.reopen().await;
    }
}

referral_testkit::store_contract!(make);
