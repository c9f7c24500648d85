//! Time, ids and chance: injected once, read first thing in a use case.

use uuid::Uuid;

use crate::time::Timestamp;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Now, in whole microseconds.
    fn now(&self) -> Timestamp;
}

/// Where ids come from.
pub trait Ids: Send + Sync {
    /// An id that was never given before: UUIDv7, later ones greater.
    fn next(&self) -> Uuid;
}

/// Where chance comes from.
pub trait Chance: Send + Sync {
    /// Fills a buffer with bytes nobody can foresee.
    fn fill(&self, buffer: &mut [u8]);
}
