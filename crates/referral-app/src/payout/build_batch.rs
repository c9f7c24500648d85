//! Building a batch, and looking what it would be.

use referral_domain::audit::Actor;
use referral_domain::id::{BatchId, PayoutId, TransactionId};
use referral_domain::ledger::Journal;
use referral_domain::payout::{
    Batch, BatchItem, CancelledBy, Circumstances, Failure as Reason, LeftOut, MOST_ITEMS, MethodKind,
    Selection, WrongState,
};
use referral_domain::port::{Changes, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;

use super::batch::BatchReceipt;
use super::trail::Hand;
use crate::app::{App, program_in};
use crate::failure::{Failure, Refused};
use crate::idempotent::{Idempotent, Replayable, claim};
use crate::transact::transact;

/// A batch to build.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BuildBatch {
    /// In which program.
    pub program: Slug,
    /// How all of it is paid.
    pub kind: MethodKind,
    /// Which payouts, at most 1,000; all that are approved, the oldest first, when not told.
    pub payouts: Option<Vec<PayoutId>>,
    /// Who builds it.
    pub actor: Actor,
}

/// What a batch would be. Nothing has changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchPreview {
    /// What would be in it, by id.
    pub taken: Vec<(PayoutId, i64)>,
    /// What would not, and why; by id.
    pub left_out: Vec<(PayoutId, LeftOut)>,
    /// The program, for its currency.
    pub program: Program,
}

/// No batch is built: nothing is left to be paid. Payouts whose users owe something are cancelled all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmptyBatch {
    /// Nothing changed.
    #[error("no payout fits the batch; the preview says why")]
    Unchanged,
    /// What was cancelled stays cancelled.
    #[error(
        "no payout fits the batch. Of those asked for, {cancelled} were cancelled: their users owe something, which what \
         they held repays first. Any others are as they were; the preview says why"
    )]
    Cancelled {
        /// How many payouts.
        cancelled: usize,
    },
}

impl Refused for EmptyBatch {}

impl App {
    /// What a batch would be: what is in it, what is not and why. It changes nothing.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn preview_batch(&self, command: &BuildBatch) -> Result<BatchPreview, Failure<EmptyBatch>> {
        let now = self.now();
        let mut unit = self.store().begin().await?;
        let program = program_in(unit.as_mut(), &command.program, now).await?;
        let Chosen { selection, .. } = choose(unit.as_mut(), &program, command).await?;
        let left_out = selection.rest();
        let taken = selection.taken.into_iter().map(|payout| (payout.id, payout.amount)).collect();
        Ok(BatchPreview { taken, left_out, program })
    }

    /// Builds a batch of approved payouts. Payouts whose users owe something are cancelled, and their money repays first; those
    /// of users who may not be paid before their e-mail is verified stay approved, for a later batch.
    ///
    /// # Errors
    /// [`EmptyBatch`], no such program, or the store's.
    pub async fn build_batch(
        &self,
        command: &BuildBatch,
        request: Option<&Idempotent<'_, BatchReceipt>>,
    ) -> Result<Replayable<BatchReceipt>, Failure<EmptyBatch>> {
        let now = self.now();
        let built: Result<_, Failure<EmptyBatch>> = transact(self.store(), move |unit| {
            Box::pin(async move {
                let hand = Hand { actor: &command.actor, now, ids: &|| self.draw_id() };
                let program = program_in::<EmptyBatch>(unit, &command.program, now).await?;
                if let Some(reply) = claim(request, unit, program.book).await? {
                    return Ok(Ok(Replayable::Replayed(reply)));
                }
                let by = hand.inside(unit, &program).await?;
                let chosen = choose(unit, &program, command).await?;
                let empty = chosen.empty();
                let mut changes = Changes::default();
                self.cancel_owing(&mut changes, &hand, &chosen, now)?;
                let batch = self.enter(&mut changes, &hand, chosen, command.kind, by)?;
                let book = program.book;
                let receipt = batch.map(|batch| told(batch, program, &command.actor));
                let kept = request.zip(receipt.as_ref());
                changes.replies.extend(kept.map(|(request, receipt)| request.reply(book, receipt, now)));
                unit.recorder().record(book, &changes).await?;
                Ok(receipt.map(Replayable::Fresh).ok_or(empty))
            })
        })
        .await;
        built?.map_err(Failure::Refused)
    }

    /// Has the payouts chosen enter a batch; `None` when there are none.
    fn enter(
        &self,
        changes: &mut Changes,
        hand: &Hand<'_>,
        chosen: Chosen,
        kind: MethodKind,
        by: Actor,
    ) -> Result<Option<Batch>, StoreError> {
        let id = BatchId::from_uuid(self.draw_id());
        let left_out = chosen.selection.rest();
        let mut items = Vec::with_capacity(chosen.selection.taken.len());
        for payout in chosen.selection.taken {
            let digest = chosen.seen.digests.get(&payout.id).copied().unwrap_or_default();
            let entered = payout.enter(id, hand.now).map_err(illegal)?;
            items.push(BatchItem::of(&entered, digest));
            changes.payout_steps.extend(entered.last().cloned());
        }
        if items.is_empty() {
            return Ok(None);
        }
        let batch = Batch::draft(id, kind, items, by, hand.now).without(left_out);
        changes.batch_steps.extend(batch.steps.clone());
        changes.audit.push(hand.on_batch("payout-batch.build", None, &batch));
        changes.batches.push(batch.clone());
        Ok(Some(batch))
    }

    fn cancel_owing(
        &self,
        changes: &mut Changes,
        hand: &Hand<'_>,
        chosen: &Chosen,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut journal = Journal::open(chosen.wallets.clone(), now);
        for payout in &chosen.selection.owing {
            let id = TransactionId::from_uuid(self.draw_id());
            let message = "Something is owed; the money repays it first".to_owned();
            let reason = Some(Reason { code: "user-owes".to_owned(), message });
            let cancelled = payout.clone().cancel(CancelledBy::Rule, reason, id, now).map_err(illegal)?;
            self.unreserve(&mut journal, &cancelled, CancelledBy::Rule, now)?;
            changes.audit.push(hand.on_payout("payout.cancel", Some(payout), &cancelled));
            changes.payout_steps.extend(cancelled.last().cloned());
        }
        changes.posting = journal.finish();
        Ok(())
    }
}

