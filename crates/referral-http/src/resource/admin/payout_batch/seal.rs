//! `POST /api/admin/payout-batches/{id}/seal`

use actix_web::web::{Data, Path};
use referral_app::{App, MoveBatch};
use referral_domain::id::BatchId;

use super::view::{BatchView, moved};
use crate::auth::{Pays, Staff};
use crate::form::JsonBody;
use crate::idempotency::IdempotencyHeader;
use crate::problem::{Problem, Reply};
use crate::resource::{Once, reply};

/// The batch a path names, and who moves it.
pub(super) fn target(staff: Staff<Pays>, id: &str) -> Result<MoveBatch, Problem> {
    staff.query.refuse_any()?;
    let batch = BatchId::parse(id).ok_or_else(Problem::not_found)?;
    Ok(MoveBatch { program: staff.program, batch, actor: staff.actor })
}

/// What a batch is asked to do without a word more: to move, and perhaps under a key.
pub(super) fn asked(
    staff: Staff<Pays>,
    id: &str,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Result<(Once, MoveBatch), Problem> {
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let command = target(staff, id)?;
    body.read_or_empty(|_| Some(()))?;
    Ok((once, command))
}

/// Fixes a batch's manifest: what is in it, how much and where to. Doing it twice is once.
#[utoipa::path(
    post, path = "/api/admin/payout-batches/{id}/seal", tag = "administration",
    params(
        ("id" = String, Path, description = "The batch, `bat_...`"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 200, body = BatchView)),
    security(("bearer" = ["finance", "admin"]), ("api_key" = ["payouts:write"])),
)]
pub async fn seal(
    app: Data<App>,
    staff: Staff<Pays>,
    id: Path<String>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    let (once, command) = asked(staff, &id, key, body)?;
    reply::once(&app, app.seal_batch(&command, once.under(&moved).as_ref()).await, moved)
}
