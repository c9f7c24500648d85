//! Batches as JSON.

use referral_app::BatchReceipt;
use referral_domain::id::PayoutId;
use referral_domain::payout::{Batch, BatchStage, BatchStatus, BatchStep, LeftOut, MethodKind};
use referral_domain::port::BatchHead;
use referral_domain::program::Program;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::payout::view::StaffPayout;
use crate::resource::reply;
use crate::view::{MoneyView, TimeView};

/// A batch of payouts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutBatch)]
pub struct BatchView {
    /// Its id.
    pub id: String,
    /// `draft`, `sealed`, `approved`, `exported`, `settled` or `discarded`.
    pub status: &'static str,
    /// How all of it is paid.
    pub method: &'static str,
    /// How many payouts are in it.
    pub count: u32,
    /// Their sum.
    pub total: MoneyView,
    /// SHA-256 of its manifest in hexadecimal, once sealed.
    pub manifest_sha256: Option<String>,
    /// Who built it.
    pub made_by: Option<String>,
    /// Who approved it: another.
    pub approved_by: Option<String>,
    /// The format it was exported in.
    pub format: Option<String>,
    /// When it was built.
    pub created_at: Option<TimeView>,
}

/// A batch with its payouts, and what was left out of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutBatchDetail)]
pub struct DetailView {
    /// Its id.
    pub id: String,
    /// `draft`, `sealed`, `approved`, `exported`, `settled` or `discarded`.
    pub status: &'static str,
    /// How all of it is paid.
    pub method: &'static str,
    /// How many payouts are in it.
    pub count: u32,
    /// Their sum.
    pub total: MoneyView,
    /// SHA-256 of its manifest in hexadecimal, once sealed.
    pub manifest_sha256: Option<String>,
    /// Who built it.
    pub made_by: Option<String>,
    /// Who approved it: another.
    pub approved_by: Option<String>,
    /// The format it was exported in.
    pub format: Option<String>,
    /// When it was built.
    pub created_at: Option<TimeView>,
    /// Its payouts, by id.
    pub payouts: Vec<StaffPayout>,
    /// What was asked for, or approved, when it was built and is not in it; by id.
    pub left_out: Vec<LeftOutView>,
}

impl DetailView {
    /// A batch in its program's currency.
    #[must_use]
    pub fn of(found: &referral_app::BatchView) -> Self {
        let currency = found.program.currency;
        let BatchView {
            id,
            status,
            method,
            count,
            total,
            manifest_sha256,
            made_by,
            approved_by,
            format,
            created_at,
        } = BatchView::of(&found.head, &found.program);
        let payouts = found.payouts.iter().map(|item| StaffPayout::of(item, currency)).collect();
        let left_out = found.head.left_out.iter().map(Into::into).collect();
        Self {
            id,
            status,
            method,
            count,
            total,
            manifest_sha256,
            made_by,
            approved_by,
            format,
            created_at,
            payouts,
            left_out,
        }
    }
}

/// A payout that is not in a batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeftOut)]
pub struct LeftOutView {
    /// Which.
    pub payout_id: String,
    /// `unknown-payout`, `not-approved`, `other-method`, `method-erased`, `user-owes` (it was cancelled, and the money repays first) or
    /// `email-not-verified` (it stays approved, for a later batch).
    pub code: &'static str,
}

impl From<&(PayoutId, LeftOut)> for LeftOutView {
    fn from((id, why): &(PayoutId, LeftOut)) -> Self {
        Self { payout_id: id.to_string(), code: why.as_str() }
    }
}

impl BatchView {
    /// A batch in its program's currency.
    #[must_use]
    pub fn of(head: &BatchHead, program: &Program) -> Self {
        let step = |status| head.steps.iter().find(|step| step.stage.status() == status);
        let by = |step: &BatchStep| step.by.id.clone();
        let last = head.steps.last();
        let made = head.steps.first();
        Self {
            id: head.id.to_string(),
            status: last.map_or(BatchStatus::Draft, |step| step.stage.status()).as_str(),
            method: head.kind.as_str(),
            count: head.count,
            total: program.money(head.total).into(),
            manifest_sha256: step(BatchStatus::Sealed).and_then(|step| hex(&step.stage)),
            made_by: made.map(by),
            approved_by: step(BatchStatus::Approved).map(by),
            format: step(BatchStatus::Exported).and_then(|step| step.stage.parts().1.cloned()),
            created_at: made.map(|step| step.at.into()),
        }
    }
}

fn hex(stage: &BatchStage) -> Option<String> {
    stage.parts().0.map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A batch as it is listed.
fn head(batch: &Batch) -> BatchHead {
    let Batch { id, kind, items, left_out, steps } = batch;
    let (count, total) = (u32::try_from(items.len()).unwrap_or(u32::MAX), batch.total().unwrap_or(i64::MAX));
    BatchHead { id: *id, kind: *kind, count, total, left_out: left_out.clone(), steps: steps.clone() }
}

/// What a move of a batch is answered with.
pub(super) fn moved(receipt: &BatchReceipt) -> (u16, String) {
    (200, reply::text(&shown(receipt)))
}

/// A batch as a command leaves it.
pub(super) fn shown(receipt: &BatchReceipt) -> BatchView {
    BatchView::of(&head(&receipt.batch), &receipt.program)
}

/// The ways to be paid, by their words.
pub(super) const KINDS: &[(&str, MethodKind)] =
    &[("paypal", MethodKind::Paypal), ("sepa", MethodKind::Sepa), ("external", MethodKind::External)];
