//! `POST /api/admin/payouts/{id}/approve`

use actix_web::web::{Data, Path};
use referral_app::{App, ChangePayout, PayoutReceipt};
use referral_domain::id::PayoutId;

use super::view::StaffPayout;
use crate::auth::{Pays, Staff};
use crate::form::JsonBody;
use crate::idempotency::IdempotencyHeader;
use crate::problem::{Problem, Reply};
use crate::resource::{Once, reply};

/// The payout a path names, and who changes it.
pub(super) fn change(staff: Staff<Pays>, id: &str) -> Result<ChangePayout, Problem> {
    staff.query.refuse_any()?;
    let payout = PayoutId::parse(id).ok_or_else(Problem::not_found)?;
    Ok(ChangePayout { program: staff.program, payout, actor: staff.actor })
}

/// A payout as it stands after a command.
pub(super) fn render(receipt: &PayoutReceipt) -> (u16, String) {
    (200, reply::text(&StaffPayout::of(&receipt.item, receipt.program.currency)))
}

/// Agrees to a payout: it can be batched. Doing it twice is once.
#[utoipa::path(
    post, path = "/api/admin/payouts/{id}/approve", tag = "administration",
    params(
        ("id" = String, Path, description = "The payout, `pay_...`"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 200, body = StaffPayout)),
    security(("bearer" = ["finance", "admin"]), ("api_key" = ["payouts:write"])),
)]
pub async fn approve(
    app: Data<App>,
    staff: Staff<Pays>,
    id: Path<String>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let command = change(staff, &id)?;
    body.read_or_empty(|_| Some(()))?;
    reply::once(&app, app.approve_payout(&command, once.under(&render).as_ref()).await, render)
}
