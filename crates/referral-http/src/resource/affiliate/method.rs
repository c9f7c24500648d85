//! `GET /api/affiliate/payout-method`

use actix_web::web::Data;
use referral_app::App;

use super::view::MethodView;
use crate::problem::Reply;
use crate::resource::{Asking, failed, reply};

/// Where the user is paid, masked; every property null when they have not said.
#[utoipa::path(
    get, path = "/api/affiliate/payout-method", tag = "affiliate",
    params(("user_id" = Option<String>, Query, description = "For services with `users:read`: whose")),
    responses((status = 200, body = MethodView)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn method(app: Data<App>, asking: Asking) -> Reply {
    asking.query().refuse_any()?;
    let found = app.payout_method(asking.program(), asking.user()).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&MethodView::of(found.method.as_ref())))
}
