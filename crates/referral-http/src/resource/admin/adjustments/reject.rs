//! `POST /api/admin/adjustments/{id}/reject`

use actix_web::web::{Data, Path};
use referral_app::App;
use referral_domain::adjustment::Decision;

use super::{AdjustmentView, DecisionRequest, decide};
use crate::auth::{Adjusts, Staff};
use crate::form::JsonBody;
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;

/// Rejects an adjustment that waits: it never moves anything. Another person than who asked does it; their rejecting again is 200.
#[utoipa::path(
    post, path = "/api/admin/adjustments/{id}/reject", tag = "administration", request_body = Option<DecisionRequest>,
    params(
        ("id" = String, Path, description = "The adjustment, `adj_...`"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 200, body = AdjustmentView)),
    security(("bearer" = ["finance", "admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn reject(
    app: Data<App>,
    staff: Staff<Adjusts>,
    id: Path<String>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    decide(&app, staff, &id, key, body, Decision::Reject).await
}
