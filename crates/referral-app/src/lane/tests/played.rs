//! Many random interleavings: whoever calls, leaves or closes when, everybody hears what the model says.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use referral_testkit::build::slug;
use referral_testkit::fake::SeededChance;
use tokio::task::{JoinHandle, yield_now};

use super::fake::{Ended, Fake, Run};
use super::model::{Call, Heard, Model};
use super::{event, lane};
use crate::lane::Lane;

const ROUNDS: u64 = 1_500;

/// The ids that are told of: some again and again, some that cannot be recorded.
const SOURCES: [&str; 24] = [
    "inv_1",
    "inv_2",
    "inv_3",
    "inv_4",
    "inv_5",
    "inv_6",
    "inv_7",
    "inv_8",
    "inv_9",
    "inv_10",
    "inv_11",
    "inv_12",
    "inv_13",
    "inv_14",
    "inv_15",
    "inv_16",
    "inv_17",
    "inv_18",
    "inv_19",
    "inv_20",
    "late",
    "corrupt",
    "contended",
    "panic",
];

/// How a round is played.
struct Round {
    lane: Lane,
    fake: Arc<Fake>,
    unit: usize,
    unanswered: usize,
    calls: Vec<Call>,
    /// In which order they came.
    arrivals: Mutex<Vec<usize>>,
    inside: AtomicUsize,
    closing: AtomicBool,
}

/// What came of it.
struct Played {
    heard: BTreeMap<usize, Heard>,
    left: usize,
    log: Vec<Run>,
    arrivals: Vec<usize>,
}

impl Round {
    fn of(seed: u64, accidents: u64) -> (Arc<Self>, SeededChance) {
        let chance = SeededChance::from_seed(seed);
        let (unit, unanswered) = (1 + chance.below(8), 4 + chance.below(60));
        let programs = 1 + chance.below(3);
        let call = |_| Call {
            program: slug(["default", "other", "third"][chance.below(programs) as usize]),
            source: SOURCES[chance.below(SOURCES.len() as u64) as usize].to_owned(),
            cents: 1 + chance.below(2).cast_signed(),
        };
        let calls = (0..1 + chance.below(80)).map(call).collect();
        let fake = Arc::new(Fake::with_accidents(seed, accidents));
        let lane = lane(&fake, unit as usize, unanswered as u32);
        let (unit, unanswered) = (unit as usize, unanswered as usize);
        let (arrivals, inside, closing) = Default::default();
        (Arc::new(Self { lane, fake, unit, unanswered, calls, arrivals, inside, closing }), chance)
    }

    /// A caller who comes after a while, and leaves again after another if they have no patience.
    async fn call(self: Arc<Self>, caller: usize, comes: u64, patience: Option<u64>) -> Option<Heard> {
        idle(Some(comes)).await;
        self.arrivals.lock().expect("no caller fails").push(caller);
        self.inside.fetch_add(1, Ordering::SeqCst);
        let Call { program, source, cents } = &self.calls[caller];
        let event = event(caller, source, *cents);
        let told = tokio::select! {
            biased;
            told = self.lane.record(program, event) => Some(told),
            () = idle(patience) => None,
        };
        let heard = told.as_ref().map(Heard::of);
        // Whoever leaves takes up room until the next unit is put together.
        let others = self.inside.fetch_sub(usize::from(heard.is_some()), Ordering::SeqCst) - 1;
        let full = others >= self.unanswered || self.closing.load(Ordering::SeqCst);
        assert!(heard != Some(Heard::Full) || full, "{others} others are no reason to be turned away");
        heard
    }

    async fn close(self: Arc<Self>, comes: u64) -> usize {
        idle(Some(comes)).await;
        self.closing.store(true, Ordering::SeqCst);
        self.lane.close().await;
        self.fake.log().len()
    }

    async fn play(seed: u64, accidents: u64) -> (Arc<Self>, Played) {
        let (round, chance) = Self::of(seed, accidents);
        let spread = 1 + chance.below(60);
        let spawn = |caller| {
            let patience = (chance.below(8) == 0).then(|| chance.below(12));
            tokio::spawn(Arc::clone(&round).call(caller, chance.below(spread), patience))
        };
        let callers: Vec<_> = (0..round.calls.len()).map(spawn).collect();
        let closer = tokio::spawn(Arc::clone(&round).close(chance.below(4 * spread)));
        let (heard, left) = gather(callers).await;
        let units = closer.await.expect("it closes");
        let (log, arrivals) = (round.fake.log(), round.arrivals.lock().expect("no caller fails").clone());
        assert_eq!(log.len(), units, "nothing is recorded once the lane is closed");
        (round, Played { heard, left, log, arrivals })
    }
}

/// Lets others go first so many times; for ever, when nothing is said.
async fn idle(turns: Option<u64>) {
    let mut done = 0;
    while turns.is_none_or(|turns| done < turns) {
        yield_now().await;
        done += 1;
    }
}

/// What each caller heard, and how many did not wait for it.
async fn gather(callers: Vec<JoinHandle<Option<Heard>>>) -> (BTreeMap<usize, Heard>, usize) {
    let mut heard = BTreeMap::new();
    let count = callers.len();
    for (caller, task) in callers.into_iter().enumerate() {
        let told = task.await.unwrap_or_else(|error| Some(the_panic_of_an_event(error)));
        heard.extend(told.map(|told| (caller, told)));
    }
    let left = count - heard.len();
    (heard, left)
}

