//! Questions without a unit, answered from what is committed when they are asked.

use std::cmp::Reverse;

use async_trait::async_trait;
use referral_domain::auth::ApiKey;
use referral_domain::code::{Code, FoldedCode};
use referral_domain::id::{BookId, UserId};
use referral_domain::ledger::{Block, Hash, SealedRow, TransactionKind, Verdict};
use referral_domain::port::{
    AccountReport, AuditFilter, AuditItem, BlockFilter, CodeFilter, CodeItem, EventReport, HistoryFilter,
    HistoryItem, KindTotal, MyReferralReport, ReferralCounts, ReferrerReport, Reports, StoreError, Summary,
    SummaryReport,
};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug, SourceId};
use referral_domain::referral::{Referral, StateName};
use referral_domain::rules::PublishedRules;
use referral_domain::time::{Month, Timestamp};
use referral_domain::user::{EmailStatus, UserFacts};

use crate::state::State;
use crate::store::MemoryStore;
use crate::verify;

#[async_trait]
impl Reports for MemoryStore {
    async fn ready(&self) -> Result<(), StoreError> {
        self.answers()
    }

    async fn program(&self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        Ok(self.committed()?.program(slug, now))
    }

    async fn programs(&self, now: Timestamp) -> Result<Vec<Program>, StoreError> {
        let state = self.committed()?;
        Ok(state.programs.iter().filter_map(|(slug, _)| state.program(slug, now)).collect())
    }

    async fn rule_versions(
        &self,
        program: &Program,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<PublishedRules>, StoreError> {
        self.committed()?.published(program, before.unwrap_or(u32::MAX), limit)
    }

    async fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        let state = self.committed()?;
        state.api_key_hashes.find(hash).map(|id| state.api_keys.get(id).cloned()).transpose()
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let mut newest_first: Vec<_> = self.committed()?.api_keys.rows().cloned().collect();
        newest_first.sort_by_key(|key| Reverse((key.created_at, key.id)));
        Ok(newest_first)
    }

    async fn codes_of(&self, book: BookId, folded: &[FoldedCode]) -> Result<Vec<Option<Code>>, StoreError> {
        let state = self.committed()?;
        folded.iter().map(|folded| state.code(book, folded)).collect()
    }

    async fn codes(&self, book: BookId, filter: &CodeFilter) -> Result<Vec<CodeItem>, StoreError> {
        self.committed()?.codes_page(book, filter)
    }

    async fn user(&self, book: BookId, host: &HostId) -> Result<Option<UserFacts>, StoreError> {
        self.committed()?.facts_of(book, host)
    }

    async fn user_id(&self, book: BookId, host: &HostId) -> Result<Option<UserId>, StoreError> {
        Ok(self.committed()?.user_names.find(&(book, host.clone())).copied())
    }

    async fn referrer(&self, book: BookId, host: &HostId) -> Result<ReferrerReport, StoreError> {
        let state = self.committed()?;
        let Some(facts) = state.facts_of(book, host)? else { return Ok(ReferrerReport::default()) };
        let code = state.primary_code(book, facts.id)?;
        Ok(ReferrerReport { code, counts: state.referral_counts(book, facts.id) })
    }

    async fn my_referral(&self, book: BookId, host: &HostId) -> Result<MyReferralReport, StoreError> {
        let state = self.committed()?;
        let Some(facts) = state.facts_of(book, host)? else { return Ok(MyReferralReport::default()) };
        let referral = state.referral_of(book, facts.id).cloned();
        Ok(MyReferralReport { email: facts.email_status(), referral })
    }

    async fn accounts_of(
        &self,
        book: BookId,
        asked: &[(HostId, Timestamp)],
    ) -> Result<Vec<AccountReport>, StoreError> {
        let state = self.committed()?;
        let account = |(host, aged): &(HostId, Timestamp)| {
            let facts = state.facts_of(book, host)?;
            Ok(facts.map(|facts| state.account(book, &facts, *aged)).unwrap_or_default())
        };
        asked.iter().map(account).collect()
    }

    async fn event(
        &self,
        book: BookId,
        source: &SourceId,
        month: Month,
    ) -> Result<Option<EventReport>, StoreError> {
        self.committed()?.event_report(book, source, month)
    }

    async fn history(
        &self,
        book: BookId,
        user: UserId,
        filter: &HistoryFilter,
    ) -> Result<Vec<HistoryItem>, StoreError> {
        let state = self.committed()?;
        let items: Vec<_> = state
            .history_of(book, user)
            .rev()
            .map(|line| state.history_item(book, line))
            .collect::<Result<_, _>>()?;
        Ok(items.into_iter().filter(|item| lets_pass(filter, item)).take(filter.limit as usize).collect())
    }

    async fn summary(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
    ) -> Result<SummaryReport, StoreError> {
        let state = self.committed()?;
        let Some(facts) = state.facts_of(book, host)? else { return Ok(SummaryReport::default()) };
        let items: Vec<_> = state
            .history_of(book, facts.id)
            .map(|line| state.history_item(book, line))
            .collect::<Result<_, _>>()?;
        Ok(SummaryReport { account: state.account(book, &facts, aged), sums: summed_up(&items) })
    }

