//! A recorder that is no store: it knows which ids it has, fails as it is told, and keeps a log of its units.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use referral_domain::id::UserId;
use referral_domain::port::StoreError;
use referral_domain::reference::{Slug, SourceId};
use referral_domain::spend::{Answer, EventCommand, SpendCommand, SpendEvent, SpendRefusal};
use referral_testkit::build::{a_program, an_event, named_id};
use referral_testkit::fake::SeededChance;
use tokio::sync::Semaphore;

use super::teller;
use crate::failure::Failure;
use crate::lane::{Recorder, Told};
use crate::record_spend::{RecordSpend, SpendReceipt};

/// How a unit of the log ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// Everything is stored, and it said so.
    Committed,
    /// Everything is stored, but nobody was told.
    CommitLost,
    /// The store was away.
    Away,
    /// The event of this index was refused.
    Refused(usize),
    /// A race was lost.
    Contended,
    /// A row broke a rule.
    Corrupt,
    /// It panicked.
    Panicked,
}

/// A unit as it went.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) program: Slug,
    pub(super) callers: Vec<usize>,
    pub(super) ended: Ended,
}

/// The recorder.
pub(super) struct Fake {
    /// How many of 100 units end in each accident: away, a lost commit, a lost race.
    accidents: u64,
    chance: SeededChance,
    /// How every unit ends, if that is settled.
    always: Option<Ended>,
    /// Every unit takes one; there are endlessly many unless a test hands them out.
    pub(super) turns: Semaphore,
    /// Every unit that waits for its turn leaves one here.
    pub(super) begun: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: BTreeMap<(Slug, SourceId), SpendEvent>,
    log: Vec<Run>,
    under_way: BTreeMap<Slug, usize>,
    overlap: usize,
}

impl Fake {
    /// Units take turns at will, and end in accidents this often.
    pub(super) fn with_accidents(seed: u64, accidents: u64) -> Self {
        let chance = SeededChance::from_seed(seed);
        let (turns, begun) = (Semaphore::new(Semaphore::MAX_PERMITS), Semaphore::new(0));
        Self { accidents, chance, always: None, turns, begun, state: Mutex::default() }
    }

    /// No unit ends before the test lets it.
    pub(super) fn stopped() -> Self {
        Self { turns: Semaphore::new(0), ..Self::with_accidents(0, 0) }
    }

    /// The same, and every unit ends in this way.
    pub(super) fn always(self, ended: Ended) -> Self {
        Self { always: Some(ended), ..self }
    }

    /// Waits until a unit has begun.
    pub(super) async fn has_begun(&self) {
        self.begun.acquire().await.expect("never closed").forget();
    }

    pub(super) fn log(&self) -> Vec<Run> {
        self.state().log.clone()
    }

    /// The most units of one program that were under way at once.
    pub(super) fn overlap(&self) -> usize {
        self.state().overlap
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no unit fails while it is written down")
    }

    fn begin(&self, program: &Slug) {
        let mut state = self.state();
        let count = state.under_way.entry(program.clone()).or_default();
        *count += 1;
        let count = *count;
        state.overlap = state.overlap.max(count);
        self.begun.add_permits(1);
    }

    fn end(&self, command: &RecordSpend) -> Ended {
        let mut state = self.state();
        *state.under_way.entry(command.program.clone()).or_default() -= 1;
        let ended = self.always.unwrap_or_else(|| self.how(&command.events));
        let callers = spends(command).map(|event| teller(event.metadata.as_ref())).collect();
        state.log.push(Run { program: command.program.clone(), callers, ended });
        ended
    }

    /// What is wrong with the events goes before what may happen to any.
    fn how(&self, events: &[EventCommand]) -> Ended {
        let named = |word: &str| events.iter().position(|event| event.source().as_str().starts_with(word));
        if named("panic").is_some() {
            Ended::Panicked
        } else if named("corrupt").is_some() {
            Ended::Corrupt
        } else if named("contended").is_some() {
            Ended::Contended
        } else {
            named("late").map_or_else(|| self.accident(), Ended::Refused)
        }
    }

    fn accident(&self) -> Ended {
        let drawn = self.chance.below(100);
        match drawn.checked_div(self.accidents) {
            Some(0) => Ended::Away,
            Some(1) => Ended::CommitLost,
            Some(2) => Ended::Contended,
            _ => Ended::Committed,
        }
    }

    fn store(&self, command: &RecordSpend) -> SpendReceipt {
        let mut state = self.state();
        let mut answer = |event: &SpendCommand| state.answer(&command.program, event);
        SpendReceipt { answers: spends(command).map(&mut answer).collect(), program: a_program().build() }
    }
}

/// The events, which are spends here.
fn spends(command: &RecordSpend) -> impl Iterator<Item = &SpendCommand> {
    command.events.iter().filter_map(|event| match event {
        EventCommand::Spend(spend) => Some(spend),
        EventCommand::Refund(_) => None,
    })
}

impl State {
    fn answer(&mut self, program: &Slug, event: &SpendCommand) -> Answer {
        let user = UserId::from_uuid(named_id(event.user.as_str()));
        let fresh = an_event(event, user).build();
        match self.known.get(&(program.clone(), event.source.clone())) {
            Some(known) if known.body == fresh.body => Answer::Replayed(known.clone()),
            Some(_) => Answer::Conflict(event.source.clone()),
            None => {
                self.known.insert((program.clone(), event.source.clone()), fresh.clone());
                Answer::Recorded(fresh)
            }
        }
    }
}

#[async_trait]
impl Recorder for Fake {
    async fn record(&self, command: &RecordSpend) -> Told {
        self.begin(&command.program);
        self.turns.acquire().await.expect("never closed").forget();
        for _ in 0..self.chance.below(4) {
            tokio::task::yield_now().await;
        }
        match self.end(command) {
            Ended::Committed => Ok(self.store(command)),
            Ended::CommitLost => {
                self.store(command);
                Err(StoreError::Unavailable("the answer to COMMIT was lost".into()).into())
            }
            Ended::Away => Err(StoreError::Unavailable("nobody answers".into()).into()),
            Ended::Refused(index) => Err(SpendRefusal::TimeOutOfRange { index }.into()),
            Ended::Contended => Err(Failure::Store(StoreError::Contended("a race was lost".into()))),
            Ended::Corrupt => {
                Err(StoreError::corrupt("spend_events", "amount", "?", "a rule is broken").into())
            }
            Ended::Panicked => panic!("an event that nobody can decide"),
        }
    }
}
