//! The contract of every store, kept by this one.

use std::sync::Arc;

use referral_testkit::contract::Subject;

use crate::MemoryStore;

async fn subject() -> Subject {
    let store = MemoryStore::new();
    let switch = store.clone();
    Subject {
        store: Arc::new(store.clone()),
        reports: Arc::new(store),
        outage: Box::new(move |away| switch.go_down(away)),
        guard: Box::new(()),
    }
}

referral_testkit::store_contract!(subject);
