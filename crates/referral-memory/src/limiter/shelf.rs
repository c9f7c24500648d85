//! All logs, within their bounds.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use referral_domain::port::{Admission, Demand, Ticket};
use referral_domain::time::Timestamp;

use super::Bounds;
use super::log::Log;

/// How many spent keys one ask clears away: more than it can add, so that spent keys never pile up.
const SWEPT_PER_ASK: usize = 4;

/// A key's log and its places in the two orders.
#[derive(Debug, Default)]
struct Held {
    log: Log,
    /// When it was last asked for, counted in asks.
    asked: u64,
    /// From when nothing of it can count any more.
    spent_at: i64,
}

/// The logs of all keys, and in which order to forget them.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    held: HashMap<Arc<str>, Held>,
    by_asked: BTreeSet<(u64, Arc<str>)>,
    by_spent: BTreeSet<(i64, Arc<str>)>,
    bounds: Bounds,
    admissions: usize,
    asks: u64,
    last_label: i64,
}

impl Shelf {
    pub(super) fn bounded(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    pub(super) fn remembered(&self) -> Bounds {
        Bounds { keys: self.held.len(), admissions: self.admissions }
    }

    /// Admits when every quota of every demand holds, and counts it under all keys; else counts nothing.
    pub(super) fn admit(&mut self, group: &str, demands: &[Demand], now: Timestamp) -> Admission {
        self.sweep(now.micros(), SWEPT_PER_ASK);
        demands.iter().for_each(|demand| self.refresh(&demand.key, now.micros()));
        let open = self.opens_at(demands, now.micros());
        if open > now.micros() {
            return Admission::Refused { retry_at: Timestamp::from_micros(open) };
        }
        self.last_label = self.last_label.saturating_add(1).max(now.micros());
        demands.iter().for_each(|demand| self.count(demand, now.micros()));
        self.make_room(now.micros());
        let keys = demands.iter().map(|demand| demand.key.clone()).collect();
        Admission::Admitted(Ticket {
            group: group.to_owned(),
            keys,
            at: Timestamp::from_micros(self.last_label),
        })
    }

    /// Takes back what an admission counted; what is not there any more stays away.
    pub(super) fn release(&mut self, ticket: &Ticket) {
        for key in &ticket.keys {
            let given_back =
                self.held.get_mut(key.as_str()).map_or(0, |held| held.log.give_back(ticket.at.micros()));
            self.admissions -= given_back;
            self.reorder(key);
        }
    }

    /// The first instant at or after `now` at which every quota of every demand holds.
    fn opens_at(&self, demands: &[Demand], now: i64) -> i64 {
        let mut at = now;
        loop {
            let later = demands.iter().map(|demand| self.opens_alone_at(demand, at)).max().unwrap_or(at);
            if later <= at || demands.iter().flat_map(|demand| &demand.quotas).any(|quota| quota.most == 0) {
                return later;
            }
            at = later;
        }
    }

    fn opens_alone_at(&self, demand: &Demand, from: i64) -> i64 {
        let fresh = Log::default();
        let log = self.held.get(demand.key.as_str()).map_or(&fresh, |held| &held.log);
        demand.quotas.iter().map(|quota| log.opens_at(*quota, from)).max().unwrap_or(from)
    }

    /// Marks a key as asked for, and drops what of its log cannot count any more.
    fn refresh(&mut self, key: &str, now: i64) {
        self.asks += 1;
        let asks = self.asks;
        let Some((name, held)) = self.held.get_key_value(key).map(|(name, held)| (name.clone(), held.asked))
        else {
            return;
        };
        self.by_asked.remove(&(held, name.clone()));
        if let Some(held) = self.held.get_mut(key) {
            held.asked = asks;
            self.admissions -= held.log.forget_before(now);
        }
        self.by_asked.insert((asks, name));
    }

    /// Counts an admission once under a key, however often the key is demanded.
    fn count(&mut self, demand: &Demand, now: i64) {
        self.hold(&demand.key);
        let label = self.last_label;
        if let Some(held) = self.held.get_mut(demand.key.as_str()) {
            self.admissions -= held.log.give_back(label);
            held.log.count(now, label, &demand.quotas);
            self.admissions += 1;
        }
        self.reorder(&demand.key);
    }

    /// Puts a key on the shelf, unless it stands there.
    fn hold(&mut self, key: &str) {
        if self.held.contains_key(key) {
            return;
        }
        let name: Arc<str> = key.into();
        self.by_asked.insert((self.asks, name.clone()));
        self.by_spent.insert((i64::MIN, name.clone()));
        self.held.insert(name, Held { asked: self.asks, spent_at: i64::MIN, log: Log::default() });
    }

    /// Puts a key in its place among the spent after its log changed; an empty one goes.
    fn reorder(&mut self, key: &str) {
        let Some((name, held)) = self.held.get_key_value(key) else { return };
        let (name, was, is, empty) = (name.clone(), held.spent_at, held.log.spent_at(), held.log.len() == 0);
        self.by_spent.remove(&(was, name.clone()));
        self.by_spent.insert((is, name.clone()));
        if let Some(held) = self.held.get_mut(key) {
            held.spent_at = is;
        }
        if empty {
            self.forget(&name);
        }
    }

    /// Forgets at most so many keys of which nothing can count any more.
    fn sweep(&mut self, now: i64, most: usize) {
        for _ in 0..most {
            match self.by_spent.first() {
                Some((spent_at, name)) if *spent_at <= now => self.forget(&name.clone()),
                _ => return,
            }
        }
    }

    /// Keeps the bounds: spent keys go first, then those asked for longest ago.
    fn make_room(&mut self, now: i64) {
        if self.is_over() {
            self.sweep(now, usize::MAX);
        }
        while self.is_over() {
            let Some((_, name)) = self.by_asked.first().cloned() else { return };
            self.forget(&name);
        }
    }

    fn is_over(&self) -> bool {
        self.held.len() > self.bounds.keys || self.admissions > self.bounds.admissions
    }

    fn forget(&mut self, name: &Arc<str>) {
        if let Some(held) = self.held.remove(name) {
            self.by_asked.remove(&(held.asked, name.clone()));
            self.by_spent.remove(&(held.spent_at, name.clone()));
            self.admissions -= held.log.len();
        }
    }
}
