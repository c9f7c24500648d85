//! Taking back what a rule granted, so that it stays taken: the referral remembers it, and the level respects it.

use referral_domain::audit::AuditEntry;
use referral_domain::id::{BookId, TransactionId, UserId};
use referral_domain::ledger::Posting;
use referral_domain::port::{HistoryItem, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::retraction::Entitlement;
use referral_domain::settle::{Resettled, Withdrawal, withdraw};
use referral_domain::time::Timestamp;
use referral_domain::tracking::DayDelta;
use uuid::Uuid;

use crate::app::App;
use crate::posting::post_grants;
use crate::purse::Purse;
use crate::spread::{Concerned, Spread};
use crate::worker::with_referrers;

/// What is withdrawn: what a rule granted, by which order.
pub(crate) struct Withdrawing {
    pub(crate) what: Entitlement,
    pub(crate) order: Withdrawal,
}

/// What came of a withdrawal that is to be recorded.
pub(crate) struct Withdrew {
    spread: Spread,
    /// The transaction that takes back.
    pub(crate) transaction: TransactionId,
}

impl App {
    /// Who came by the referral that a transaction was posted for. Neither ever changes, so nothing is locked.
    pub(crate) async fn came_by(
        &self,
        book: BookId,
        transaction: TransactionId,
    ) -> Result<Option<UserId>, StoreError> {
        let detail = self.reports().transaction(book, transaction).await?;
        let Some(id) = detail.and_then(|detail| detail.report.item.transaction.referral) else {
            return Ok(None);
        };
        let file = self.reports().referral(book, id, 1).await?;
        Ok(file.map(|file| file.report.referral.facts.referred))
    }
}

/// The referral of a referred user, locked, with what is known of its two people.
pub(crate) async fn lock_referral(
    unit: &mut Unit<'_>,
    program: &Program,
    referred: UserId,
    now: Timestamp,
) -> Result<Option<Concerned>, StoreError> {
    let locked = unit.referrals().lock(program.book, &[referred]).await?;
    Ok(with_referrers(unit, program, locked, now).await?.pop())
}

impl Withdrawing {
    /// Withdraws it from a locked referral; `None` when it is taken back already. The month's budget is locked when
    /// something else of the referral waits for it.
    pub(crate) async fn decide(
        &self,
        unit: &mut Unit<'_>,
        program: &Program,
        concerned: Concerned,
        ids: &mut (dyn FnMut() -> Uuid + Send),
    ) -> Result<Option<Withdrew>, StoreError> {
        let Concerned { mut referral, seen, .. } = concerned;
        let mut purse = Purse::closed(program, seen.now);
        let trial = &mut referral.clone();
        withdraw(trial, self.what, &self.order, &seen, &mut purse.budget, &mut Uuid::nil);
        if purse.must_open() {
            purse.open(unit, program).await?;
        }
        let Self { what, order } = self;
        let done = withdraw(&mut referral, *what, order, &seen, &mut purse.budget, ids);
        let Some(Resettled { grants, day, .. }) = done else { return Ok(None) };
        let taken = grants.iter().find(|grant| grant.by_hand.is_some());
        let Some(transaction) = taken.map(|grant| grant.transaction) else { return Ok(None) };
        let mut spread = Spread { purse, grants, ..Spread::begin(program, seen.now) };
        spread.changes.progress.push((referral.facts.id, referral.progress));
        spread.changes.days.push(day);
        Ok(Some(Withdrew { spread, transaction }))
    }
}

impl Withdrew {
    /// Posts and records everything, with this entry of the audit log; answers the line of what takes back.
    pub(crate) async fn record(
        self,
        unit: &mut Unit<'_>,
        program: &Program,
        entry: AuditEntry,
        now: Timestamp,
        ids: &mut (dyn FnMut() -> Uuid + Send),
    ) -> Result<Option<HistoryItem>, StoreError> {
        let Spread { mut changes, grants, purse, .. } = self.spread;
        changes.budget = purse.change();
        changes.audit = vec![entry];
        post_grants(unit, program, &grants, &mut changes, now, ids).await?;
        changes.days = DayDelta::merged(changes.days);
        unit.recorder().record(program.book, &changes).await?;
        Ok(item_of(&changes.posting, self.transaction))
    }
}

fn item_of(posting: &Posting, id: TransactionId) -> Option<HistoryItem> {
    let transaction = posting.transactions.iter().find(|transaction| transaction.id == id)?;
    let line = posting.lines.iter().find(|line| line.transaction == id)?;
    Some(HistoryItem { line: line.clone(), transaction: transaction.clone() })
}
