//! The application on a world's store.

use std::sync::Arc;

use async_trait::async_trait;
use referral_app::{App, Parts};
use referral_domain::payout::MethodKind;
use referral_domain::port::{Admission, Demand, Limiter, LimiterDown, Ticket};
use referral_domain::time::Timestamp;

use super::World;
use crate::build::identity_key;
use crate::fake::{PlainRail, SeededChance};

/// Nobody tells an address, so nothing is limited by one.
struct NoLimit;

#[async_trait]
impl Limiter for NoLimit {
    async fn admit(&self, group: &str, _: &[Demand], at: Timestamp) -> Result<Admission, LimiterDown> {
        Ok(Admission::Admitted(Ticket { group: group.to_owned(), keys: Vec::new(), at }))
    }

    async fn release(&self, _: &Ticket) -> Result<(), LimiterDown> {
        Ok(())
    }
}

impl World {
    /// The parts of an application on this store, with this clock and these ids; nothing is limited by an address.
    #[must_use]
    pub fn parts(&self) -> Parts {
        Parts {
            store: Arc::clone(&self.store),
            reports: Arc::clone(&self.reports),
            limiter: Arc::new(NoLimit),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            chance: Arc::new(SeededChance::default()),
            identity: identity_key(),
            limits: None,
        }
    }

    /// An application of these parts, whose batches leave as `csv`, or as `paypal` to PayPal alone.
    #[must_use]
    pub fn application(parts: Parts) -> App {
        App::new(parts).with_rails(vec![
            Box::new(PlainRail::any("csv")),
            Box::new(PlainRail::only("paypal", MethodKind::Paypal)),
        ])
    }
}
