//! Read models: one method a question, no unit, no lock. What they answer was committed when they were asked.

use async_trait::async_trait;

use super::StoreError;
use crate::auth::ApiKey;
use crate::code::{Code, FoldedCode};
use crate::id::{BookId, UserId};
use crate::ledger::{Line, Transaction, TransactionKind, Verdict};
use crate::program::Program;
use crate::reference::{HostId, Slug};
use crate::referral::Referral;
use crate::time::Timestamp;
use crate::user::UserFacts;

/// A referral with the host's names of both people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReferralReport {
    /// The referral.
    pub referral: Referral,
    /// The host's id of the referrer.
    pub referrer: HostId,
    /// The host's id of the referred.
    pub referred: HostId,
}

/// A referrer's referrals, counted by state; amounts in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReferralCounts {
    /// State `pending`.
    pub pending: i64,
    /// State `active`.
    pub active: i64,
    /// State `completed`.
    pub completed: i64,
    /// State `expired`.
    pub expired: i64,
    /// State `fraud`.
    pub fraud: i64,
    /// Sum of the pinned rewards of pending and active referrals.
    pub potential: i64,
    /// Rewards and commissions posted less what was taken back: `earned - retracted`.
    pub earned: i64,
}

/// What a balance is computed from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BalanceReport {
    /// The last line of the user's history.
    pub last: Option<Line>,
    /// `earned` of the last line at or before the instant asked for.
    pub aged: i64,
}

/// A line of the history with its transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryItem {
    /// The line.
    pub line: Line,
    /// Its transaction.
    pub transaction: Transaction,
}

/// Which lines of a history, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HistoryFilter {
    /// Only these kinds; all when empty.
    pub kinds: Vec<TransactionKind>,
    /// Recorded at or after.
    pub from: Option<Timestamp>,
    /// Recorded before.
    pub until: Option<Timestamp>,
    /// Only lines with a smaller number: where the page before ended.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// One kind's share of a user's history; amounts are changes of `available`, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KindTotal {
    /// The kind.
    pub kind: TransactionKind,
    /// How many transactions.
    pub count: i64,
    /// Sum of the changes of `available`.
    pub total: i64,
}

/// A user's history in sums; amounts are changes of `available`, in minor units.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// Sum of the positive changes.
    pub credited: i64,
    /// Sum of the negative changes, positive.
    pub debited: i64,
    /// By kind, in the order of [`TransactionKind::ALL`]; kinds without transactions are left out.
    pub by_kind: Vec<KindTotal>,
}

/// Questions without a unit.
#[async_trait]
pub trait Reports: Send + Sync {
    /// Whether the store answers and its schema is the one this build needs.
    async fn ready(&self) -> Result<(), StoreError>;

    /// A program with the rules in force at `now`.
    async fn program(&self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError>;

    /// Every program with the rules in force at `now`, by slug.
    async fn programs(&self, now: Timestamp) -> Result<Vec<Program>, StoreError>;

    /// The API key with this hash, whatever its state.
    async fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError>;

    /// All API keys, newest first.
    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError>;

    /// A code by its folded form.
    async fn code(&self, book: BookId, folded: &FoldedCode) -> Result<Option<Code>, StoreError>;

    /// A user's primary code.
    async fn primary_code(&self, book: BookId, owner: UserId) -> Result<Option<Code>, StoreError>;

    /// What is known of a user.
    async fn user(&self, book: BookId, host: &HostId) -> Result<Option<UserFacts>, StoreError>;

    /// A referrer's referrals, counted.
    async fn referral_counts(&self, book: BookId, referrer: UserId) -> Result<ReferralCounts, StoreError>;

    /// The referral a user came by.
    async fn referral_of(&self, book: BookId, referred: UserId)
    -> Result<Option<ReferralReport>, StoreError>;

    /// The end of a user's history, and what they had earned at or before `aged`.
    async fn balance(&self, book: BookId, user: UserId, aged: Timestamp)
    -> Result<BalanceReport, StoreError>;

    /// Lines of a user's history, newest first.
    async fn history(
        &self,
        book: BookId,
        user: UserId,
        filter: &HistoryFilter,
    ) -> Result<Vec<HistoryItem>, StoreError>;

    /// A user's history in sums.
    async fn summary(&self, book: BookId, user: UserId) -> Result<Summary, StoreError>;

    /// Recomputes the whole ledger and compares; memory does not grow with it.
    async fn verify(&self) -> Result<Verdict, StoreError>;
}
