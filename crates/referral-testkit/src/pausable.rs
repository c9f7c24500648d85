//! A store whose programs can be paused and let go on: nothing publishes a program's status yet.

mod ledger;
mod payouts;
mod people;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use referral_app::Parts;
use referral_domain::adjustment::AdjustmentFile;
use referral_domain::auth::ApiKey;
use referral_domain::budget::BudgetMonth;
use referral_domain::code::{Code, FoldedCode};
use referral_domain::credit::{Redemption, Reversal};
use referral_domain::hold::Hold;
use referral_domain::id::{
    AdjustmentId, ApiKeyId, BookId, CodeId, RedemptionId, ReferralId, TransactionId, UserId,
};
use referral_domain::identity::Fingerprint;
use referral_domain::ledger::{Block, Hash, Mark, Origin, SealedRow, Unsealed, Verdict, Wallet};
use referral_domain::money::Currency;
use referral_domain::port::{
    AccountReport, Adjustments, ApiKeys, AuditFilter, AuditItem, BlockFilter, Budgets, Changes, CodeClaim,
    CodeFilter, CodeItem, Codes, EventReport, HistoryFilter, HistoryItem, Idempotency, IdempotencyKey,
    Inserted, Ledger, Matured, MyReferralReport, NewUser, Programs, Recorder, Redemptions, Referrals,
    ReferrerReport, Reports, Sealing, Spending, Store, StoreError, StoredReply, SummaryReport, UnitOfWork,
    Users,
};
use referral_domain::program::{Program, ProgramStatus};
use referral_domain::reference::{HostId, Reference, Slug, SourceId};
use referral_domain::referral::Referral;
use referral_domain::rules::{PublishedRules, RuleVersion};
use referral_domain::spend::{RefundFact, SpendEvent, SpendScene};
use referral_domain::time::{Month, Timestamp};
use referral_domain::user::UserFacts;

/// Whether every program is paused. Clones share it.
#[derive(Clone, Default)]
pub struct Pause(Arc<AtomicBool>);

impl Pause {
    /// Pauses every program, or lets it go on.
    pub fn set(&self, paused: bool) {
        self.0.store(paused, Ordering::SeqCst);
    }

    /// Parts whose programs are paused by this.
    pub fn over(&self, parts: Parts) -> Parts {
        self.wrap(parts, None)
    }

    /// The same, and sweeps go over this program alone.
    pub fn over_one(&self, parts: Parts, book: BookId) -> Parts {
        self.wrap(parts, Some(book))
    }

    fn wrap(&self, parts: Parts, only: Option<BookId>) -> Parts {
        let store = Arc::new(PausableStore { inner: parts.store, pause: self.clone() });
        let reports = Arc::new(PausableReports { inner: parts.reports, pause: self.clone(), only });
        Parts { store, reports, ..parts }
    }

    fn status(&self, program: Program) -> Program {
        let paused = self.0.load(Ordering::SeqCst);
        Program { status: if paused { ProgramStatus::Paused } else { program.status }, ..program }
    }
}

struct PausableStore {
    inner: Arc<dyn Store>,
    pause: Pause,
}

#[async_trait]
impl Store for PausableStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let inner = self.inner.begin().await?;
        Ok(Box::new(PausableUnit { inner, pause: self.pause.clone() }))
    }
}

pub(crate) struct PausableUnit {
    pub(crate) inner: Box<dyn UnitOfWork>,
    pause: Pause,
}

#[async_trait]
impl UnitOfWork for PausableUnit {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.inner.commit().await
    }
}

#[async_trait]
impl Programs for PausableUnit {
    async fn find(&mut self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        let found = self.inner.programs().find(slug, now).await?;
        Ok(found.map(|program| self.pause.status(program)))
    }

    async fn insert(&mut self, program: &Program) -> Result<Inserted, StoreError> {
        self.inner.programs().insert(program).await
    }

    async fn lock(&mut self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        self.inner.programs().lock(slug, now).await
    }

    async fn save(&mut self, program: &Program) -> Result<(), StoreError> {
        self.inner.programs().save(program).await
    }

    async fn newest_rules(&mut self, book: BookId) -> Result<RuleVersion, StoreError> {
        self.inner.programs().newest_rules(book).await
    }

    async fn publish(&mut self, book: BookId, version: &RuleVersion) -> Result<(), StoreError> {
        self.inner.programs().publish(book, version).await
    }
}

macro_rules! unchanged {
    ($($port:ident by $method:ident {
        $(fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty;)+
    })+) => {$(
        #[async_trait]
        impl $port for PausableUnit {$(
            async fn $name(&mut self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.inner.$method().$name($($argument),*).await
            }
        )+}
    )+};
}

