//! `POST /api/events/spend`

use actix_web::web::Data;
use referral_app::{App, RecordSpend, SpendReceipt};
use referral_domain::program::Program;
use referral_domain::spend::{Answer, SpendEvent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::spend_form;
use crate::auth::{EventsWrite, Scoped};
use crate::form::{JsonBody, Query};
use crate::problem::{Problem, ProblemCode, Reply};
use crate::resource::refusal::RefusedSpend;
use crate::resource::{failed, reply};
use crate::view::MoneyView;

/// One spend event, or `events` with 1 to 1000 of them; never both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum SpendRequest {
    /// One event.
    One(SpendEventRequest),
    /// Many.
    Many {
        /// The events, decided in this order.
        #[schema(min_items = 1, max_items = 1000)]
        events: Vec<SpendEventRequest>,
    },
}

/// Money received from a user. What credits paid is not spend.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SpendEventRequest {
    /// The host's id of it, unique per program for ever: `[A-Za-z0-9._:-]{1,128}`.
    #[schema(pattern = "^[A-Za-z0-9._:-]{1,128}$")]
    pub source_id: String,
    /// Who paid.
    #[schema(min_length = 1, max_length = 100)]
    pub user_id: String,
    /// How much.
    #[schema(value_type = MoneyView)]
    pub amount: serde_json::Value,
    /// When; at most 5 minutes ahead of the clock and 400 days back.
    #[schema(format = DateTime)]
    pub occurred_at: String,
    /// A fingerprint of the payment method, 16 to 256 characters; kept as a keyed hash alone.
    #[schema(min_length = 16, max_length = 256)]
    pub payment_fingerprint: Option<String>,
    /// The host's own object: at most 4 KiB, 3 levels; stored, never interpreted, never compared.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
}

/// One result an event, in input order.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpendReply {
    /// The results.
    pub results: Vec<EventResult>,
}

/// What an event counted for. A repeated event gets the first result, but for `replayed`.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventResult {
    /// The host's id.
    pub source_id: String,
    /// Ours.
    pub event_id: Option<String>,
    /// What it counted for.
    pub outcome: &'static str,
    /// Whether it was recorded before.
    pub replayed: bool,
    /// The referral it met.
    pub referral_id: Option<String>,
    /// The net spend after it.
    pub net_spend: Option<MoneyView>,
    /// Where the reward becomes due.
    pub threshold: Option<MoneyView>,
    /// Whether a refund went beyond its spend.
    pub over_refund: bool,
    /// What this event had posted to the referrer.
    pub reward: Option<MoneyView>,
    /// What commission this event had posted.
    pub commission: Option<MoneyView>,
    /// What became due with this event and was withheld.
    pub withheld: Option<WithheldView>,
    /// By which transaction the reward was posted.
    pub transaction_id: Option<String>,
}

/// An amount that is due and not granted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Withheld)]
pub struct WithheldView {
    /// How much.
    pub amount: MoneyView,
    /// Why.
    pub reason: &'static str,
}

impl EventResult {
    fn of(answer: &Answer, program: &Program) -> Self {
        match answer {
            Answer::Recorded(event) => Self::recorded(event, program, false),
            Answer::Replayed(event) => Self::recorded(event, program, true),
            Answer::Conflict(source) => Self::bare(source.to_string(), "conflict"),
        }
    }

    const fn bare(source_id: String, outcome: &'static str) -> Self {
        Self {
            source_id,
            event_id: None,
            outcome,
            replayed: false,
            referral_id: None,
            net_spend: None,
            threshold: None,
            over_refund: false,
            reward: None,
            commission: None,
            withheld: None,
            transaction_id: None,
        }
    }

    fn recorded(event: &SpendEvent, program: &Program, replayed: bool) -> Self {
        let money = |minor| MoneyView::from(program.money(minor));
        let withheld = event.withheld;
        Self {
            event_id: Some(event.id.to_string()),
            replayed,
            referral_id: event.referral.map(|id| id.to_string()),
            net_spend: event.level.map(|level| money(level.net)),
            threshold: event.level.map(|level| money(level.threshold)),
            reward: event.reward.map(|reward| money(reward.amount)),
            withheld: withheld
                .map(|it| WithheldView { amount: money(it.amount), reason: it.reason.as_str() }),
            transaction_id: event.reward.map(|reward| reward.transaction.to_string()),
            ..Self::bare(event.source.to_string(), event.outcome.as_str())
        }
    }
}

/// A conflict of a single event is a problem; in a batch it is that item's outcome and the others stand.
fn view(receipt: &SpendReceipt, batch: bool) -> Result<SpendReply, Problem> {
    match receipt.answers.as_slice() {
        [Answer::Conflict(_)] if !batch => Err(Problem::new(ProblemCode::EventConflict)),
        answers => Ok(SpendReply {
            results: answers.iter().map(|it| EventResult::of(it, &receipt.program)).collect(),
        }),
    }
}

/// Records spend. Each result is durable when the reply is sent; the same event again gets the first result.
#[utoipa::path(
    post, path = "/api/events/spend", tag = "events", request_body = SpendRequest,
    responses((status = 200, body = SpendReply)),
    security(("api_key" = ["events:write"])),
)]
pub async fn spend(app: Data<App>, service: Scoped<EventsWrite>, query: Query, body: JsonBody) -> Reply {
    query.refuse_any()?;
    let spend_form::Events { commands, batch } = body.read(|fields| spend_form::read(fields, &app))?;
    let command = RecordSpend { program: service.key.program, events: commands };
    let receipt = app.record_spend(&command).await;
    let told = receipt.map_err(|failure| failure.map(|refusal| RefusedSpend { refusal, batch }));
    let receipt = told.map_err(failed(app.now()))?;
    Ok(reply::ok(&view(&receipt, batch)?))
}
