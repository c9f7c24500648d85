//! `POST /api/events/email-verified`

use actix_web::web::Data;
use referral_app::{App, EmailReceipt, EmailVerified};
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{EventsWrite, Scoped};
use crate::form::{Fields, JsonBody, Query, scalar};
use crate::problem::Reply;
use crate::resource::referral::ReferralView;
use crate::resource::{failed, reply};
use crate::view::MoneyView;

/// A user's e-mail was verified, or no longer is.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EmailVerifiedRequest {
    /// The host's id of the user.
    #[schema(min_length = 1, max_length = 100)]
    pub user_id: String,
    /// The address; kept as a keyed hash alone.
    #[schema(max_length = 320)]
    pub email: Option<String>,
    /// True when not told.
    pub verified: Option<bool>,
    /// When that became so; now when not told. The newest event decides.
    #[schema(format = DateTime)]
    pub occurred_at: Option<String>,
}

/// How things stand: states, so that repeating the event gives the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailVerifiedReply {
    /// The referral the user came by.
    pub referral: Option<ReferralView>,
    /// Whether its welcome credit is granted.
    pub welcome_credit_granted: bool,
    /// The referrer's reward, when it is granted.
    pub reward: Option<MoneyView>,
}

struct Body {
    user: HostId,
    email: Option<String>,
    verified: bool,
    occurred_at: Option<Timestamp>,
}

fn read(fields: &mut Fields<'_>) -> Option<Body> {
    let user = fields.required("user_id", scalar::user_id);
    let email = fields.optional("email", scalar::email);
    let verified = fields.optional("verified", |node| node.boolean());
    let occurred_at = fields.optional("occurred_at", scalar::timestamp);
    Some(Body { user: user?, email: email?, verified: verified?.unwrap_or(true), occurred_at: occurred_at? })
}

fn command(program: Slug, body: Body) -> EmailVerified {
    let Body { user, email, verified, occurred_at } = body;
    EmailVerified { program, user, email, verified, occurred_at }
}

fn view(receipt: &EmailReceipt) -> EmailVerifiedReply {
    let EmailReceipt { referral, welcome_credit_granted, reward, program } = receipt;
    let referral =
        referral.as_ref().map(|report| ReferralView::of(report, program.slug.as_str(), program.currency));
    EmailVerifiedReply {
        referral,
        welcome_credit_granted: *welcome_credit_granted,
        reward: reward.map(Into::into),
    }
}

/// Notes whether an e-mail is verified; what becomes due by it is granted at once.
#[utoipa::path(
    post, path = "/api/events/email-verified", tag = "events", request_body = EmailVerifiedRequest,
    responses((status = 200, body = EmailVerifiedReply)),
    security(("api_key" = ["events:write"])),
)]
pub async fn email_verified(
    app: Data<App>,
    service: Scoped<EventsWrite>,
    query: Query,
    body: JsonBody,
) -> Reply {
    query.refuse_any()?;
    let command = command(service.key.program, body.read(read)?);
    let receipt = app.email_verified(&command).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&view(&receipt)))
}
