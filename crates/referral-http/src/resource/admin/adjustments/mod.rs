//! Adjustments.

pub mod approve;
pub mod create;
pub mod list;
pub mod reject;
pub mod show;

use referral_app::{AdjustmentReceipt, App, DecideAdjustment};
use referral_domain::adjustment::{AdjustmentFile, AdjustmentStatus, AdjustmentStep, Decision};
use referral_domain::audit::Actor;
use referral_domain::id::AdjustmentId;
use referral_domain::port::AdjustmentReport;
use referral_domain::program::Program;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::list::ActorView;
use crate::auth::{Adjusts, Staff};
use crate::form::{Fields, JsonBody, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::{Problem, Reply};
use crate::resource::credit::CreditItem;
use crate::resource::{Once, reply};
use crate::view::{MoneyView, TimeView};

/// What an operator put right, or wants to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Adjustment)]
pub struct AdjustmentView {
    /// Its id.
    pub id: String,
    /// `posted`, `waiting` for a second person, or `rejected`.
    pub status: &'static str,
    /// Whose credits; null once the person was erased.
    pub user_id: Option<String>,
    /// By how much, signed.
    pub amount: MoneyView,
    /// Why; the user reads it.
    pub reason: String,
    /// The operator's reference.
    pub reference: String,
    /// The history line that posted it; null until then.
    pub transaction: Option<CreditItem>,
    /// Who asked for it.
    pub requested_by: ActorView,
    /// Who approved it; null when nobody had to.
    pub approved_by: Option<ActorView>,
    /// Who rejected it.
    pub rejected_by: Option<ActorView>,
    /// What the second person says.
    pub note: Option<String>,
    /// When it was asked for.
    pub created_at: TimeView,
    /// When a second person decided it.
    pub decided_at: Option<TimeView>,
}

fn actor(by: &Actor) -> ActorView {
    ActorView { kind: by.kind.as_str(), id: (!by.id.is_empty()).then(|| by.id.clone()) }
}

impl AdjustmentView {
    /// An adjustment in its program's currency.
    #[must_use]
    pub fn of(report: &AdjustmentReport, program: &Program) -> Self {
        let AdjustmentReport { file, user, item } = report;
        let AdjustmentFile { adjustment, asked, decided } = file;
        let decided = decided.as_ref();
        let by = |status| decided.filter(|step| step.status == status).map(|step| actor(&step.by));
        Self {
            id: adjustment.id.to_string(),
            status: file.status().as_str(),
            user_id: user.as_ref().map(ToString::to_string),
            amount: program.money(adjustment.amount).into(),
            reason: adjustment.reason.clone(),
            reference: adjustment.reference.to_string(),
            transaction: item.as_ref().map(|item| CreditItem::of(item, program.currency)),
            requested_by: actor(&asked.by),
            approved_by: by(AdjustmentStatus::Posted),
            rejected_by: by(AdjustmentStatus::Rejected),
            note: decided.and_then(|step: &AdjustmentStep| step.note.clone()),
            created_at: adjustment.created_at.into(),
            decided_at: decided.map(|step| step.at.into()),
        }
    }
}

/// What a second person says of an adjustment.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdjustmentDecision)]
pub struct DecisionRequest {
    /// In their words, at most 500 characters.
    #[schema(max_length = 500)]
    pub note: Option<String>,
}

fn read(fields: &mut Fields<'_>) -> Option<Option<String>> {
    fields.optional("note", scalar::note)
}

/// Decides an adjustment; who decides is another person than who asked.
async fn decide(
    app: &App,
    staff: Staff<Adjusts>,
    id: &str,
    key: IdempotencyHeader,
    body: JsonBody,
    decision: Decision,
) -> Reply {
    staff.query.refuse_any()?;
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let note = body.read_or_empty(read)?;
    let id = AdjustmentId::parse(id).ok_or_else(Problem::not_found)?;
    let command = DecideAdjustment { program: staff.program, id, decision, note, by: staff.actor };
    let render = |decided: &AdjustmentReceipt| {
        (200, reply::text(&AdjustmentView::of(&decided.report, &decided.program)))
    };
    reply::once(app, app.decide_adjustment(&command, once.under(&render).as_ref()).await, render)
}
