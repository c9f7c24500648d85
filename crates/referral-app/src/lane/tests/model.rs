//! The sequential model: what each caller must have heard, given the units that were run and in which order.

use std::collections::BTreeMap;

use referral_domain::port::StoreError;
use referral_domain::reference::Slug;
use referral_domain::spend::{Answer, SpendRefusal};

use super::fake::{Ended, Run};
use super::teller;
use crate::failure::Failure;
use crate::lane::{Abandoned, Busy, Told};

/// What a caller tells of.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) program: Slug,
    pub(super) source: String,
    pub(super) cents: i64,
}

/// What a caller heard. Whoever was first is named, so that nobody's answer can pass for another's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Heard {
    Recorded { by: usize },
    Replayed { of: usize },
    Conflict,
    Refused,
    Contended,
    Corrupt,
    Panicked,
    Away,
    Abandoned,
    Full,
    Closed,
}

impl Heard {
    /// In the model's words. A panic never comes this way.
    pub(super) fn of(told: &Told) -> Self {
        match told {
            Ok(receipt) => Self::answer(&receipt.answers),
            Err(Failure::Refused(SpendRefusal::TimeOutOfRange { index: 0 })) => Self::Refused,
            Err(Failure::Store(error)) => Self::error(error),
            Err(other) => panic!("nobody brings this about: {other:?}"),
        }
    }

    fn answer(answers: &[Answer]) -> Self {
        match answers {
            [Answer::Recorded(event)] => Self::Recorded { by: teller(event.metadata.as_ref()) },
            [Answer::Replayed(event)] => Self::Replayed { of: teller(event.metadata.as_ref()) },
            [Answer::Conflict(_)] => Self::Conflict,
            others => panic!("one event, one answer: {others:?}"),
        }
    }

    fn error(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(source) if source.is::<Abandoned>() => Self::Abandoned,
            StoreError::Unavailable(_) => Self::Away,
            StoreError::Corrupt { .. } => Self::Corrupt,
            StoreError::Contended(source) => match source.downcast_ref() {
                Some(Busy::Full(_)) => Self::Full,
                Some(Busy::Closed) => Self::Closed,
                None => Self::Contended,
            },
        }
    }
}

/// What the callers of a log must have heard.
#[derive(Default)]
pub(super) struct Model {
    /// Who was first to tell of an id, and how much it was.
    known: BTreeMap<(Slug, String), (usize, i64)>,
    heard: BTreeMap<usize, Heard>,
    /// Who was in a unit that failed through others and has not been in one since, and the first such unit of theirs.
    left: BTreeMap<usize, usize>,
    units: usize,
}

impl Model {
    /// Plays the units one event after another.
    pub(super) fn play(log: &[Run], calls: &[Call]) -> Self {
        let mut model = Self::default();
        log.iter().for_each(|run| model.unit(run, calls));
        assert_eq!(
            model.left,
            BTreeMap::new(),
            "whoever is set aside is tried again, or hears that the store is away"
        );
        model
    }

    /// What a caller must have heard; `None` when their event was in no unit.
    pub(super) fn heard(&self, caller: usize) -> Option<Heard> {
        self.heard.get(&caller).copied()
    }

    fn unit(&mut self, run: &Run, calls: &[Call]) {
        let family = self.family(run);
        let alone = run.callers.len() == 1;
        for (index, &caller) in run.callers.iter().enumerate() {
            assert_eq!(calls[caller].program, run.program, "a unit is of one program");
            match self.outcome(run.ended, index, alone, (caller, &calls[caller])) {
                Some(heard) => self.tell(caller, heard),
                None => drop(self.left.insert(caller, family)),
            }
        }
        if matches!(run.ended, Ended::Away | Ended::CommitLost) {
            self.nobody_is_tried_alone(family);
        }
    }

    /// The first unit in which these callers were together: they are the rest or a part of it, and nobody joins them.
    fn family(&mut self, run: &Run) -> usize {
        self.units += 1;
        let families: Vec<_> = run.callers.iter().map(|caller| self.left.remove(caller)).collect();
        assert!(
            families.windows(2).all(|pair| pair[0] == pair[1]),
            "{run:?} is of several units: {families:?}"
        );
        families.first().copied().flatten().unwrap_or(self.units)
    }

    fn outcome(&mut self, ended: Ended, index: usize, alone: bool, call: (usize, &Call)) -> Option<Heard> {
        match ended {
            Ended::Committed => Some(self.decide(call)),
            Ended::CommitLost => {
                self.decide(call);
                Some(Heard::Away)
            }
            Ended::Away => Some(Heard::Away),
            Ended::Refused(refused) => (refused == index).then_some(Heard::Refused),
            Ended::Contended => alone.then_some(Heard::Contended),
            Ended::Corrupt => alone.then_some(Heard::Corrupt),
            Ended::Panicked => alone.then_some(Heard::Panicked),
        }
    }

    fn decide(&mut self, (caller, call): (usize, &Call)) -> Heard {
        let key = (call.program.clone(), call.source.clone());
        let (first, cents) = *self.known.entry(key).or_insert((caller, call.cents));
        match (first == caller, cents == call.cents) {
            (true, _) => Heard::Recorded { by: caller },
            (false, true) => Heard::Replayed { of: first },
            (false, false) => Heard::Conflict,
        }
    }

    fn tell(&mut self, caller: usize, heard: Heard) {
        let before = self.heard.insert(caller, heard);
        assert_eq!(before, None, "caller {caller} is answered once, and in no unit after that");
    }

    /// The store went away under a part of what was set aside: those who are left of it hear so, and in no other unit.
    fn nobody_is_tried_alone(&mut self, family: usize) {
        let (gone, left) = std::mem::take(&mut self.left).into_iter().partition(|(_, of)| *of == family);
        self.left = left;
        let gone: BTreeMap<_, _> = gone;
        gone.into_keys().for_each(|caller| self.tell(caller, Heard::Away));
    }
}
