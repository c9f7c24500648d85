//! Read models: one method a question, no unit, no lock. What they answer was committed when they were asked, all of
//! it at one instant: the fields of one answer never contradict each other, whatever is recorded meanwhile.

use async_trait::async_trait;

use super::{LedgerReports, PayoutReports, PeopleReports, StoreError};
use crate::audit::ActorKind;
use crate::auth::ApiKey;
use crate::budget::BudgetMonth;
use crate::code::{Code, FoldedCode};
use crate::id::{AuditId, BookId, CodeId, UserId};
use crate::ledger::{Block, Hash, Line, SealedRow, Transaction, TransactionKind, Verdict};
use crate::program::Program;
use crate::reference::{HostId, Slug, SourceId};
use crate::referral::Referral;
use crate::rules::PublishedRules;
use crate::spend::{RefundFact, SpendEvent};
use crate::time::{Month, Timestamp};
use crate::user::{EmailStatus, UserFacts};

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
    /// Rewards and commissions posted less what was taken back: `earned - taken`.
    pub earned: i64,
}

/// What a user has, and what decides whether they may use it, from one snapshot. The default is that of a user nobody
/// heard of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountReport {
    /// Whether they may not use what they have before their e-mail is verified: [`may_redeem`](crate::credit::may_redeem)
    /// is false of them.
    pub must_verify: bool,
    /// The last line of their history.
    pub last: Option<Line>,
    /// `earned` of their last line at or before the instant asked for, in minor units.
    pub aged: i64,
}

/// What a user may know of how they came, from one snapshot. The default is that of a user nobody heard of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MyReferralReport {
    /// Whether their e-mail is verified.
    pub email: EmailStatus,
    /// The referral they came by.
    pub referral: Option<Referral>,
}

/// What a referrer shares and what it brought, from one snapshot. The default is that of a user nobody heard of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReferrerReport {
    /// Their primary code.
    pub code: Option<Code>,
    /// Their referrals.
    pub counts: ReferralCounts,
}

/// An event and all that decides what it counts for, as things stand now, from one snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventReport {
    /// The event.
    pub event: SpendEvent,
    /// The host's id of its user.
    pub user: HostId,
    /// The spend that it names, if it is a refund and that is known.
    pub spend: Option<SpendEvent>,
    /// The refunds recorded that name that spend, or this one, oldest first.
    pub refunds: Vec<RefundFact>,
    /// The referral its user came by.
    pub referral: Option<Referral>,
    /// What is known of the referrer's e-mail.
    pub referrer: EmailStatus,
    /// The budget of the month asked for; `None` when nothing was granted in it yet.
    pub budget: Option<BudgetMonth>,
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

/// A user's history in sums, with what it comes to, from one snapshot: `credited - debited` is what is available.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SummaryReport {
    /// What the user has.
    pub account: AccountReport,
    /// Their history in sums.
    pub sums: Summary,
}

/// Which blocks of a book.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BlockFilter {
    /// Only these; all when empty.
    pub numbers: Vec<u64>,
    /// Only from this number on.
    pub from: Option<u64>,
    /// Only with a smaller number.
    pub before: Option<u64>,
    /// Only with this hash.
    pub hash: Option<Hash>,
    /// Oldest first; else newest first.
    pub ascending: bool,
    /// At most so many.
    pub limit: u32,
}

/// Which codes, newest first: by when they were made, then by id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CodeFilter {
    /// Only this one.
    pub id: Option<CodeId>,
    /// Only of this user.
    pub owner: Option<HostId>,
    /// Only the one that reads like this.
    pub folded: Option<FoldedCode>,
    /// Only codes behind this one: where the page before ended.
    pub before: Option<(Timestamp, CodeId)>,
    /// At most so many.
    pub limit: u32,
}

/// A code with the host's name of whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeItem {
    /// The code.
    pub code: Code,
    /// The host's id of its owner; `None` once they were erased.
    pub owner: Option<HostId>,
}

/// Which entries of the audit log, newest first: by when they were made, then by id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AuditFilter {
    /// Only of this kind of actor.
    pub kind: Option<ActorKind>,
    /// Only of the actor with this id.
    pub actor: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only about this.
    pub subject: Option<String>,
    /// Made at or after.
    pub from: Option<Timestamp>,
    /// Made before.
    pub until: Option<Timestamp>,
    /// Only entries behind this one: where the page before ended.
    pub before: Option<(Timestamp, AuditId)>,
    /// At most so many.
    pub limit: u32,
}

