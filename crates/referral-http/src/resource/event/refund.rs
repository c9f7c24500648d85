//! `POST /api/events/refund`

use actix_web::web::Data;
use referral_app::App;
use serde::Deserialize;
use utoipa::ToSchema;

use super::refund_form;
use super::result::{EventsReply, told};
use crate::auth::{EventsWrite, Scoped};
use crate::form::{JsonBody, Query};
use crate::problem::Reply;
use crate::view::MoneyView;

/// One refund event, or `events` with 1 to 1000 of them; never both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RefundRequest {
    /// One event.
    One(RefundEventRequest),
    /// Many.
    Many {
        /// The events, decided in this order.
        #[schema(min_items = 1, max_items = 1000)]
        events: Vec<RefundEventRequest>,
    },
}

/// Money given back to a user.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RefundEventRequest {
    /// The host's id of it, unique per program for ever among spends and refunds: `[A-Za-z0-9._:-]{1,128}`.
    #[schema(pattern = "^[A-Za-z0-9._:-]{1,128}$")]
    pub source_id: String,
    /// Who paid, and was refunded.
    #[schema(min_length = 1, max_length = 100)]
    pub user_id: String,
    /// Which spend it refunds. One that is not known yet is waited for.
    #[schema(pattern = "^[A-Za-z0-9._:-]{1,128}$")]
    pub spend_source_id: String,
    /// How much.
    #[schema(value_type = MoneyView)]
    pub amount: serde_json::Value,
    /// When; at most 5 minutes ahead of the clock and 400 days back.
    #[schema(format = DateTime)]
    pub occurred_at: String,
    /// `requested` (also when it is not given), `chargeback`, `fraud` or `other`. A chargeback or fraud weighs however late
    /// it comes; any other refund within the clawback window of its spend alone.
    pub reason: Option<String>,
    /// The host's own object: at most 4 KiB, 3 levels; stored, never interpreted, never compared.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
}

/// Records refunds. Each result is durable when the reply is sent; the same event again gets the first result. What a
/// refund takes from the net spend is taken back at once from what was granted for it.
#[utoipa::path(
    post, path = "/api/events/refund", tag = "events", request_body = RefundRequest,
    responses((status = 200, body = EventsReply)),
    security(("api_key" = ["events:write"])),
)]
pub async fn refund(app: Data<App>, service: Scoped<EventsWrite>, query: Query, body: JsonBody) -> Reply {
    query.refuse_any()?;
    let events = body.read(refund_form::read)?;
    told(&app, service.key.program, events).await
}
