//! Payouts, their batches and their methods: units, reports, and what a row must keep.

use std::collections::BTreeSet;

use async_trait::async_trait;
use referral_domain::id::{BatchId, BookId, PayoutId, UserId};
use referral_domain::payout::{
    Batch, BatchStatus, BatchStep, MethodKind, Payout, PayoutMethod, PayoutStatus, PayoutStep, SettlementLine,
};
use referral_domain::port::{
    BatchFilter, BatchHead, Changes, PayoutFilter, PayoutItem, PayoutReports, PayoutSummary, Payouts,
    StoreError,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use crate::state::State;
use crate::store::MemoryStore;
use crate::unit::MemoryUnit;

#[async_trait]
impl Payouts for MemoryUnit {
    async fn method(&mut self, book: BookId, user: UserId) -> Result<Option<PayoutMethod>, StoreError> {
        self.call(|state| Ok(state.method_in_force(book, user).cloned())).await
    }

    async fn methods(
        &mut self,
        book: BookId,
        versions: &[(UserId, u32)],
    ) -> Result<Vec<PayoutMethod>, StoreError> {
        self.call(|state| {
            versions.iter().map(|(user, n)| state.payout_methods.get(&(book, *user, *n)).cloned()).collect()
        })
        .await
    }

    async fn newest(&mut self, book: BookId, user: UserId) -> Result<Option<Payout>, StoreError> {
        self.call(|state| Ok(state.payouts_of(book, user).next_back())).await
    }

    async fn lock(&mut self, book: BookId, ids: &[PayoutId]) -> Result<Vec<Payout>, StoreError> {
        self.call(|state| {
            let ids: BTreeSet<_> = ids.iter().copied().collect();
            Ok(ids.into_iter().filter_map(|id| state.payout(book, id)).collect())
        })
        .await
    }

    async fn approved(
        &mut self,
        book: BookId,
        kind: MethodKind,
        limit: u32,
    ) -> Result<Vec<PayoutId>, StoreError> {
        self.call(|state| {
            let all = state.payouts_in(book);
            let waiting =
                all.filter(|payout| payout.kind == kind && payout.status() == PayoutStatus::Approved);
            Ok(waiting.map(|payout| payout.id).take(limit as usize).collect())
        })
        .await
    }

    async fn lock_batch(&mut self, book: BookId, id: BatchId) -> Result<Option<Batch>, StoreError> {
        self.call(|state| Ok(state.batch(book, id))).await
    }

    async fn hosts(&mut self, book: BookId, ids: &[UserId]) -> Result<Vec<Option<HostId>>, StoreError> {
        self.call(|state| Ok(state.hosts(book, ids))).await
    }

    async fn unverified(&mut self, book: BookId, ids: &[UserId]) -> Result<BTreeSet<UserId>, StoreError> {
        self.call(|state| Ok(ids.iter().copied().filter(|id| state.must_verify(book, *id)).collect())).await
    }
}

#[async_trait]
impl PayoutReports for MemoryStore {
    async fn payout_method(&self, book: BookId, host: &HostId) -> Result<Option<PayoutMethod>, StoreError> {
        let state = self.committed()?;
        let user = state.user_names.find(&(book, host.clone())).copied();
        Ok(user.and_then(|user| state.method_in_force(book, user).cloned()))
    }

    async fn payouts(&self, book: BookId, filter: &PayoutFilter) -> Result<Vec<PayoutItem>, StoreError> {
        let state = self.committed()?;
        let PayoutFilter { user, status, before, limit } = *filter;
        let passes = |payout: &Payout| {
            user.is_none_or(|user| payout.user == user)
                && status.is_none_or(|status| payout.status() == status)
                && before.is_none_or(|before| payout.id < before)
        };
        let newest = state.payouts_in(book).rev().filter(passes).take(limit as usize);
        newest.map(|payout| state.payout_item(book, payout)).collect()
    }

    async fn payout(&self, book: BookId, id: PayoutId) -> Result<Option<PayoutItem>, StoreError> {
        let state = self.committed()?;
        state.payout(book, id).map(|payout| state.payout_item(book, payout)).transpose()
    }

    async fn payout_summary(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
    ) -> Result<PayoutSummary, StoreError> {
        let state = self.committed()?;
        let Some(facts) = state.facts_of(book, host)? else { return Ok(PayoutSummary::default()) };
        let paid = state.payouts_of(book, facts.id).filter(|payout| payout.status() == PayoutStatus::Paid);
        let paid = paid.map(|payout| payout.amount).sum();
        let last = state.payouts_of(book, facts.id).next_back();
        let open = last.filter(|payout| !payout.status().is_final()).map(|payout| payout.id);
        Ok(PayoutSummary { account: state.account(book, &facts, aged), paid, open })
    }

    async fn batches(&self, book: BookId, filter: &BatchFilter) -> Result<Vec<BatchHead>, StoreError> {
        let state = self.committed()?;
        let BatchFilter { status, before, limit } = *filter;
        let all = state.payout_batches.range((book, LEAST_BATCH)..=(book, GREATEST_BATCH)).rev();
        let all = all.filter_map(|batch| state.batch(book, batch.id));
        let passes = |batch: &Batch| {
            status.is_none_or(|status| batch.status() == status)
                && before.is_none_or(|before| batch.id < before)
        };
        Ok(all.filter(passes).take(limit as usize).map(head).collect())
    }

    async fn batch(
        &self,
        book: BookId,
        id: BatchId,
    ) -> Result<Option<(BatchHead, Vec<PayoutItem>)>, StoreError> {
        let state = self.committed()?;
        let Some(batch) = state.batch(book, id) else { return Ok(None) };
        let payouts = batch.items.iter().filter_map(|item| state.payout(book, item.payout));
        let items = payouts.map(|payout| state.payout_item(book, payout)).collect::<Result<_, _>>()?;
        Ok(Some((head(batch), items)))
    }

    async fn names(&self, book: BookId, ids: &[UserId]) -> Result<Vec<Option<HostId>>, StoreError> {
        Ok(self.committed()?.hosts(book, ids))
    }
}

const LEAST_PAYOUT: PayoutId = PayoutId::from_uuid(uuid::Uuid::nil());
const GREATEST_PAYOUT: PayoutId = PayoutId::from_uuid(uuid::Uuid::max());
const LEAST_BATCH: BatchId = BatchId::from_uuid(uuid::Uuid::nil());
const GREATEST_BATCH: BatchId = BatchId::from_uuid(uuid::Uuid::max());

fn head(batch: Batch) -> BatchHead {
    let (count, total) = (u32::try_from(batch.items.len()), batch.total());
    let (count, total) = (count.unwrap_or(u32::MAX), total.unwrap_or(i64::MAX));
    BatchHead { id: batch.id, kind: batch.kind, count, total, left_out: batch.left_out, steps: batch.steps }
}

impl State {
    fn hosts(&self, book: BookId, ids: &[UserId]) -> Vec<Option<HostId>> {
        ids.iter().map(|id| self.users.find(&(book, *id)).map(|user| user.host.clone())).collect()
    }

    pub(crate) fn method_in_force(&self, book: BookId, user: UserId) -> Option<&PayoutMethod> {
        self.payout_methods.range((book, user, u32::MIN)..=(book, user, u32::MAX)).next_back()
    }

    /// A payout with its steps.
    pub(crate) fn payout(&self, book: BookId, id: PayoutId) -> Option<Payout> {
        let steps = self.payout_steps.range((book, id, u32::MIN)..=(book, id, u32::MAX)).cloned().collect();
        self.payouts.find(&(book, id)).map(|payout| Payout { steps, ..payout.clone() })
    }

    /// A program's payouts, by id.
    pub(crate) fn payouts_in(&self, book: BookId) -> impl DoubleEndedIterator<Item = Payout> {
        let all = self.payouts.range((book, LEAST_PAYOUT)..=(book, GREATEST_PAYOUT));
        all.filter_map(move |payout| self.payout(book, payout.id))
    }

    /// A user's payouts, the first first.
    pub(crate) fn payouts_of(&self, book: BookId, user: UserId) -> impl DoubleEndedIterator<Item = Payout> {
        let ids = self.user_payouts.range((book, user, u32::MIN)..=(book, user, u32::MAX));
        ids.filter_map(move |id| self.payout(book, *id))
    }

    /// A batch with its steps.
    pub(crate) fn batch(&self, book: BookId, id: BatchId) -> Option<Batch> {
        let steps = self.batch_steps.range((book, id, u32::MIN)..=(book, id, u32::MAX)).cloned().collect();
        self.payout_batches.find(&(book, id)).map(|batch| Batch { steps, ..batch.clone() })
    }

    pub(crate) fn payout_item(&self, book: BookId, payout: Payout) -> Result<PayoutItem, StoreError> {
        let label = self.payout_methods.get(&(book, payout.user, payout.method))?.label.clone();
        Ok(PayoutItem { host: Some(self.host(book, payout.user)?), label, payout })
    }

    /// Stores what a unit changes of payouts: what a row refers to is there before it.
    pub(crate) fn record_payouts(&mut self, book: BookId, changes: &Changes) -> Result<(), StoreError> {
        changes.payout_methods.iter().try_for_each(|method| self.add_method(book, method))?;
        changes.payouts.iter().try_for_each(|payout| self.add_payout(book, payout))?;
        changes.batches.iter().try_for_each(|batch| self.add_batch(book, batch))?;
        changes.batch_steps.iter().try_for_each(|step| self.add_batch_step(book, step))?;
        changes.settlement_lines.iter().try_for_each(|line| self.add_settlement(book, line))?;
        changes.payout_steps.iter().try_for_each(|step| self.add_payout_step(book, step))?;
        changes.batches.iter().try_for_each(|batch| self.add_items(book, batch))
    }

    fn add_method(&mut self, book: BookId, method: &PayoutMethod) -> Result<(), StoreError> {
        self.users.has(&(book, method.user))?;
        let last = self.method_in_force(book, method.user).map_or(0, |method| method.n);
        self.payout_methods.add((book, method.user, method.n), method.clone())?;
        let rule = self.payout_methods.rule("n", "each version follows the one before");
        rule.holds(method.n == last + 1, method)
    }

    fn add_payout(&mut self, book: BookId, payout: &Payout) -> Result<(), StoreError> {
        let method = self.payout_methods.get(&(book, payout.user, payout.method))?.kind;
        let before = self.payouts_of(book, payout.user).next_back();
        self.user_payouts.add((book, payout.user, payout.n), payout.id)?;
        let facts = Payout { steps: Vec::new(), ..payout.clone() };
        self.payouts.add((book, payout.id), facts)?;
        let rule = |column, says| self.payouts.rule(column, says);
        let n = before.as_ref().map_or(0, |before| before.n) + 1;
        let ended = before.is_none_or(|before| before.status().is_final());
        rule("n", "a payout begins when the one before has ended").holds(payout.n == n && ended, payout)?;
        rule("kind", "a payout is paid as its method says").holds(payout.kind == method, payout)?;
        rule("amount", "a payout moves something").holds(payout.amount > 0, payout)
    }

    fn add_batch(&mut self, book: BookId, batch: &Batch) -> Result<(), StoreError> {
        self.payout_batches.add((book, batch.id), Batch { steps: Vec::new(), ..batch.clone() })?;
        let rule = self.payout_batches.rule("count", "a batch is never empty");
        rule.holds(!batch.items.is_empty(), batch)
    }

    fn add_batch_step(&mut self, book: BookId, step: &BatchStep) -> Result<(), StoreError> {
        self.payout_batches.has(&(book, step.batch))?;
        let before = self.batch(book, step.batch);
        let last = before.as_ref().and_then(|batch| batch.steps.last().cloned());
        self.batch_steps.add((book, step.batch, step.n), step.clone())?;
        let stood = last.as_ref().map(|step| step.stage.status());
        let follows = step.after == stood && step.n == last.map_or(0, |step| step.n) + 1;
        let rule = |column, says| self.batch_steps.rule(column, says);
        let legal = step.stage.status().may_follow(stood);
        rule("n", "each step follows the one before").holds(follows && legal, step)?;
        let maker = before.as_ref().and_then(|batch| batch.maker()).cloned();
        let second = step.stage.status() != BatchStatus::Approved || maker.as_ref() != Some(&step.by);
        rule("actor_id", "a second person approves").holds(second, step)
    }

    fn add_settlement(&mut self, book: BookId, line: &SettlementLine) -> Result<(), StoreError> {
        let batch = self.payout_batches.get(&(book, line.batch))?;
        let item = batch.items.iter().find(|item| item.payout == line.payout);
        let matches = item.is_some_and(|item| item.amount == line.amount);
        self.settlement_lines.add((book, line.payout), line.clone())?;
        let rule = self.settlement_lines.rule("amount", "a line matches an item of its batch");
        rule.holds(matches, line)
    }

    fn add_payout_step(&mut self, book: BookId, step: &PayoutStep) -> Result<(), StoreError> {
        self.payouts.has(&(book, step.payout))?;
        let before = self.payout(book, step.payout);
        let last = before.as_ref().and_then(|payout| payout.steps.last());
        let (stood, n) = (last.map(|step| step.stage.status()), last.map_or(0, |step| step.n) + 1);
        let carried = before.as_ref().and_then(Payout::batch);
        if let Some(transaction) = step.stage.transaction() {
            self.use_transaction(book, transaction, "a payout step")?;
        }
        self.payout_steps.add((book, step.payout, step.n), step.clone())?;
        let rule = |column, says| self.payout_steps.rule(column, says);
        let follows = step.n == n && step.after == stood && step.stage.status().may_follow(stood);
        rule("n", "each step follows the one before").holds(follows, step)?;
        let same = carried.is_none() || step.stage.batch() == carried;
        rule("batch_id", "a payout stays with its batch").holds(same, step)?;
        let sound = self.batch_agrees(book, step);
        rule("batch_id", "a step in a batch is one that its batch allows").holds(sound, step)
    }

    /// Whether a step's batch is where the step needs it, and a bank said what it says.
    fn batch_agrees(&self, book: BookId, step: &PayoutStep) -> bool {
        let Some(id) = step.stage.batch() else { return true };
        let reached = |status| self.batch(book, id).is_some_and(|batch| batch.step(status).is_some());
        let said = self.settlement_lines.find(&(book, step.payout)).map(|line| line.outcome.as_str());
        match step.stage.status() {
            PayoutStatus::Batched => reached(BatchStatus::Draft),
            PayoutStatus::Approved => reached(BatchStatus::Discarded),
            PayoutStatus::Sent => reached(BatchStatus::Exported),
            status @ (PayoutStatus::Paid | PayoutStatus::Failed) => said == Some(status.as_str()),
            PayoutStatus::Requested | PayoutStatus::Cancelled => false,
        }
    }

    fn add_items(&mut self, book: BookId, batch: &Batch) -> Result<(), StoreError> {
        for item in &batch.items {
            let step = self.payout_steps.get(&(book, item.payout, item.step))?;
            let entered = step.stage.status() == PayoutStatus::Batched;
            let payout = self.payouts.get(&(book, item.payout))?;
            let method = self.payout_methods.get(&(book, item.user, item.method))?;
            let its = (payout.amount, payout.user, payout.method, payout.kind)
                == (item.amount, item.user, item.method, batch.kind);
            let rule = |column, says| self.payout_batches.rule(column, says);
            let in_it = entered && step.stage.batch() == Some(batch.id);
            rule("items", "an item is a payout that entered this batch").holds(in_it && its, batch)?;
            rule("items", "an item goes where its method says").holds(item.digest == method.digest, batch)?;
        }
        Ok(())
    }
}
