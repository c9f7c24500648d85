//! `POST /api/admin/payout-batches/{id}/discard`

use actix_web::web::{Data, Path};
use referral_app::App;

use super::seal::asked;
use super::view::{BatchView, moved};
use crate::auth::{Pays, Staff};
use crate::form::JsonBody;
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::reply;

/// Gives a batch up before it is exported; its payouts are approved again. Doing it twice is once.
#[utoipa::path(
    post, path = "/api/admin/payout-batches/{id}/discard", tag = "administration",
    params(
        ("id" = String, Path, description = "The batch, `bat_...`"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 200, body = BatchView)),
    security(("bearer" = ["finance", "admin"]), ("api_key" = ["payouts:write"])),
)]
pub async fn discard(
    app: Data<App>,
    staff: Staff<Pays>,
    id: Path<String>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    let (once, command) = asked(staff, &id, key, body)?;
    reply::once(&app, app.discard_batch(&command, once.under(&moved).as_ref()).await, moved)
}
