//! A payout is approved, rejected, or given up by its user.

use referral_domain::audit::{Actor, ActorKind};
use referral_domain::id::{BookId, PayoutId, TransactionId};
use referral_domain::ledger::{CreatedBy, Journal};
use referral_domain::payout::{
    CancelledBy, Failure as Reason, Movement, Payout, PayoutStatus, WrongState, heading,
};
use referral_domain::port::{Changes, PayoutItem, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;

use super::request::PayoutReceipt;
use super::trail::Hand;
use crate::app::App;
use crate::failure::{Failure, Refused};
use crate::idempotent::{Idempotent, Replayable, once};
use crate::posting::ledger_fault;

/// A payout to change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangePayout {
    /// In which program.
    pub program: Slug,
    /// Which.
    pub payout: PayoutId,
    /// Who changes it.
    pub actor: Actor,
}

/// Why it is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefused {
    /// There is no such payout, or it is another's.
    #[error("there is no such payout")]
    NotFound,
    /// It does not stand where that can be done.
    #[error(transparent)]
    State(#[from] WrongState),
}

impl Refused for ChangeRefused {}

impl App {
    /// A person agrees to a payout. Doing it twice is once.
    ///
    /// # Errors
    /// [`ChangeRefused`] (then nothing changes), no such program, or the store's.
    pub async fn approve_payout(
        &self,
        command: &ChangePayout,
        request: Option<&Idempotent<'_, PayoutReceipt>>,
    ) -> Result<Replayable<PayoutReceipt>, Failure<ChangeRefused>> {
        let now = self.now();
        once(self.store(), &command.program, request, now, move |unit, program| {
            Box::pin(async move {
                let before = locked(unit, &program, command).await?;
                if before.status() == PayoutStatus::Approved {
                    return receipt(unit, program, before).await;
                }
                let payout = before.clone().approve(now).map_err(ChangeRefused::State)?;
                let hand = Hand { actor: &command.actor, now, ids: &|| self.draw_id() };
                let changes = Changes {
                    payout_steps: payout.last().cloned().into_iter().collect(),
                    audit: vec![hand.on_payout("payout.approve", Some(&before), &payout)],
                    ..Changes::default()
                };
                unit.recorder().record(program.book, &changes).await?;
                receipt(unit, program, payout).await
            })
        })
        .await
    }

    /// A person rejects a payout before it is batched, and its money comes back. Doing it twice is once.
    ///
    /// # Errors
    /// [`ChangeRefused`] (then nothing changes), no such program, or the store's.
    pub async fn reject_payout(
        &self,
        command: &ChangePayout,
        reason: Option<&str>,
        request: Option<&Idempotent<'_, PayoutReceipt>>,
    ) -> Result<Replayable<PayoutReceipt>, Failure<ChangeRefused>> {
        let message = reason.unwrap_or("Rejected").to_owned();
        let reason = Reason { code: "rejected".to_owned(), message };
        self.cancel(command, (CancelledBy::Operator, Some(&reason)), request).await
    }

    /// A user gives their payout up before it is batched, and its money comes back. Doing it twice is once.
    ///
    /// # Errors
    /// [`ChangeRefused`] (then nothing changes), no such program, or the store's.
    pub async fn cancel_payout(
        &self,
        program: &Slug,
        user: &HostId,
        payout: PayoutId,
        request: Option<&Idempotent<'_, PayoutReceipt>>,
    ) -> Result<Replayable<PayoutReceipt>, Failure<ChangeRefused>> {
        let actor = Actor { kind: ActorKind::User, id: user.to_string() };
        let command = ChangePayout { program: program.clone(), payout, actor };
        self.cancel(&command, (CancelledBy::User, None), request).await
    }

    async fn cancel(
        &self,
        command: &ChangePayout,
        (by, reason): (CancelledBy, Option<&Reason>),
        request: Option<&Idempotent<'_, PayoutReceipt>>,
    ) -> Result<Replayable<PayoutReceipt>, Failure<ChangeRefused>> {
        let now = self.now();
        once(self.store(), &command.program, request, now, move |unit, program| {
            Box::pin(async move {
                let before = locked(unit, &program, command).await?;
                if before.last().and_then(|step| step.stage.cancelled_by()) == Some(by) {
                    return receipt(unit, program, before).await;
                }
                let id = TransactionId::from_uuid(self.draw_id());
                let after = before.clone().cancel(by, reason.cloned(), id, now);
                let payout = after.map_err(ChangeRefused::State)?;
                let wallets = unit.ledger().open(program.book, program.currency, &[payout.user]).await?;
                let mut journal = Journal::open(wallets, now);
                self.unreserve(&mut journal, &payout, by, now)?;
                let hand = Hand { actor: &command.actor, now, ids: &|| self.draw_id() };
                let action = if by == CancelledBy::User { "payout.cancel" } else { "payout.reject" };
                let changes = Changes {
                    payout_steps: payout.last().cloned().into_iter().collect(),
                    posting: journal.finish(),
                    audit: vec![hand.on_payout(action, Some(&before), &payout)],
                    ..Changes::default()
                };
                unit.recorder().record(program.book, &changes).await?;
                receipt(unit, program, payout).await
            })
        })
        .await
    }

    /// Posts what a cancelled payout gives back: what the user owes is repaid first.
    pub(super) fn unreserve(
        &self,
        journal: &mut Journal,
        payout: &Payout,
        by: CancelledBy,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(id) = payout.last().and_then(|step| step.stage.transaction()) else { return Ok(()) };
        let created_by = match by {
            CancelledBy::User => CreatedBy::User,
            CancelledBy::Operator => CreatedBy::Operator,
            CancelledBy::Rule => CreatedBy::System,
        };
        let heading = heading(payout.id, Movement::Cancel, id, created_by, now);
        let posted = journal.unreserve(heading, payout.user, payout.amount, &mut || self.draw_id());
        posted.map_err(ledger_fault)
    }
}

/// The payout, locked. A user finds their own alone.
async fn locked(
    unit: &mut Unit<'_>,
    program: &Program,
    command: &ChangePayout,
) -> Result<Payout, Failure<ChangeRefused>> {
    let payout = unit.payouts().lock(program.book, &[command.payout]).await?.pop();
    let payout = payout.ok_or(ChangeRefused::NotFound)?;
    if command.actor.kind == ActorKind::User {
        let host = host(unit, program.book, &payout).await?;
        host.filter(|host| host.as_str() == command.actor.id).ok_or(ChangeRefused::NotFound)?;
    }
    Ok(payout)
}

async fn host(unit: &mut Unit<'_>, book: BookId, payout: &Payout) -> Result<Option<HostId>, StoreError> {
    Ok(unit.payouts().hosts(book, &[payout.user]).await?.pop().flatten())
}

/// A payout as it is answered.
async fn receipt(
    unit: &mut Unit<'_>,
    program: Program,
    payout: Payout,
) -> Result<PayoutReceipt, Failure<ChangeRefused>> {
    let host = host(unit, program.book, &payout).await?;
    let methods = unit.payouts().methods(program.book, &[(payout.user, payout.method)]).await?;
    let label = methods.into_iter().next().map(|method| method.label).unwrap_or_default();
    Ok(PayoutReceipt { item: PayoutItem { payout, label, host }, program })
}
