//! A bank says what came of a batch.

use referral_domain::id::TransactionId;
use referral_domain::ledger::{CreatedBy, Journal};
use referral_domain::payout::{
    Batch, BatchRefusal, Exception, Failure as Reason, Movement, Outcome, Payout, Row, Settlement,
    SettlementLine, WrongState, heading, judge,
};
use referral_domain::port::{Changes, StoreError, Unit};
use referral_domain::program::Program;

use super::batch::{BatchRefused, MoveBatch, payouts_of};
use super::trail::Hand;
use crate::app::App;
use crate::failure::Failure;
use crate::idempotent::{Idempotent, Replayable, once};
use crate::posting::ledger_fault;

/// A settlement file to import.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettleBatch {
    /// Which batch, and who imports it.
    pub target: MoveBatch,
    /// The file's lines.
    pub rows: Vec<Row>,
}

/// What an import came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettleReceipt {
    /// How many payouts were paid by it.
    pub settled: usize,
    /// How many failed by it.
    pub failed: usize,
    /// How many lines say what was settled before.
    pub unchanged: u32,
    /// The lines that settled nothing.
    pub exceptions: Vec<Exception>,
    /// The batch after it.
    pub batch: Batch,
    /// The program, for its currency.
    pub program: Program,
}

impl App {
    /// Imports what a bank says. Lines that do not match settle nothing and are told; the same file again changes
    /// nothing.
    ///
    /// # Errors
    /// [`BatchRefused`] (then nothing changes), no such program, or the store's.
    pub async fn settle_batch(
        &self,
        command: &SettleBatch,
        request: Option<&Idempotent<'_, SettleReceipt>>,
    ) -> Result<Replayable<SettleReceipt>, Failure<BatchRefused>> {
        let now = self.now();
        once(self.store(), &command.target.program, request, now, move |unit, program| {
            Box::pin(async move {
                let hand = Hand { actor: &command.target.actor, now, ids: &|| self.draw_id() };
                let by = hand.inside(unit, &program).await?;
                let before = unit.payouts().lock_batch(program.book, command.target.batch).await?;
                let before = before.ok_or(BatchRefused::NotFound)?;
                if before.exported().is_none() {
                    return Err(BatchRefused::Rule(BatchRefusal::State(before.status())).into());
                }
                let mut payouts = payouts_of(unit, &program, &before).await?;
                let settlement = judge(&payouts, program.currency, &command.rows);
                let mut changes = Changes::default();
                self.carry_out(unit, &program, &hand, &before, &settlement, &mut payouts, &mut changes)
                    .await?;
                let over = payouts.iter().all(|payout| payout.status().is_final());
                let batch = match before.clone().settle(by, now) {
                    Ok(settled) if over => settled,
                    Ok(_) | Err(_) => before.clone(),
                };
                changes.batch_steps.extend(batch.steps.iter().skip(before.steps.len()).cloned());
                if !settlement.settled.is_empty() {
                    changes.audit.push(hand.on_batch("payout-batch.settle", Some(&before), &batch));
                }
                unit.recorder().record(program.book, &changes).await?;
                Ok(receipt(settlement, batch, program))
            })
        })
        .await
    }

    /// Pays and fails what matches, onto freshly locked wallets.
    #[allow(clippy::too_many_arguments, reason = "the parts of one unit")]
    async fn carry_out(
        &self,
        unit: &mut Unit<'_>,
        program: &Program,
        hand: &Hand<'_>,
        batch: &Batch,
        settlement: &Settlement,
        payouts: &mut [Payout],
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        let said = |payout: &Payout| settlement.settled.iter().find(|(id, ..)| *id == payout.id);
        let users: Vec<_> =
            payouts.iter().filter(|payout| said(payout).is_some()).map(|payout| payout.user).collect();
        let wallets = unit.ledger().open(program.book, program.currency, &users).await?;
        let mut journal = Journal::open(wallets, hand.now);
        for payout in payouts {
            let Some((_, outcome, words)) = said(payout) else { continue };
            let after = self.settled(&mut journal, hand, payout.clone(), *outcome, words.as_deref())?;
            changes.payout_steps.extend(after.last().cloned());
            changes.settlement_lines.push(SettlementLine {
                batch: batch.id,
                payout: payout.id,
                outcome: *outcome,
                amount: payout.amount,
                failure: words.clone(),
                at: hand.now,
            });
            *payout = after;
        }
        changes.posting = journal.finish();
        Ok(())
    }

    fn settled(
        &self,
        journal: &mut Journal,
        hand: &Hand<'_>,
        payout: Payout,
        outcome: Outcome,
        words: Option<&str>,
    ) -> Result<Payout, StoreError> {
        let id = TransactionId::from_uuid(self.draw_id());
        let (user, amount, now) = (payout.user, payout.amount, hand.now);
        let told = |movement| heading(payout.id, movement, id, CreatedBy::Operator, now);
        let ids = &mut || self.draw_id();
        match outcome {
            Outcome::Paid => {
                journal.settle(told(Movement::Settle), user, amount, ids).map_err(ledger_fault)?;
                payout.pay(id, now).map_err(illegal)
            }
            Outcome::Failed => {
                journal.unreserve(told(Movement::Fail), user, amount, ids).map_err(ledger_fault)?;
                let message = words.unwrap_or("The payment was not made").to_owned();
                payout.fail(Reason { code: "not-paid".to_owned(), message }, id, now).map_err(illegal)
            }
        }
    }
}

fn receipt(settlement: Settlement, batch: Batch, program: Program) -> SettleReceipt {
    SettleReceipt {
        settled: settlement.count(Outcome::Paid),
        failed: settlement.count(Outcome::Failed),
        unchanged: settlement.unchanged,
        exceptions: settlement.exceptions,
        batch,
        program,
    }
}

/// What is settled was judged to be sent.
fn illegal(refusal: WrongState) -> StoreError {
    StoreError::corrupt("payout_steps", "status", "a payout", refusal)
}
