//! `GET /api/affiliate/payouts/{id}`

use actix_web::web::{Data, Path};
use referral_app::App;
use referral_domain::id::PayoutId;

use super::view::PayoutView;
use crate::problem::{Problem, Reply};
use crate::resource::{Asking, failed, reply};

/// One payout of the user, with its timeline.
#[utoipa::path(
    get, path = "/api/affiliate/payouts/{id}", tag = "affiliate",
    params(
        ("id" = String, Path, description = "The payout, `pay_...`"),
        ("user_id" = Option<String>, Query, description = "For services with `users:read`: whose"),
    ),
    responses((status = 200, body = PayoutView)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn show(app: Data<App>, asking: Asking, id: Path<String>) -> Reply {
    asking.query().refuse_any()?;
    let id = PayoutId::parse(&id).ok_or_else(Problem::not_found)?;
    let found = app.payout(asking.program(), Some(asking.user()), id).await.map_err(failed(app.now()))?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(reply::ok(&PayoutView::of(&found.item, found.program.currency)))
}
