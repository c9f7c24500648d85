//! `POST /api/admin/payouts/{id}/reject`

use actix_web::web::{Data, Path};
use referral_app::App;
use serde::Deserialize;
use utoipa::ToSchema;

use super::approve::{change, render};
use super::view::StaffPayout;
use crate::auth::{Pays, Staff};
use crate::form::{JsonBody, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::{Once, reply};

/// Why a payout is rejected.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RejectRequest {
    /// What the user reads, at most 500 characters.
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// Rejects a payout before it is batched; its money comes back. Doing it twice is once.
#[utoipa::path(
    post, path = "/api/admin/payouts/{id}/reject", tag = "administration", request_body = Option<RejectRequest>,
    params(
        ("id" = String, Path, description = "The payout, `pay_...`"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 200, body = StaffPayout)),
    security(("bearer" = ["finance", "admin"]), ("api_key" = ["payouts:write"])),
)]
pub async fn reject(
    app: Data<App>,
    staff: Staff<Pays>,
    id: Path<String>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let command = change(staff, &id)?;
    let reason = body.read_or_empty(|fields| fields.optional("reason", scalar::description))?;
    let receipt = app.reject_payout(&command, reason.as_deref(), once.under(&render).as_ref()).await;
    reply::once(&app, receipt, render)
}
