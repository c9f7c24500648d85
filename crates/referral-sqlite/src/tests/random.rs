//! Random histories against the testkit's oracle, a file each.

use referral_testkit::random::{Sweeps, every_history_ends_as_a_plain_sum_of_its_facts, histories_asked};

use super::contract::make;

/// How many histories are played; `REFERRAL_HISTORIES` asks for more.
const HISTORIES: u32 = 25;

#[test]
fn every_history_on_sqlite_ends_as_a_plain_sum_of_its_facts() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let histories = histories_asked(HISTORIES);
    every_history_ends_as_a_plain_sum_of_its_facts(histories, Sweeps::ByReferral, &runtime, make);
}
