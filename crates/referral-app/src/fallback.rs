//! A limiter that counts elsewhere while the one it prefers is away.
//!
//! While it is away nobody waits for it: after it failed it is left alone for [`LEFT_ALONE`], and then asked again by one
//! call, while all others go on with the second. What each of them counted stays with it: limits are looser around a
//! change, by at most what the other had counted, and never off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use referral_domain::port::{Admission, Demand, Limiter, LimiterDown, Ticket, chain};
use referral_domain::time::Timestamp;
use tokio::time::Instant;

/// How long a limiter that failed is left alone.
pub const LEFT_ALONE: Duration = Duration::from_secs(1);

/// The preferred limiter is asked.
const UP: u64 = 0;

/// Two limiters: the first is asked, and the second while the first is away. It says so once, and once when the first is
/// back; the gauge `referral_limiter_fallback` is 1 in between, and `referral_limiter_down_total` counts failed calls.
pub struct WithFallback {
    first: Arc<dyn Limiter>,
    second: Arc<dyn Limiter>,
    began: Instant,
    /// [`UP`], or until when the first is left alone: milliseconds since `began`, plus one.
    until: AtomicU64,
}

impl WithFallback {
    /// Prefers the first.
    #[must_use]
    pub fn new(first: Arc<dyn Limiter>, second: Arc<dyn Limiter>) -> Self {
        metrics::gauge!("referral_limiter_fallback").set(0.0);
        Self { first, second, began: Instant::now(), until: AtomicU64::new(UP) }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn later(&self) -> u64 {
        self.millis().saturating_add(u64::try_from(LEFT_ALONE.as_millis()).unwrap_or(u64::MAX)).max(1)
    }

    /// Whether this call is to ask the first: always while it is up; while it is away, one call now and then.
    fn asks_the_first(&self) -> bool {
        let until = self.until.load(Ordering::Acquire);
        let due = until != UP && until <= self.millis();
        let probes = || self.until.compare_exchange(until, self.later(), Ordering::AcqRel, Ordering::Acquire);
        until == UP || (due && probes().is_ok())
    }

    fn is_back(&self) {
        if self.until.load(Ordering::Acquire) != UP && self.until.swap(UP, Ordering::AcqRel) != UP {
            metrics::gauge!("referral_limiter_fallback").set(0.0);
            tracing::info!("the limiter is back: limits are counted for all servers again");
        }
    }

    fn is_away(&self, down: &LimiterDown) {
        metrics::counter!("referral_limiter_down_total").increment(1);
        if self.until.swap(self.later(), Ordering::AcqRel) == UP {
            metrics::gauge!("referral_limiter_fallback").set(1.0);
            let error = chain(down);
            tracing::warn!(error, "the limiter is away: this process counts its own limits until it is back");
        }
    }
}

#[async_trait]
impl Limiter for WithFallback {
    async fn admit(&self, group: &str, demands: &[Demand], now: Timestamp) -> Result<Admission, LimiterDown> {
        if self.asks_the_first() {
            match self.first.admit(group, demands, now).await {
                Ok(admission) => {
                    self.is_back();
                    return Ok(admission);
                }
                Err(down) => self.is_away(&down),
            }
        }
        self.second.admit(group, demands, now).await
    }

    /// A ticket does not say who counted it, and giving back what was never counted changes nothing: both are told, the
    /// first unless it is away.
    async fn release(&self, ticket: &Ticket) -> Result<(), LimiterDown> {
        if self.until.load(Ordering::Acquire) == UP
            && let Err(down) = self.first.release(ticket).await
        {
            self.is_away(&down);
        }
        self.second.release(ticket).await
    }
}
