//! Every port in memory: the executable specification, and what unit tests run on.
//!
//! [`MemoryStore`] keeps the promises of [`Store`](referral_domain::port::Store) and
//! [`Reports`](referral_domain::port::Reports) in the fewest words they can be said in. Units run one after another:
//! each begins with the only lock there is, so whatever it reads is locked, and nobody has to be waited for or passed
//! over later. It changes a draft, which replaces the committed state when it commits and is forgotten when it does
//! not. What a database refuses by its schema, the tables of `state` refuse here: a key is taken once, an append-only
//! table has no method that changes a row, and a posting that does not follow the ledger is not stored.
//!
//! Where to look: one file a port, named like it; `state` is the schema, `record` and `posting` what is refused,
//! `verify` what `ledger verify` means.

mod adjustments;
mod api_keys;
mod audit;
mod budgets;
mod codes;
mod fault;
mod fold;
mod holds;
mod idempotency;
mod ledger;
mod ledger_reports;
pub mod limiter;
mod payouts;
mod people;
mod posting;
mod programs;
mod record;
mod redemptions;
mod referrals;
mod reports;
mod sealing;
mod spending;
mod state;
mod store;
mod table;
mod unit;
mod users;
mod verify;

#[cfg(test)]
mod tests;

pub use limiter::MemoryLimiter;
pub use store::MemoryStore;
