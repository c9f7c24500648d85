//! The limiter: never more than a quota in any window, all or nothing, and what is not used is given back.
//!
//! An adapter's tests say `referral_testkit::limiter_contract!(make);` where `make` is an `async fn() -> Limited`.
//! Time is the argument of each call: no case waits.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::any::Any;
use std::sync::Arc;

use referral_domain::port::{Admission, Demand, Limiter, Quota, Ticket};
use referral_domain::time::{DAY, HOUR, SECOND, Timestamp};

use super::race;
use crate::fake::{NOON, SeededChance};

/// What this suite is run on: a limiter that counted nothing yet.
pub struct Limited {
    /// The limiter.
    pub limiter: Arc<dyn Limiter>,
    /// What must live as long as it.
    pub guard: Box<dyn Any + Send + Sync>,
}

const MINUTE: i64 = 60 * SECOND;

fn after(micros: i64) -> Timestamp {
    NOON.plus_micros(micros)
}

fn demand(key: &str, quotas: &[(u32, i64)]) -> Demand {
    let quotas = quotas.iter().map(|&(most, window)| Quota { most, window }).collect();
    Demand { key: key.to_owned(), quotas }
}

impl Limited {
    async fn ask(&self, demands: &[Demand], at: i64) -> Admission {
        self.limiter.admit("group", demands, after(at)).await.expect("the limiter answers")
    }

    async fn admitted(&self, demands: &[Demand], at: i64) -> bool {
        matches!(self.ask(demands, at).await, Admission::Admitted(_))
    }

    async fn ticket(&self, demands: &[Demand], at: i64) -> Ticket {
        match self.ask(demands, at).await {
            Admission::Admitted(ticket) => ticket,
            Admission::Refused { retry_at } => panic!("refused until {retry_at}"),
        }
    }

    /// When it would fit; for an ask that is refused.
    async fn told(&self, demands: &[Demand], at: i64) -> i64 {
        match self.ask(demands, at).await {
            Admission::Refused { retry_at } => retry_at.since(NOON),
            Admission::Admitted(ticket) => panic!("admitted: {ticket:?}"),
        }
    }

    async fn release(&self, ticket: &Ticket) {
        self.limiter.release(ticket).await.expect("the limiter answers");
    }
}

pub async fn as_many_are_admitted_as_the_quota_says(limited: Limited) {
    let ask = [demand("a", &[(3, HOUR)])];
    for n in 0..3 {
        assert!(limited.admitted(&ask, n * MINUTE).await);
    }
    assert!(!limited.admitted(&ask, 3 * MINUTE).await);
    assert!(!limited.admitted(&ask, HOUR - 1).await);
    assert!(limited.admitted(&ask, HOUR).await, "the first has left every window");
    assert!(!limited.admitted(&ask, HOUR).await);
}

pub async fn it_is_told_exactly_when_an_ask_fits_again(limited: Limited) {
    let ask = [demand("a", &[(2, HOUR)])];
    assert!(limited.admitted(&ask, 5).await && limited.admitted(&ask, 9).await);
    assert_eq!(limited.told(&ask, 10).await, HOUR + 5);
    assert_eq!(limited.told(&ask, HOUR + 4).await, HOUR + 5);
    assert!(limited.admitted(&ask, HOUR + 5).await);
    assert_eq!(limited.told(&ask, HOUR + 6).await, HOUR + 9);
}

pub async fn the_longest_wait_of_all_quotas_is_told(limited: Limited) {
    let ask = [demand("a", &[(2, HOUR), (3, DAY)]), demand("b", &[(9, HOUR)])];
    assert!(limited.admitted(&ask, 0).await && limited.admitted(&ask, 1).await);
    assert_eq!(limited.told(&ask, 2).await, HOUR);
    assert!(limited.admitted(&ask, HOUR).await);
    assert_eq!(limited.told(&ask, HOUR).await, DAY, "an hour alone would fit a microsecond later");
}

pub async fn a_burst_that_straddles_two_windows_is_no_larger(limited: Limited) {
    let ask = [demand("a", &[(60, MINUTE)])];
    let mut burst = Vec::new();
    for at in [59 * SECOND, 61 * SECOND, 119 * SECOND - 1, 119 * SECOND] {
        let mut admitted = 0;
        for _ in 0..80 {
            admitted += u32::from(limited.admitted(&ask, at).await);
        }
        burst.push(admitted);
    }
    assert_eq!(burst, [60, 0, 0, 60], "a fixed window or a refilling bucket admits more");
}

pub async fn no_window_holds_more_than_its_quota_and_nothing_that_fits_is_refused(limited: Limited) {
    let chance = SeededChance::from_seed(11);
    let below = |bound| i64::try_from(chance.below(bound)).expect("small");
    let quotas = [(3, 50 * SECOND), (5, 200 * SECOND)];
    let (mut now, mut asked, mut let_in) = (0, 0, 0);
    let mut admitted: [Vec<i64>; 3] = Default::default();
    for _ in 0..1_500 {
        now += below(30) * SECOND;
        let key = usize::try_from(below(3)).expect("an index");
        let room = |&(most, window): &(u32, i64)| {
            let recent = admitted[key].iter().filter(|at| now - **at < window).count();
            recent < most as usize
        };
        let fits = quotas.iter().all(room);
        let ask = [demand(&format!("key {key}"), &quotas)];
        assert_eq!(limited.admitted(&ask, now).await, fits, "ask {asked} at {now}");
        if fits {
            admitted[key].push(now);
            let_in += 1;
        }
        asked += 1;
    }
    println!("asks={asked} admitted={let_in}");
    assert!(let_in > 300 && asked - let_in > 300, "both answers were given often");
}

