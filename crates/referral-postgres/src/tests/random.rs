//! Random histories, some on each database, against the plain-Rust oracle of the testkit.

use referral_testkit::random::{Playing, Sweeps, every_history_ends_as_a_plain_sum_of_its_facts};
use tokio::sync::Mutex;

use super::a_store;
use super::contract::subject;
use super::launch::Database;

/// A database takes as long to make as many steps of a history, and its sessions come to know their statements.
const PLAYING: Playing = Playing { histories: 20, on_one_store: 10, sweeps: Sweeps::ByReferral };

#[test]
fn every_history_on_postgres_ends_as_a_plain_sum_of_its_facts() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    // Thousands of databases would fill the disk: each goes when the next one is made.
    let last = Mutex::new(None::<Database>);
    let make = async || {
        let (store, database) = a_store().await;
        let before = last.lock().await.replace(database.clone());
        if let Some(before) = before {
            before.end().await;
        }
        subject(store, database)
    };
    every_history_ends_as_a_plain_sum_of_its_facts(PLAYING, &runtime, make);
}
