//! Group commit: single spend events that are told at the same time are recorded as one unit.
//!
//! A program has at most one unit of the lane under way. What is told meanwhile waits in order of arrival and is the
//! next unit. So nothing ever waits for a timer, and a unit is as large as the load makes it. Each event is answered
//! after the commit, with its own outcome.
//!
//! | a unit ended with | what becomes of its events |
//! |---|---|
//! | its commit | each has its own answer |
//! | a refusal, which names one event | that one is refused; the others run again as one unit |
//! | `Unavailable`, a lost commit included | all hear so, none is tried alone; a resend is answered from what was stored |
//! | `Contended` after all attempts, `Corrupt`, a panic | they are set aside: halved until what is at fault is alone |
//! | no such program | all hear so |
//!
//! Several events of one caller are a unit of their own ([`Lane::record_together`]): on the lane's runtime when it was given
//! one ([`Lane::start_on`]), else wherever their caller runs.
//!
//! *Order*: the events of a program are decided in order of arrival, but for those that were set aside; they are
//! decided by a task of its own, one such task at a time, while the lane goes on.
//!
//! *Bounds*: [`UNIT_MAX`] events a unit, [`UNANSWERED_MAX`] events from arrival to answer wherever they are,
//! [`REFUSALS_MAX`] refusals a unit.
//!
//! *Metrics*: `referral_spend_unit_events`, how many events each unit of the lane had;
//! `referral_spend_unanswered`, how many events wait for their answer; `referral_spend_busy_total`, how many were
//! turned away because too many did; `referral_spend_set_aside_total`, how many units were set aside.

mod batch;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use referral_domain::port::StoreError;
use referral_domain::reference::Slug;
use referral_domain::spend::{EventCommand, SpendRefusal};
use tokio::runtime::Handle;
use tokio::sync::{Mutex as Turn, Semaphore, TryAcquireError, oneshot};
use tokio::task::JoinHandle;

use crate::failure::Failure;
use crate::queues::{Entered, Queues};
use crate::record_spend::{RecordSpend, SpendReceipt};
use batch::{Batch, Caller, Next, Waiting};

/// The most events of one unit: beyond it a unit takes longer and saves nothing more.
const UNIT_MAX: usize = 512;

/// The most events that may wait for their answer, as many as 8 full units: the last of them still waits for less than
/// a second, and with 4 KiB of metadata each they take 20 MB.
const UNANSWERED_MAX: u32 = 4_096;

/// How many refusals a unit is run again for. Each run is for nothing but to learn of the next one, so a unit with more
/// is set aside, where halving finds them.
const REFUSALS_MAX: usize = 8;

/// What is told of events.
pub(crate) type Told = Result<SpendReceipt, Failure<SpendRefusal>>;

/// What runs a unit.
#[async_trait]
pub(crate) trait Recorder: Send + Sync {
    /// Records all the events, or none.
    async fn record(&self, command: &RecordSpend) -> Told;
}

/// The lane. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Lane(Arc<Shared>);

struct Shared {
    recorder: Arc<dyn Recorder>,
    runtime: Handle,
    /// Whether the runtime is there for units, so that those of several events belong on it as well.
    is_for_units: bool,
    bounds: Bounds,
    /// A permit for every event that may still wait for its answer.
    room: Arc<Semaphore>,
    /// What waits.
    queues: Queues<Waiting>,
    /// The turn of whoever halves what was set aside: the lane shares the store with one of them at most.
    aside: Turn<()>,
}

#[derive(Clone, Copy, Debug)]
struct Bounds {
    unit: usize,
    unanswered: u32,
}

/// The bounds of a lane.
const BOUNDS: Bounds = Bounds { unit: UNIT_MAX, unanswered: UNANSWERED_MAX };

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
enum Busy {
    #[error("{0} spend events wait for their answer already, or the server is stopping")]
    Full(u32),
    #[error("the server is stopping and takes no more spend events")]
    Closed,
}

/// A unit never told how it ended: its task is gone.
#[derive(Debug, thiserror::Error)]
#[error("the unit that was to record the event ended without an answer")]
struct Abandoned;

