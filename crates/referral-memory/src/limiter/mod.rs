//! The limiter in memory: a sliding log a key, exact, bounded, one lock.
//!
//! Never more than a quota is admitted in **any** window, wherever it begins: each admission is remembered for the
//! length of its longest window, and an ask is admitted only when no window that holds it would hold too many. (A
//! token bucket or a GCRA alone admits nearly twice a quota in a window that straddles a refill.) Asks may arrive up
//! to [`JITTER`] out of order, because clocks are read before the lock is taken.
//!
//! Memory is bounded by [`Bounds`]. When it is full, what no quota can need any more goes first; then the key that was
//! asked for longest ago, although it still counts: whoever can fill the limiter with so many live keys has so many
//! addresses that forgetting one of them gives them nothing, while refusing new keys would shut out everybody else.
//! A key that is being refused is being asked for, so it stays.

mod log;
mod shelf;

#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use referral_domain::port::{Admission, Demand, JITTER, Limiter, LimiterDown, Ticket};
use referral_domain::time::Timestamp;

use shelf::Shelf;

/// How much a limiter may remember.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// How many keys at most.
    pub keys: usize,
    /// How many admissions at most, over all keys.
    pub admissions: usize,
}

impl Default for Bounds {
    /// 65,536 keys and 1,048,576 admissions: about 32 MB when full, more than one process can serve in a window.
    fn default() -> Self {
        Self { keys: 1 << 16, admissions: 1 << 20 }
    }
}

/// A [`Limiter`] in this process's memory.
#[derive(Debug, Default)]
pub struct MemoryLimiter {
    shelf: Mutex<Shelf>,
}

impl MemoryLimiter {
    /// A limiter that remembers at most so much.
    #[must_use]
    pub fn bounded(bounds: Bounds) -> Self {
        Self { shelf: Mutex::new(Shelf::bounded(bounds)) }
    }

    /// What it remembers now: how many keys and admissions, never more than its bounds.
    #[must_use]
    pub fn remembered(&self) -> Bounds {
        self.lock().remembered()
    }

    /// A panic under the lock cannot leave a half-made change that matters: the logs are still logs.
    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Limiter for MemoryLimiter {
    async fn admit(&self, group: &str, demands: &[Demand], now: Timestamp) -> Result<Admission, LimiterDown> {
        Ok(self.lock().admit(group, demands, now))
    }

    async fn release(&self, ticket: &Ticket) -> Result<(), LimiterDown> {
        self.lock().release(ticket);
        Ok(())
    }
}
