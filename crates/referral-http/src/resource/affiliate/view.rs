//! Payouts as JSON.

use referral_app::PayoutReceipt;
use referral_domain::money::{Currency, Money};
use referral_domain::payout::{CancelledBy, Failure, PayoutMethod, PayoutStep};
use referral_domain::port::PayoutItem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::resource::reply;
use crate::view::{MoneyView, TimeView};

/// Where a user is paid, masked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutMethod)]
pub struct MethodView {
    /// `paypal`, `sepa` or `external`; null when none is set.
    pub kind: Option<&'static str>,
    /// Enough to know it again: `DE** **** 1234`.
    pub label: Option<String>,
    /// When it was set.
    pub changed_at: Option<TimeView>,
    /// From when a payout can go there: 72 hours after it was set.
    pub usable_from: Option<TimeView>,
}

impl MethodView {
    /// What may be shown of a method. One that was erased is none.
    #[must_use]
    pub fn of(method: Option<&PayoutMethod>) -> Self {
        let known = method.filter(|method| method.sealed.is_some());
        Self {
            kind: known.map(|method| method.kind.as_str()),
            label: known.map(|method| method.label.clone()),
            changed_at: known.map(|method| method.changed_at.into()),
            usable_from: known.map(|method| method.usable_from().into()),
        }
    }
}

/// How a payout is paid, masked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutDestination)]
pub struct DestinationView {
    /// `paypal`, `sepa` or `external`.
    pub kind: &'static str,
    /// Enough to know it again.
    pub label: String,
}

/// Why a payout came to nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutFailure)]
pub struct FailureView {
    /// `user-owes`, `rejected` or `not-paid`.
    pub code: String,
    /// For people.
    pub message: String,
}

impl From<&Failure> for FailureView {
    fn from(failure: &Failure) -> Self {
        Self { code: failure.code.clone(), message: failure.message.clone() }
    }
}

/// One step of a payout.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutStep)]
pub struct StepView {
    /// What was reached.
    pub status: &'static str,
    /// When.
    pub at: TimeView,
}

impl From<&PayoutStep> for StepView {
    fn from(step: &PayoutStep) -> Self {
        Self { status: step.stage.status().as_str(), at: step.at.into() }
    }
}

/// A payout, as its user sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payout)]
pub struct PayoutView {
    /// Its id.
    pub id: String,
    /// How much.
    pub amount: MoneyView,
    /// `requested`, `approved`, `batched`, `sent`, `paid`, `cancelled` or `failed`.
    pub status: &'static str,
    /// How it is paid.
    pub method: DestinationView,
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

impl PayoutView {
    /// A payout in its program's currency.
    #[must_use]
    pub fn of(item: &PayoutItem, currency: Currency) -> Self {
        let payout = &item.payout;
        let stage = payout.last().map(|step| &step.stage);
        let by = stage.and_then(|stage| stage.cancelled_by());
        Self {
            id: payout.id.to_string(),
            amount: Money::of(payout.amount, currency).into(),
            status: payout.status().as_str(),
            method: DestinationView { kind: payout.kind.as_str(), label: item.label.clone() },
            requested_at: payout.requested_at().map(Into::into),
            paid_at: payout.paid_at().map(Into::into),
            failure: stage.and_then(|stage| stage.reason()).map(Into::into),
            cancelled_by: by.filter(|by| *by != CancelledBy::Rule).map(CancelledBy::as_str),
            timeline: payout.steps.iter().map(Into::into).collect(),
        }
    }
}

/// The status and body of a payout that was asked for.
pub(super) fn render(receipt: &PayoutReceipt) -> (u16, String) {
    (201, reply::text(&PayoutView::of(&receipt.item, receipt.program.currency)))
}
