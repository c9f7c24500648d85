//! Rate limits, as the use cases see them.

use async_trait::async_trait;

use crate::time::{SECOND, Timestamp};

/// How far out of order asks may arrive, in microseconds, and still be counted exactly: the time a thread may lie
/// between reading the clock and being counted.
pub const JITTER: i64 = 10 * SECOND;

/// At most `most` in any window of `window` microseconds, wherever it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// How many.
    pub most: u32,
    /// In how many microseconds.
    pub window: i64,
}

/// One thing that is counted, and the quotas it must keep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Demand {
    /// What is counted, like `signup:203.0.113.7`.
    pub key: String,
    /// All of them must hold.
    pub quotas: Vec<Quota>,
}

/// What was counted for an admission, to give it back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// To which group they belong.
    pub group: String,
    /// The keys counted.
    pub keys: Vec<String>,
    /// Under which instant.
    pub at: Timestamp,
}

/// A limiter's answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Counted under every key.
    Admitted(Ticket),
    /// Counted nowhere; it would fit from this instant on.
    Refused {
        /// When.
        retry_at: Timestamp,
    },
}

/// The limiter cannot answer. Callers admit, and say so once.
#[derive(Debug, thiserror::Error)]
#[error("the limiter is down")]
pub struct LimiterDown(#[source] pub super::BoxError);

/// Counts what is admitted.
#[async_trait]
pub trait Limiter: Send + Sync {
    /// Admits when every quota of every demand holds, and counts it under all keys; else counts nothing.
    ///
    /// Never more than a quota is admitted in any window, under any concurrency, of asks at most [`JITTER`] out of
    /// order.
    ///
    /// `group` is what the keys have in common, such as the network of an address. A key is always asked for in the same
    /// group: a limiter that is spread over machines keeps a group together.
    async fn admit(&self, group: &str, demands: &[Demand], now: Timestamp) -> Result<Admission, LimiterDown>;

    /// Takes back what an admission counted: it was not used. Doing it twice takes back once.
    async fn release(&self, ticket: &Ticket) -> Result<(), LimiterDown>;
}
