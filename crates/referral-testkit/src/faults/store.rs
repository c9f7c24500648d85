//! A store whose calls fail as a plan says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use referral_domain::adjustment::AdjustmentFile;
use referral_domain::auth::ApiKey;
use referral_domain::budget::BudgetMonth;
use referral_domain::code::{Code, FoldedCode};
use referral_domain::credit::{Redemption, Reversal};
use referral_domain::hold::Hold;
use referral_domain::id::{
    AdjustmentId, ApiKeyId, BatchId, BookId, CodeId, PayoutId, RedemptionId, ReferralId, TransactionId,
    UserId,
};
use referral_domain::identity::Fingerprint;
use referral_domain::ledger::{Mark, Origin, Unsealed, Wallet};
use referral_domain::money::Currency;
use referral_domain::payout::{Batch, MethodKind, Payout, PayoutMethod};
use referral_domain::port::{
    Adjustments, ApiKeys, Budgets, Changes, CodeClaim, Codes, HistoryItem, Idempotency, IdempotencyKey,
    Inserted, Ledger, Matured, NewUser, Payouts, Programs, Recorder, Redemptions, Referrals, Sealing,
    Spending, Store, StoreError, StoredReply, UnitOfWork, Users,
};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Reference, Slug, SourceId};
use referral_domain::referral::Referral;
use referral_domain::rules::RuleVersion;
use referral_domain::spend::{RefundFact, SpendEvent, SpendScene};
use referral_domain::time::{Month, Timestamp};
use referral_domain::user::UserFacts;

use super::plan::{COMMIT, Fault, Plan, through, unavailable};

/// A store around another: every call of its units is counted, and fails when the plan says so.
#[derive(Clone)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    plan: Arc<Plan>,
}

impl FaultyStore {
    /// This store, under this plan.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, plan: Arc<Plan>) -> Self {
        Self { inner, plan }
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let inner = through(self.plan.next("begin"), self.inner.begin()).await?;
        Ok(Box::new(FaultyUnit { inner, plan: self.plan.clone(), abandoned: false }))
    }
}

struct FaultyUnit {
    inner: Box<dyn UnitOfWork>,
    plan: Arc<Plan>,
    abandoned: bool,
}

impl FaultyUnit {
    /// How the next call fails. After an abandoned one, all do.
    fn next(&mut self, call: &'static str) -> Result<Option<Fault>, StoreError> {
        if self.abandoned {
            return Err(unavailable());
        }
        let fault = self.plan.next(call);
        self.abandoned = fault == Some(Fault::Abandoned);
        Ok(fault)
    }
}

#[async_trait]
impl UnitOfWork for FaultyUnit {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let fault = self.next(COMMIT)?;
        through(fault, self.inner.commit()).await
    }
}

macro_rules! faulty {
    ($($port:ident by $method:ident {
        $(fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty;)+
    })+) => {$(
        #[async_trait]
        impl $port for FaultyUnit {$(
            async fn $name(&mut self, $($argument: $type),*) -> Result<$answer, StoreError> {
                let fault = self.next(concat!(stringify!($method), ".", stringify!($name)))?;
                through(fault, self.inner.$method().$name($($argument),*)).await
            }
        )+}
    )+};
}

faulty! {
    Programs by programs {
        fn find(slug: &Slug, now: Timestamp) -> Option<Program>;
        fn insert(program: &Program) -> Inserted;
        fn lock(slug: &Slug, now: Timestamp) -> Option<Program>;
        fn save(program: &Program) -> ();
        fn newest_rules(book: BookId) -> RuleVersion;
        fn publish(book: BookId, version: &RuleVersion) -> ();
    }
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
    Payouts by payouts {
        fn method(book: BookId, user: UserId) -> Option<PayoutMethod>;
        fn methods(book: BookId, versions: &[(UserId, u32)]) -> Vec<PayoutMethod>;
        fn newest(book: BookId, user: UserId) -> Option<Payout>;
        fn lock(book: BookId, ids: &[PayoutId]) -> Vec<Payout>;
        fn approved(book: BookId, kind: MethodKind, limit: u32) -> Vec<PayoutId>;
        fn lock_batch(book: BookId, id: BatchId) -> Option<Batch>;
        fn hosts(book: BookId, ids: &[UserId]) -> Vec<Option<HostId>>;
        fn unverified(book: BookId, ids: &[UserId]) -> BTreeSet<UserId>;
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
