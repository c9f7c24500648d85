//! Taking back a transaction by hand: whole, and once.

use referral_domain::audit::{Actor, AuditEntry};
use referral_domain::credit::{Redemption, Reversal};
use referral_domain::id::{TransactionId, UserId};
use referral_domain::ledger::{
    CreatedBy, Heading, Journal, Origin, ReferenceType, Reversed, SystemAccount, TransactionKind,
};
use referral_domain::port::{Changes, HistoryItem, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Reference, Slug};
use referral_domain::retraction::{self, Entitlement, NotRetractable, Retraction};
use referral_domain::settle::Withdrawal;
use referral_domain::time::Timestamp;
use serde_json::json;

use crate::app::App;
use crate::audit::Deed;
use crate::failure::{Failure, Refused};
use crate::idempotent::{Idempotent, Replayable, once};
use crate::posting::ledger_fault;
use crate::redeem_credits::{only_item, snapshot};
use crate::withdrawing::{Withdrawing, lock_referral};

/// A transaction to take back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RetractTransaction {
    /// In which program.
    pub program: Slug,
    /// Which one.
    pub transaction: TransactionId,
    /// Why; the user reads it.
    pub reason: String,
    /// Who takes it back.
    pub by: Actor,
}

/// What took it back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RetractReceipt {
    /// The history line of the retraction.
    pub item: HistoryItem,
    /// The host's id of the user.
    pub user: Option<HostId>,
    /// Whether it was taken back before, for the same reason.
    pub replayed: bool,
    /// The program, for its currency.
    pub program: Program,
}

/// Why nothing was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RetractionRefused {
    /// There is no such transaction.
    #[error("there is no such transaction")]
    NotFound,
    /// It is not of a kind that is taken back by hand.
    #[error("it cannot be retracted: {0}")]
    NotRetractable(NotRetractable),
    /// It was taken back before, for another reason, by an event, or as fraud; or all of it was given back.
    #[error("it was taken back before")]
    AlreadyRetracted,
}

impl Refused for RetractionRefused {}

impl App {
    /// Takes a transaction back, whole: what it gave is taken from what is available, and the rest is owed; what it took
    /// is given back, and repays what is owed first. What a rule granted leaves its own hold first, and is never granted
    /// again; of a commission no more is taken back than is posted. The same reason again gets the first answer.
    ///
    /// # Errors
    /// [`RetractionRefused`] (then nothing changes), no such program, or the store's.
    pub async fn retract_transaction(
        &self,
        command: &RetractTransaction,
        request: Option<&Idempotent<'_, RetractReceipt>>,
    ) -> Result<Replayable<RetractReceipt>, Failure<RetractionRefused>> {
        let now = self.now();
        let book = self.program::<RetractionRefused>(&command.program).await?.book;
        let referred = self.came_by(book, command.transaction).await?;
        once(self.store(), &command.program, request, now, move |unit, program| {
            Box::pin(async move {
                let given = unit.ledger().line(program.book, command.transaction).await?;
                let given = given.ok_or(RetractionRefused::NotFound)?;
                let change = retraction::change(&given.line);
                match retraction::decide(&given.transaction, change) {
                    Err(why) => Err(RetractionRefused::NotRetractable(why).into()),
                    Ok(Retraction::Reverse) => self.reverse_all(unit, program, command, &given, now).await,
                    Ok(Retraction::TakeBack(amount, account)) => {
                        let taken = Taking { given: &given, amount, account, back: true };
                        self.take(unit, program, command, taken, now).await
                    }
                    Ok(Retraction::Withdraw(what)) => {
                        self.withdraw(unit, program, command, (what, referred), now).await
                    }
                    Ok(Retraction::GiveBack(amount, account)) => {
                        let taken = Taking { given: &given, amount, account, back: false };
                        self.take(unit, program, command, taken, now).await
                    }
                }
            })
        })
        .await
    }

