//! `GET /api/admin/referrals/{id}`

use std::collections::BTreeMap;

use actix_web::web::{Data, Path};
use referral_app::App;
use referral_domain::id::ReferralId;
use referral_domain::port::ReferralFile;
use referral_domain::program::Program;
use referral_domain::spend::SpendEvent;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::timeline::Happening;
use crate::auth::{Reads, Staff};
use crate::problem::{Problem, Reply};
use crate::resource::credit::CreditItem;
use crate::resource::event::result::EventResult;
use crate::resource::referral::ReferralView;
use crate::resource::{failed, reply};
use crate::view::{MoneyView, TimeView};

/// A referral with all that came of it, from one snapshot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReferralDetail)]
pub struct DetailView {
    /// The referral.
    pub referral: ReferralView,
    /// What happened, oldest first, as far back as the events and transactions below reach.
    pub timeline: Vec<Happening>,
    /// What the fraud policies noticed.
    pub signals: Vec<SignalView>,
    /// The last events that met it or were folded into it, newest first.
    #[schema(max_items = 100)]
    pub events: Vec<ReferralEvent>,
    /// The last transactions posted for it, of both people, newest first.
    #[schema(max_items = 100)]
    pub transactions: Vec<CreditItem>,
}

/// What a fraud policy noticed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Signal)]
pub struct SignalView {
    /// Which policy.
    pub policy: &'static str,
    /// `block`, `review` or `shadow`.
    pub mode: &'static str,
    /// `low`, `medium` or `high`.
    pub severity: &'static str,
    /// In words.
    pub summary: String,
    /// By what; never an address.
    #[schema(value_type = Object)]
    pub evidence: BTreeMap<&'static str, Value>,
    /// When.
    pub at: TimeView,
}

/// An event of a referral, and what was answered for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReferralEvent {
    /// `spend` or `refund`.
    pub kind: &'static str,
    /// Which spend it refunds.
    pub spend_source_id: Option<String>,
    /// How much.
    pub amount: MoneyView,
    /// When.
    pub occurred_at: TimeView,
    /// Why, of a refund.
    pub reason: Option<&'static str>,
    /// When it was recorded.
    pub recorded_at: TimeView,
    /// What was answered.
    pub result: EventResult,
}

impl ReferralEvent {
    fn of(event: &SpendEvent, program: &Program) -> Self {
        let refund = event.refund.as_ref();
        Self {
            kind: if refund.is_some() { "refund" } else { "spend" },
            spend_source_id: refund.map(|refund| refund.spend.to_string()),
            amount: event.amount.into(),
            occurred_at: event.occurred_at.into(),
            reason: refund.map(|refund| refund.reason.as_str()),
            recorded_at: event.recorded_at.into(),
            result: EventResult::recorded(event, program, false),
        }
    }
}

impl DetailView {
    fn of(file: &ReferralFile, program: &Program) -> Self {
        let currency = program.currency;
        Self {
            referral: ReferralView::of(&file.report, program.slug.as_str(), currency),
            timeline: Happening::all(file, currency),
            signals: Vec::new(),
            events: file.events.iter().map(|event| ReferralEvent::of(event, program)).collect(),
            transactions: file.transactions.iter().map(|item| CreditItem::of(item, currency)).collect(),
        }
    }
}

/// One referral with its timeline, what was noticed of it, its events and its transactions.
#[utoipa::path(
    get, path = "/api/admin/referrals/{id}", tag = "administration",
    params(
        ("id" = String, Path, description = "The referral, `ref_...`"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
    ),
    responses((status = 200, body = DetailView)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn show_referral(app: Data<App>, staff: Staff<Reads>, id: Path<String>) -> Reply {
    staff.query.refuse_any()?;
    let id = ReferralId::parse(&id).ok_or_else(Problem::not_found)?;
    let found = app.referral_file(&staff.program, id).await.map_err(failed(app.now()))?;
    let (file, program) = found.ok_or_else(Problem::not_found)?;
    Ok(reply::ok(&DetailView::of(&file, &program)))
}
