//! `POST /api/affiliate/payouts/{id}/cancel`

use actix_web::web::{Data, Path};
use referral_app::App;
use referral_domain::id::PayoutId;

use super::view::PayoutView;
use crate::form::{JsonBody, Query};
use crate::problem::{Problem, Reply};
use crate::resource::asking::CountedUser;
use crate::resource::{failed, reply};

/// Gives a payout up before it is batched; its money comes back. Doing it twice is once.
#[utoipa::path(
    post, path = "/api/affiliate/payouts/{id}/cancel", tag = "affiliate",
    params(("id" = String, Path, description = "The payout, `pay_...`")),
    responses((status = 200, body = PayoutView)),
    security(("bearer" = [])),
)]
pub async fn cancel(
    app: Data<App>,
    user: CountedUser,
    id: Path<String>,
    query: Query,
    body: JsonBody,
) -> Reply {
    query.refuse_any()?;
    body.read_or_empty(|_| Some(()))?;
    let id = PayoutId::parse(&id).ok_or_else(Problem::not_found)?;
    let receipt = app.cancel_payout(&user.0.program, &user.0.user_id, id).await;
    let receipt = receipt.map_err(failed(app.now()))?;
    Ok(reply::ok(&PayoutView::of(&receipt.item, receipt.program.currency)))
}
