//! `GET /api/admin/ledger/blocks/head`

use actix_web::web::Data;
use referral_app::App;
use referral_domain::port::BlockFilter;

use super::blocks::BlockView;
use crate::auth::{Reads, Staff};
use crate::problem::{Problem, Reply};
use crate::resource::{failed, reply};

/// The end of the program's chain: publish its hash where it cannot be taken back, and whoever rewrites what was sealed
/// until then is found. `not-found` while nothing was sealed.
#[utoipa::path(
    get, path = "/api/admin/ledger/blocks/head", tag = "administration",
    params(("program" = Option<String>, Query, description = "Required for a token of all programs")),
    responses((status = 200, body = BlockView)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn head(app: Data<App>, staff: Staff<Reads>) -> Reply {
    staff.query.refuse_any()?;
    let last = BlockFilter { limit: 1, ..BlockFilter::default() };
    let blocks = app.blocks(&staff.program, &last).await.map_err(failed(app.now()))?;
    let head = blocks.first().ok_or_else(Problem::not_found)?;
    Ok(reply::ok(&BlockView::from(head)))
}
