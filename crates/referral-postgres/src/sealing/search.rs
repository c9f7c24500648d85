//! From where to look for transfers that no block seals, without an index for it.
//!
//! Every row bears the number of the transaction that wrote it, drawn in order. When a search begins, all below `over`
//! have ended, and none from `next` on had begun; so once everything that the search showed is sealed, whatever is
//! still to be sealed was written by a transaction from `over` on. Such a one began after any earlier search whose
//! `next` was not above that, and its ids were drawn after that search's newest id, or at most [`SLACK`] before it (ids
//! are drawn a moment before the transaction gets its number, on servers whose clocks agree to seconds). There the next
//! search begins. A unit that stays open keeps `over` back, and with it where searches begin: it is never passed over.

use referral_domain::ledger::Mark;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long before its transaction a transfer's id may be drawn, clocks included, in milliseconds.
const SLACK: i64 = 30_000;
/// How long a unit may have been open when the first search began, in milliseconds. None is open for minutes.
const LONGEST_UNIT: i64 = 3_600_000;
/// How many searches are remembered.
const REMEMBERED: usize = 64;

/// How far transactions and ids are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Horizon {
    /// All transactions of smaller numbers have ended.
    pub(super) over: i64,
    /// No transaction of this number or a greater one had begun.
    pub(super) next: i64,
    /// The time of the newest id, in milliseconds.
    pub(super) newest: i64,
}

/// A search that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Sweep {
    /// How far all was when it began.
    began: Horizon,
    /// Where it begins in each book, in milliseconds.
    lowest: i64,
    /// Where it is.
    book: i64,
    after: Uuid,
}

/// What was looked at so far, and where to look now.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Search {
    /// How far all was when each finished search began, oldest first.
    finished: Vec<Horizon>,
    sweep: Option<Sweep>,
}

/// The time of an id, in milliseconds.
pub(super) fn millis(id: Uuid) -> i64 {
    i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX)
}

/// The smallest id of a time.
fn first_id(millis: i64) -> Uuid {
    Uuid::from_u128(u128::from(millis.max(0).unsigned_abs()) << 80)
}

impl Search {
    /// The search that goes on from a mark, or the one that begins now.
    pub(super) fn resumed(mark: Option<&Mark>, now: Horizon) -> Self {
        let mut search: Self = mark.and_then(|mark| serde_json::from_str(&mark.0).ok()).unwrap_or_default();
        let lowest = search.lowest();
        let new = Sweep { began: now, lowest, book: i64::MIN, after: Uuid::nil() };
        search.sweep.get_or_insert(new);
        search
    }

    /// Where a search may begin, in milliseconds; 0 when nothing was looked at.
    fn lowest(&self) -> i64 {
        let (Some(first), Some(last)) = (self.finished.first(), self.finished.last()) else { return 0 };
        let known = self.finished.iter().rfind(|earlier| earlier.next <= last.over);
        known.map_or(first.newest - LONGEST_UNIT, |known| known.newest - SLACK)
    }

    /// The book where it is, the id after which it goes on there, and the id after which it begins in later ones.
    pub(super) fn bounds(&self) -> (i64, Uuid, Uuid) {
        let Some(sweep) = self.sweep else { return (i64::MIN, Uuid::nil(), Uuid::nil()) };
        (sweep.book, sweep.after, first_id(sweep.lowest))
    }

    /// It ended here for now.
    pub(super) fn stop_at(&mut self, book: i64, after: Uuid) {
        self.sweep = self.sweep.map(|sweep| Sweep { book, after, ..sweep });
    }

    /// It has looked at everything.
    pub(super) fn finish(&mut self) {
        let Some(Sweep { began, .. }) = self.sweep.take() else { return };
        // Of those that may be begun from, the last one is enough.
        let known = self.finished.iter().rposition(|earlier| earlier.next <= began.over);
        self.finished.drain(..known.unwrap_or(0));
        self.finished.push(began);
        if self.finished.len() > REMEMBERED {
            self.finished.remove(1);
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(serde_json::to_string(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_769_860_800_000;

    fn at(over: i64, next: i64, newest: i64) -> Horizon {
        Horizon { over, next, newest: NOW + newest }
    }

    /// Searches one after the other, each looking at everything at once; answers where each began.
    fn begun(horizons: &[Horizon]) -> Vec<i64> {
        let mut mark = None;
        let mut lowest = Vec::new();
        for horizon in horizons {
            let mut search = Search::resumed(mark.as_ref(), *horizon);
            lowest.push(search.sweep.expect("under way").lowest.saturating_sub(NOW).max(-LONGEST_UNIT * 2));
            search.finish();
            mark = Some(search.mark());
        }
        lowest
    }

    #[test]
    fn the_first_search_looks_at_everything_and_later_ones_at_what_is_new() {
        let horizons = [at(10, 10, 0), at(20, 20, 5_000), at(30, 30, 9_000), at(40, 40, 9_500)];
        assert_eq!(begun(&horizons), [-LONGEST_UNIT * 2, -SLACK, 5_000 - SLACK, 9_000 - SLACK]);
    }

    #[test]
    fn a_unit_that_stays_open_keeps_searches_back_and_so_does_the_one_after_it_ended() {
        let hours = 3_600_000;
        let horizons = [
            at(10, 10, 0),
            // 11 is open, through two searches that see much newer ids.
            at(11, 20, 2 * hours),
            at(11, 30, 4 * hours),
            // It has ended; what it wrote is only seen now.
            at(40, 40, 6 * hours),
            at(50, 50, 8 * hours),
        ];
        let lowest = begun(&horizons);
        assert_eq!(lowest[1..4], [-SLACK; 3], "11 wrote after the first search began");
        assert_eq!(lowest[4], 6 * hours - SLACK);
    }

    #[test]
    fn a_unit_that_was_open_before_the_first_search_is_looked_for_an_hour_back() {
        assert_eq!(begun(&[at(5, 10, 0), at(5, 20, 1_000), at(30, 30, 2_000)])[1..], [-LONGEST_UNIT; 2]);
    }

    #[test]
    fn a_search_that_stops_goes_on_where_it_was_and_counts_from_its_beginning() {
        let mut search = Search::resumed(None, at(10, 10, 0));
        search.stop_at(7, first_id(5));
        let mut search = Search::resumed(Some(&search.mark()), at(99, 99, 99));
        assert_eq!(search.bounds(), (7, first_id(5), first_id(0)));
        search.finish();
        assert_eq!(search.finished, [at(10, 10, 0)]);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_bound_stays() {
        let mut horizons = vec![at(10, 10, 0)];
        horizons.extend((0..500).map(|n| at(11, 20 + n, n)));
        assert_eq!(begun(&horizons).last(), Some(&-SLACK));
        let mut search = Search::default();
        for horizon in horizons {
            search.sweep = None;
            search = Search::resumed(Some(&search.mark()), horizon);
            search.finish();
        }
        assert_eq!(search.finished.len(), REMEMBERED);
    }

    #[test]
    fn a_mark_of_no_meaning_has_looked_at_nothing() {
        let search = Search::resumed(Some(&Mark("?".to_owned())), at(1, 1, 0));
        assert_eq!(search.bounds(), (i64::MIN, Uuid::nil(), first_id(0)));
        assert_eq!(millis(first_id(NOW)), NOW);
    }
}
