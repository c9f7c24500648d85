//! Random histories against the testkit's oracle, some on each file.

use referral_testkit::random::{Playing, Sweeps, every_history_ends_as_a_plain_sum_of_its_facts};

use super::contract::make;

const PLAYING: Playing = Playing { histories: 25, on_one_store: 5, sweeps: Sweeps::ByReferral };

#[test]
fn every_history_on_sqlite_ends_as_a_plain_sum_of_its_facts() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    every_history_ends_as_a_plain_sum_of_its_facts(PLAYING, &runtime, make);
}