fn the_panic_of_an_event(error: tokio::task::JoinError) -> Heard {
    let panic = error.into_panic();
    let words = panic.downcast_ref::<&str>();
    assert_eq!(words, Some(&"an event that nobody can decide"), "{:?}", panic.downcast_ref::<String>());
    Heard::Panicked
}

/// Everybody who stayed heard what the model says; those in no unit were turned away.
fn everybody_hears_what_the_model_says(round: &Round, played: &Played) {
    let model = Model::play(&played.log, &round.calls);
    for (caller, heard) in &played.heard {
        let turned_away = matches!(heard, Heard::Full | Heard::Closed).then_some(*heard);
        assert_eq!(Some(*heard), model.heard(*caller).or(turned_away), "caller {caller} of {:?}", played.log);
    }
    assert_eq!(played.heard.len() + played.left, round.calls.len(), "every caller came to an end");
}

/// The first unit of everybody, taken together, is the order of arrival, program by program; so is each unit.
fn units_are_bounded_and_in_order_of_arrival(round: &Round, played: &Played) {
    let rank: BTreeMap<_, _> =
        played.arrivals.iter().enumerate().map(|(rank, caller)| (caller, rank)).collect();
    let mut first: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for run in &played.log {
        assert!((1..=round.unit).contains(&run.callers.len()), "{} of {}", run.callers.len(), round.unit);
        assert!(run.callers.is_sorted_by_key(|caller| rank[caller]), "{run:?}");
        let seen = first.entry(run.program.clone()).or_default();
        let news: Vec<_> =
            run.callers.iter().map(|caller| rank[caller]).filter(|rank| !seen.contains(rank)).collect();
        seen.extend(news);
    }
    assert!(first.values().all(|ranks| ranks.is_sorted()), "{first:?}");
    assert!(round.fake.overlap() <= 2, "the lane's unit of a program, and one of what was set aside");
}

#[derive(Default)]
struct Figures {
    calls: usize,
    left: usize,
    units: BTreeMap<String, usize>,
    heard: BTreeMap<String, usize>,
}

impl Figures {
    fn add(&mut self, played: &Played) {
        self.calls += played.heard.len() + played.left;
        self.left += played.left;
        for run in &played.log {
            let ended = match run.ended {
                Ended::Refused(_) => "Refused".to_owned(),
                other => format!("{other:?}"),
            };
            *self.units.entry(ended).or_default() += 1;
        }
        for heard in played.heard.values() {
            let word = format!("{heard:?}").split(' ').next().expect("a word").to_owned();
            *self.heard.entry(word).or_default() += 1;
        }
    }
}

/// Plays every round with this many accidents, and looks at each.
fn figures(accidents: u64, look: impl Fn(&Round, &Played)) -> Figures {
    let mut figures = Figures::default();
    for seed in 0..ROUNDS {
        let (round, played) = alone(Round::play(seed, accidents));
        everybody_hears_what_the_model_says(&round, &played);
        units_are_bounded_and_in_order_of_arrival(&round, &played);
        assert!(round.lane.0.queues.is_empty(), "no program keeps a queue");
        look(&round, &played);
        figures.add(&played);
    }
    let Figures { calls, left, units, heard } = &figures;
    println!("rounds={ROUNDS} calls={calls} left={left} units={units:?} heard={heard:?}");
    figures
}

/// On one thread, so that a seed is always the same interleaving.
fn alone<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
}

#[test]
fn whatever_happens_everybody_is_answered_as_one_after_another() {
    let figures = figures(5, |_, _| ());
    let ends = ["Away", "Committed", "CommitLost", "Contended", "Corrupt", "Panicked", "Refused"];
    assert!(ends.iter().all(|end| figures.units[*end] > ROUNDS as usize / 2), "{:?}", figures.units);
    let words = ["Away", "Conflict", "Contended", "Corrupt", "Panicked", "Recorded", "Refused", "Replayed"];
    assert!(words.iter().all(|word| figures.heard[*word] > ROUNDS as usize / 2), "{:?}", figures.heard);
    assert!(figures.heard["Full"] > 100 && figures.heard["Closed"] > 100, "{:?}", figures.heard);
}

#[test]
fn an_event_at_fault_never_fails_another() {
    let figures = figures(0, |round, played| {
        for (caller, heard) in &played.heard {
            let wanted = match round.calls[*caller].source.as_str() {
                "late" => matches!(heard, Heard::Refused),
                "corrupt" => *heard == Heard::Corrupt,
                "contended" => *heard == Heard::Contended,
                "panic" => *heard == Heard::Panicked,
                _ => matches!(heard, Heard::Recorded { .. } | Heard::Replayed { .. } | Heard::Conflict),
            };
            assert!(
                wanted || matches!(heard, Heard::Full | Heard::Closed),
                "caller {caller} heard {heard:?}"
            );
        }
    });
    assert!(figures.units["Corrupt"] > 0 && !figures.units.contains_key("Away"));
}
