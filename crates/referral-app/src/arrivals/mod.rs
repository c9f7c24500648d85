//! People who sign up at the same time are recorded as one unit, as single spend events are by the lane.
//!
//! A program has at most one such unit under way; who arrives meanwhile waits in order of arrival and is the next one, so
//! nobody waits for a timer. Each is answered after the commit, with their own outcome. Who shares a unit is decided
//! inside it: only those whom nobody named before, since all that a decision of theirs depends on is then what is told and
//! what the code's owner has. Everybody else, and every unit that fails for a reason of its own, goes on alone, each in
//! the unit that [`apply_code`](crate::apply_code) runs for one: nobody fails their neighbours.
//!
//! | a unit ended with | what becomes of those in it |
//! |---|---|
//! | its commit | whoever it decided has their answer; the others go on alone |
//! | `Unavailable`, a lost commit included | all hear so, and none goes on alone: a resend is answered from what was stored |
//! | `Contended` after all attempts, `Corrupt`, a panic | all go on alone |
//! | no such program | all hear so |
//!
//! *Bounds*: [`UNIT_MAX`] people a unit, [`UNANSWERED_MAX`] from arrival to answer; more go on alone.
//!
//! *Metrics*: `referral_arrival_unit_people`, how many people each unit had; `referral_arrivals_alone_total`, how many
//! left it to go on alone.

mod together;

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use referral_domain::port::{BoxError, StoreError, chain};
use referral_domain::reference::Slug;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::app::App;
use crate::apply_code::Settled;
use crate::applying::{Arrival, Refusal};
use crate::failure::Failure;
use crate::queues::{Entered, Queues};

/// The most people of one unit: those of one referrer are looked up by a walk each, and beyond it little is saved.
const UNIT_MAX: usize = 128;

/// The most people who may wait for their answer.
const UNANSWERED_MAX: u32 = 4_096;

/// What a shared unit made of one arrival.
pub(crate) enum Shared {
    /// It was decided, and the decision is stored.
    Settled(Box<Result<Settled, Failure<Refusal>>>),
    /// Nothing of it is decided: it is to be settled in a unit of its own.
    Alone,
}

/// Where people wait for the next unit. Clones are the same place.
#[derive(Clone)]
pub(crate) struct Arrivals(Arc<Hall>);

struct Hall {
    app: App,
    runtime: Handle,
    room: Arc<Semaphore>,
    queues: Queues<Waiting>,
}

/// Somebody who waits, and the room they take until they are told.
struct Waiting {
    arrival: Arc<Arrival>,
    answer: oneshot::Sender<Shared>,
    _room: OwnedSemaphorePermit,
}

impl Waiting {
    /// Whoever went away meanwhile is no reason to fail the others.
    fn tell(self, shared: Shared) {
        if self.answer.send(shared).is_err() {
            tracing::debug!("somebody who signs up went away before they were answered");
        }
    }
}

impl Arrivals {
    /// Units run by this application, on this runtime.
    pub(crate) fn start(app: App, runtime: Handle) -> Self {
        let room = Arc::new(Semaphore::new(UNANSWERED_MAX as usize));
        Self(Arc::new(Hall { app, runtime, room, queues: Queues::default() }))
    }

    /// Settles an arrival together with those that wait with it, unless it is to go on alone.
    ///
    /// Whoever drops this before the unit has begun takes the arrival back; from then on it is settled, and a resend is
    /// answered from that.
    pub(crate) async fn admit(&self, program: &Slug, arrival: &Arc<Arrival>) -> Shared {
        let Ok(room) = Arc::clone(&self.0.room).try_acquire_owned() else { return Shared::Alone };
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { arrival: Arc::clone(arrival), answer, _room: room };
        if self.0.queues.enter(program, waiting) == Entered::First {
            self.0.runtime.spawn(Arc::clone(&self.0).serve(program.clone()));
        }
        answered.await.unwrap_or_else(|_| away(&Arc::from(BoxError::from("the shared unit is gone"))))
    }

    /// Lets nobody share a unit any more; ready when all who do are answered. Repeating it changes nothing.
    pub(crate) async fn close(&self) {
        match self.0.room.acquire_many(UNANSWERED_MAX).await {
            Ok(_all) => self.0.room.close(),
            Err(_closed) => {}
        }
    }
}

impl Hall {
    /// Runs the units of a program until nobody waits.
    async fn serve(self: Arc<Self>, program: Slug) {
        let is_wanted = |waiting: &Waiting| !waiting.answer.is_closed();
        while let Some(waiting) = self.queues.take(&program, UNIT_MAX, is_wanted) {
            self.unit(&program, waiting).await;
        }
    }

    async fn unit(&self, program: &Slug, waiting: Vec<Waiting>) {
        metrics::histogram!("referral_arrival_unit_people").record(waiting.len() as f64);
        let arrivals: Vec<_> = waiting.iter().map(|one| Arc::clone(&one.arrival)).collect();
        let ended = AssertUnwindSafe(self.app.settle_together(program, &arrivals)).catch_unwind().await;
        for (one, shared) in waiting.into_iter().zip(answers(ended.ok(), arrivals.len())) {
            if matches!(shared, Shared::Alone) {
                metrics::counter!("referral_arrivals_alone_total").increment(1);
            }
            one.tell(shared);
        }
    }
}

/// What each of so many hears of how their unit ended; `None` is a panic.
fn answers(ended: Option<Result<Vec<Shared>, Failure<Refusal>>>, count: usize) -> Vec<Shared> {
    let all = |of: &dyn Fn() -> Shared| (0..count).map(|_| of()).collect();
    match ended {
        Some(Ok(decided)) => decided,
        Some(Err(Failure::NoProgram)) => all(&|| Shared::Settled(Box::new(Err(Failure::NoProgram)))),
        Some(Err(Failure::Store(StoreError::Unavailable(source)))) => {
            let cause = Arc::from(source);
            all(&|| away(&cause))
        }
        Some(Err(error)) => {
            tracing::warn!(
                people = count,
                error = chain(&error),
                "people who sign up go on alone: one fails the others"
            );
            all(&|| Shared::Alone)
        }
        None => all(&|| Shared::Alone),
    }
}

/// The store is away, for this reason; the error itself cannot be cloned.
fn away(cause: &Arc<dyn Error + Send + Sync>) -> Shared {
    let away = StoreError::Unavailable(Box::new(Arc::clone(cause)));
    Shared::Settled(Box::new(Err(away.into())))
}