    async fn take(
        &self,
        unit: &mut Unit<'_>,
        program: Program,
        command: &RetractTransaction,
        taken: Taking<'_>,
        now: Timestamp,
    ) -> Result<RetractReceipt, Failure<RetractionRefused>> {
        let key = command.transaction.to_string();
        if let Some(known) = unit.ledger().posted(program.book, Origin::Retraction, &key).await? {
            return repeated(unit, program, command, known).await;
        }
        let Taking { given, amount, account, back } = taken;
        let user = given.transaction.user;
        let wallets = unit.ledger().open(program.book, program.currency, &[user]).await?;
        let mut journal = Journal::open(wallets, now);
        let kind = TransactionKind::CreditRetraction;
        let heading = self.heading(command, given, (kind, Origin::Retraction, key), now);
        let ids: &mut (dyn FnMut() -> uuid::Uuid + Send) = &mut || self.draw_id();
        let posted = if back {
            journal.retract(heading, user, amount, 0, account, ids)
        } else {
            journal.credit(heading, user, amount, account, ids)
        };
        posted.map_err(ledger_fault)?;
        let changes = Changes { posting: journal.finish(), ..Changes::default() };
        self.finish(unit, program, command, user, changes, now).await
    }

    /// A redemption is taken back by reversing all that remains of it, so that nothing can be reversed beyond.
    async fn reverse_all(
        &self,
        unit: &mut Unit<'_>,
        program: Program,
        command: &RetractTransaction,
        given: &HistoryItem,
        now: Timestamp,
    ) -> Result<RetractReceipt, Failure<RetractionRefused>> {
        let (redemption, remaining) =
            locked(unit, &program, given).await?.ok_or(RetractionRefused::NotFound)?;
        let name = format!("retract:{}", command.transaction);
        let reference = Reference::parse(&name).ok_or(RetractionRefused::NotFound)?;
        if let Some(known) = unit.redemptions().find_reversal(program.book, &reference).await? {
            let item = unit.ledger().line(program.book, known.transaction).await?;
            return repeated(unit, program, command, item.ok_or(RetractionRefused::NotFound)?).await;
        }
        if remaining == 0 {
            return Err(RetractionRefused::AlreadyRetracted.into());
        }
        let user = redemption.user;
        let wallets = unit.ledger().open(program.book, program.currency, &[user]).await?;
        let mut journal = Journal::open(wallets, now);
        let of = (TransactionKind::CreditRedemption, Origin::RedeemReversal, name);
        let mut heading = self.heading(command, given, of, now);
        heading.reference = Some(reference.to_string());
        heading.reference_type = Some(ReferenceType::Redemption);
        let transaction = heading.id;
        let ids: &mut (dyn FnMut() -> uuid::Uuid + Send) = &mut || self.draw_id();
        journal.credit(heading, user, remaining, SystemAccount::Redemption, ids).map_err(ledger_fault)?;
        let reversal = Reversal {
            redemption: redemption.id,
            reference,
            asked: None,
            amount: remaining,
            remaining: 0,
            reason: Some(command.reason.clone()),
            transaction,
            balance: snapshot(unit, &program, &journal, user, now).await?,
            created_at: now,
        };
        let changes = Changes { reversals: vec![reversal], posting: journal.finish(), ..Changes::default() };
        self.finish(unit, program, command, user, changes, now).await
    }

