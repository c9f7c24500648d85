//! `POST /api/affiliate/payouts/{id}/cancel`

use actix_web::web::{Data, Path};
use referral_app::{App, PayoutReceipt};
use referral_domain::id::PayoutId;

use super::view::PayoutView;
use crate::form::{JsonBody, Query};
use crate::idempotency::IdempotencyHeader;
use crate::problem::{Problem, Reply};
use crate::resource::asking::CountedUser;
use crate::resource::{Once, reply};

fn render(receipt: &PayoutReceipt) -> (u16, String) {
    (200, reply::text(&PayoutView::of(&receipt.item, receipt.program.currency)))
}

/// Gives a payout up before it is batched; its money comes back. Doing it twice is once.
#[utoipa::path(
    post, path = "/api/affiliate/payouts/{id}/cancel", tag = "affiliate",
    params(
        ("id" = String, Path, description = "The payout, `pay_...`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 200, body = PayoutView)),
    security(("bearer" = [])),
)]
pub async fn cancel(
    app: Data<App>,
    CountedUser(user): CountedUser,
    id: Path<String>,
    query: Query,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    query.refuse_any()?;
    let once = Once::new(key, user.label(), body.bytes()?);
    body.read_or_empty(|_| Some(()))?;
    let id = PayoutId::parse(&id).ok_or_else(Problem::not_found)?;
    let receipt = app.cancel_payout(&user.program, &user.user_id, id, once.under(&render).as_ref()).await;
    reply::once(&app, receipt, render)
}
