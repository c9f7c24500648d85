//! [`Store`](referral_domain::port::Store) and [`Reports`](referral_domain::port::Reports) over Diesel on SQLite: the
//! embedded store. Durable: what was committed survives any crash.
//!
//! - One writer: a single connection behind an async mutex, lent to one port call at a time, where it may block.
//!   A unit of work holds it from `begin` to `commit`, so units run one after the other and every lock the ports
//!   promise is the writer itself.
//! - A few readers with their own connections answer [`Reports`](referral_domain::port::Reports) from snapshots (WAL):
//!   they wait for nobody and nobody waits for them.
//! - Each port call blocks once, whatever the number of rows: the thread of its caller when the runtime has several, else
//!   one for blocking. SQLite runs inside the process, so a statement a row costs microseconds once it is prepared; every
//!   statement of the hot path stays prepared.
//! - The schema refuses a wrong ledger by itself; see `migrations/sqlite`.
//!
//! Each module has the name of its port. It opens with what it runs, and holds the rows of its tables: they are
//! private, and `TryFrom` is the only way out, naming table, column and row when a stored value is not one the domain
//! writes.

mod adjustments;
mod api_keys;
mod audit;
mod budgets;
mod codes;
mod column;
mod connection;
mod failure;
mod file;
mod holds;
mod idempotency;
mod ledger;
mod ledger_reports;
mod migration;
mod payouts;
mod people;
mod pool;
mod programs;
mod record;
mod redemptions;
mod referrals;
mod reports;
mod rules;
mod schema;
mod sealing;
mod spending;
mod statement;
mod store;
mod unit;
mod users;
mod verify;
mod writer;

pub use store::SqliteStore;

#[cfg(test)]
mod tests;
