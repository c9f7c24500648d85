//! The requests of the workloads. All of them follow from counters, so that two runs send the same.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::data::Data;
use crate::http;
use crate::load::Requests;

/// Events of a request that tells of several.
pub(crate) const BATCH: u64 = 500;

/// One event of so many reaches the threshold.
pub(crate) const CROSSES: u64 = 20;

/// The place of a counter in a range: as if drawn at random, which is how the references choose theirs, and the same in
/// every run.
fn spread(n: u64, over: u64) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(n) % over.max(1)
}

/// Validations: 20,000 distinct codes of so many, one in ten unknown.
pub(crate) fn validations(codes: u64) -> Requests {
    let distinct = 20_000.min(codes).max(1);
    Arc::new(move |n| {
        let asked = spread(n, distinct);
        let kind = if asked.is_multiple_of(10) { 9 } else { 2 };
        http::get_as_anybody(&format!("/api/referral/validate/{kind}C{:06X}", asked * (codes / distinct)))
    })
}

/// Reads of G's rows.
pub(crate) fn rows(count: u64) -> Requests {
    Arc::new(move |n| http::get_as_anybody(&format!("/{}", spread(n, count))))
}

/// H's one request.
pub(crate) fn constant() -> Requests {
    Arc::new(|_| http::get_as_anybody("/"))
}

/// Questions about referred users.
pub(crate) fn about(path: &'static str, key: &str, users: u64) -> Requests {
    let key = key.to_owned();
    Arc::new(move |n| http::get(&format!("{path}?user_id=s_{}", spread(n, users)), &key))
}

/// A prime that divides no half of any number of users: its multiples meet each user once.
const SCATTER: u64 = 7_919;

/// Spend of referred users, one in [`CROSSES`] by one who has not crossed yet: the lower half of the users spends a little
/// again and again, the upper half crosses, each once, in an order that scatters them over their referrers: people who
/// cross one after another are seldom of one referrer (W5 asks what happens if they are).
pub(crate) struct Spending {
    key: String,
    run: String,
    users: u64,
    crossed: Arc<AtomicU64>,
}

impl Spending {
    pub(crate) fn new(key: &str, run: &str, users: u64) -> Self {
        Self { key: key.to_owned(), run: run.to_owned(), users, crossed: Arc::default() }
    }

    /// Spend of all referred users of a database, going on with those who have not crossed yet.
    pub(crate) fn of(data: &Data, key: &str, run: &str) -> Self {
        Self { crossed: Arc::clone(&data.crossed), ..Self::new(key, run, data.referred) }
    }

    /// How many events there are until nobody is left to cross.
    pub(crate) const fn events_of(users: u64) -> u64 {
        users / 2 * CROSSES
    }

    /// That there was somebody to cross until the end: what was measured rewarded one event in [`CROSSES`].
    pub(crate) fn rewarded_throughout(&self) -> Result<()> {
        let (asked, there) = (self.crossed.load(Ordering::Relaxed), self.users / 2);
        ensure!(asked <= there, "{asked} events were to reward, and only {there} users could cross");
        Ok(())
    }

    /// How many events crossed so far.
    pub(crate) fn crossed(&self) -> u64 {
        self.crossed.load(Ordering::Relaxed).min(self.users / 2)
    }

    fn event(key: &(String, u64, Arc<AtomicU64>), n: u64) -> Value {
        let (run, users, crossed) = key;
        let half = users / 2;
        let fresh = n.is_multiple_of(CROSSES).then(|| crossed.fetch_add(1, Ordering::Relaxed));
        let (user, amount) = match fresh.filter(|fresh| *fresh < half) {
            Some(fresh) => (half + fresh.wrapping_mul(SCATTER) % half, "50.00"),
            None => (spread(n, half), "0.01"),
        };
        spend(&format!("{run}_{n}"), &format!("s_{user}"), amount)
    }

    fn facts(&self) -> (String, u64, Arc<AtomicU64>) {
        (self.run.clone(), self.users, self.crossed.clone())
    }

    /// One event a request.
    pub(crate) fn singles(&self) -> Requests {
        let (key, facts) = (self.key.clone(), self.facts());
        Arc::new(move |n| http::post("/api/events/spend", &key, &Self::event(&facts, n).to_string()))
    }

    /// [`BATCH`] events a request; their ids lie apart from those of single ones.
    pub(crate) fn batches(&self) -> Requests {
        let (key, mut facts) = (self.key.clone(), self.facts());
        facts.0 += "_batch";
        Arc::new(move |n| {
            let events: Vec<Value> = (n * BATCH..(n + 1) * BATCH).map(|n| Self::event(&facts, n)).collect();
            http::post("/api/events/spend", &key, &json!({"events": events}).to_string())
        })
    }
}

/// The 1,000 referred users of one referrer, each crossing at once.
pub(crate) fn hot(key: &str, referrer: u64) -> Requests {
    let key = key.to_owned();
    Arc::new(move |n| {
        let user = format!("hot_{referrer}_{n}");
        http::post("/api/events/spend", &key, &spend(&user, &user, "50.00").to_string())
    })
}

/// New users who apply the codes of the referrers.
pub(crate) fn sign_ups(key: &str, run: &str, referrers: u64) -> Requests {
    let (key, run) = (key.to_owned(), run.to_owned());
    Arc::new(move |n| {
        let code = format!("1C{:06X}", spread(n, referrers));
        let body = json!({"user_id": format!("new_{run}_{n}"), "code": code, "email_verified": false});
        http::post("/api/events/signup", &key, &body.to_string())
    })
}

fn spend(source: &str, user: &str, amount: &str) -> Value {
    json!({
        "source_id": source, "user_id": user, "occurred_at": now(),
        "amount": {"amount": amount, "currency": "USD"},
    })
}

/// Now, to the second, as RFC 3339.
#[expect(clippy::disallowed_methods, reason = "events are told at the time they are sent")]
fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!("{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Days since 1970 as a date, by Howard Hinnant's `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn days_are_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(20_781), (2026, 11, 24));
    }

    #[test]
    fn who_follows_is_seldom_near() {
        let near = (0..10_000).filter(|n| spread(*n, 50_000).abs_diff(spread(n + 1, 50_000)) < 500).count();
        assert!(near < 300, "{near} of 10,000 lie within a hundredth of the range, where chance has 200");
        let met: HashSet<u64> = (0..100_000).map(|n| spread(n, 1_000)).collect();
        assert_eq!(met.len(), 1_000);
    }

    #[test]
    fn one_event_of_twenty_crosses_and_no_user_twice() {
        let spending = Spending::new("key", "run", 1_000);
        let facts = spending.facts();
        let events: Vec<Value> = (0..20_000).map(|n| Spending::event(&facts, n)).collect();
        let mut crossing: Vec<&Value> = events
            .iter()
            .filter(|event| event["amount"]["amount"] == "50.00")
            .map(|event| &event["user_id"])
            .collect();
        crossing.sort_by_key(|user| user.to_string());
        crossing.dedup();
        assert_eq!((crossing.len(), spending.crossed()), (500, 500));
    }
}
