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
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use crate::contract::Subject;
use happening::histories;
use play::{Place, play};

/// What must have happened in enough histories: each refusal, each reason, each way money moves.
const ALL: [&str; 69] = [
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
    "commission withdrawn",
    "conflict",
    "folded",
    "format unsuitable",
    "granted by a later budget",
    "held",
    "held reward withdrawn",
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
    "part of a commission withdrawn",
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
    "retracted before",
    "review: clear",
    "review: confirm",
    "review: open",
    "reward",
    "reward given again",
    "reward taken back",
    "reward withdrawn",
    "ring",
    "second person",
    "self",
    "taken and owed",
    "time",
    "too little",
    "welcome taken back",
    "welcome withdrawn",
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

/// How an adapter's histories are played.
#[derive(Clone, Copy, Debug)]
pub struct Playing {
    /// How many, when nobody asks for more by `REFERRAL_HISTORIES`.
    pub histories: u32,
    /// How many are played on one store, each in a program of its own: a store that is costly to make is shared.
    pub on_one_store: u32,
    /// How the store goes through what it finds unsettled.
    pub sweeps: Sweeps,
}

/// What the histories so far came to.
#[derive(Default)]
struct Told {
    steps: usize,
    stores: u32,
    seen: BTreeMap<&'static str, u64>,
    place: Option<Place>,
}

/// How many histories to play: `REFERRAL_HISTORIES`, or so many.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says how many")]
fn histories_asked(otherwise: u32) -> u32 {
    let asked = std::env::var("REFERRAL_HISTORIES").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(otherwise)
}

/// Plays histories; prints how many, of how many steps, and what was reached how often. When there are 400 or more,
/// everything must have been reached. After a mismatch each history has a store of its own, so that the shortest one
/// owes nothing to those before.
///
/// # Panics
/// When a history ends otherwise than the oracle says, with the shortest such history.
pub fn every_history_ends_as_a_plain_sum_of_its_facts(
    playing: Playing,
    runtime: &Runtime,
    make: impl AsyncFn() -> Subject,
) {
    let (started, told) = (Instant::now(), Mutex::new(Told::default()));
    let asked = histories_asked(playing.histories);
    let config = Config { cases: asked, failure_persistence: None, ..Config::default() };
    let played = TestRunner::new(config).run(&histories(), |(setting, history)| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        let free = told.place.take().filter(|place| place.played < playing.on_one_store);
        let mut place = match free {
            Some(place) => place,
            None => {
                told.stores += 1;
                Place::new(runtime.block_on(make()))
            }
        };
        let seen = runtime.block_on(play(&mut place, setting, playing.sweeps, &history))?;
        told.place = Some(place);
        told.steps += history.len();
        seen.into_iter().for_each(|(what, times)| *told.seen.entry(what).or_default() += times);
        Ok(())
    });
    played.unwrap_or_else(|broken| panic!("{broken}"));
    let Told { steps, stores, seen, .. } = told.into_inner().expect("not poisoned");
    let seconds = started.elapsed().as_secs();
    println!("histories={asked} steps={steps} mismatches=0 stores={stores} seconds={seconds}");
    every_way_was_gone(asked, seen);
}

fn every_way_was_gone(asked: u32, seen: BTreeMap<&'static str, u64>) {
    let mut ways = BTreeMap::from(ALL.map(|what| (what, 0)));
    ways.extend(seen);
    let missed: Vec<_> = ways.iter().filter(|(_, times)| **times == 0).collect();
    println!("reached={ways:?}");
    println!("ways={} of {}", ways.len() - missed.len(), ways.len());
    assert!(asked < 400 || missed.is_empty(), "never reached: {missed:?}");
}
