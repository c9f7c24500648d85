//! [`Store`](referral_domain::port::Store) and [`Reports`](referral_domain::port::Reports) over diesel-async on
//! PostgreSQL 15 or newer: the store for many servers.
//!
//! - Every port call is one round trip, whatever the number of rows: its statements leave in one flight (pipelined), and
//!   each works on a whole set. `BEGIN` travels with the first call. A unit of recorded spend that grants a reward is
//!   four round trips: scene, open, record, commit.
//! - READ COMMITTED with row locks, taken in the order that [`port`](referral_domain::port) writes down; each set is
//!   locked in the order of its keys. What has no row yet (an idempotency key, an empty wallet, a program's graph) is
//!   locked by an advisory lock of the transaction.
//! - A unit that is dropped rolls back at once; one that failed or was abandoned closes its session. Nothing stays locked
//!   or idle in a transaction.
//! - Reports have sessions of their own, which may not write; they wait for no unit.
//! - The schema refuses a wrong ledger by itself; see `migrations/postgres`.
//!
//! Each module has the name of its port. It opens with what it runs, and holds the rows of its tables: they are
//! private, and `TryFrom` is the only way out, naming table, column and row when a stored value is not one the domain
//! writes.

mod adjustments;
mod api_keys;
mod audit;
mod budgets;
mod codes;
mod holds;
mod idempotency;
mod ledger;
mod ledger_reports;
mod migration;
mod news;
mod payouts;
mod people;
mod programs;
mod record;
mod redemptions;
mod referrals;
mod reports;
mod rules;
mod schema;
mod sealing;
mod spending;
mod store;
mod unit;
mod users;
mod verify;

pub(crate) use referral_pg_session::{column, connection, ending, failure, lock, pool, statement};
#[cfg(test)]
pub(crate) use referral_pg_session::{location, wire};

pub use news::{CodeNews, News};
pub use store::{PgStore, Sessions};

#[cfg(test)]
mod tests;
