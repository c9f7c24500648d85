//! A payout as people of the company see it.

use referral_domain::money::{Currency, Money};
use referral_domain::payout::CancelledBy;
use referral_domain::port::PayoutItem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::resource::affiliate::view::{DestinationView, FailureView, StepView};
use crate::view::{MoneyView, TimeView};

/// A payout, whose it is and which batch it is in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StaffPayout)]
pub struct StaffPayout {
    /// Its id.
    pub id: String,
    /// Whose; null once they were erased.
    pub user_id: Option<String>,
    /// How much.
    pub amount: MoneyView,
    /// `requested`, `approved`, `batched`, `sent`, `paid`, `cancelled` or `failed`.
    pub status: &'static str,
    /// How it is paid, masked.
    pub method: DestinationView,
    /// The batch it is in.
    pub batch_id: Option<String>,
    /// When it was asked for.
    pub requested_at: Option<TimeView>,
    /// When it was paid.
    pub paid_at: Option<TimeView>,
    /// Why it came to nothing.
    pub failure: Option<FailureView>,
    /// `user` or `operator`; null when it stands, or a rule cancelled it.
    pub cancelled_by: Option<&'static str>,
    /// Every step, the first first.
    pub timeline: Vec<StepView>,
}

impl StaffPayout {
    /// A payout in its program's currency.
    #[must_use]
    pub fn of(item: &PayoutItem, currency: Currency) -> Self {
        let payout = &item.payout;
        let stage = payout.last().map(|step| &step.stage);
        let by = stage.and_then(|stage| stage.cancelled_by());
        Self {
            id: payout.id.to_string(),
            user_id: item.host.as_ref().map(ToString::to_string),
            amount: Money::of(payout.amount, currency).into(),
            status: payout.status().as_str(),
            method: DestinationView { kind: payout.kind.as_str(), label: item.label.clone() },
            batch_id: payout.batch().map(|batch| batch.to_string()),
            requested_at: payout.requested_at().map(Into::into),
            paid_at: payout.paid_at().map(Into::into),
            failure: stage.and_then(|stage| stage.reason()).map(Into::into),
            cancelled_by: by.filter(|by| *by != CancelledBy::Rule).map(CancelledBy::as_str),
            timeline: payout.steps.iter().map(Into::into).collect(),
        }
    }
}
