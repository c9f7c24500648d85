//! Hand-driven futures: who is polled when is chosen, so that every interleaving can be played.

use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::future::pending;
use tokio::sync::Semaphore;

use super::*;

/// A store that counts reads, and lets each end when it is told to.
#[derive(Default)]
struct Source {
    begun: AtomicUsize,
    in_flight: AtomicUsize,
    most: AtomicUsize,
    /// Counts up as time passes.
    clock: AtomicI64,
}

impl Source {
    fn tick(&self) -> i64 {
        self.clock.fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// A read ends when it has answered, and when it is dropped.
struct Ends(Arc<Source>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Answers when each read began, once `gate` lets it end.
fn reads(source: &Arc<Source>, gate: &Arc<Semaphore>) -> Coalesced<u8, i64> {
    let (source, gate) = (source.clone(), gate.clone());
    Coalesced::new(move |_, _| {
        let (source, gate) = (source.clone(), gate.clone());
        Box::pin(async move {
            source.begun.fetch_add(1, Ordering::SeqCst);
            let now = source.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            source.most.fetch_max(now, Ordering::SeqCst);
            let _ends = Ends(source.clone());
            let began = source.tick();
            gate.acquire().await.expect("it stays open").forget();
            Ok(began)
        })
    })
}

type Asking<'a> = Pin<Box<dyn Future<Output = Result<i64, StoreError>> + Send + 'a>>;

fn poll(asking: &mut Asking<'_>) -> Option<i64> {
    match asking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer.expect("a read that does not fail")),
        Poll::Pending => None,
    }
}

const NOW: Timestamp = Timestamp::from_micros(7);

#[test]
fn who_asks_while_a_read_runs_is_answered_by_the_next_together() {
    let (source, gate) = (Arc::<Source>::default(), Arc::new(Semaphore::new(0)));
    let reads = reads(&source, &gate);
    let mut first: Asking<'_> = Box::pin(reads.get(&1, NOW));
    assert_eq!(poll(&mut first), None);
    let asked = source.tick();
    let mut later: Vec<Asking<'_>> = (0..9).map(|_| -> Asking<'_> { Box::pin(reads.get(&1, NOW)) }).collect();
    assert!(later.iter_mut().all(|asking| poll(asking).is_none()));
    gate.add_permits(2);
    assert!(poll(&mut first).is_some_and(|began| began < asked));
    let answers: Vec<_> = later.iter_mut().map(|asking| poll(asking).expect("answered")).collect();
    assert!(answers.iter().all(|began| *began > asked), "read after they asked: {answers:?} > {asked}");
    assert_eq!((source.begun.load(Ordering::SeqCst), source.most.load(Ordering::SeqCst)), (2, 1));
    drop((first, later));
    assert_eq!(reads.keys(), 0, "nothing is kept");
}

#[test]
fn one_that_goes_away_strands_nobody_and_when_all_do_the_key_is_forgotten() {
    let (source, gate) = (Arc::<Source>::default(), Arc::new(Semaphore::new(0)));
    let reads = reads(&source, &gate);
    let mut first: Asking<'_> = Box::pin(reads.get(&1, NOW));
    assert_eq!(poll(&mut first), None);
    let mut second: Asking<'_> = Box::pin(reads.get(&1, NOW));
    assert_eq!(poll(&mut second), None);
    drop(first);
    gate.add_permits(2);
    assert!(poll(&mut second).is_some(), "it carried on what the other had begun");
    let mut third: Asking<'_> = Box::pin(reads.get(&1, NOW));
    assert_eq!(poll(&mut third), None);
    drop((second, third));
    assert_eq!(reads.keys(), 0);
}

#[test]
fn a_fault_is_told_to_all_with_its_causes_and_the_next_read_is_made_afresh() {
    let failures = Arc::new(AtomicUsize::new(1));
    let reads: Coalesced<u8, i64> = Coalesced::new(move |_, _| {
        let fails = failures.swap(0, Ordering::SeqCst) == 1;
        Box::pin(async move { if fails { Err(StoreError::Unavailable("no route".into())) } else { Ok(1) } })
    });
    let (mut one, mut two): (Asking<'_>, Asking<'_>) =
        (Box::pin(reads.get(&1, NOW)), Box::pin(reads.get(&1, NOW)));
    let fault = |asking: &mut Asking<'_>| {
        let Poll::Ready(Err(fault)) = asking.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("it fails")
        };
        std::error::Error::source(&fault).expect("a cause").to_string()
    };
    assert_eq!(fault(&mut one), "no route");
    assert_eq!(poll(&mut two), Some(1), "it asked before, but was polled after");
}

