//! The time of the machine.

use chrono::Utc;
use referral_domain::port::Clock;
use referral_domain::time::Timestamp;

/// The machine's time, truncated to microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(Utc::now().timestamp_micros())
    }
}
