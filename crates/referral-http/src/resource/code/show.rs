//! `GET /api/referral/code`

use actix_web::web::Data;
use referral_app::App;

use super::{CodeView, Links};
use crate::problem::Reply;
use crate::resource::{Asking, failed, reply};

/// The user's own code, made on first ask. Asking twice, or twice at once, yields one code.
#[utoipa::path(
    get, path = "/api/referral/code", tag = "referral",
    params(("user_id" = Option<String>, Query, description = "For services with `users:read`: whose")),
    responses((status = 200, body = CodeView)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn show(app: Data<App>, links: Data<Links>, asking: Asking) -> Reply {
    asking.query().refuse_any()?;
    let report = app.code_of(asking.program(), asking.user()).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&CodeView::of(&report, &links)))
}
