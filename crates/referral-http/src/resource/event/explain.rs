//! `GET /api/events/{source_id}/explain`

use std::collections::BTreeMap;

use actix_web::web::{Data, Path};
use referral_app::{App, ExplainedEvent};
use referral_domain::explain::{Checked, Input, Worked};
use referral_domain::port::EventReport;
use referral_domain::reference::SourceId;
use serde::Serialize;
use utoipa::ToSchema;

use super::result::EventResult;
use crate::auth::{Explains, Staff};
use crate::problem::{Problem, Reply};
use crate::resource::{failed, reply};
use crate::view::{MoneyView, TimeView};

/// An event, what was first answered for it, and why it was paid or was not, by how things stand now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventExplanation)]
pub struct ExplanationView {
    /// The event, as it was told.
    pub event: ToldEvent,
    /// What was first answered.
    pub result: EventResult,
    /// The version of the rules that decides it: that which its referral pinned, else that in force.
    pub rule_version: u32,
    /// Every rule that was looked at, in order.
    pub checks: Vec<RuleCheck>,
    /// The sums.
    pub arithmetic: Vec<ArithmeticStep>,
    /// The first rule that keeps it from being paid; null when nothing does.
    pub first_reason_why_not: Option<&'static str>,
}

/// An event, as it was told.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldEvent {
    /// `spend` or `refund`.
    pub kind: &'static str,
    /// The host's id.
    pub source_id: String,
    /// Who paid.
    pub user_id: String,
    /// Which spend it refunds.
    pub spend_source_id: Option<String>,
    /// How much.
    pub amount: MoneyView,
    /// When.
    pub occurred_at: TimeView,
    /// Why, of a refund.
    pub reason: Option<&'static str>,
    /// What was told beside it; null when nothing was.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
    /// When it was recorded.
    pub recorded_at: TimeView,
}

/// One rule that was looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleCheck {
    /// Which, like `inside-window`.
    pub rule: &'static str,
    /// Whether it holds.
    pub passed: bool,
    /// What it looked at, by name: text, an amount of money, or null where nothing is known.
    #[schema(value_type = Object)]
    pub inputs: BTreeMap<&'static str, serde_json::Value>,
}

/// One sum, as it is worked out.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArithmeticStep {
    /// Of what: `refunded`, `counted`, `net`, `commission-net` or `commission`.
    pub label: &'static str,
    /// In numbers.
    pub expression: String,
    /// What it comes to.
    pub value: MoneyView,
}

impl ExplanationView {
    fn of(explained: &ExplainedEvent) -> Self {
        let ExplainedEvent { report, explanation, program } = explained;
        Self {
            event: ToldEvent::of(report),
            result: EventResult::recorded(&report.event, program, false),
            rule_version: explanation.rule_version,
            checks: explanation.checks.iter().map(RuleCheck::of).collect(),
            arithmetic: explanation.arithmetic.iter().map(ArithmeticStep::of).collect(),
            first_reason_why_not: explanation.first_reason_why_not().map(|rule| rule.as_str()),
        }
    }
}

impl ToldEvent {
    fn of(report: &EventReport) -> Self {
        let event = &report.event;
        let refund = event.refund.as_ref();
        Self {
            kind: if refund.is_some() { "refund" } else { "spend" },
            source_id: event.source.to_string(),
            user_id: report.user.to_string(),
            spend_source_id: refund.map(|refund| refund.spend.to_string()),
            amount: event.amount.into(),
            occurred_at: event.occurred_at.into(),
            reason: refund.map(|refund| refund.reason.as_str()),
            metadata: event.metadata.as_deref().map(told),
            recorded_at: event.recorded_at.into(),
        }
    }
}

/// The object that was told, which is kept as its text.
fn told(metadata: &str) -> serde_json::Value {
    serde_json::from_str(metadata).unwrap_or_else(|_| metadata.into())
}

impl RuleCheck {
    fn of(check: &Checked) -> Self {
        let inputs = check.inputs.iter().map(|(name, input)| (*name, value(input))).collect();
        Self { rule: check.rule.as_str(), passed: check.passed, inputs }
    }
}

fn value(input: &Input) -> serde_json::Value {
    match input {
        Input::Text(text) => serde_json::json!(text),
        Input::Money(money) => serde_json::json!(MoneyView::from(*money)),
        Input::Time(at) => serde_json::json!(TimeView(*at)),
        Input::Nothing => serde_json::Value::Null,
    }
}

impl ArithmeticStep {
    fn of(worked: &Worked) -> Self {
        Self { label: worked.label, expression: worked.expression.clone(), value: worked.value.into() }
    }
}

/// Explains an event: every rule that was looked at with what it looked at, the sums, and the first reason why it is not
/// paid. It answers by how things stand now; `result` is what was answered when the event was told.
#[utoipa::path(
    get, path = "/api/events/{source_id}/explain", tag = "events",
    params(("source_id" = String, Path, description = "The host's id of the event")),
    responses((status = 200, body = ExplanationView)),
    security(
        ("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["events:write"]), ("api_key" = ["admin:read"]),
        ("api_key" = ["admin:write"]),
    ),
)]
pub async fn explain_event(app: Data<App>, staff: Staff<Explains>, source: Path<String>) -> Reply {
    staff.query.refuse_any()?;
    let source = SourceId::parse(&source).ok_or_else(Problem::not_found)?;
    let explained = app.explain_event(&staff.program, &source).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&ExplanationView::of(&explained)))
}
