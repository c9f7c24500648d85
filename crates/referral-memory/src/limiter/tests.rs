//! The limiter against a plain oracle, and at its bounds.

use proptest::prelude::*;
use referral_domain::port::Quota;
use referral_domain::time::{DAY, HOUR, SECOND};

use super::*;

const MINUTE: i64 = 60 * SECOND;

/// So that 40 of them are the jitter, and a history is long enough for most of it to be forgotten.
const UNIT: i64 = JITTER / 40;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn demand(key: &str, quotas: &[(u32, i64)]) -> Demand {
    let quotas = quotas.iter().map(|&(most, window)| Quota { most, window }).collect();
    Demand { key: key.to_owned(), quotas }
}

fn sign_up(host: &str, net: &str) -> [Demand; 2] {
    [demand(host, &[(5, HOUR), (10, DAY)]), demand(net, &[(50, HOUR), (100, DAY)])]
}

fn is_admitted(admission: &Admission) -> bool {
    matches!(admission, Admission::Admitted(_))
}

fn retry_at(admission: &Admission) -> i64 {
    match admission {
        Admission::Refused { retry_at } => retry_at.micros(),
        Admission::Admitted(ticket) => panic!("admitted: {ticket:?}"),
    }
}

/// Whether some window of this length, wherever it begins, holds more than `most` of these instants.
fn some_window_is_crowded(instants: &[i64], quota: Quota) -> bool {
    let within = |begin: i64| instants.iter().filter(|at| (begin..begin + quota.window).contains(at)).count();
    instants.iter().any(|begin| within(*begin) > quota.most as usize)
}

proptest! {
    /// Asks come in bursts, around a window apart, and out of order within the jitter.
    #[test]
    fn no_window_holds_more_than_its_quota_and_nothing_is_refused_that_would_fit(
        steps in prop::collection::vec((0_i64..400, 0_i64..40, 0_usize..2), 1..200),
        most in 1_u32..6,
        window in 1_i64..300,
    ) {
        let window = window * UNIT;
        let quotas = [Quota { most, window }, Quota { most: most * 2, window: window * 4 }];
        let (mut shelf, mut clock) = (Shelf::default(), 1_000_i64);
        let mut admitted: [Vec<i64>; 2] = Default::default();
        for (step, back, key) in steps {
            clock += step * UNIT;
            let now = clock - back * UNIT;
            let ask = Demand { key: ["a", "b"][key].to_owned(), quotas: quotas.to_vec() };
            let mut with_it = admitted[key].clone();
            with_it.push(now);
            let fits = !quotas.iter().any(|quota| some_window_is_crowded(&with_it, *quota));
            prop_assert_eq!(is_admitted(&shelf.admit("group", &[ask], at(now))), fits);
            if fits { admitted[key] = with_it; }
        }
    }

    #[test]
    fn what_is_refused_fits_at_the_instant_told_and_not_before(
        gaps in prop::collection::vec(0_i64..90, 1..60),
        most in 1_u32..5,
    ) {
        let ask = [demand("host", &[(most, 100), (most * 3, 1_000)]), demand("net", &[(most * 2, 100)])];
        let (mut shelf, mut now) = (Shelf::default(), 0_i64);
        for gap in gaps {
            now += gap;
            if let Admission::Refused { retry_at } = shelf.admit("group", &ask, at(now)) {
                let before = at(retry_at.micros() - 1);
                prop_assert!(!is_admitted(&shelf.admit("group", &ask, before)));
                prop_assert!(is_admitted(&shelf.admit("group", &ask, retry_at)));
                now = retry_at.micros();
            }
        }
    }

    #[test]
    fn the_bounds_are_never_passed(
        asks in prop::collection::vec((0_u32..50, 0_i64..30), 1..300),
        keys in 1_usize..10,
        admissions in 1_usize..30,
    ) {
        let bounds = Bounds { keys, admissions };
        let (mut shelf, mut now) = (Shelf::bounded(bounds), 0);
        for (key, gap) in asks {
            now += gap * SECOND;
            shelf.admit("group", &[demand(&key.to_string(), &[(7, MINUTE)])], at(now));
            let remembered = shelf.remembered();
            prop_assert!(remembered.keys <= keys && remembered.admissions <= admissions, "{remembered:?}");
        }
    }
}

#[test]
fn a_burst_at_the_end_of_one_window_counts_in_the_next() {
    let mut shelf = Shelf::default();
    let ask = [demand("a", &[(60, MINUTE)])];
    let burst = |shelf: &mut Shelf, now| {
        (0..100).filter(|_| is_admitted(&shelf.admit("group", &ask, at(now)))).count()
    };
    assert_eq!(burst(&mut shelf, 59 * SECOND), 60);
    assert_eq!(burst(&mut shelf, 61 * SECOND), 0, "a fixed window would admit 60 more here");
    assert_eq!(burst(&mut shelf, 119 * SECOND - 1), 0);
    assert_eq!(burst(&mut shelf, 119 * SECOND), 60);
}

