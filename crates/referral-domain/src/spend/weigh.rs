//! What a spend counts for, and what refunds take from it: plain sums of facts, in whatever order those are told.

use super::{Outcome, PARKED_FOR, RefundReason, SpendEvent};
use crate::id::UserId;
use crate::money::{Currency, Money};
use crate::reference::SourceId;
use crate::referral::{Progress, ReferralFacts};
use crate::time::Timestamp;

/// A recorded refund, as far as it may weigh on its spend.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefundFact {
    /// The host's id of it.
    pub source: SourceId,
    /// Who was refunded.
    pub user: UserId,
    /// How much.
    pub amount: Money,
    /// When.
    pub occurred_at: Timestamp,
    /// Why.
    pub reason: RefundReason,
}

impl RefundFact {
    /// What a recorded event is to the spend it names; `None` for a spend.
    #[must_use]
    pub fn of(event: &SpendEvent) -> Option<Self> {
        let refund = event.refund.as_ref()?;
        let SpendEvent { source, user, amount, occurred_at, .. } = event;
        let reason = refund.reason;
        Some(Self { source: source.clone(), user: *user, amount: *amount, occurred_at: *occurred_at, reason })
    }

    /// Whether it weighs on this spend: it is of the same user and currency, and was made before the clawback window of the
    /// spend is over, or for a chargeback or fraud.
    #[must_use]
    pub fn weighs_on(&self, spend: &SpendEvent, clawback_window_days: u32) -> bool {
        let same = self.user == spend.user && self.amount.currency() == spend.amount.currency();
        let in_time = self.occurred_at < spend.occurred_at.plus_days(clawback_window_days);
        same && (in_time || self.reason.always_weighs())
    }
}

/// The sum of those refunds that weigh on a spend. It saturates.
#[must_use]
pub fn weighing(spend: &SpendEvent, refunds: &[RefundFact], clawback_window_days: u32) -> i64 {
    let weighing = refunds.iter().filter(|refund| refund.weighs_on(spend, clawback_window_days));
    weighing.fold(0_i64, |sum, refund| sum.saturating_add(refund.amount.minor()))
}

/// What refunds take from a spend: the sum of those that weigh, at most its amount.
#[must_use]
pub fn effective_refund(spend: &SpendEvent, refunds: &[RefundFact], clawback_window_days: u32) -> i64 {
    weighing(spend, refunds, clawback_window_days).min(spend.amount.minor())
}

/// Whether an event that found no referral counts for the one that was made later: it waited at most [`PARKED_FOR`], is
/// in the program's currency and lies in one of the windows.
#[must_use]
pub fn folds(event: &SpendEvent, facts: &ReferralFacts, currency: Currency) -> bool {
    let waited = facts.created_at.since(event.recorded_at) <= PARKED_FOR;
    waited && event.amount.currency() == currency && is_in_a_window(facts, event.occurred_at)
}

/// Whether a recorded spend counts for its user's referral.
#[must_use]
pub fn counts(spend: &SpendEvent, facts: &ReferralFacts, currency: Currency) -> bool {
    let by_outcome = match spend.outcome {
        Outcome::Counted | Outcome::ThresholdCrossed => true,
        Outcome::NotReferred => folds(spend, facts, currency),
        Outcome::BeforeReferral | Outcome::AfterWindow | Outcome::CurrencyMismatch => false,
        Outcome::ReferralClosed | Outcome::AwaitingSpend | Outcome::RewardRetracted => false,
    };
    by_outcome && spend.refund.is_none()
}

/// Whether spend of that instant counts towards the threshold or the commission.
pub(super) fn is_in_a_window(facts: &ReferralFacts, at: Timestamp) -> bool {
    facts.window_holds(at) || facts.commission_holds(at)
}

/// Adds what was spent at an instant, and what was refunded of that spend, to the sums of the windows it lies in.
pub(crate) fn add(
    progress: &mut Progress,
    facts: &ReferralFacts,
    spent_at: Timestamp,
    gross: i64,
    refunded: i64,
) {
    if facts.window_holds(spent_at) {
        let spend = &mut progress.spend;
        spend.gross = spend.gross.saturating_add(gross);
        spend.refunded = spend.refunded.saturating_add(refunded);
    }
    if facts.commission_holds(spent_at) {
        let commission = &mut progress.commission;
        commission.gross = commission.gross.saturating_add(gross);
        commission.refunded = commission.refunded.saturating_add(refunded);
    }
}
