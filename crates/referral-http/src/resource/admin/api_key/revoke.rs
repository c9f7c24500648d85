//! `DELETE /api/admin/api-keys/{id}`

use actix_web::web::{Data, Path};
use referral_app::{App, RevokeApiKey, Revoked};
use referral_domain::id::ApiKeyId;

use crate::auth::{Governs, Staff};
use crate::idempotency::IdempotencyHeader;
use crate::problem::{Problem, Reply};
use crate::resource::{Once, reply};

/// A key that was revoked before is revoked.
fn render(_: &Revoked) -> (u16, String) {
    (204, String::new())
}

/// Revokes an API key, for good; at once on every server.
#[utoipa::path(
    delete, path = "/api/admin/api-keys/{id}", tag = "administration",
    params(
        ("id" = String, Path, description = "The key's id"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 204, description = "It is revoked")),
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn revoke_api_key(
    app: Data<App>,
    staff: Staff<Governs>,
    id: Path<String>,
    key: IdempotencyHeader,
) -> Reply {
    staff.query.refuse_any()?;
    let once = Once::new(key, &staff.actor, &[]);
    let id = ApiKeyId::parse(&id).ok_or_else(Problem::not_found)?;
    let command = RevokeApiKey { id, program: Some(staff.program), by: staff.actor };
    reply::once(&app, app.revoke_api_key(&command, once.under(&render).as_ref()).await, render)
}
