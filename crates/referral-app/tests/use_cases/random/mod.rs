//! Random histories against a plain-Rust oracle, and one history told in any order.

mod happening;
mod oracle;
mod order;
mod play;

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::test_runner::{Config, TestRunner};

use happening::happenings;
use play::play;

/// How many histories are played.
const HISTORIES: u32 = 400;

#[test]
fn every_history_ends_as_a_plain_sum_of_its_facts() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (steps, rewards, refusals) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let played = TestRunner::new(Config { cases: HISTORIES, failure_persistence: None, ..Config::default() })
        .run(&happenings(), |history| {
            let told = runtime.block_on(play(&history))?;
            steps.fetch_add(history.len() as u64, Ordering::Relaxed);
            rewards.fetch_add(told.rewards, Ordering::Relaxed);
            refusals.fetch_add(told.refusals, Ordering::Relaxed);
            Ok(())
        });
    played.unwrap_or_else(|broken| panic!("{broken}"));
    let [steps, rewards, refusals] = [steps, rewards, refusals].map(AtomicU64::into_inner);
    println!("histories={HISTORIES} steps={steps} rewards={rewards} refusals={refusals} mismatches=0");
    assert!(steps > 10_000 && rewards > 50 && refusals > 500, "histories that do nothing prove nothing");
}