/// A unit on another runtime, which ends when nobody waits for it any more.
struct Wanted(JoinHandle<Told>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Lane {
    /// A lane whose units run on the runtime this is called on, whichever threads its callers are on.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub(crate) fn start(recorder: Arc<dyn Recorder>) -> Self {
        Self::bounded(recorder, (Handle::current(), false), BOUNDS)
    }

    /// A lane whose units, and those of several events, run on a runtime that is there for them.
    pub(crate) fn start_on(recorder: Arc<dyn Recorder>, runtime: Handle) -> Self {
        Self::bounded(recorder, (runtime, true), BOUNDS)
    }

    fn bounded(recorder: Arc<dyn Recorder>, runtime: (Handle, bool), bounds: Bounds) -> Self {
        let room = Arc::new(Semaphore::new(bounds.unanswered as usize));
        let (queues, aside) = (Queues::default(), Turn::default());
        let (runtime, is_for_units) = runtime;
        Self(Arc::new(Shared { recorder, runtime, is_for_units, bounds, room, queues, aside }))
    }

    /// Records one event together with those that wait with it; the answer is its own.
    ///
    /// Whoever drops this before the event's unit has begun takes the event back; from then on it is recorded, and a
    /// resend is answered from that.
    ///
    /// # Errors
    /// What [`Recorder::record`] fails with for this event; [`StoreError::Contended`] at once when too many wait or the
    /// lane is closed.
    pub(crate) async fn record(&self, program: &Slug, event: impl Into<EventCommand>) -> Told {
        let room = Arc::clone(&self.0.room).try_acquire_owned().map_err(|error| self.turn_away(&error))?;
        let (answer, answered) = oneshot::channel();
        self.enter(program, Waiting { event: event.into(), caller: Caller { answer, _room: room } });
        match answered.await {
            Ok(Ok(told)) => told,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(StoreError::Unavailable(Abandoned.into()).into()),
        }
    }

    /// Records several events as one unit of their own, or none of them.
    ///
    /// Whoever drops this before the unit has begun takes the events back.
    ///
    /// # Errors
    /// What [`Recorder::record`] fails with.
    pub(crate) async fn record_together(&self, command: &RecordSpend) -> Told {
        if !self.0.is_for_units {
            return self.0.recorder.record(command).await;
        }
        let (recorder, command) = (Arc::clone(&self.0.recorder), command.clone());
        let unit = self.0.runtime.spawn(async move { recorder.record(&command).await });
        let mut unit = Wanted(unit);
        match (&mut unit.0).await {
            Ok(told) => told,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(StoreError::Unavailable(Abandoned.into()).into()),
            },
        }
    }

    /// Takes no more events; ready when every event that was taken is answered. Repeating it changes nothing.
    pub(crate) async fn close(&self) {
        // Whoever waits for all permits is given each that comes back: from here on there is none for an event.
        match self.0.room.acquire_many(self.0.bounds.unanswered).await {
            Ok(_all) => self.0.room.close(),
            Err(_closed) => {}
        }
    }

    fn turn_away(&self, error: &TryAcquireError) -> StoreError {
        metrics::counter!("referral_spend_busy_total").increment(1);
        StoreError::Contended(match error {
            TryAcquireError::NoPermits => Busy::Full(self.0.bounds.unanswered).into(),
            TryAcquireError::Closed => Busy::Closed.into(),
        })
    }

    fn enter(&self, program: &Slug, waiting: Waiting) {
        if self.0.queues.enter(program, waiting) == Entered::First {
            self.0.runtime.spawn(Arc::clone(&self.0).serve(program.clone()));
        }
    }
}

impl Shared {
    /// Runs the units of a program until nothing waits.
    async fn serve(self: Arc<Self>, program: Slug) {
        while let Some(batch) = self.take(&program) {
            self.run(batch).await;
        }
    }

    /// The next batch of a program; without one, the program has no queue any more.
    fn take(&self, program: &Slug) -> Option<Batch> {
        self.measure();
        let waiting = self.queues.take(program, self.bounds.unit, Waiting::is_wanted)?;
        Some(Batch::of(program, waiting.into_iter()))
    }

    async fn run(self: &Arc<Self>, mut batch: Batch) {
        for _ in 0..REFUSALS_MAX {
            batch = match self.unit(batch).await {
                Next::Over | Next::Away(_) => return,
                Next::Again(rest) => rest,
                Next::Apart(batch) => return self.set_aside(batch),
            };
        }
        self.set_aside(batch);
    }

    async fn unit(&self, batch: Batch) -> Next {
        metrics::histogram!("referral_spend_unit_events").record(batch.len() as f64);
        let ended = AssertUnwindSafe(self.recorder.record(batch.command())).catch_unwind().await;
        batch.settle(ended)
    }

    fn set_aside(self: &Arc<Self>, batch: Batch) {
        metrics::counter!("referral_spend_set_aside_total").increment(1);
        self.runtime.spawn(Arc::clone(self).divide(batch));
    }

    /// Halves a batch until whatever is at fault is alone; the first half goes first. When the store goes away, whoever
    /// is left hears so.
    async fn divide(self: Arc<Self>, batch: Batch) {
        let _turn = self.aside.lock().await;
        let mut parts = batch.halves();
        while let Some(part) = parts.pop() {
            match self.unit(part).await {
                Next::Over => {}
                Next::Again(rest) | Next::Apart(rest) => parts.extend(rest.halves()),
                Next::Away(cause) => parts.drain(..).for_each(|part| part.tell_away(&cause)),
            }
        }
        self.measure();
    }

    fn measure(&self) {
        let unanswered = (self.bounds.unanswered as usize).saturating_sub(self.room.available_permits());
        metrics::gauge!("referral_spend_unanswered").set(unanswered as f64);
    }
}