pub async fn an_ask_is_counted_under_every_key_or_under_none(limited: Limited) {
    let (wide, narrow) = (demand("wide", &[(3, HOUR)]), demand("narrow", &[(1, HOUR)]));
    let both = [wide.clone(), narrow.clone()];
    assert!(limited.admitted(&both, 0).await);
    for at in 1..10 {
        assert!(!limited.admitted(&both, at).await, "the narrow one is full");
    }
    assert!(!limited.admitted(&[narrow, wide.clone()], 10).await, "in either order");
    let wide = [wide];
    assert!(limited.admitted(&wide, 11).await && limited.admitted(&wide, 12).await);
    assert!(!limited.admitted(&wide, 13).await, "it was counted in what was admitted, and only there");
}

pub async fn being_refused_does_not_put_off_the_next_admission(limited: Limited) {
    let ask = [demand("a", &[(1, MINUTE)])];
    assert!(limited.admitted(&ask, 0).await);
    for second in 1..60 {
        assert_eq!(limited.told(&ask, second * SECOND).await, MINUTE);
    }
    assert!(limited.admitted(&ask, MINUTE).await);
}

pub async fn keys_know_nothing_of_each_other(limited: Limited) {
    let keys = ["a", "A", "a ", "a:1", "signup:203.0.113.7", "signup:203.0.113.70"];
    for key in keys {
        assert!(limited.admitted(&[demand(key, &[(1, HOUR)])], 0).await, "{key}");
        assert!(!limited.admitted(&[demand(key, &[(1, HOUR)])], 1).await, "{key}");
    }
    println!("keys asked={}", keys.len());
}

pub async fn a_quota_of_nothing_admits_nothing(limited: Limited) {
    assert!(!limited.admitted(&[demand("a", &[(0, HOUR)])], 0).await);
    assert!(!limited.admitted(&[demand("b", &[(5, HOUR), (0, MINUTE)])], 0).await);
}

pub async fn what_is_released_can_be_used_again(limited: Limited) {
    let ask = [demand("a", &[(2, HOUR)]), demand("b", &[(2, HOUR)])];
    let ticket = limited.ticket(&ask, 0).await;
    assert!(limited.admitted(&ask, 1).await);
    assert!(!limited.admitted(&ask, 2).await);
    limited.release(&ticket).await;
    assert!(limited.admitted(&ask, 3).await, "under every key");
    assert!(!limited.admitted(&ask, 4).await);
}

pub async fn releasing_twice_takes_back_once(limited: Limited) {
    let ask = [demand("a", &[(3, HOUR)])];
    let ticket = limited.ticket(&ask, 0).await;
    assert!(limited.admitted(&ask, 1).await && limited.admitted(&ask, 2).await);
    limited.release(&ticket).await;
    limited.release(&ticket).await;
    assert!(limited.admitted(&ask, 3).await);
    assert!(!limited.admitted(&ask, 4).await, "only one was given back");
}

pub async fn two_asks_of_one_instant_are_released_apart(limited: Limited) {
    let ask = [demand("a", &[(3, HOUR)])];
    let (one, two) = (limited.ticket(&ask, 0).await, limited.ticket(&ask, 0).await);
    assert!(limited.admitted(&ask, 0).await);
    limited.release(&one).await;
    assert!(limited.admitted(&ask, 1).await);
    assert!(!limited.admitted(&ask, 1).await, "the other of the instant still counts");
    limited.release(&two).await;
    assert!(limited.admitted(&ask, 2).await);
}

pub async fn releasing_what_no_window_holds_any_more_changes_nothing(limited: Limited) {
    let ask = [demand("a", &[(1, MINUTE)])];
    let ticket = limited.ticket(&ask, 0).await;
    assert!(limited.admitted(&ask, MINUTE).await);
    limited.release(&ticket).await;
    assert!(!limited.admitted(&ask, MINUTE + 1).await, "the later one was not given back");
}

pub async fn asks_at_once_are_admitted_exactly_as_often_as_the_quota_says(limited: Limited) {
    let (limited, asks) = (Arc::new(limited), 60);
    let admitted = race((0..asks).map(|n| {
        let limited = limited.clone();
        let ask = [demand("host", &[(7, HOUR)]), demand("net", &[(11, HOUR)])];
        async move { limited.admitted(&ask, n % 5).await }
    }));
    let admitted = admitted.await.into_iter().filter(|admitted| *admitted).count();
    let mut left = 0;
    for _ in 0..20 {
        left += u32::from(limited.admitted(&[demand("net", &[(11, HOUR)])], 9).await);
    }
    println!("asks at once={asks} admitted={admitted} of 7");
    assert_eq!((admitted, left), (7, 4), "and each counted once under both keys");
}
