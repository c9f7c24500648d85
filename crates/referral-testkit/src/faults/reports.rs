//! Reports whose calls fail as a plan says.

use std::sync::Arc;

use async_trait::async_trait;
use referral_domain::auth::ApiKey;
use referral_domain::code::{Code, FoldedCode};
use referral_domain::id::{BookId, UserId};
use referral_domain::ledger::{Block, Hash, SealedRow, Verdict};
use referral_domain::port::{
    AccountReport, AuditFilter, AuditItem, BlockFilter, CodeFilter, CodeItem, EventReport, HistoryFilter,
    HistoryItem, MyReferralReport, ReferrerReport, Reports, StoreError, SummaryReport,
};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug, SourceId};
use referral_domain::rules::PublishedRules;
use referral_domain::time::{Month, Timestamp};
use referral_domain::user::UserFacts;

use super::plan::{Plan, through};

/// Reports around others: every question is counted, and fails when the plan says so.
#[derive(Clone)]
pub struct FaultyReports {
    pub(super) inner: Arc<dyn Reports>,
    pub(super) plan: Arc<Plan>,
}

impl FaultyReports {
    /// These reports, under this plan.
    #[must_use]
    pub fn new(inner: Arc<dyn Reports>, plan: Arc<Plan>) -> Self {
        Self { inner, plan }
    }
}

macro_rules! faulty {
    ($port:ident: $(fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty;)+) => {
        #[async_trait]
        impl $port for FaultyReports {$(
            async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                let fault = self.plan.next(concat!("reports.", stringify!($name)));
                through(fault, self.inner.$name($($argument),*)).await
            }
        )+}
    };
}
pub(super) use faulty;

faulty! {
    Reports:
    fn ready() -> ();
    fn program(slug: &Slug, now: Timestamp) -> Option<Program>;
    fn programs(now: Timestamp) -> Vec<Program>;
    fn rule_versions(program: &Program, before: Option<u32>, limit: u32) -> Vec<PublishedRules>;
    fn api_key(hash: &[u8; 32]) -> Option<ApiKey>;
    fn api_keys() -> Vec<ApiKey>;
    fn codes_of(book: BookId, folded: &[FoldedCode]) -> Vec<Option<Code>>;
    fn codes(book: BookId, filter: &CodeFilter) -> Vec<CodeItem>;
    fn user(book: BookId, host: &HostId) -> Option<UserFacts>;
    fn user_id(book: BookId, host: &HostId) -> Option<UserId>;
    fn referrer(book: BookId, host: &HostId) -> ReferrerReport;
    fn my_referral(book: BookId, host: &HostId) -> MyReferralReport;
    fn accounts_of(book: BookId, asked: &[(HostId, Timestamp)]) -> Vec<AccountReport>;
    fn event(book: BookId, source: &SourceId, month: Month) -> Option<EventReport>;
    fn history(book: BookId, user: UserId, filter: &HistoryFilter) -> Vec<HistoryItem>;
    fn summary(book: BookId, host: &HostId, aged: Timestamp) -> SummaryReport;
    fn blocks(book: BookId, filter: &BlockFilter) -> Vec<Block>;
    fn leaves(book: BookId, blocks: &[u64]) -> Vec<Vec<Hash>>;
    fn sealed_rows(
        book: BookId,
        user: UserId,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Vec<SealedRow>;
    fn audit(book: BookId, filter: &AuditFilter) -> Vec<AuditItem>;
    fn verify() -> Verdict;
}
