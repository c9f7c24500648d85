//! A batch is sealed, approved by a second person, or discarded.

use referral_domain::audit::Actor;
use referral_domain::id::BatchId;
use referral_domain::payout::{Batch, BatchRefusal, BatchStatus, Payout};
use referral_domain::port::{Changes, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;

use super::trail::Hand;
use super::view::{name, people};
use crate::app::App;
use crate::failure::{Failure, Refused};
use crate::idempotent::{Idempotent, Replayable, once};

/// A batch to move on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MoveBatch {
    /// In which program.
    pub program: Slug,
    /// Which.
    pub batch: BatchId,
    /// Who moves it.
    pub actor: Actor,
}

/// A batch as a unit leaves it, its people by the names the host knows them by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchReceipt {
    /// The batch.
    pub batch: Batch,
    /// The program, for its currency.
    pub program: Program,
}

/// Why it is not moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchRefused {
    /// There is no such batch.
    #[error("there is no such batch")]
    NotFound,
    /// A rule of batches.
    #[error(transparent)]
    Rule(#[from] BatchRefusal),
}

impl Refused for BatchRefused {}

impl App {
    /// Fixes a batch's manifest. Doing it twice is once.
    ///
    /// # Errors
    /// [`BatchRefused`] (then nothing changes), no such program, or the store's.
    pub async fn seal_batch(
        &self,
        command: &MoveBatch,
        request: Option<&Idempotent<'_, BatchReceipt>>,
    ) -> Result<Replayable<BatchReceipt>, Failure<BatchRefused>> {
        let step: &Step<'_> = &|batch, program, by, now| batch.seal(program.currency, by, now);
        self.move_batch(command, request, ("payout-batch.seal", BatchStatus::Sealed), step).await
    }

    /// A person other than its maker agrees to a batch. The same person doing it twice is once.
    ///
    /// # Errors
    /// [`BatchRefused`] (then nothing changes), no such program, or the store's.
    pub async fn approve_batch(
        &self,
        command: &MoveBatch,
        request: Option<&Idempotent<'_, BatchReceipt>>,
    ) -> Result<Replayable<BatchReceipt>, Failure<BatchRefused>> {
        let step: &Step<'_> = &|batch, _, by, now| batch.approve(by, now);
        self.move_batch(command, request, ("payout-batch.approve", BatchStatus::Approved), step).await
    }

    /// Gives a batch up: its payouts are approved again. Doing it twice is once.
    ///
    /// # Errors
    /// [`BatchRefused`] (then nothing changes), no such program, or the store's.
    pub async fn discard_batch(
        &self,
        command: &MoveBatch,
        request: Option<&Idempotent<'_, BatchReceipt>>,
    ) -> Result<Replayable<BatchReceipt>, Failure<BatchRefused>> {
        let step: &Step<'_> = &|batch, _, by, now| batch.discard(by, now);
        self.move_batch(command, request, ("payout-batch.discard", BatchStatus::Discarded), step).await
    }

    async fn move_batch(
        &self,
        command: &MoveBatch,
        request: Option<&Idempotent<'_, BatchReceipt>>,
        (action, goal): (&'static str, BatchStatus),
        step: &Step<'_>,
    ) -> Result<Replayable<BatchReceipt>, Failure<BatchRefused>> {
        let now = self.now();
        once(self.store(), &command.program, request, now, move |unit, program| {
            Box::pin(async move {
                let hand = Hand { actor: &command.actor, now, ids: &|| self.draw_id() };
                let by = hand.inside(unit, &program).await?;
                let before = unit.payouts().lock_batch(program.book, command.batch).await?;
                let before = before.ok_or(BatchRefused::NotFound)?;
                if done_by(&before, goal, &by) {
                    return told(unit, program, before).await;
                }
                let batch = step(before.clone(), &program, by, now).map_err(BatchRefused::Rule)?;
                let leaving = goal == BatchStatus::Discarded;
                let payouts = if leaving { payouts_of(unit, &program, &batch).await? } else { Vec::new() };
                let left = payouts.into_iter().filter_map(|payout| payout.leave(now).ok());
                let changes = Changes {
                    batch_steps: batch.steps.last().cloned().into_iter().collect(),
                    payout_steps: left.filter_map(|payout| payout.last().cloned()).collect(),
                    audit: vec![hand.on_batch(action, Some(&before), &batch)],
                    ..Changes::default()
                };
                unit.recorder().record(program.book, &changes).await?;
                told(unit, program, batch).await
            })
        })
        .await
    }
}

/// A transition of a batch.
type Step<'a> = dyn Fn(Batch, &Program, Actor, Timestamp) -> Result<Batch, BatchRefusal> + Send + Sync + 'a;

/// Whether this was done before, and for an approval by this very person: a command sent twice is an answer.
fn done_by(batch: &Batch, goal: BatchStatus, by: &Actor) -> bool {
    let last = batch.steps.last().filter(|step| step.stage.status() == goal);
    last.is_some_and(|step| goal != BatchStatus::Approved || step.by == *by)
}

/// A batch with the names of its people.
async fn told(
    unit: &mut Unit<'_>,
    program: Program,
    mut batch: Batch,
) -> Result<BatchReceipt, Failure<BatchRefused>> {
    let people = people(&batch.steps);
    let names = unit.payouts().hosts(program.book, &people).await?;
    name(&mut batch.steps, &people, &names);
    Ok(BatchReceipt { batch, program })
}

/// The payouts of a batch, locked.
pub(super) async fn payouts_of(
    unit: &mut Unit<'_>,
    program: &Program,
    batch: &Batch,
) -> Result<Vec<Payout>, StoreError> {
    let ids: Vec<_> = batch.items.iter().map(|item| item.payout).collect();
    unit.payouts().lock(program.book, &ids).await
}