    /// What a rule granted is withdrawn from its referral, under its lock.
    async fn withdraw(
        &self,
        unit: &mut Unit<'_>,
        program: Program,
        command: &RetractTransaction,
        (what, referred): (Entitlement, Option<UserId>),
        now: Timestamp,
    ) -> Result<RetractReceipt, Failure<RetractionRefused>> {
        let referred = referred.ok_or(RetractionRefused::NotFound)?;
        let concerned = lock_referral(unit, &program, referred, now).await?;
        let concerned = concerned.ok_or(RetractionRefused::NotFound)?;
        let key = command.transaction.to_string();
        if let Some(known) = unit.ledger().posted(program.book, Origin::Retraction, &key).await? {
            return repeated(unit, program, command, known).await;
        }
        let order = Withdrawal { of: command.transaction, reason: command.reason.clone() };
        let withdrawing = Withdrawing { what, order };
        let ids: &mut (dyn FnMut() -> uuid::Uuid + Send) = &mut || self.draw_id();
        let withdrew = withdrawing.decide(unit, &program, concerned, ids).await?;
        let withdrew = withdrew.ok_or(RetractionRefused::AlreadyRetracted)?;
        let entry = self.retracted(command, withdrew.transaction, now);
        let item = withdrew.record(unit, &program, entry, now, ids).await?;
        let item = item.ok_or(RetractionRefused::NotFound)?;
        let user = unit.users().names(program.book, &[item.transaction.user]).await?.pop();
        Ok(RetractReceipt { item, user, replayed: false, program })
    }

    async fn finish(
        &self,
        unit: &mut Unit<'_>,
        program: Program,
        command: &RetractTransaction,
        user: UserId,
        mut changes: Changes,
        now: Timestamp,
    ) -> Result<RetractReceipt, Failure<RetractionRefused>> {
        let item = only_item(&changes.posting).ok_or(RetractionRefused::NotFound)?;
        changes.audit = vec![self.retracted(command, item.transaction.id, now)];
        let user = unit.users().names(program.book, &[user]).await?.pop();
        unit.recorder().record(program.book, &changes).await?;
        Ok(RetractReceipt { item, user, replayed: false, program })
    }

    fn retracted(&self, command: &RetractTransaction, by: TransactionId, now: Timestamp) -> AuditEntry {
        let deed = Deed {
            by: &command.by,
            action: "transaction.retract",
            subject: command.transaction.to_string(),
            before: Some(json!({"retracted_by": null})),
            after: Some(json!({"retracted_by": by.to_string()})),
        };
        self.entry(deed, now)
    }

    fn heading(
        &self,
        command: &RetractTransaction,
        given: &HistoryItem,
        (kind, origin, origin_id): (TransactionKind, Origin, String),
        now: Timestamp,
    ) -> Heading {
        let HistoryItem { transaction, .. } = given;
        Heading {
            id: TransactionId::from_uuid(self.draw_id()),
            kind,
            origin,
            origin_id,
            referral: transaction.referral,
            reverses: Some(Reversed { id: transaction.id, kind: transaction.kind }),
            description: command.reason.clone(),
            reference: transaction.reference.clone(),
            reference_type: transaction.reference_type,
            created_by: CreatedBy::Operator,
            effective_at: now,
        }
    }
}

/// What is taken back, or given back.
struct Taking<'a> {
    given: &'a HistoryItem,
    amount: i64,
    account: SystemAccount,
    /// Whether the user gives it back.
    back: bool,
}

/// The redemption of a transaction, locked, with what remains of it.
async fn locked(
    unit: &mut Unit<'_>,
    program: &Program,
    given: &HistoryItem,
) -> Result<Option<(Redemption, i64)>, StoreError> {
    let named = given.transaction.reference.as_deref().and_then(Reference::parse);
    let Some(named) = named else { return Ok(None) };
    match unit.redemptions().find(program.book, &named).await? {
        Some(redemption) => unit.redemptions().lock(program.book, redemption.id).await,
        None => Ok(None),
    }
}

/// What was taken back before is answered again, when it was for the same reason.
async fn repeated(
    unit: &mut Unit<'_>,
    program: Program,
    command: &RetractTransaction,
    known: HistoryItem,
) -> Result<RetractReceipt, Failure<RetractionRefused>> {
    if known.transaction.description != command.reason {
        return Err(RetractionRefused::AlreadyRetracted.into());
    }
    let user = unit.users().names(program.book, &[known.transaction.user]).await?.pop();
    Ok(RetractReceipt { item: known, user, replayed: true, program })
}
