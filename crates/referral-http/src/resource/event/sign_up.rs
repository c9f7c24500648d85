//! `POST /api/events/signup`

use std::net::IpAddr;

use actix_web::web::Data;
use referral_app::{App, Application, ApplyReceipt, CODE_CHARS_MAX, Replayable, SignUp};
use referral_domain::port::ReferralReport;
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::referral::{Attribution, Source};
use referral_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{EventsWrite, Scoped};
use crate::form::{Fields, JsonBody, Query, scalar};
use crate::problem::Reply;
use crate::resource::referral::ReferralView;
use crate::resource::referral::attribution::{self, AttributionRequest};
use crate::resource::{failed, reply};
use crate::view::MoneyView;

/// A sign-up. Send it for everyone; `code` is null when there is none.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SignUpRequest {
    /// The host's id of the user.
    #[schema(min_length = 1, max_length = 100)]
    pub user_id: String,
    /// The code they came with, in any spelling; null when there is none.
    #[schema(required = true, min_length = 1, max_length = 64)]
    pub code: Option<String>,
    /// Their e-mail; kept as a keyed hash alone.
    #[schema(max_length = 320)]
    pub email: Option<String>,
    /// Whether it is verified.
    pub email_verified: Option<bool>,
    /// The person's address as the host saw it; never the address this call comes from.
    pub ip: Option<String>,
    /// The browser's own words, cut after 1024 characters.
    pub user_agent: Option<String>,
    /// A fingerprint of the device, 16 to 256 characters.
    #[schema(min_length = 16, max_length = 256)]
    pub device: Option<String>,
    /// When they signed up; now when not told.
    #[schema(format = DateTime)]
    pub created_at: Option<String>,
    /// When they applied the code; now when not told.
    #[schema(format = DateTime)]
    pub applied_at: Option<String>,
    /// Where the code came from; `api` when not told.
    pub attribution: Option<AttributionRequest>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignUpReply {
    /// The referral; null without a code.
    pub referral: Option<ReferralView>,
    /// What the user is given; null without a code.
    pub welcome_credit: Option<MoneyView>,
    /// Whether that waits for the e-mail to be verified.
    pub pending_verification: bool,
}

struct Body {
    user: HostId,
    code: Option<String>,
    email: Option<String>,
    email_verified: Option<bool>,
    ip: Option<IpAddr>,
    created_at: Option<Timestamp>,
    applied_at: Option<Timestamp>,
    attribution: Attribution,
}

fn read(fields: &mut Fields<'_>) -> Option<Body> {
    let user = fields.required("user_id", scalar::user_id);
    let code = fields.nullable("code", scalar::text(1, CODE_CHARS_MAX));
    let (email, email_verified) =
        (fields.optional("email", scalar::email), fields.optional("email_verified", |node| node.boolean()));
    let ip = fields.optional("ip", scalar::ip);
    let unused =
        (fields.optional("user_agent", scalar::user_agent), fields.optional("device", scalar::fingerprint));
    let created_at = fields.optional("created_at", scalar::timestamp);
    let applied_at = fields.optional("applied_at", scalar::timestamp);
    let attribution = attribution::read(fields, Source::Api)?;
    unused.0.and(unused.1)?;
    Some(Body {
        user: user?,
        code: code?,
        email: email?,
        email_verified: email_verified?,
        ip: ip?,
        created_at: created_at?,
        applied_at: applied_at?,
        attribution,
    })
}

fn command(program: Slug, body: Body) -> SignUp {
    let Body { user, code, email, email_verified, ip, created_at, applied_at, attribution } = body;
    SignUp { program, user, code, email, email_verified, ip, created_at, applied_at, attribution }
}

/// The status and body of a sign-up that was not refused.
fn render(receipt: &ApplyReceipt) -> (u16, String) {
    let (status, view) = match &receipt.application {
        Application::Made(report) => (201, with(report, &receipt.program)),
        Application::Again(report) => (200, with(report, &receipt.program)),
        Application::Noted => {
            (200, SignUpReply { referral: None, welcome_credit: None, pending_verification: false })
        }
    };
    (status, reply::text(&view))
}

fn with(report: &ReferralReport, program: &Program) -> SignUpReply {
    let referral = ReferralView::of(report, program.slug.as_str(), program.currency);
    let welcome_credit = Some(program.money(report.referral.facts.terms.welcome_credit).into());
    SignUpReply { pending_verification: !referral.email_verified, welcome_credit, referral: Some(referral) }
}

/// Notes who signed up when, and applies the code, if there is one. 201 for a new referral, 200 otherwise.
#[utoipa::path(
    post, path = "/api/events/signup", tag = "events", request_body = SignUpRequest,
    responses((status = 201, body = SignUpReply), (status = 200, body = SignUpReply)),
    security(("api_key" = ["events:write"])),
)]
pub async fn sign_up(app: Data<App>, service: Scoped<EventsWrite>, query: Query, body: JsonBody) -> Reply {
    query.refuse_any()?;
    let command = command(service.key.program, body.read(read)?);
    let receipt: Replayable<_> = app.sign_up(&command).await.map_err(failed(app.now()))?;
    Ok(reply::replayable(receipt, render))
}
