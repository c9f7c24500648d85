//! `GET /api/admin/payout-batches/{id}`

use actix_web::web::{Data, Path};
use referral_app::App;
use referral_domain::id::BatchId;

use super::view::DetailView;
use crate::auth::{Reads, Staff};
use crate::problem::{Problem, Reply};
use crate::resource::{failed, reply};

/// One batch with its payouts, and what was left out of it when it was built.
#[utoipa::path(
    get, path = "/api/admin/payout-batches/{id}", tag = "administration",
    params(
        ("id" = String, Path, description = "The batch, `bat_...`"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
    ),
    responses((status = 200, body = DetailView)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn show(app: Data<App>, staff: Staff<Reads>, id: Path<String>) -> Reply {
    staff.query.refuse_any()?;
    let id = BatchId::parse(&id).ok_or_else(Problem::not_found)?;
    let found = app.batch(&staff.program, id).await.map_err(failed(app.now()))?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(reply::ok(&DetailView::of(&found)))
}
