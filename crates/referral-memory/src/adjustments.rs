//! Adjustments and their steps.

use async_trait::async_trait;
use referral_domain::adjustment::{Adjustment, AdjustmentFile, AdjustmentStatus, AdjustmentStep};
use referral_domain::id::{AdjustmentId, BookId};
use referral_domain::ledger::TransactionKind;
use referral_domain::port::{AdjustmentFilter, AdjustmentReport, Adjustments, StoreError};
use referral_domain::reference::Reference;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Adjustments for MemoryUnit {
    async fn find(
        &mut self,
        book: BookId,
        reference: &Reference,
    ) -> Result<Option<AdjustmentFile>, StoreError> {
        self.call(|state| {
            let id = state.adjustment_references.find(&(book, reference.clone()));
            id.map(|id| state.adjustment_file(book, *id)).transpose()
        })
        .await
    }

    async fn lock(&mut self, book: BookId, id: AdjustmentId) -> Result<Option<AdjustmentFile>, StoreError> {
        self.call(|state| {
            let known = state.adjustments.find(&(book, id)).is_some();
            known.then(|| state.adjustment_file(book, id)).transpose()
        })
        .await
    }
}

impl State {
    fn adjustment_file(&self, book: BookId, id: AdjustmentId) -> Result<AdjustmentFile, StoreError> {
        Ok(AdjustmentFile {
            adjustment: self.adjustments.get(&(book, id))?.clone(),
            asked: self.adjustment_steps.get(&(book, id, 1))?.clone(),
            decided: self.adjustment_steps.find(&(book, id, 2)).cloned(),
        })
    }

    pub(crate) fn add_adjustment(&mut self, book: BookId, adjustment: &Adjustment) -> Result<(), StoreError> {
        let Adjustment { id, user, reference, amount, .. } = adjustment;
        self.users.has(&(book, *user))?;
        self.adjustment_references.add((book, reference.clone()), *id)?;
        self.adjustments.add((book, *id), adjustment.clone())?;
        self.adjustments.rule("amount", "an adjustment moves something").holds(*amount != 0, id)
    }

    /// An adjustment is asked for, and what waits is decided once, by somebody else; each step is in the audit log.
    pub(crate) fn add_adjustment_step(
        &mut self,
        book: BookId,
        step: &AdjustmentStep,
    ) -> Result<(), StoreError> {
        let key = (book, step.adjustment);
        let user = self.adjustments.get(&key)?.user;
        self.audit_log.has(&(book, step.audit))?;
        step.transaction.map_or(Ok(()), |used| self.use_transaction(book, used, "an adjustment"))?;
        let before = self.adjustment_steps.find(&(book, step.adjustment, step.n.saturating_sub(1))).cloned();
        self.adjustment_steps.add((book, step.adjustment, step.n), step.clone())?;
        let rule = |column, says| self.adjustment_steps.rule(column, says);
        rule("n", "an adjustment is asked for, then decided when it waits")
            .holds(follows(before.as_ref(), step), step)?;
        let posted = step.status == AdjustmentStatus::Posted;
        rule("transaction_id", "what is posted is posted by a transaction")
            .holds(posted == step.transaction.is_some(), step)?;
        let another = before.is_none_or(|asked| asked.by != step.by);
        rule("audit_id", "a second person decides").holds(another, step)?;
        let Some(transaction) = step.transaction else { return Ok(()) };
        let transaction = self.transactions.get(&(book, transaction))?;
        let its = transaction.user == user && transaction.kind == TransactionKind::ManualAdjustment;
        rule("transaction_id", "an adjustment is its transaction").holds(its, step)
    }

    pub(crate) fn adjustment_was_asked(
        &self,
        book: BookId,
        adjustment: &Adjustment,
    ) -> Result<(), StoreError> {
        self.adjustment_steps.has(&(book, adjustment.id, 1))
    }

    pub(crate) fn adjustment_report(
        &self,
        book: BookId,
        id: AdjustmentId,
    ) -> Result<Option<AdjustmentReport>, StoreError> {
        if self.adjustments.find(&(book, id)).is_none() {
            return Ok(None);
        }
        let file = self.adjustment_file(book, id)?;
        let line = file.transaction().and_then(|id| self.line_transactions.find(&(book, id)));
        let line = line.map(|(user, n)| self.lines.get(&(book, *user, *n))).transpose()?;
        let item = line.map(|line| self.history_item(book, line)).transpose()?;
        Ok(Some(AdjustmentReport { user: self.name_of(book, file.adjustment.user), file, item }))
    }

    pub(crate) fn adjustment_page(
        &self,
        book: BookId,
        filter: &AdjustmentFilter,
    ) -> Result<Vec<AdjustmentReport>, StoreError> {
        let ids = self.adjustments.iter().rev().filter(|((of, _), _)| *of == book).map(|((_, id), _)| *id);
        let ids = ids.filter(|id| filter.after.is_none_or(|after| *id < after));
        let mut found = Vec::new();
        for id in ids {
            found.extend(self.adjustment_report(book, id)?.filter(|report| lets_pass(filter, report)));
        }
        found.truncate(filter.limit as usize);
        Ok(found)
    }
}

fn follows(before: Option<&AdjustmentStep>, step: &AdjustmentStep) -> bool {
    match (step.n, before.map(|before| before.status)) {
        (1, None) => step.status != AdjustmentStatus::Rejected,
        (2, Some(AdjustmentStatus::Waiting)) => step.status != AdjustmentStatus::Waiting,
        _ => false,
    }
}

fn lets_pass(filter: &AdjustmentFilter, report: &AdjustmentReport) -> bool {
    let user = filter.user.is_none_or(|user| report.file.adjustment.user == user);
    user && filter.status.is_none_or(|status| report.file.status() == status)
}
