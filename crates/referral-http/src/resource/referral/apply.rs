//! `POST /api/referral/apply`

use std::net::IpAddr;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use referral_app::{App, Application, ApplyCode, ApplyReceipt, CODE_CHARS_MAX};
use referral_domain::referral::{Attribution, Source};
use referral_domain::user::Word;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::MyReferral;
use super::attribution::{self, AttributionRequest};
use crate::auth::TokenIdentity;
use crate::client::ClientAddress;
use crate::form::{Fields, JsonBody, Query, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::asking::CountedUser;
use crate::resource::{Explain as _, Once, reply};
use crate::view::MoneyView;

/// A code to apply.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ApplyRequest {
    /// The code, in any spelling.
    #[schema(min_length = 1, max_length = 64)]
    pub code: String,
    /// A fingerprint of the device, 16 to 256 characters.
    #[schema(min_length = 16, max_length = 256)]
    pub device: Option<String>,
    /// Where the code came from; `typed` when not told.
    pub attribution: Option<AttributionRequest>,
}

/// What came of it, as the referred user sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplyReply {
    /// The referral.
    pub referral: MyReferral,
    /// What the user is given.
    pub welcome_credit: MoneyView,
    /// Whether that waits for the e-mail to be verified.
    pub pending_verification: bool,
}

struct Body {
    code: String,
    attribution: Attribution,
}

fn read(fields: &mut Fields<'_>) -> Option<Body> {
    let code = fields.required("code", scalar::text(1, CODE_CHARS_MAX));
    let device = fields.optional("device", scalar::fingerprint);
    let attribution = attribution::read(fields, Source::Typed);
    device?;
    Some(Body { code: code?, attribution: attribution? })
}

fn command(body: Body, user: TokenIdentity, ip: IpAddr, app: &App) -> ApplyCode {
    let word = |verified| Word { at: user.issued_at.unwrap_or_else(|| app.now()), verified };
    ApplyCode {
        email_verified: user.email_verified.map(word),
        program: user.program,
        user: user.user_id,
        code: body.code,
        attribution: body.attribution,
        signed_up_at: user.created_at,
        email: user.email,
        ip: Some(ip),
    }
}

/// The status and body of an application that was not refused.
fn render(receipt: &ApplyReceipt) -> (u16, String) {
    let (status, report) = match &receipt.application {
        Application::Made(report) => (StatusCode::CREATED, report),
        Application::Again(report) => (StatusCode::OK, report),
        Application::Noted => return (200, "null".to_owned()),
    };
    let currency = receipt.program.currency;
    let referral = MyReferral::of(&report.referral, currency);
    let welcome_credit = receipt.program.money(report.referral.facts.terms.welcome_credit).into();
    let pending_verification = !referral.email_verified;
    let view = ApplyReply { referral, welcome_credit, pending_verification };
    (status.as_u16(), reply::text(&view))
}

/// Applies a code. 201 for a new referral, 200 when this user applied this very code before.
#[utoipa::path(
    post, path = "/api/referral/apply", tag = "referral", request_body = ApplyRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses((status = 201, body = ApplyReply), (status = 200, body = ApplyReply)),
    security(("bearer" = [])),
)]
pub async fn apply(
    app: Data<App>,
    CountedUser(user): CountedUser,
    query: Query,
    key: IdempotencyHeader,
    from: ClientAddress,
    body: JsonBody,
) -> Reply {
    query.refuse_any()?;
    let once = Once::new(key, user.label(), body.bytes()?);
    let command = command(body.read(read)?, user, from.0, &app);
    let admitted = app.admit_apply(&command.program, &command.user).await;
    admitted.map_err(|throttled| throttled.problem(app.now()))?;
    reply::once(&app, app.apply_code(&command, once.under(&render).as_ref()).await, render)
}
