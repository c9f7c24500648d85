//! Read models of the books, for finance: searches, the trial balance, the journal. Like every report they lock nothing,
//! and each answer is of one instant.
//!
//! Transactions, transfers and adjustments are ordered by their ids, which are drawn in the order of time.

use async_trait::async_trait;

use super::{HistoryItem, StoreError};
use crate::adjustment::{AdjustmentFile, AdjustmentStatus};
use crate::id::{AccountId, AdjustmentId, BookId, ReferralId, TransactionId, TransferId, UserId};
use crate::ledger::{Account, CreatedBy, Entry, Head, Line, Side, Transaction, TransactionKind, Transfer};
use crate::money::Currency;
use crate::reference::HostId;
use crate::time::Timestamp;
use crate::trial_balance::Movement;

/// A transaction in its user's history, with the host's name of the user; `None` once it was erased.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionReport {
    /// The transaction and its line.
    pub item: HistoryItem,
    /// The host's id of the user.
    pub user: Option<HostId>,
}

/// Which transactions of a program, newest first. What is `None` or empty asks for all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TransactionFilter {
    /// Only this one.
    pub id: Option<TransactionId>,
    /// Of this user.
    pub user: Option<UserId>,
    /// Of these kinds.
    pub kinds: Vec<TransactionKind>,
    /// For this referral.
    pub referral: Option<ReferralId>,
    /// With this reference.
    pub reference: Option<String>,
    /// Posted by these.
    pub created_by: Option<CreatedBy>,
    /// Recorded at or after.
    pub from: Option<Timestamp>,
    /// Recorded before.
    pub until: Option<Timestamp>,
    /// That changed what is available by at least so many minor units.
    pub least: Option<i64>,
    /// And by at most so many.
    pub most: Option<i64>,
    /// That come after this one in the order of the page: where the page before ended.
    pub after: Option<TransactionId>,
    /// At most so many.
    pub limit: u32,
}

/// A transfer with what its two accounts are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LegReport {
    /// The transfer.
    pub transfer: Transfer,
    /// What the amount comes from.
    pub debit: Side,
    /// Where it goes.
    pub credit: Side,
}

/// Everything that one transaction wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionDetail {
    /// The transaction, its line, and whose it is.
    pub report: TransactionReport,
    /// Its legs, in their order.
    pub legs: Vec<LegReport>,
    /// The entries of its legs on the user's accounts, leg by leg, what leaves first.
    pub entries: Vec<Entry>,
}

/// Which transfers of a program, newest first. What is `None` asks for all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TransferFilter {
    /// To or from this account.
    pub account: Option<AccountId>,
    /// Of this transaction.
    pub transaction: Option<TransactionId>,
    /// Of this kind.
    pub kind: Option<TransactionKind>,
    /// Recorded at or after.
    pub from: Option<Timestamp>,
    /// Recorded before.
    pub until: Option<Timestamp>,
    /// That come after this one in the order of the page: where the page before ended.
    pub after: Option<TransferId>,
    /// At most so many.
    pub limit: u32,
}

/// Which transactions of a journal, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JournalFilter {
    /// Recorded at or after.
    pub from: Timestamp,
    /// Recorded before.
    pub until: Timestamp,
    /// After this one: where the page before ended.
    pub after: Option<TransactionId>,
    /// At most so many transactions.
    pub limit: u32,
}

/// A transaction with its legs, as a journal has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalItem {
    /// The transaction.
    pub transaction: Transaction,
    /// Its legs, in their order; there is at least one.
    pub legs: Vec<LegReport>,
}

/// An adjustment as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdjustmentReport {
    /// The adjustment with its steps.
    pub file: AdjustmentFile,
    /// The host's id of the user; `None` once it was erased.
    pub user: Option<HostId>,
    /// The history line of its transaction, when it was posted.
    pub item: Option<HistoryItem>,
}

/// Which adjustments of a program, newest first. What is `None` asks for all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AdjustmentFilter {
    /// Of this user.
    pub user: Option<UserId>,
    /// That stand so.
    pub status: Option<AdjustmentStatus>,
    /// That come after this one in the order of the page: where the page before ended.
    pub after: Option<AdjustmentId>,
    /// At most so many.
    pub limit: u32,
}

/// Questions about a program's books.
#[async_trait]
pub trait LedgerReports: Send + Sync {
    /// What every account was debited and credited by what was recorded at or before an instant, from one snapshot;
    /// accounts without movements may be left out. It looks at every transfer: its cost grows with the ledger.
    async fn movements(&self, book: BookId, as_of: Timestamp) -> Result<Vec<Movement>, StoreError>;

    /// The last line of a user's history recorded at or before an instant.
    async fn line_at(&self, book: BookId, user: UserId, at: Timestamp) -> Result<Option<Line>, StoreError>;

    /// A page of transactions, by id, the greatest first; of one user, by their history, the last first.
    async fn transactions(
        &self,
        book: BookId,
        filter: &TransactionFilter,
    ) -> Result<Vec<TransactionReport>, StoreError>;

    /// Everything that a transaction wrote.
    async fn transaction(
        &self,
        book: BookId,
        id: TransactionId,
    ) -> Result<Option<TransactionDetail>, StoreError>;

    /// A user's accounts of a currency in the order of their purposes, each with its head.
    async fn accounts(
        &self,
        book: BookId,
        currency: Currency,
        user: UserId,
    ) -> Result<Vec<(Account, Head)>, StoreError>;

    /// A page of transfers, by id, the greatest first; of one account, by its chain of entries, the last first.
    async fn transfers(&self, book: BookId, filter: &TransferFilter) -> Result<Vec<LegReport>, StoreError>;

    /// A page of the journal, by transaction id, the smallest first.
    async fn journal(&self, book: BookId, filter: &JournalFilter) -> Result<Vec<JournalItem>, StoreError>;

    /// A page of adjustments, by id, the greatest first.
    async fn adjustments(
        &self,
        book: BookId,
        filter: &AdjustmentFilter,
    ) -> Result<Vec<AdjustmentReport>, StoreError>;

    /// An adjustment as it stands.
    async fn adjustment(
        &self,
        book: BookId,
        id: AdjustmentId,
    ) -> Result<Option<AdjustmentReport>, StoreError>;
}
