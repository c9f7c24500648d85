//! `GET /api/admin/adjustments/{id}`

use actix_web::web::{Data, Path};
use referral_app::App;
use referral_domain::id::AdjustmentId;

use super::AdjustmentView;
use crate::auth::{Reads, Staff};
use crate::problem::{Problem, Reply};
use crate::resource::{failed, reply};

/// One adjustment as it stands.
#[utoipa::path(
    get, path = "/api/admin/adjustments/{id}", tag = "administration",
    params(
        ("id" = String, Path, description = "The adjustment, `adj_...`"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
    ),
    responses((status = 200, body = AdjustmentView)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn show(app: Data<App>, staff: Staff<Reads>, id: Path<String>) -> Reply {
    staff.query.refuse_any()?;
    let id = AdjustmentId::parse(&id).ok_or_else(Problem::not_found)?;
    let (found, program) = app.adjustment(&staff.program, id).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&AdjustmentView::of(&found.ok_or_else(Problem::not_found)?, &program)))
}
