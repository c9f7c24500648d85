//! Asking the limiter. A limiter that is down refuses nobody; it is counted each time and said once.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use referral_domain::identity::fold_ip;
use referral_domain::port::{Admission, Demand, LimiterDown, Quota, Ticket, chain};
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::{HOUR, SECOND, Timestamp};

use crate::app::App;
use crate::ip_limit::prefix;

/// A quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many; it fits again at {retry_at}")]
pub struct Throttled {
    /// From when it fits.
    pub retry_at: Timestamp,
}

/// The quotas of `schemas.md`, section 14, that hold for callers as such.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Validations per address.
    pub validate: Quota,
    /// Validations per address of codes that cannot be used.
    pub validate_misses: Quota,
    /// Calls per user.
    pub user: Quota,
    /// Applications of a code per user.
    pub apply: Quota,
    /// Requests for a payout per user.
    pub payout: Quota,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            validate: Quota { most: 60, window: 60 * SECOND },
            validate_misses: Quota { most: 20, window: 600 * SECOND },
            user: Quota { most: 600, window: 60 * SECOND },
            apply: Quota { most: 10, window: HOUR },
            payout: Quota { most: 5, window: HOUR },
        }
    }
}

/// What an address is counted as: itself, or its /64 for IPv6.
pub(crate) fn address_key(address: IpAddr) -> String {
    match fold_ip(address) {
        IpAddr::V4(four) => four.to_string(),
        IpAddr::V6(six) => prefix(six, 64),
    }
}

impl App {
    /// Counts a call of a user.
    ///
    /// # Errors
    /// [`Throttled`].
    pub async fn admit_user_call(&self, program: &Slug, user: &HostId) -> Result<(), Throttled> {
        self.admit_caller("user", program, user, |limits| limits.user).await
    }

    /// Counts a user's attempt to apply a code.
    ///
    /// # Errors
    /// [`Throttled`].
    pub async fn admit_apply(&self, program: &Slug, user: &HostId) -> Result<(), Throttled> {
        self.admit_caller("apply", program, user, |limits| limits.apply).await
    }

    pub(crate) async fn admit_caller(
        &self,
        what: &str,
        program: &Slug,
        user: &HostId,
        quota: impl Fn(&Limits) -> Quota + Send,
    ) -> Result<(), Throttled> {
        let quotas = self.limits().map(quota);
        let demand =
            quotas.map(|quota| Demand { key: format!("{what}:{program}:{user}"), quotas: vec![quota] });
        self.reserve(user.as_str(), demand.as_slice(), self.now()).await.map(drop)
    }

    /// Counts one under every demand, or none. The keys of a group are always asked for in it.
    ///
    /// # Errors
    /// [`Throttled`] when a quota is used up; never because the limiter is down.
    pub async fn reserve(
        &self,
        group: &str,
        demands: &[Demand],
        now: Timestamp,
    ) -> Result<Option<Ticket>, Throttled> {
        if demands.is_empty() || self.limits().is_none() {
            return Ok(None);
        }
        match self.limiter().admit(group, demands, now).await {
            Ok(admission) => {
                self.limiter_down.store(false, Ordering::Relaxed);
                settle(admission)
            }
            Err(down) => {
                self.limiter_is_down(&down);
                Ok(None)
            }
        }
    }

    /// Gives back what was reserved and not used.
    pub async fn give_back(&self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket
            && let Err(down) = self.limiter().release(&ticket).await
        {
            self.limiter_is_down(&down);
        }
    }

    fn limiter_is_down(&self, down: &LimiterDown) {
        metrics::counter!("referral_limiter_down_total").increment(1);
        if !self.limiter_down.swap(true, Ordering::Relaxed) {
            tracing::warn!(error = chain(down), "the limiter is down: nobody is refused by it");
        }
    }
}

fn settle(admission: Admission) -> Result<Option<Ticket>, Throttled> {
    match admission {
        Admission::Admitted(ticket) => Ok(Some(ticket)),
        Admission::Refused { retry_at } => Err(Throttled { retry_at }),
    }
}
