//! The limiter's suite passes a limiter that keeps its promises, and catches those that break one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use referral_domain::port::{Admission, Demand, Limiter, LimiterDown, Quota, Ticket};
use referral_domain::time::Timestamp;

use super::limiter::{self, Limited};

/// Which promise is broken.
#[derive(Clone, Copy, PartialEq)]
enum Flaw {
    None,
    /// Windows begin at fixed instants.
    FixedWindows,
    /// A key is counted although another refuses.
    CountsInPart,
    /// A second release of a ticket takes back another's admission.
    ReleasesTwice,
    /// The lock is given up between looking and counting.
    LooksThenCounts,
    /// It is told a moment too early when an ask fits.
    TellsTooEarly,
}

/// Every admission is remembered for ever, under its key.
struct Log {
    flaw: Flaw,
    admitted: Mutex<BTreeMap<String, Vec<Timestamp>>>,
}

impl Log {
    fn counts(&self, quota: Quota, at: Timestamp, now: Timestamp) -> bool {
        match self.flaw {
            Flaw::FixedWindows => at.micros() / quota.window == now.micros() / quota.window,
            _ => now.since(at) < quota.window,
        }
    }

    /// When a quota has room, if it has none now.
    fn full_until(&self, key: &str, quota: Quota, now: Timestamp) -> Option<Timestamp> {
        let admitted = self.admitted.lock().unwrap();
        let log = admitted.get(key).map_or(&[][..], Vec::as_slice);
        let mut counted: Vec<_> = log.iter().copied().filter(|at| self.counts(quota, *at, now)).collect();
        counted.sort();
        let spare = (quota.most as usize).checked_sub(counted.len() + 1);
        let early = i64::from(self.flaw == Flaw::TellsTooEarly);
        let free_at = |at: Timestamp| at.plus_micros(quota.window - early);
        let in_the_way = (counted.len() + 1).checked_sub(quota.most.max(1) as usize + 1);
        match spare {
            Some(_) => None,
            None => Some(free_at(in_the_way.and_then(|n| counted.get(n)).copied().unwrap_or(now))),
        }
    }

    fn count(&self, key: &str, now: Timestamp) {
        self.admitted.lock().unwrap().entry(key.to_owned()).or_default().push(now);
    }
}

#[async_trait]
impl Limiter for Log {
    async fn admit(&self, group: &str, demands: &[Demand], now: Timestamp) -> Result<Admission, LimiterDown> {
        static WHOLE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let whole = WHOLE.lock().await;
        let mut waits = Vec::new();
        for Demand { key, quotas } in demands {
            let full = quotas.iter().filter_map(|quota| self.full_until(key, *quota, now)).max();
            if full.is_none() && self.flaw == Flaw::CountsInPart {
                self.count(key, now);
            }
            waits.extend(full);
        }
        if self.flaw == Flaw::LooksThenCounts {
            drop(whole);
            tokio::task::yield_now().await;
        }
        if let Some(retry_at) = waits.into_iter().max() {
            return Ok(Admission::Refused { retry_at });
        }
        if self.flaw != Flaw::CountsInPart {
            demands.iter().for_each(|demand| self.count(&demand.key, now));
        }
        Ok(Admission::Admitted(Ticket {
            group: group.to_owned(),
            keys: demands.iter().map(|demand| demand.key.clone()).collect(),
            at: now,
        }))
    }

    async fn release(&self, ticket: &Ticket) -> Result<(), LimiterDown> {
        let mut admitted = self.admitted.lock().unwrap();
        for key in &ticket.keys {
            let log = admitted.entry(key.clone()).or_default();
            let same = log.iter().position(|at| *at == ticket.at);
            let any = (self.flaw == Flaw::ReleasesTwice && !log.is_empty()).then_some(0);
            if let Some(position) = same.or(any) {
                log.remove(position);
            }
        }
        Ok(())
    }
}

fn flawed(flaw: Flaw) -> Limited {
    Limited { limiter: Arc::new(Log { flaw, admitted: Mutex::default() }), guard: Box::new(()) }
}

mod honest {
    use super::{Flaw, Limited, flawed};

    async fn make() -> Limited {
        flawed(Flaw::None)
    }

    crate::limiter_contract!(make);
}

#[tokio::test]
#[should_panic(expected = "a fixed window or a refilling bucket admits more")]
async fn fixed_windows_are_caught() {
    limiter::a_burst_that_straddles_two_windows_is_no_larger(flawed(Flaw::FixedWindows)).await;
}

#[tokio::test]
#[should_panic(expected = "limited.admitted")]
async fn counting_in_part_is_caught() {
    limiter::an_ask_is_counted_under_every_key_or_under_none(flawed(Flaw::CountsInPart)).await;
}

#[tokio::test]
#[should_panic(expected = "only one was given back")]
async fn releasing_twice_is_caught() {
    limiter::releasing_twice_takes_back_once(flawed(Flaw::ReleasesTwice)).await;
}

#[tokio::test]
#[should_panic(expected = "each counted once under both keys")]
async fn looking_before_counting_is_caught() {
    limiter::asks_at_once_are_admitted_exactly_as_often_as_the_quota_says(flawed(Flaw::LooksThenCounts))
        .await;
}

#[tokio::test]
#[should_panic(expected = "left: ")]
async fn telling_a_wrong_instant_is_caught() {
    limiter::it_is_told_exactly_when_an_ask_fits_again(flawed(Flaw::TellsTooEarly)).await;
}