/// An entry of the audit log, as it is read: a person's name may have been erased since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditItem {
    /// Its id.
    pub id: AuditId,
    /// What kind of actor.
    pub kind: ActorKind,
    /// Who: the host's id of a person, the id of a key; `None` once the person was erased.
    pub actor: Option<String>,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// What it was before, as a JSON object.
    pub before: Option<String>,
    /// What it was after, as a JSON object.
    pub after: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Questions without a unit; those about the books are [`LedgerReports`], those of operators about people
/// [`PeopleReports`].
#[async_trait]
pub trait Reports: LedgerReports + PayoutReports + PeopleReports + Send + Sync {
    /// Whether the store answers and its schema is the one this build needs.
    async fn ready(&self) -> Result<(), StoreError>;

    /// A program with the rules in force at `now`.
    async fn program(&self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError>;

    /// Every program with the rules in force at `now`, by slug.
    async fn programs(&self, now: Timestamp) -> Result<Vec<Program>, StoreError>;

    /// At most `limit` versions of a program's rules, the newest first: all, or those before a version.
    async fn rule_versions(
        &self,
        program: &Program,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<PublishedRules>, StoreError>;

    /// The API key with this hash, whatever its state.
    async fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError>;

    /// All API keys, newest first.
    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError>;

    /// Codes by their folded forms, in input order; `None` is one that nobody has.
    async fn codes_of(&self, book: BookId, folded: &[FoldedCode]) -> Result<Vec<Option<Code>>, StoreError>;

    /// A code by its folded form.
    async fn code(&self, book: BookId, folded: &FoldedCode) -> Result<Option<Code>, StoreError> {
        Ok(self.codes_of(book, std::slice::from_ref(folded)).await?.pop().flatten())
    }

    /// Codes, newest first.
    async fn codes(&self, book: BookId, filter: &CodeFilter) -> Result<Vec<CodeItem>, StoreError>;

    /// What is known of a user.
    async fn user(&self, book: BookId, host: &HostId) -> Result<Option<UserFacts>, StoreError>;

    /// Under which id a user is known: less is read for it than for [`Reports::user`].
    async fn user_id(&self, book: BookId, host: &HostId) -> Result<Option<UserId>, StoreError>;

    /// A referrer's code and their referrals, counted, from one snapshot.
    async fn referrer(&self, book: BookId, host: &HostId) -> Result<ReferrerReport, StoreError>;

    /// What a user knows of the referral they came by, from one snapshot.
    async fn my_referral(&self, book: BookId, host: &HostId) -> Result<MyReferralReport, StoreError>;

    /// What users have, and of it what each had earned at or before an instant, each from one snapshot, in input order; the
    /// default of whoever nobody heard of.
    async fn accounts_of(
        &self,
        book: BookId,
        asked: &[(HostId, Timestamp)],
    ) -> Result<Vec<AccountReport>, StoreError>;

    /// What a user has, and of it what they had earned at or before `aged`, from one snapshot.
    async fn account(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
    ) -> Result<AccountReport, StoreError> {
        Ok(self.accounts_of(book, &[(host.clone(), aged)]).await?.pop().unwrap_or_default())
    }

    /// An event, with the budget of `month`, from one snapshot.
    async fn event(
        &self,
        book: BookId,
        source: &SourceId,
        month: Month,
    ) -> Result<Option<EventReport>, StoreError>;

    /// Lines of a user's history, newest first.
    async fn history(
        &self,
        book: BookId,
        user: UserId,
        filter: &HistoryFilter,
    ) -> Result<Vec<HistoryItem>, StoreError>;

    /// A user's history in sums, with their [`account`](Self::account), from one snapshot.
    async fn summary(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
    ) -> Result<SummaryReport, StoreError>;

    /// Blocks of a book.
    async fn blocks(&self, book: BookId, filter: &BlockFilter) -> Result<Vec<Block>, StoreError>;

    /// The leaves of these blocks, each in the order of its positions; blocks that do not exist have none.
    async fn leaves(&self, book: BookId, blocks: &[u64]) -> Result<Vec<Vec<Hash>>, StoreError>;

    /// A user's transfers recorded at or after `from` and before `until`, oldest first, at most `limit`.
    async fn sealed_rows(
        &self,
        book: BookId,
        user: UserId,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, StoreError>;
    /// Entries of the audit log, newest first.
    async fn audit(&self, book: BookId, filter: &AuditFilter) -> Result<Vec<AuditItem>, StoreError>;

    /// Recomputes the whole ledger and compares; memory does not grow with it.
    async fn verify(&self) -> Result<Verdict, StoreError>;
}
