//! What tests share: fakes, builders, a seeded world, the contract suites of the ports, and injected faults.
//!
//! A development dependency only. Everything here panics where a test should end.
#![allow(clippy::print_stdout, reason = "tests print the figures they checked")]

pub mod build;
mod case_test;
pub mod contract;
pub mod fake;
pub mod faults;
pub mod fingerprint;
pub mod launch;
pub mod operated;
pub mod pausable;
pub mod random;
pub mod sealer;
pub mod transact;
pub mod world;
