//! Adjustments: asked for by an operator, posted at once within the limit, else decided by a second person.

use referral_domain::adjustment::{
    self, Adjustment, AdjustmentFile, AdjustmentStatus, AdjustmentStep, Decision, DecisionRefusal,
    InsufficientBalance, affordable, may_post_alone,
};
use referral_domain::audit::{Actor, AuditEntry};
use referral_domain::id::{AdjustmentId, TransactionId, UserId};
use referral_domain::ledger::{Journal, Posting};
use referral_domain::port::{AdjustmentFilter, AdjustmentReport, Changes, HistoryItem, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Reference, Slug};
use referral_domain::time::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::audit::Deed;
use crate::failure::{Failure, Never, Refused};
use crate::idempotent::{Idempotent, Replayable, once};
use crate::posting::ledger_fault;
use crate::redeem_credits::only_item;

/// What an operator wants put right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestAdjustment {
    /// In which program.
    pub program: Slug,
    /// Whose credits.
    pub user: HostId,
    /// By how much, in minor units of the program's currency: positive gives, negative takes; never zero.
    pub amount: i64,
    /// Why; the user reads it.
    pub reason: String,
    /// The operator's reference, unique per program for ever.
    pub reference: Reference,
    /// Who asks.
    pub by: Actor,
}

/// What a second person says of one that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecideAdjustment {
    /// In which program.
    pub program: Slug,
    /// Which.
    pub id: AdjustmentId,
    /// Yes or no.
    pub decision: Decision,
    /// In their words.
    pub note: Option<String>,
    /// Who decides.
    pub by: Actor,
}

/// How an adjustment stands after a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdjustmentReceipt {
    /// The adjustment, its user and its line.
    pub report: AdjustmentReport,
    /// Whether it stood so before.
    pub replayed: bool,
    /// The program, for its currency.
    pub program: Program,
}

/// Why nothing was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdjustmentRefused {
    /// Nobody of this id was ever seen in the program.
    #[error("nobody of this id was seen in the program")]
    UserUnknown,
    /// More is to be taken than is available.
    #[error(transparent)]
    Insufficient(#[from] InsufficientBalance),
    /// The reference names another adjustment.
    #[error("this reference names an adjustment with another body")]
    Conflict,
}

/// Why nothing was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdjustmentUndecided {
    /// There is no such adjustment.
    #[error("there is no such adjustment")]
    NotFound,
    /// Who may decide, and whether it is open.
    #[error(transparent)]
    Rule(#[from] DecisionRefusal),
    /// More is to be taken than is available; it goes on waiting.
    #[error(transparent)]
    Insufficient(#[from] InsufficientBalance),
}

impl Refused for AdjustmentRefused {}
impl Refused for AdjustmentUndecided {}

/// Adjustments, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdjustmentPage {
    /// The adjustments.
    pub items: Vec<AdjustmentReport>,
    /// Where the next page begins: its `after`.
    pub next: Option<AdjustmentId>,
    /// The program, for its currency.
    pub program: Program,
}

impl App {
    /// Asks for an adjustment: within the limit it is posted at once, beyond it waits for a second person. The same
    /// reference and body again gets the first answer.
    ///
    /// # Errors
    /// [`AdjustmentRefused`] (then nothing changes), no such program, or the store's.
    pub async fn request_adjustment(
        &self,
        command: &RequestAdjustment,
        request: Option<&Idempotent<'_, AdjustmentReceipt>>,
    ) -> Result<Replayable<AdjustmentReceipt>, Failure<AdjustmentRefused>> {
        let now = self.now();
        let book = self.program::<AdjustmentRefused>(&command.program).await?.book;
        let known = self.reports().user_id(book, &command.user).await?;
        once(self.store(), &command.program, request, now, move |unit, program| {
            Box::pin(async move {
                let user = known.ok_or(AdjustmentRefused::UserUnknown)?;
                match unit.adjustments().find(program.book, &command.reference).await? {
                    Some(known) => repeat(unit, program, command, user, known).await,
                    None => self.ask(unit, program, command, user, now).await,
                }
            })
        })
        .await
    }

