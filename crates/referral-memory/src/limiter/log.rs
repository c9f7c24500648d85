//! What one key admitted, and from when it would admit again.

use std::collections::VecDeque;

use referral_domain::port::Quota;

use super::JITTER;

/// One admission.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// When it was asked for, in microseconds.
    at: i64,
    /// Its name, unlike any other's: what a ticket gives it back by.
    label: i64,
}

/// The admissions of one key, by time.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    /// The longest window anybody asked for, in microseconds.
    longest: i64,
}

impl Log {
    /// How many admissions it remembers.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// From when nothing of it can count any more.
    pub(super) fn spent_at(&self) -> i64 {
        self.entries
            .back()
            .map_or(i64::MIN, |last| last.at.saturating_add(self.longest).saturating_add(JITTER))
    }

    /// The first instant at or after `from` at which one more keeps the quota.
    pub(super) fn opens_at(&self, quota: Quota, from: i64) -> i64 {
        if quota.most == 0 {
            return from.saturating_add(quota.window);
        }
        let mut at = from;
        while let Some(later) = self.crowded_until(quota, at) {
            at = later;
        }
        at
    }

    /// `None` when one more at `at` keeps the quota in every window that holds it; else a later instant before which
    /// it would not.
    ///
    /// Windows are half-open: what was admitted just a window ago does not count. With `at` put in its place among
    /// the entries, no run of one more than the quota may lie within a window; only the runs that hold `at` are new.
    fn crowded_until(&self, quota: Quota, at: i64) -> Option<i64> {
        let most = quota.most as usize;
        let place = self.entries.partition_point(|entry| entry.at <= at);
        let behind = self.entries.len() - place;
        (most.saturating_sub(behind)..=most.min(place)).find_map(|before| {
            let first = self.at(place.wrapping_sub(before)).filter(|_| before > 0);
            let last =
                self.at((place + most - before).wrapping_sub(1)).filter(|_| before < most).unwrap_or(at);
            let crowded = last.saturating_sub(first.unwrap_or(at)) < quota.window;
            crowded.then(|| first.map_or(last, |first| first.saturating_add(quota.window)))
        })
    }

    fn at(&self, index: usize) -> Option<i64> {
        self.entries.get(index).map(|entry| entry.at)
    }

    /// Remembers an admission for as long as the longest of these windows.
    pub(super) fn count(&mut self, at: i64, label: i64, quotas: &[Quota]) {
        let longest = quotas.iter().map(|quota| quota.window).max().unwrap_or(0);
        self.longest = self.longest.max(longest);
        let place = self.entries.partition_point(|entry| entry.at <= at);
        self.entries.insert(place, Entry { at, label });
    }

    /// Forgets the admission of this name; answers how many that were, 0 or 1.
    pub(super) fn give_back(&mut self, label: i64) -> usize {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.label != label);
        before - self.entries.len()
    }

    /// Forgets what no window that holds `now` can hold; answers how many that were.
    pub(super) fn forget_before(&mut self, now: i64) -> usize {
        let horizon = now.saturating_sub(self.longest).saturating_sub(JITTER);
        let spent = self.entries.partition_point(|entry| entry.at <= horizon);
        self.entries.drain(..spent).count()
    }
}
