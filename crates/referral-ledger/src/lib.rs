//! The double-entry ledger, and what it is written in: money, time and ids. Pure: no I/O, no clock, no chance.
//!
//! [`ledger::Journal`] turns business transactions into rows that follow from one another. It knows no referral beyond
//! its id: what is due to whom is decided in `referral-domain`, which shows all of this under its own paths.

pub mod id;
pub mod ledger;
pub mod money;
pub mod reference;
pub mod time;
mod words;