    async fn ask(
        &self,
        unit: &mut Unit<'_>,
        program: Program,
        command: &RequestAdjustment,
        user: UserId,
        now: Timestamp,
    ) -> Result<AdjustmentReceipt, Failure<AdjustmentRefused>> {
        let adjustment = Adjustment {
            id: AdjustmentId::from_uuid(self.draw_id()),
            user,
            reference: command.reference.clone(),
            amount: command.amount,
            reason: command.reason.clone(),
            created_at: now,
        };
        let alone = may_post_alone(command.amount, self.adjustment_limit().minor(program.currency));
        let posted = if alone {
            Some(
                self.post(unit, &program, &adjustment, now)
                    .await?
                    .map_err(AdjustmentRefused::Insufficient)?,
            )
        } else {
            None
        };
        let (transaction, posting) = posted.unzip();
        let entry = self.asked(command, &adjustment, &program, transaction, now);
        let asked = AdjustmentStep {
            adjustment: adjustment.id,
            n: 1,
            status: if alone { AdjustmentStatus::Posted } else { AdjustmentStatus::Waiting },
            audit: entry.id,
            by: command.by.clone(),
            transaction,
            note: None,
            at: now,
        };
        let file = AdjustmentFile { adjustment: adjustment.clone(), asked: asked.clone(), decided: None };
        let changes = Changes {
            adjustments: vec![adjustment],
            adjustment_steps: vec![asked],
            posting: posting.unwrap_or_default(),
            audit: vec![entry],
            ..Changes::default()
        };
        unit.recorder().record(program.book, &changes).await?;
        let report =
            AdjustmentReport { file, user: Some(command.user.clone()), item: only_item(&changes.posting) };
        Ok(AdjustmentReceipt { report, replayed: false, program })
    }

    /// Posts it onto a freshly locked wallet, if the user has as much.
    async fn post(
        &self,
        unit: &mut Unit<'_>,
        program: &Program,
        adjustment: &Adjustment,
        now: Timestamp,
    ) -> Result<Result<(TransactionId, Posting), InsufficientBalance>, StoreError> {
        let wallets = unit.ledger().open(program.book, program.currency, &[adjustment.user]).await?;
        let mut journal = Journal::open(wallets, now);
        let available = journal.balances(adjustment.user).map_err(ledger_fault)?.available;
        if let Err(refused) = affordable(adjustment.amount, available) {
            return Ok(Err(refused));
        }
        let transaction = TransactionId::from_uuid(self.draw_id());
        let ids: &mut (dyn FnMut() -> Uuid + Send) = &mut || self.draw_id();
        adjustment::post(&mut journal, adjustment, transaction, now, ids).map_err(ledger_fault)?;
        Ok(Ok((transaction, journal.finish())))
    }

    fn asked(
        &self,
        command: &RequestAdjustment,
        adjustment: &Adjustment,
        program: &Program,
        transaction: Option<TransactionId>,
        now: Timestamp,
    ) -> AuditEntry {
        let after = json!({
            "status": if transaction.is_some() { "posted" } else { "waiting" },
            "amount": program.money(adjustment.amount).to_string(),
            "currency": program.currency.code(),
            "transaction_id": transaction.map(|id| id.to_string()),
        });
        let (subject, action) = (adjustment.id.to_string(), "adjustment.create");
        self.entry(Deed { by: &command.by, action, subject, before: None, after: Some(after) }, now)
    }

    /// Decides an adjustment that waits. The same decision of the same person again gets the first answer.
    ///
    /// # Errors
    /// [`AdjustmentUndecided`] (then nothing changes), no such program, or the store's.
    pub async fn decide_adjustment(
        &self,
        command: &DecideAdjustment,
        request: Option<&Idempotent<'_, AdjustmentReceipt>>,
    ) -> Result<Replayable<AdjustmentReceipt>, Failure<AdjustmentUndecided>> {
        let now = self.now();
        once(self.store(), &command.program, request, now, move |unit, program| {
            Box::pin(async move {
                let file = unit.adjustments().lock(program.book, command.id).await?;
                let file = file.ok_or(AdjustmentUndecided::NotFound)?;
                if file.may_decide(command.decision, &command.by).map_err(AdjustmentUndecided::Rule)? {
                    return self.decide(unit, program, command, file, now).await;
                }
                let report = report(unit, &program, file).await?;
                Ok(AdjustmentReceipt { report, replayed: true, program })
            })
        })
        .await
    }