#[test]
fn a_read_is_made_at_the_latest_instant_at_which_somebody_asked() {
    let reads: Coalesced<u8, i64> =
        Coalesced::new(|_, at: Timestamp| Box::pin(async move { Ok(at.micros()) }) as BoxFuture<'static, _>);
    let [one, two, three] = [3, 9, 5].map(|at| reads.join(&1, Timestamp::from_micros(at)));
    let answers = [one, two, three].map(|common| common.now_or_never().expect("at once").expect("read"));
    assert_eq!(answers, [9, 9, 9]);
}

type Spelling<'a> = Pin<Box<dyn Future<Output = Result<BTreeSet<char>, StoreError>> + Send + 'a>>;

#[test]
fn a_read_is_of_everything_that_those_who_wait_for_it_ask_for_and_of_nothing_else() {
    let (gate, begun) = (Arc::new(Semaphore::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (open, noted) = (gate.clone(), begun.clone());
    let reads: Coalesced<u8, BTreeSet<char>, BTreeSet<char>> =
        Coalesced::new(move |_, asked: BTreeSet<char>| {
            let open = open.clone();
            noted.lock().expect("not poisoned").push(asked.iter().collect::<String>());
            Box::pin(async move {
                open.acquire().await.expect("it stays open").forget();
                Ok(asked)
            })
        });
    let poll =
        |asking: &mut Spelling<'_>| asking.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    let mut asking: Vec<Spelling<'_>> = Vec::new();
    for one in ['a', 'b', 'c', 'b'] {
        asking.push(Box::pin(reads.get(&1, one)));
        assert!(!asking.last_mut().is_some_and(poll));
    }
    asking.push(Box::pin(reads.get(&2, 'd')));
    assert!(!asking.last_mut().is_some_and(poll));
    gate.add_permits(3);
    assert!(asking.iter_mut().all(poll), "all are answered");
    assert_eq!(*begun.lock().expect("not poisoned"), ["a", "d", "bc"]);
    drop(asking);
    assert_eq!(reads.keys(), 0, "nothing is kept");
}

/// Plays random interleavings of asking, polling, letting reads end, and going away.
#[test]
fn at_any_interleaving_answers_are_fresh_reads_are_one_at_a_time_and_nothing_is_left() {
    let (mut answered, mut abandoned, mut played) = (0, 0, 0);
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..3_000 {
        let (source, gate) = (Arc::<Source>::default(), Arc::new(Semaphore::new(0)));
        let reads = reads(&source, &gate);
        let mut asking: Vec<(i64, Asking<'_>)> = Vec::new();
        for _ in 0..40 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (act, who) = (dice >> 60, usize::try_from(dice >> 33 & 0xFFFF).expect("small"));
            match act {
                0..=4 => asking.push((source.tick(), Box::pin(reads.get(&1, NOW)))),
                5..=11 if !asking.is_empty() => {
                    let at = who % asking.len();
                    if let Some(began) = poll(&mut asking[at].1) {
                        assert!(began > asking[at].0, "a stale answer");
                        drop(asking.swap_remove(at));
                        answered += 1;
                    }
                }
                12..=13 => gate.add_permits(1),
                14 if !asking.is_empty() => {
                    drop(asking.swap_remove(who % asking.len()));
                    abandoned += 1;
                }
                _ => {}
            }
            played += 1;
        }
        gate.add_permits(1_000);
        for (asked, mut waiting) in asking.drain(..) {
            let began = (0..3).find_map(|_| poll(&mut waiting)).expect("nobody is stranded");
            assert!(began > asked, "a stale answer");
            answered += 1;
        }
        assert!(source.most.load(Ordering::SeqCst) <= 1 && reads.keys() == 0);
    }
    println!("steps={played} answered={answered} abandoned={abandoned} stale=0 stranded=0");
    assert!(answered > 20_000 && abandoned > 1_000);
}

#[test]
fn a_read_that_never_ends_keeps_its_key_and_no_other_waits() {
    let reads: Coalesced<u8, i64> = Coalesced::new(|key, _| match key {
        1 => Box::pin(pending()) as BoxFuture<'static, _>,
        _ => Box::pin(async { Ok(2) }),
    });
    let mut stuck: Asking<'_> = Box::pin(reads.get(&1, NOW));
    assert_eq!(poll(&mut stuck), None);
    assert_eq!(poll(&mut (Box::pin(reads.get(&2, NOW)) as Asking<'_>)), Some(2));
    assert_eq!(reads.keys(), 1);
}
