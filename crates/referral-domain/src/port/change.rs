//! What a unit records, as a value: decided purely, then written a table at a time.

use crate::adjustment::{Adjustment, AdjustmentStep};
use crate::audit::AuditEntry;
use crate::budget::BudgetMonth;
use crate::code::Code;
use crate::credit::{Redemption, Reversal};
use crate::grant::{CommissionStep, RewardStep};
use crate::hold::{Hold, HoldStep};
use crate::id::{BookId, ReferralId};
use crate::ledger::Posting;
use crate::payout::{Batch, BatchStep, Payout, PayoutMethod, PayoutStep, SettlementLine};
use crate::reference::SourceId;
use crate::referral::{Progress, Referral};
use crate::spend::SpendEvent;
use crate::time::Timestamp;
use crate::tracking::DayDelta;
use crate::user::UserFacts;

/// Everything a use case wants recorded. What it changes, it has locked before.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// Facts of users, replacing what is stored.
    pub users: Vec<UserFacts>,
    /// Codes whose use is counted: `uses` and `last_used_at` replace what is stored.
    pub codes: Vec<Code>,
    /// New referrals.
    pub new_referrals: Vec<Referral>,
    /// Progress of referrals that were locked.
    pub progress: Vec<(ReferralId, Progress)>,
    /// New events.
    pub events: Vec<SpendEvent>,
    /// Events that waited for a referral and count for it now.
    pub folded: Vec<(SourceId, ReferralId)>,
    /// New redemptions.
    pub redemptions: Vec<Redemption>,
    /// New reversals.
    pub reversals: Vec<Reversal>,
    /// New versions of payout methods.
    pub payout_methods: Vec<PayoutMethod>,
    /// New payouts: what was asked for. Their steps stand in `payout_steps`.
    pub payouts: Vec<Payout>,
    /// New batches: what is in them. Their steps stand in `batch_steps`.
    pub batches: Vec<Batch>,
    /// New steps of batches.
    pub batch_steps: Vec<BatchStep>,
    /// What banks said.
    pub settlement_lines: Vec<SettlementLine>,
    /// New steps of payouts; at most one a payout.
    pub payout_steps: Vec<PayoutStep>,
    /// What is posted to the ledger.
    pub posting: Posting,
    /// New reward steps.
    pub steps: Vec<RewardStep>,
    /// New commission steps.
    pub commission_steps: Vec<CommissionStep>,
    /// New holds, as they are before any step: all of the amount remains.
    pub holds: Vec<Hold>,
    /// What of holds, new ones included, is released or voided, in this order: what remains of each, and the number of its
    /// steps, replace what is stored.
    pub hold_steps: Vec<HoldStep>,
    /// The month's budget, replacing what is stored; it was locked before.
    pub budget: Option<BudgetMonth>,
    /// What day rows gain; at most one a row.
    pub days: Vec<DayDelta>,
    /// Replies kept for their idempotency keys.
    pub replies: Vec<(IdempotencyKey, StoredReply)>,
    /// What the audit log gains. A person who acts and whom nobody named yet becomes a user of the book, under the bytes of
    /// the entry's id; apart from who acts, nothing of an entry names a person.
    pub audit: Vec<AuditEntry>,
    /// New adjustments, each with its first step.
    pub adjustments: Vec<Adjustment>,
    /// New steps of adjustments, each with its entry of the audit log.
    pub adjustment_steps: Vec<AdjustmentStep>,
}

/// What makes two requests the same command.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IdempotencyKey {
    /// The program.
    pub book: BookId,
    /// Who asks: `user:<id>` or `key:<id>`.
    pub caller: String,
    /// The method and path.
    pub endpoint: String,
    /// What the caller sent as `Idempotency-Key`.
    pub key: String,
}

/// A reply as it was first given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredReply {
    /// SHA-256 of the request's body.
    pub request: [u8; 32],
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// When it was recorded; it is kept for 30 days.
    pub created_at: Timestamp,
}