/// A batch just built, its maker by the name the host knows them by.
fn told(mut batch: Batch, program: Program, maker: &Actor) -> BatchReceipt {
    batch.steps.iter_mut().for_each(|step| step.by = maker.clone());
    BatchReceipt { batch, program }
}

/// What was chosen, and under which wallets.
struct Chosen {
    selection: Selection,
    seen: Circumstances,
    wallets: Vec<referral_domain::ledger::Wallet>,
}

impl Chosen {
    /// What it comes to when nothing of it can be paid.
    fn empty(&self) -> EmptyBatch {
        match self.selection.owing.len() {
            0 => EmptyBatch::Unchanged,
            cancelled => EmptyBatch::Cancelled { cancelled },
        }
    }
}

/// Locks the payouts asked for and their users' wallets, and judges them.
async fn choose(unit: &mut Unit<'_>, program: &Program, command: &BuildBatch) -> Result<Chosen, StoreError> {
    let asked = match &command.payouts {
        Some(ids) => ids.clone(),
        None => unit.payouts().approved(program.book, command.kind, MOST_ITEMS).await?,
    };
    let payouts = unit.payouts().lock(program.book, &asked).await?;
    let users: Vec<_> = payouts.iter().map(|payout| payout.user).collect();
    let versions: Vec<_> = payouts.iter().map(|payout| (payout.user, payout.method)).collect();
    let methods = unit.payouts().methods(program.book, &versions).await?;
    let unverified = unit.payouts().unverified(program.book, &users).await?;
    let wallets = unit.ledger().open(program.book, program.currency, &users).await?;
    let owing = wallets.iter().filter(|wallet| wallet.balances().owed > 0).map(|wallet| wallet.user);
    let kept = payouts.iter().zip(&methods).filter(|(_, method)| method.sealed.is_some());
    let digests = kept.map(|(payout, method)| (payout.id, method.digest)).collect();
    let seen = Circumstances { owing: owing.collect(), unverified, digests };
    Ok(Chosen { selection: Selection::of(&asked, payouts, command.kind, &seen), seen, wallets })
}

/// A step that a selection has made sure of.
fn illegal(refusal: WrongState) -> StoreError {
    StoreError::corrupt("payout_steps", "status", "a payout", refusal)
}
