//! Random histories against a plain-Rust oracle, and one history told in any order.

mod order;

use std::sync::Arc;

use referral_memory::MemoryStore;
use referral_testkit::contract::Subject;
use referral_testkit::random::{Playing, Sweeps, every_history_ends_as_a_plain_sum_of_its_facts};

/// A store in memory costs nothing to make, and what it copies grows with what it holds.
const PLAYING: Playing = Playing { histories: 600, on_one_store: 1, sweeps: Sweeps::ByUser };

#[test]
fn every_history_on_memory_ends_as_a_plain_sum_of_its_facts() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let make = async || {
        let memory = MemoryStore::new();
        let (store, reports) = (Arc::new(memory.clone()), Arc::new(memory));
        Subject { store, reports, outage: Box::new(|_: bool| ()), guard: Box::new(()) }
    };
    every_history_ends_as_a_plain_sum_of_its_facts(PLAYING, &runtime, make);
}
