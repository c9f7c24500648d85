//! Events that share a unit, and who waits for them.

use std::any::Any;
use std::error::Error;
use std::sync::Arc;
use std::thread;

use referral_domain::port::{BoxError, StoreError, chain};
use referral_domain::reference::Slug;
use referral_domain::spend::{EventCommand, SpendRefusal};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::Told;
use crate::failure::Failure;
use crate::record_spend::{RecordSpend, SpendReceipt};

/// How a unit ended; the error is a panic.
type Ended = thread::Result<Told>;

/// Why the store is away, to be told to many: the error itself cannot be cloned.
type Cause = Arc<dyn Error + Send + Sync>;

/// An event and whoever waits for it.
pub(super) struct Waiting {
    pub(super) event: EventCommand,
    pub(super) caller: Caller,
}

impl Waiting {
    /// Whether anybody still waits for it.
    pub(super) fn is_wanted(&self) -> bool {
        !self.caller.answer.is_closed()
    }
}

/// Whoever waits for one event, and the room they take until they are told.
pub(super) struct Caller {
    pub(super) answer: oneshot::Sender<Ended>,
    pub(super) _room: OwnedSemaphorePermit,
}

impl Caller {
    /// Whoever went away meanwhile is no reason to fail the others.
    fn tell(self, ended: Ended) {
        if self.answer.send(ended).is_err() {
            tracing::debug!("whoever told of a spend event went away before it was answered");
        }
    }
}

/// Events of one program in order of arrival: one unit. There is at least one.
pub(super) struct Batch {
    /// One event a caller, in the same order.
    command: RecordSpend,
    callers: Vec<Caller>,
}

/// What is left to be done after a unit.
pub(super) enum Next {
    /// Everybody is told.
    Over,
    /// Everybody is told that the store is away, for this reason.
    Away(Cause),
    /// One was refused; these are one unit again.
    Again(Batch),
    /// One of these fails the others: there are at least two.
    Apart(Batch),
}

impl Batch {
    pub(super) fn of(program: &Slug, waiting: impl Iterator<Item = Waiting>) -> Self {
        let (events, callers) = waiting.map(|waiting| (waiting.event, waiting.caller)).unzip();
        Self { command: RecordSpend { program: program.clone(), events }, callers }
    }

    pub(super) fn len(&self) -> usize {
        self.callers.len()
    }

    pub(super) const fn command(&self) -> &RecordSpend {
        &self.command
    }

    /// Tells everybody whose answer follows from how their unit ended.
    pub(super) fn settle(self, ended: Ended) -> Next {
        match ended {
            Ok(Ok(receipt)) => self.tell_answers(receipt),
            Ok(Err(Failure::Refused(SpendRefusal::TimeOutOfRange { index }))) => self.refuse(index),
            Ok(Err(Failure::NoProgram)) => self.tell_all(|| Failure::NoProgram),
            Ok(Err(Failure::KeyReused)) => self.tell_all(|| Failure::KeyReused),
            Ok(Err(Failure::Store(StoreError::Unavailable(source)))) => self.away(source),
            Ok(Err(Failure::Store(fault))) => self.fault(Ok(fault)),
            Err(panic) => self.fault(Err(panic)),
        }
    }

    fn tell_answers(self, receipt: SpendReceipt) -> Next {
        let SpendReceipt { answers, program } = receipt;
        for (caller, answer) in self.callers.into_iter().zip(answers) {
            caller.tell(Ok(Ok(SpendReceipt { answers: vec![answer], program: program.clone() })));
        }
        Next::Over
    }

    fn tell_all(self, failure: impl Fn() -> Failure<SpendRefusal>) -> Next {
        self.callers.into_iter().for_each(|caller| caller.tell(Ok(Err(failure()))));
        Next::Over
    }

    /// Refuses the event of this index, which was the only one of its caller.
    fn refuse(mut self, index: usize) -> Next {
        if index >= self.len() {
            // Nobody's event: whoever is dropped hears that the unit had no answer, and the lane goes on.
            return Next::Over;
        }
        self.command.events.remove(index);
        let refusal = SpendRefusal::TimeOutOfRange { index: 0 };
        self.callers.remove(index).tell(Ok(Err(refusal.into())));
        if self.callers.is_empty() { Next::Over } else { Next::Again(self) }
    }

    fn away(self, source: BoxError) -> Next {
        let cause = Cause::from(source);
        self.tell_away(&cause);
        Next::Away(cause)
    }

    /// Tells everybody that the store is away.
    pub(super) fn tell_away(self, cause: &Cause) {
        self.tell_all(|| StoreError::Unavailable(Box::new(Arc::clone(cause))).into());
    }

    /// Somebody's event cannot be stored; alone it is known whose.
    fn fault(mut self, fault: Result<StoreError, Box<dyn Any + Send>>) -> Next {
        if self.len() > 1 {
            let error = fault.as_ref().ok().map(|error| chain(error));
            tracing::warn!(
                events = self.len(),
                error,
                "a unit of spend events is set aside: one fails the others"
            );
            return Next::Apart(self);
        }
        if let Some(caller) = self.callers.pop() {
            caller.tell(fault.map(|error| Err(error.into())));
        }
        Next::Over
    }

    /// Two halves, the second one first; one event is its own half.
    pub(super) fn halves(mut self) -> Vec<Self> {
        let middle = self.len().div_ceil(2);
        let (events, callers) = (self.command.events.split_off(middle), self.callers.split_off(middle));
        let second = Self { command: RecordSpend { program: self.command.program.clone(), events }, callers };
        [second, self].into_iter().filter(|half| half.len() > 0).collect()
    }
}
