//! Read models of people, for operators: referrals, one with all that came of it, and all about one user. Like every
//! report they lock nothing, and each answer is of one instant.

use async_trait::async_trait;

use super::{AccountReport, CodeItem, HistoryItem, PayoutItem, ReferrerReport, StoreError};
use crate::code::FoldedCode;
use crate::id::{BookId, ReferralId};
use crate::payout::PayoutMethod;
use crate::reference::HostId;
use crate::referral::{Referral, Review, StateName};
use crate::spend::SpendEvent;
use crate::time::Timestamp;
use crate::user::UserFacts;

/// A referral with the host's names of both people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReferralReport {
    /// The referral.
    pub referral: Referral,
    /// The host's id of the referrer; `None` once they were erased.
    pub referrer: Option<HostId>,
    /// The host's id of the referred; `None` once they were erased.
    pub referred: Option<HostId>,
}

/// Which referrals, newest first: by when they were recorded, then by id. What is `None` asks for all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReferralFilter {
    /// Only by this referrer.
    pub referrer: Option<HostId>,
    /// Only of this referred user.
    pub referred: Option<HostId>,
    /// Only by the code that reads like this.
    pub code: Option<FoldedCode>,
    /// Only in this state.
    pub state: Option<StateName>,
    /// Only with this review.
    pub review: Option<Review>,
    /// Recorded at or after.
    pub from: Option<Timestamp>,
    /// Recorded before.
    pub until: Option<Timestamp>,
    /// Only referrals behind this one: where the page before ended.
    pub before: Option<(Timestamp, ReferralId)>,
    /// At most so many.
    pub limit: u32,
}

/// A referral with what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReferralFile {
    /// The referral.
    pub report: ReferralReport,
    /// The last events that met it or were folded into it, newest first: by when they were recorded, then by id.
    pub events: Vec<SpendEvent>,
    /// The last transactions posted for it, newest first.
    pub transactions: Vec<HistoryItem>,
}

/// All about one user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserFile {
    /// What is known of them.
    pub facts: UserFacts,
    /// Their codes, newest first.
    pub codes: Vec<CodeItem>,
    /// Their primary code, and their referrals, counted.
    pub shares: ReferrerReport,
    /// The referral they came by.
    pub came: Option<ReferralReport>,
    /// What they have.
    pub account: AccountReport,
    /// The last lines of their history, newest first.
    pub history: Vec<HistoryItem>,
    /// The version in force of their payout method.
    pub method: Option<PayoutMethod>,
    /// Sum of what was paid out to them, in minor units.
    pub paid: i64,
    /// The payout that has not ended.
    pub open: Option<PayoutItem>,
}

/// Questions about people.
#[async_trait]
pub trait PeopleReports: Send + Sync {
    /// A page of referrals, newest first. Of a referrer, a referred user or a code it looks at theirs alone; by state or
    /// review it passes over what the filter leaves out.
    async fn referrals(
        &self,
        book: BookId,
        filter: &ReferralFilter,
    ) -> Result<Vec<ReferralReport>, StoreError>;

    /// A referral with at most `limit` of its events and of its transactions.
    async fn referral(
        &self,
        book: BookId,
        id: ReferralId,
        limit: u32,
    ) -> Result<Option<ReferralFile>, StoreError>;

    /// All about a user, with at most `limit` codes and lines of their history; of what they have, what they had earned
    /// at or before `aged`.
    async fn user_file(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
        limit: u32,
    ) -> Result<Option<UserFile>, StoreError>;
}
