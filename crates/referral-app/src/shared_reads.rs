//! Questions of every request, asked of the store once for all requests that ask them at the same time: which program,
//! which API key; and which code, what somebody has, one question for the codes and people of all who ask. They are not cached: a key that was revoked is refused by the next request, a program that was paused is
//! paused ([`coalesce`](crate::coalesce) says how).

mod ledger;
mod people;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use referral_domain::auth::ApiKey;
use referral_domain::code::{Code, FoldedCode};
use referral_domain::id::{BatchId, BookId, PayoutId, UserId};
use referral_domain::ledger::{Block, Hash, SealedRow, Verdict};
use referral_domain::payout::PayoutMethod;
use referral_domain::port::{
    AccountReport, AuditFilter, AuditItem, BatchFilter, BatchHead, BlockFilter, CodeFilter, CodeItem,
    EventReport, HistoryFilter, HistoryItem, MyReferralReport, PayoutFilter, PayoutItem, PayoutReports,
    PayoutSummary, ReferrerReport, Reports, StoreError, SummaryReport,
};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug, SourceId};
use referral_domain::rules::PublishedRules;
use referral_domain::time::{Month, Timestamp};
use referral_domain::user::UserFacts;

use crate::coalesce::Coalesced;

/// No instant matters to a key's row.
const ANY_TIME: Timestamp = Timestamp::from_micros(0);

/// A store's reports, in which some reads are shared.
pub(crate) struct SharedReads {
    reports: Arc<dyn Reports>,
    programs: Coalesced<Slug, Option<Program>>,
    api_keys: Coalesced<[u8; 32], Option<ApiKey>>,
    codes: Together<FoldedCode, Option<Code>>,
    accounts: Together<(HostId, Timestamp), AccountReport>,
}

/// What is read of a book for many at once: a name each.
type Together<N, V> = Coalesced<BookId, Arc<BTreeMap<N, V>>, BTreeSet<N>>;

/// How many are read by one statement at most.
const TOGETHER_MAX: usize = 512;

impl SharedReads {
    /// Reports on what these do.
    pub(crate) fn new(reports: Arc<dyn Reports>) -> Self {
        let (of_programs, of_keys) = (reports.clone(), reports.clone());
        let programs = Coalesced::new(move |slug: Slug, now| {
            let reports = of_programs.clone();
            Box::pin(async move { reports.program(&slug, now).await })
        });
        let api_keys = Coalesced::new(move |hash: [u8; 32], _| {
            let reports = of_keys.clone();
            Box::pin(async move { reports.api_key(&hash).await })
        });
        let (of_codes, of_accounts) = (reports.clone(), reports.clone());
        let codes = Coalesced::new(move |book, asked| {
            let reports = of_codes.clone();
            together(asked, async move |codes: &[FoldedCode]| reports.codes_of(book, codes).await).boxed()
        });
        let accounts = Coalesced::new(move |book, asked| {
            let reports = of_accounts.clone();
            together(asked, async move |people: &[(HostId, Timestamp)]| {
                reports.accounts_of(book, people).await
            })
            .boxed()
        });
        Self { reports, programs, api_keys, codes, accounts }
    }
}

/// Reads what many ask for.
async fn together<N: Ord + Clone, V>(
    asked: BTreeSet<N>,
    read: impl AsyncFn(&[N]) -> Result<Vec<V>, StoreError>,
) -> Result<Arc<BTreeMap<N, V>>, StoreError> {
    let names: Vec<N> = asked.into_iter().collect();
    let mut found = BTreeMap::new();
    for names in names.chunks(TOGETHER_MAX) {
        found.extend(names.iter().cloned().zip(read(names).await?));
    }
    Ok(Arc::new(found))
}

#[async_trait]
impl Reports for SharedReads {
    async fn ready(&self) -> Result<(), StoreError> {
        self.reports.ready().await
    }

    async fn program(&self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        self.programs.get(slug, now).await
    }

    async fn programs(&self, now: Timestamp) -> Result<Vec<Program>, StoreError> {
        self.reports.programs(now).await
    }

