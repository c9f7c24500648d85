//! `DELETE /api/admin/api-keys/{id}`

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use referral_app::{App, RevokeApiKey, Revoked};
use referral_domain::id::ApiKeyId;

use crate::auth::{Governs, Staff};
use crate::problem::{Problem, Reply};

/// A key that was revoked before is revoked.
fn told(revoked: Revoked) -> Reply {
    match revoked {
        Revoked::Now | Revoked::Before => Ok(HttpResponse::NoContent().finish()),
        Revoked::Unknown => Err(Problem::not_found()),
    }
}

/// Revokes an API key, for good; at once on every server.
#[utoipa::path(
    delete, path = "/api/admin/api-keys/{id}", tag = "administration",
    params(
        ("id" = String, Path, description = "The key's id"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
    ),
    responses((status = 204, description = "It is revoked")),
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn revoke_api_key(app: Data<App>, staff: Staff<Governs>, id: Path<String>) -> Reply {
    staff.query.refuse_any()?;
    let id = ApiKeyId::parse(&id).ok_or_else(Problem::not_found)?;
    let command = RevokeApiKey { id, program: Some(staff.program), by: staff.actor };
    told(app.revoke_api_key(&command).await.map_err(Problem::from)?)
}