#[test]
fn one_full_quota_refuses_all_and_nothing_is_counted_anywhere() {
    let mut shelf = Shelf::default();
    for _ in 0..5 {
        assert!(is_admitted(&shelf.admit("group", &sign_up("host", "net"), at(0))));
    }
    assert_eq!(retry_at(&shelf.admit("group", &sign_up("host", "net"), at(1))), HOUR);
    assert_eq!(shelf.remembered(), Bounds { keys: 2, admissions: 10 }, "the refused one left no trace");
    assert!(is_admitted(&shelf.admit("group", &sign_up("other", "net"), at(1))));
}

#[test]
fn the_longest_wait_of_all_quotas_is_told() {
    let mut shelf = Shelf::default();
    for hour in [0, 1] {
        for _ in 0..5 {
            assert!(is_admitted(&shelf.admit("group", &sign_up("host", "net"), at(hour * HOUR))));
        }
    }
    assert_eq!(retry_at(&shelf.admit("group", &sign_up("host", "net"), at(3 * HOUR))), DAY);
}

#[test]
fn an_admission_given_back_can_be_used_again_and_giving_it_back_twice_gives_back_once() {
    let mut shelf = Shelf::default();
    let ask = [demand("a", &[(2, HOUR)])];
    let Admission::Admitted(ticket) = shelf.admit("group", &ask, at(7)) else { panic!("refused") };
    assert!(is_admitted(&shelf.admit("group", &ask, at(7))), "the same instant, another admission");
    shelf.release(&ticket);
    shelf.release(&ticket);
    assert!(is_admitted(&shelf.admit("group", &ask, at(8))));
    assert!(!is_admitted(&shelf.admit("group", &ask, at(8))));
}

#[test]
fn a_key_with_nothing_left_is_forgotten() {
    let mut shelf = Shelf::default();
    let Admission::Admitted(ticket) = shelf.admit("group", &[demand("a", &[(1, HOUR)])], at(0)) else {
        panic!("refused")
    };
    shelf.release(&ticket);
    assert_eq!(shelf.remembered(), Bounds { keys: 0, admissions: 0 });
}

#[test]
fn spent_keys_are_cleared_away_by_later_asks() {
    let mut shelf = Shelf::default();
    for key in 0..100 {
        shelf.admit("group", &[demand(&key.to_string(), &[(1, MINUTE)])], at(0));
    }
    for ask in 0..25 {
        shelf.admit("group", &[demand("later", &[(100, MINUTE)])], at(MINUTE + JITTER + ask));
    }
    assert_eq!(shelf.remembered(), Bounds { keys: 1, admissions: 25 });
}

#[test]
fn a_full_limiter_forgets_spent_keys_before_live_ones_then_the_longest_unasked() {
    let mut shelf = Shelf::bounded(Bounds { keys: 2, admissions: 100 });
    shelf.admit("group", &[demand("long", &[(1, DAY)])], at(0));
    shelf.admit("group", &[demand("short", &[(1, SECOND)])], at(1));
    shelf.admit("group", &[demand("new", &[(1, DAY)])], at(HOUR));
    assert!(
        !is_admitted(&shelf.admit("group", &[demand("long", &[(1, DAY)])], at(HOUR))),
        "the spent one went"
    );
    shelf.admit("group", &[demand("newer", &[(1, DAY)])], at(HOUR));
    assert!(
        !is_admitted(&shelf.admit("group", &[demand("long", &[(1, DAY)])], at(HOUR))),
        "asked for a moment ago"
    );
    assert!(
        is_admitted(&shelf.admit("group", &[demand("new", &[(1, DAY)])], at(HOUR))),
        "the longest unasked went"
    );
}

#[test]
fn a_quota_of_nothing_admits_nothing() {
    let refused = Shelf::default().admit("group", &[demand("a", &[(0, HOUR)])], at(0));
    assert_eq!(retry_at(&refused), HOUR);
}

#[test]
fn a_clock_that_jumped_back_shuts_nobody_out_for_longer_than_a_window() {
    let mut shelf = Shelf::default();
    let ask = [demand("a", &[(1, HOUR)])];
    assert!(is_admitted(&shelf.admit("group", &ask, at(2 * DAY))));
    assert!(is_admitted(&shelf.admit("group", &ask, at(DAY))), "no window holds both");
}

#[tokio::test]
async fn the_port_admits_exactly_the_quota_to_many_at_once() {
    let limiter = std::sync::Arc::new(MemoryLimiter::default());
    let asks = (0..50).map(|_| {
        let limiter = limiter.clone();
        tokio::spawn(async move {
            limiter.admit("group", &sign_up("host", "net"), at(0)).await.expect("never down")
        })
    });
    let mut admitted = 0;
    for ask in asks.collect::<Vec<_>>() {
        admitted += usize::from(is_admitted(&ask.await.expect("no panic")));
    }
    assert_eq!((admitted, limiter.remembered().admissions), (5, 10));
}