    async fn rule_versions(
        &self,
        program: &Program,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<PublishedRules>, StoreError> {
        self.reports.rule_versions(program, before, limit).await
    }

    async fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        self.api_keys.get(hash, ANY_TIME).await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.reports.api_keys().await
    }

    async fn codes_of(&self, book: BookId, folded: &[FoldedCode]) -> Result<Vec<Option<Code>>, StoreError> {
        self.reports.codes_of(book, folded).await
    }

    async fn code(&self, book: BookId, folded: &FoldedCode) -> Result<Option<Code>, StoreError> {
        Ok(self.codes.get(&book, folded.clone()).await?.get(folded).cloned().flatten())
    }

    async fn codes(&self, book: BookId, filter: &CodeFilter) -> Result<Vec<CodeItem>, StoreError> {
        self.reports.codes(book, filter).await
    }

    async fn user(&self, book: BookId, host: &HostId) -> Result<Option<UserFacts>, StoreError> {
        self.reports.user(book, host).await
    }

    async fn user_id(&self, book: BookId, host: &HostId) -> Result<Option<UserId>, StoreError> {
        self.reports.user_id(book, host).await
    }

    async fn referrer(&self, book: BookId, host: &HostId) -> Result<ReferrerReport, StoreError> {
        self.reports.referrer(book, host).await
    }

    async fn my_referral(&self, book: BookId, host: &HostId) -> Result<MyReferralReport, StoreError> {
        self.reports.my_referral(book, host).await
    }

    async fn accounts_of(
        &self,
        book: BookId,
        asked: &[(HostId, Timestamp)],
    ) -> Result<Vec<AccountReport>, StoreError> {
        self.reports.accounts_of(book, asked).await
    }

    async fn account(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
    ) -> Result<AccountReport, StoreError> {
        let person = (host.clone(), aged);
        Ok(self.accounts.get(&book, person.clone()).await?.get(&person).cloned().unwrap_or_default())
    }

    async fn event(
        &self,
        book: BookId,
        source: &SourceId,
        month: Month,
    ) -> Result<Option<EventReport>, StoreError> {
        self.reports.event(book, source, month).await
    }

    async fn history(
        &self,
        book: BookId,
        user: UserId,
        filter: &HistoryFilter,
    ) -> Result<Vec<HistoryItem>, StoreError> {
        self.reports.history(book, user, filter).await
    }

    async fn summary(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
    ) -> Result<SummaryReport, StoreError> {
        self.reports.summary(book, host, aged).await
    }

    async fn blocks(&self, book: BookId, filter: &BlockFilter) -> Result<Vec<Block>, StoreError> {
        self.reports.blocks(book, filter).await
    }

    async fn leaves(&self, book: BookId, blocks: &[u64]) -> Result<Vec<Vec<Hash>>, StoreError> {
        self.reports.leaves(book, blocks).await
    }

    async fn sealed_rows(
        &self,
        book: BookId,
        user: UserId,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        self.reports.sealed_rows(book, user, from, until, limit).await
    }

    async fn audit(&self, book: BookId, filter: &AuditFilter) -> Result<Vec<AuditItem>, StoreError> {
        self.reports.audit(book, filter).await
    }

    async fn verify(&self) -> Result<Verdict, StoreError> {
        self.reports.verify().await
    }
}

macro_rules! passed_on {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty;)+) => {
        #[async_trait]
        impl PayoutReports for SharedReads {$(
            async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.reports.$name($($argument),*).await
            }
        )+}
    };
}

passed_on! {
    fn payout_method(book: BookId, host: &HostId) -> Option<PayoutMethod>;
    fn payouts(book: BookId, filter: &PayoutFilter) -> Vec<PayoutItem>;
    fn payout(book: BookId, id: PayoutId) -> Option<PayoutItem>;
    fn payout_summary(book: BookId, host: &HostId, aged: Timestamp) -> PayoutSummary;
    fn batches(book: BookId, filter: &BatchFilter) -> Vec<BatchHead>;
    fn batch(book: BookId, id: BatchId) -> Option<(BatchHead, Vec<PayoutItem>)>;
    fn names(book: BookId, ids: &[UserId]) -> Vec<Option<HostId>>;
}