unchanged! {
    Users by users {
        fn lock(book: BookId, named: &[NewUser], ids: &[UserId], now: Timestamp) -> Vec<UserFacts>;
        fn names(book: BookId, ids: &[UserId]) -> Vec<HostId>;
        fn email_owners(book: BookId, mails: &[(Fingerprint, UserId)]) -> Vec<Option<UserId>>;
    }
    Codes by codes {
        fn find(book: BookId, folded: &[FoldedCode]) -> Vec<Option<Code>>;
        fn lock(book: BookId, ids: &[CodeId]) -> Vec<Code>;
        fn claim(code: &Code) -> CodeClaim;
    }
    Referrals by referrals {
        fn lock(book: BookId, referred: &[UserId]) -> Vec<Referral>;
        fn ancestors(book: BookId, user: UserId, generations: u32) -> Vec<UserId>;
        fn nth_newest(book: BookId, asked: &[(UserId, u32)], since: Timestamp) -> Vec<Option<Timestamp>>;
        fn waiting_for(book: BookId, referrer: UserId, limit: u32) -> Vec<UserId>;
        fn claim_expired(book: BookId, now: Timestamp, limit: u32) -> Vec<Referral>;
        fn claim_unsettled(book: BookId, limit: u32) -> Vec<Referral>;
        fn claim_budgeted(book: BookId, limit: u32) -> Vec<Referral>;
        fn claim_matured(book: BookId, now: Timestamp, limit: u32) -> Matured;
    }
    Spending by spending {
        fn scene(book: BookId, users: &[NewUser], sources: &[SourceId], now: Timestamp) -> SpendScene;
        fn parked(book: BookId, user: UserId, since: Timestamp) -> Vec<SpendEvent>;
        fn refunds_of(book: BookId, spends: &[SourceId]) -> BTreeMap<SourceId, Vec<RefundFact>>;
    }
    Budgets by budgets {
        fn lock(book: BookId, month: Month) -> BudgetMonth;
    }
    Ledger by ledger {
        fn open(book: BookId, currency: Currency, users: &[UserId]) -> Vec<Wallet>;
        fn holds(book: BookId, referrals: &[ReferralId]) -> Vec<Hold>;
        fn earned_until(book: BookId, user: UserId, at: Timestamp) -> i64;
        fn line(book: BookId, transaction: TransactionId) -> Option<HistoryItem>;
        fn posted(book: BookId, origin: Origin, origin_id: &str) -> Option<HistoryItem>;
    }
    Redemptions by redemptions {
        fn find(book: BookId, reference: &Reference) -> Option<Redemption>;
        fn lock(book: BookId, id: RedemptionId) -> Option<(Redemption, i64)>;
        fn find_reversal(book: BookId, reference: &Reference) -> Option<Reversal>;
    }
    Adjustments by adjustments {
        fn find(book: BookId, reference: &Reference) -> Option<AdjustmentFile>;
        fn lock(book: BookId, id: AdjustmentId) -> Option<AdjustmentFile>;
    }
    Idempotency by idempotency {
        fn claim(key: &IdempotencyKey) -> Option<StoredReply>;
        fn forget(before: Timestamp, limit: u32) -> u64;
    }
    ApiKeys by api_keys {
        fn insert(key: &ApiKey) -> ();
        fn lock(id: ApiKeyId) -> Option<ApiKey>;
        fn revoke(id: ApiKeyId, at: Timestamp) -> bool;
        fn touch(id: ApiKeyId, at: Timestamp) -> ();
    }
    Sealing by sealing {
        fn unsealed(mark: Option<&Mark>, now: Timestamp, limit: u32) -> Option<Unsealed>;
    }
    Recorder by recorder {
        fn record(book: BookId, changes: &Changes) -> ();
    }
}

pub(crate) struct PausableReports {
    pub(crate) inner: Arc<dyn Reports>,
    pause: Pause,
    only: Option<BookId>,
}

macro_rules! reports {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty;)+) => {
        #[async_trait]
        impl Reports for PausableReports {
            async fn program(&self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
                Ok(self.inner.program(slug, now).await?.map(|program| self.pause.status(program)))
            }

            async fn programs(&self, now: Timestamp) -> Result<Vec<Program>, StoreError> {
                let programs = self.inner.programs(now).await?.into_iter();
                let seen = programs.filter(|program| self.only.is_none_or(|only| program.book == only));
                Ok(seen.map(|program| self.pause.status(program)).collect())
            }

            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.inner.$name($($argument),*).await
            })+
        }
    };
}

reports! {
    fn ready() -> ();
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
    fn audit(book: BookId, filter: &AuditFilter) -> Vec<AuditItem>;
    fn blocks(book: BookId, filter: &BlockFilter) -> Vec<Block>;
    fn leaves(book: BookId, blocks: &[u64]) -> Vec<Vec<Hash>>;
    fn sealed_rows(
        book: BookId,
        user: UserId,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Vec<SealedRow>;
    fn verify() -> Verdict;
}
