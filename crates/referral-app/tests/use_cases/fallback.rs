//! A limiter that is away, and the one that counts meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use referral_app::{LEFT_ALONE, WithFallback};
use referral_domain::port::{Admission, Demand, Limiter, LimiterDown, Quota, Ticket};
use referral_domain::time::{HOUR, Timestamp};
use referral_memory::limiter::MemoryLimiter;
use referral_testkit::fake::NOON;
use tokio::time::advance;

use crate::watch::{Counters, Log};

/// A limiter that counts, answers or not, and knows how often it was asked.
#[derive(Default)]
struct Far {
    counts: MemoryLimiter,
    away: AtomicBool,
    asked: AtomicU32,
}

impl Far {
    fn reached(&self) -> Result<(), LimiterDown> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let away = self.away.load(Ordering::SeqCst);
        if away { Err(LimiterDown("no route to it".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Limiter for Far {
    async fn admit(&self, group: &str, demands: &[Demand], now: Timestamp) -> Result<Admission, LimiterDown> {
        self.reached()?;
        tokio::task::yield_now().await;
        self.counts.admit(group, demands, now).await
    }

    async fn release(&self, ticket: &Ticket) -> Result<(), LimiterDown> {
        self.reached()?;
        self.counts.release(ticket).await
    }
}

struct Pair {
    far: Arc<Far>,
    both: WithFallback,
}

impl Pair {
    fn new() -> Self {
        let far = Arc::new(Far::default());
        let both = WithFallback::new(far.clone(), Arc::new(MemoryLimiter::default()));
        Self { far, both }
    }

    async fn admit(&self, most: u32) -> Admission {
        let ask = [Demand { key: "a".to_owned(), quotas: vec![Quota { most, window: HOUR }] }];
        self.both.admit("group", &ask, NOON).await.expect("one of them answers")
    }

    async fn admitted(&self, most: u32) -> bool {
        matches!(self.admit(most).await, Admission::Admitted(_))
    }

    fn asked(&self) -> u32 {
        self.far.asked.load(Ordering::SeqCst)
    }

    fn away(&self, away: bool) {
        self.far.away.store(away, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_first_is_away_the_second_limits_and_nobody_waits_for_the_first() {
    let (pair, log, counters) = (Pair::new(), Log::default(), Counters::default());
    let _listening = (log.listen(), metrics::set_default_local_recorder(&counters));
    assert!(pair.admitted(2).await);
    pair.away(true);
    let mut admitted = 0;
    for _ in 0..50 {
        admitted += u32::from(pair.admitted(2).await);
    }
    println!("asks while away=50 admitted={admitted} of 2, of them asked of the first={}", pair.asked() - 1);
    assert_eq!((admitted, pair.asked()), (2, 2), "limits are never off, and one call found out");
    assert_eq!((log.lines().len(), counters.count("referral_limiter_down_total")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_again_by_one_call_and_is_back_by_itself() {
    let (pair, log) = (Pair::new(), Log::default());
    let _listening = log.listen();
    pair.away(true);
    assert!(pair.admitted(9).await);
    for away in [true, true, false] {
        pair.away(away);
        let before = pair.asked();
        advance(LEFT_ALONE).await;
        let calls = (0..20).map(|_| pair.admit(1_000));
        futures_util::future::join_all(calls).await;
        let probes = pair.asked() - before;
        assert_eq!(probes, 1, "of 20 calls at once one asks, away: {away}");
    }
    assert!(pair.admitted(9).await && pair.asked() == 5, "all ask it again");
    let lines = log.lines();
    assert!(lines.len() == 2 && lines[0].contains("away") && lines[1].contains("back"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn many_calls_that_fail_at_once_are_said_once() {
    let (pair, log) = (Pair::new(), Log::default());
    let _listening = log.listen();
    pair.away(true);
    let calls = (0..64).map(|_| pair.admit(1_000));
    let admitted = futures_util::future::join_all(calls).await.len();
    assert_eq!((admitted, log.lines().len()), (64, 1));
}

#[tokio::test(start_paused = true)]
async fn what_either_counted_is_given_back() {
    let pair = Pair::new();
    let Admission::Admitted(ticket) = pair.admit(1).await else { panic!("refused") };
    pair.both.release(&ticket).await.expect("given back");
    assert!(pair.admitted(1).await, "by the first");
    pair.away(true);
    let Admission::Admitted(ticket) = pair.admit(1).await else { panic!("refused") };
    assert!(!pair.admitted(1).await);
    pair.both.release(&ticket).await.expect("given back");
    assert!(pair.admitted(1).await, "by the second");
}
