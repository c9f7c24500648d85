//! The rules of referrals, rewards and the ledger. Pure: no I/O, no clock, no chance.
//!
//! # Invariants
//!
//! Filled in below from `domain.md`, each with the test that fails when it breaks.

pub mod apply;
pub mod auth;
pub mod code;
pub mod credit;
pub mod grant;
pub mod id;
pub mod identity;
pub mod ledger;
pub mod money;
pub mod port;
pub mod program;
pub mod reference;
pub mod referral;
pub mod settle;
pub mod spend;
pub mod time;
pub mod tracking;
pub mod user;