    async fn decide(
        &self,
        unit: &mut Unit<'_>,
        program: Program,
        command: &DecideAdjustment,
        file: AdjustmentFile,
        now: Timestamp,
    ) -> Result<AdjustmentReceipt, Failure<AdjustmentUndecided>> {
        let posted = match command.decision {
            Decision::Approve => Some(
                self.post(unit, &program, &file.adjustment, now)
                    .await?
                    .map_err(AdjustmentUndecided::Insufficient)?,
            ),
            Decision::Reject => None,
        };
        let (transaction, posting) = posted.unzip();
        let entry = self.decided(command, transaction, now);
        let step = AdjustmentStep {
            adjustment: command.id,
            n: 2,
            status: command.decision.leads_to(),
            audit: entry.id,
            by: command.by.clone(),
            transaction,
            note: command.note.clone(),
            at: now,
        };
        let changes = Changes {
            adjustment_steps: vec![step.clone()],
            posting: posting.unwrap_or_default(),
            audit: vec![entry],
            ..Changes::default()
        };
        let name = unit.users().names(program.book, &[file.adjustment.user]).await?.pop();
        unit.recorder().record(program.book, &changes).await?;
        let file = AdjustmentFile { decided: Some(step), ..file };
        let report = AdjustmentReport { file, user: name, item: only_item(&changes.posting) };
        Ok(AdjustmentReceipt { report, replayed: false, program })
    }

    fn decided(
        &self,
        command: &DecideAdjustment,
        transaction: Option<TransactionId>,
        now: Timestamp,
    ) -> AuditEntry {
        let status = command.decision.leads_to().as_str();
        let after = json!({"status": status, "transaction_id": transaction.map(|id| id.to_string())});
        let action = match command.decision {
            Decision::Approve => "adjustment.approve",
            Decision::Reject => "adjustment.reject",
        };
        let (by, subject) = (&command.by, command.id.to_string());
        let before = Some(json!({"status": "waiting", "transaction_id": null}));
        self.entry(Deed { by, action, subject, before, after: Some(after) }, now)
    }

    /// A page of adjustments; of one user when a name is told.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn adjustments(
        &self,
        slug: &Slug,
        user: Option<&HostId>,
        filter: &AdjustmentFilter,
    ) -> Result<AdjustmentPage, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let Some(user) = self.named(&program, user).await? else {
            return Ok(AdjustmentPage { items: Vec::new(), next: None, program });
        };
        let limit = filter.limit.saturating_add(1);
        let one_more = AdjustmentFilter { user, limit, ..filter.clone() };
        let mut items = self.reports().adjustments(program.book, &one_more).await?;
        let more = items.len() > filter.limit as usize;
        items.truncate(filter.limit as usize);
        let next = items.last().filter(|_| more).map(|report| report.file.adjustment.id);
        Ok(AdjustmentPage { items, next, program })
    }

    /// An adjustment as it stands; `None` when there is no such one.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn adjustment(
        &self,
        slug: &Slug,
        id: AdjustmentId,
    ) -> Result<(Option<AdjustmentReport>, Program), Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        Ok((self.reports().adjustment(program.book, id).await?, program))
    }
}

async fn repeat(
    unit: &mut Unit<'_>,
    program: Program,
    command: &RequestAdjustment,
    user: UserId,
    known: AdjustmentFile,
) -> Result<AdjustmentReceipt, Failure<AdjustmentRefused>> {
    let Adjustment { user: whose, amount, reason, .. } = &known.adjustment;
    if (*whose, *amount, reason) != (user, command.amount, &command.reason) {
        return Err(AdjustmentRefused::Conflict.into());
    }
    let report = report(unit, &program, known).await?;
    Ok(AdjustmentReceipt { report, replayed: true, program })
}

async fn report(
    unit: &mut Unit<'_>,
    program: &Program,
    file: AdjustmentFile,
) -> Result<AdjustmentReport, StoreError> {
    let item: Option<HistoryItem> = match file.transaction() {
        Some(transaction) => unit.ledger().line(program.book, transaction).await?,
        None => None,
    };
    let user = unit.users().names(program.book, &[file.adjustment.user]).await?.pop();
    Ok(AdjustmentReport { file, user, item })
}
