//! The limiter over Redis, for servers that count together: a single node, or a cluster.
//!
//! - Never more than a quota is admitted in any window, wherever it begins, by any number of servers: a call is one script,
//!   which Redis runs alone. It is the algorithm of the in-process limiter, on the same promises.
//! - A key is one sorted set: a member an admission, its score the instant in microseconds (exact: a double holds them until
//!   the year 2255). It is as long as its largest quota, and a few more while asks are out of order.
//! - Every key expires when nothing of it can count any more: the longest window and [`JITTER`] after its last admission.
//! - The keys of a call lie in one slot of a cluster, by the hash tag of their group.
//! - Time is the caller's, so that a server's clock, or a test's, decides; the servers' clocks agree to within [`JITTER`].
//!
//! | call | commands | cost |
//! |---|---|---|
//! | `admit` | one `EVALSHA` (and once a node `SCRIPT LOAD`) | a few look-ups in a sorted set a quota |
//! | `release` | one `ZREM` a key, in one flight | |
//!
//! A Redis that does not answer within [`ANSWER_WITHIN`] is down: the caller is told, and counts elsewhere.

mod limiter;
mod node;

#[cfg(test)]
mod tests;

pub use limiter::RedisLimiter;
pub use node::{ANSWER_WITHIN, UrlFault};

#[cfg(doc)]
use referral_domain::port::JITTER;
