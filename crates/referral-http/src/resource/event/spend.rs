//! `POST /api/events/spend`

use actix_web::web::Data;
use referral_app::App;
use serde::Deserialize;
use utoipa::ToSchema;

use super::result::{EventsReply, told};
use super::spend_form;
use crate::auth::{EventsWrite, Scoped};
use crate::form::{JsonBody, Query};
use crate::problem::Reply;
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

/// Records spend. Each result is durable when the reply is sent; the same event again gets the first result.
#[utoipa::path(
    post, path = "/api/events/spend", tag = "events", request_body = SpendRequest,
    responses((status = 200, body = EventsReply)),
    security(("api_key" = ["events:write"])),
)]
pub async fn spend(app: Data<App>, service: Scoped<EventsWrite>, query: Query, body: JsonBody) -> Reply {
    query.refuse_any()?;
    let events = body.read(|fields| spend_form::read(fields, &app))?;
    told(&app, service.key.program, events).await
}
