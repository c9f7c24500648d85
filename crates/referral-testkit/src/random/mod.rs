//! Random histories against a plain-Rust oracle, on any store.
//!
//! A history is told to the application and to the oracle; after every step all balances, referrals and awards are
//! compared, and at its end the whole ledger is verified. The oracle uses no rule of the product.

mod calendar;
mod happening;
mod oracle;
mod paying;
mod play;
mod purse;

use std::collections::BTreeMap;
use std::sync::Mutex;

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Runtime;

use crate::contract::Subject;
use happening::histories;
use play::play;

/// What must have happened in enough histories: each refusal, each reason, each way money moves.
const ALL: [&str; 63] = [
    "again",
    "already referred",
    "apply window",
    "batch discarded",
    "batch empty",
    "batch not found",
    "batch settled",
    "batch-state",
    "below-minimum",
    "commission",
    "commission taken back",
    "conflict",
    "folded",
    "format unsuitable",
    "granted by a later budget",
    "held",
    "insufficient-balance",
    "limit",
    "line an exception",
    "line settled before",
    "not found",
    "not verified",
    "other format",
    "over",
    "owed after a payout",
    "owed and repaid",
    "owed while in payout",
    "paused",
    "payout back and repaid",
    "payout cancelled",
    "payout cancelled: its user owes",
    "payout failed",
    "payout method again",
    "payout method changed",
    "payout method too young",
    "payout not found",
    "payout paid",
    "payout rejected",
    "payout requested",
    "payout-method-missing",
    "payout-open",
    "payout-state",
    "payout: not verified",
    "refund before its spend",
    "released",
    "review: clear",
    "review: confirm",
    "review: open",
    "reward",
    "reward given again",
    "reward taken back",
    "ring",
    "second person",
    "self",
    "taken and owed",
    "time",
    "too little",
    "welcome taken back",
    "withheld: budget",
    "withheld: e-mail",
    "withheld: paused",
    "withheld: referrer's e-mail",
    "withheld: review",
];

/// How a store goes through what it finds unsettled, which no port promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sweeps {
    /// By referred user.
    ByUser,
    /// By referral.
    ByReferral,
}

/// How many histories to play: `REFERRAL_HISTORIES`, or so many.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says how many")]
pub fn histories_asked(otherwise: u32) -> u32 {
    let asked = std::env::var("REFERRAL_HISTORIES").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(otherwise)
}

/// Plays histories, each on a fresh store; prints how many, of how many steps, and what was reached how often. When
/// there are 400 or more, everything must have been reached.
///
/// # Panics
/// When a history ends otherwise than the oracle says, with the shortest such history.
pub fn every_history_ends_as_a_plain_sum_of_its_facts(
    histories_told: u32,
    sweeps: Sweeps,
    runtime: &Runtime,
    make: impl AsyncFn() -> Subject,
) {
    let seen = Mutex::new(BTreeMap::<&str, u64>::from(ALL.map(|what| (what, 0))));
    let steps = Mutex::new(0_usize);
    let config = Config { cases: histories_told, failure_persistence: None, ..Config::default() };
    let played = TestRunner::new(config).run(&histories(), |(setting, history)| {
        let told = runtime.block_on(async { play(make().await, setting, sweeps, &history).await })?;
        *steps.lock().map_err(|_| TestCaseError::fail("poisoned"))? += history.len();
        let mut seen = seen.lock().map_err(|_| TestCaseError::fail("poisoned"))?;
        told.into_iter().for_each(|(what, times)| *seen.entry(what).or_default() += times);
        Ok(())
    });
    played.unwrap_or_else(|broken| panic!("{broken}"));
    let (steps, seen) = (steps.into_inner().expect("not poisoned"), seen.into_inner().expect("not poisoned"));
    println!("histories={histories_told} steps={steps} mismatches=0");
    println!("reached={seen:?}");
    let missed: Vec<_> = seen.iter().filter(|(_, times)| **times == 0).collect();
    println!("ways={} of {}", seen.len() - missed.len(), seen.len());
    assert!(histories_told < 400 || missed.is_empty(), "never reached: {missed:?}");
}
