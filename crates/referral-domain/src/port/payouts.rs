//! Payouts, their batches and their methods: what a unit asks, and what is asked without one.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{AccountReport, StoreError};
use crate::id::{BatchId, BookId, PayoutId, UserId};
use crate::payout::{Batch, BatchStatus, BatchStep, LeftOut, MethodKind, Payout, PayoutMethod, PayoutStatus};
use crate::reference::HostId;
use crate::time::Timestamp;

/// Payouts, their batches and their methods.
#[async_trait]
pub trait Payouts: Send {
    /// The version in force of a user's payout method; it does not change while the user is locked.
    async fn method(&mut self, book: BookId, user: UserId) -> Result<Option<PayoutMethod>, StoreError>;

    /// These versions of these users' payout methods, in input order. All exist.
    async fn methods(
        &mut self,
        book: BookId,
        versions: &[(UserId, u32)],
    ) -> Result<Vec<PayoutMethod>, StoreError>;

    /// A user's newest payout; no other becomes it while the user is locked.
    async fn newest(&mut self, book: BookId, user: UserId) -> Result<Option<Payout>, StoreError>;

    /// The payouts of these ids, in the order of their ids, locked until the unit ends. Those that do not exist are left
    /// out; the same id twice is one payout.
    async fn lock(&mut self, book: BookId, ids: &[PayoutId]) -> Result<Vec<Payout>, StoreError>;

    /// At most `limit` payouts that are approved and paid in this way, by id, which is oldest first; not locked.
    async fn approved(
        &mut self,
        book: BookId,
        kind: MethodKind,
        limit: u32,
    ) -> Result<Vec<PayoutId>, StoreError>;

    /// A batch by its id, locked until the unit ends.
    async fn lock_batch(&mut self, book: BookId, id: BatchId) -> Result<Option<Batch>, StoreError>;

    /// The host's ids of these users, in input order; `None` where it was erased.
    async fn hosts(&mut self, book: BookId, ids: &[UserId]) -> Result<Vec<Option<HostId>>, StoreError>;

    /// Those of these users who may not be paid before their e-mail is verified: [`may_redeem`](crate::credit::may_redeem)
    /// says no. They are not locked; a user whose name was erased is judged as before.
    async fn unverified(&mut self, book: BookId, ids: &[UserId]) -> Result<BTreeSet<UserId>, StoreError>;
}

/// A payout as it is read: with what may be shown of where it goes, and whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayoutItem {
    /// The payout.
    pub payout: Payout,
    /// What may be shown of where it goes.
    pub label: String,
    /// The host's id of the user; `None` once it was erased.
    pub host: Option<HostId>,
}

/// Which payouts, newest first: by id, which grows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PayoutFilter {
    /// Only this user's.
    pub user: Option<UserId>,
    /// Only those that stand here.
    pub status: Option<PayoutStatus>,
    /// Only smaller ids: where the page before ended.
    pub before: Option<PayoutId>,
    /// At most so many.
    pub limit: u32,
}

/// What a user's payouts come to, from one snapshot. The default is that of a user nobody heard of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PayoutSummary {
    /// What the user has.
    pub account: AccountReport,
    /// Sum of what was paid, in minor units.
    pub paid: i64,
    /// The payout that has not ended.
    pub open: Option<PayoutId>,
}

/// Which batches, newest first: by id, which grows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BatchFilter {
    /// Only those that stand here.
    pub status: Option<BatchStatus>,
    /// Only smaller ids: where the page before ended.
    pub before: Option<BatchId>,
    /// At most so many.
    pub limit: u32,
}

/// A batch as it is listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchHead {
    /// Its id.
    pub id: BatchId,
    /// How all of it is paid.
    pub kind: MethodKind,
    /// How many payouts are in it.
    pub count: u32,
    /// Their sum, in minor units.
    pub total: i64,
    /// What was left out of it when it was built; by id.
    pub left_out: Vec<(PayoutId, LeftOut)>,
    /// Every step so far, the first first.
    pub steps: Vec<BatchStep>,
}

/// Questions about payouts, without a unit.
#[async_trait]
pub trait PayoutReports: Send + Sync {
    /// The version in force of a user's payout method.
    async fn payout_method(&self, book: BookId, host: &HostId) -> Result<Option<PayoutMethod>, StoreError>;

    /// Payouts, newest first.
    async fn payouts(&self, book: BookId, filter: &PayoutFilter) -> Result<Vec<PayoutItem>, StoreError>;

    /// A payout by its id.
    async fn payout(&self, book: BookId, id: PayoutId) -> Result<Option<PayoutItem>, StoreError>;

    /// What a user has and was paid, and of it what they had earned at or before `aged`, from one snapshot.
    async fn payout_summary(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
    ) -> Result<PayoutSummary, StoreError>;

    /// Batches, newest first.
    async fn batches(&self, book: BookId, filter: &BatchFilter) -> Result<Vec<BatchHead>, StoreError>;

    /// A batch with its payouts, by id, from one snapshot.
    async fn batch(
        &self,
        book: BookId,
        id: BatchId,
    ) -> Result<Option<(BatchHead, Vec<PayoutItem>)>, StoreError>;

    /// The host's ids of these users, in input order; `None` where it was erased.
    async fn names(&self, book: BookId, ids: &[UserId]) -> Result<Vec<Option<HostId>>, StoreError>;
}