    async fn blocks(&self, book: BookId, filter: &BlockFilter) -> Result<Vec<Block>, StoreError> {
        Ok(self.committed()?.blocks(book, filter))
    }

    async fn leaves(&self, book: BookId, blocks: &[u64]) -> Result<Vec<Vec<Hash>>, StoreError> {
        let state = self.committed()?;
        Ok(blocks.iter().map(|n| state.leaves(book, *n)).collect())
    }

    async fn sealed_rows(
        &self,
        book: BookId,
        user: UserId,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        let within =
            |at: Timestamp| from.is_none_or(|from| from <= at) && until.is_none_or(|until| at < until);
        let rows = self.committed()?.sealed_rows(book, user, within);
        Ok(rows.into_iter().take(limit as usize).collect())
    }

    async fn audit(&self, book: BookId, filter: &AuditFilter) -> Result<Vec<AuditItem>, StoreError> {
        self.committed()?.audit(book, filter)
    }

    async fn verify(&self) -> Result<Verdict, StoreError> {
        Ok(verify::verdict(&self.committed()?))
    }
}

impl State {
    pub(crate) fn facts_of(&self, book: BookId, host: &HostId) -> Result<Option<UserFacts>, StoreError> {
        let id = self.user_names.find(&(book, host.clone()));
        id.map(|id| self.users.get(&(book, *id)).cloned()).transpose()
    }

    fn event_report(
        &self,
        book: BookId,
        source: &SourceId,
        month: Month,
    ) -> Result<Option<EventReport>, StoreError> {
        let Some(event) = self.spend_events.find(&(book, source.clone())).cloned() else { return Ok(None) };
        let named = event.refund.as_ref().map(|refund| refund.spend.clone());
        let spend = named.as_ref().and_then(|named| self.spend_events.find(&(book, named.clone()))).cloned();
        let referral = self.referral_of(book, event.user).cloned();
        let referrer = referral.as_ref().map(|referral| referral.facts.referrer);
        Ok(Some(EventReport {
            user: self.users.get(&(book, event.user))?.host.clone(),
            spend,
            refunds: self.refunds_of(book, named.as_ref().unwrap_or(source))?,
            referral,
            referrer: referrer.map_or(EmailStatus::Unknown, |referrer| self.email_status(book, referrer)),
            budget: self.budget_months.find(&(book, month)).copied(),
            event,
        }))
    }

    pub(crate) fn account(&self, book: BookId, facts: &UserFacts, aged: Timestamp) -> AccountReport {
        AccountReport {
            must_verify: self.must_verify(book, facts.id),
            last: self.last_line(book, facts.id).cloned(),
            aged: self.earned_until(book, facts.id, aged),
        }
    }

    pub(crate) fn referral_counts(&self, book: BookId, referrer: UserId) -> ReferralCounts {
        let earned = self.last_line(book, referrer).map_or(0, |line| line.earned - line.taken);
        let start = ReferralCounts { earned, ..ReferralCounts::default() };
        self.referrals_by(book, referrer).fold(start, counted)
    }
}

fn counted(mut counts: ReferralCounts, referral: &Referral) -> ReferralCounts {
    let (count, still_possible) = match referral.progress.state.name() {
        StateName::Pending => (&mut counts.pending, true),
        StateName::Active => (&mut counts.active, true),
        StateName::Completed => (&mut counts.completed, false),
        StateName::Expired => (&mut counts.expired, false),
        StateName::Fraud => (&mut counts.fraud, false),
    };
    *count += 1;
    counts.potential += if still_possible { referral.facts.terms.referrer_reward } else { 0 };
    counts
}

fn lets_pass(filter: &HistoryFilter, item: &HistoryItem) -> bool {
    let HistoryFilter { kinds, from, until, before, .. } = filter;
    let kind = kinds.is_empty() || kinds.contains(&item.transaction.kind);
    let since = from.is_none_or(|from| from <= item.line.at);
    let until = until.is_none_or(|until| item.line.at < until);
    kind && since && until && before.is_none_or(|before| item.line.n < before)
}

/// By how much a line changed what is available.
const fn change(item: &HistoryItem) -> i64 {
    item.line.after.available - item.line.before.available
}

fn summed_up(items: &[HistoryItem]) -> Summary {
    let sum = |positive: bool| {
        items.iter().map(change).filter(|change| (*change > 0) == positive).map(i64::abs).sum::<i64>()
    };
    let by_kind = TransactionKind::ALL.iter().map(|kind| kind_total(*kind, items));
    Summary {
        credited: sum(true),
        debited: sum(false),
        by_kind: by_kind.filter(|total| total.count > 0).collect(),
    }
}

fn kind_total(kind: TransactionKind, items: &[HistoryItem]) -> KindTotal {
    let start = KindTotal { kind, count: 0, total: 0 };
    let of_kind = items.iter().filter(|item| item.transaction.kind == kind);
    of_kind.fold(start, |sum, item| KindTotal { kind, count: sum.count + 1, total: sum.total + change(item) })
}
