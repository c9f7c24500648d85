//! `POST /api/admin/transactions/{id}/retract`

use actix_web::web::{Data, Path};
use referral_app::{App, RetractReceipt, RetractTransaction};
use referral_domain::id::TransactionId;
use referral_domain::port::TransactionReport;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::{Adjusts, Staff};
use crate::form::{Fields, JsonBody, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::{Problem, Reply};
use crate::resource::admin::ledger::LedgerTransaction;
use crate::resource::{Once, reply};

/// Why a transaction is taken back.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RetractRequest {
    /// The user reads it in their history. 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

fn read(fields: &mut Fields<'_>) -> Option<String> {
    fields.required("reason", scalar::text(1, 500))
}

fn render(receipt: &RetractReceipt) -> (u16, String) {
    let report = TransactionReport { item: receipt.item.clone(), user: receipt.user.clone() };
    let view = LedgerTransaction::of(&report, receipt.program.currency);
    (reply::made(receipt.replayed).as_u16(), reply::text(&view))
}

/// Takes a transaction back, whole and once: what it gave is taken from what is available and the rest is owed; what it
/// took is given back. A reward or a welcome credit is never granted again, and what the commission comes to is lower from
/// then on; what was taken back by a refund, or as fraud, is 409 `already-retracted`. What takes back, releases, repays or
/// pays out is 422 `not-retractable`. 201 the first time; the same reason again is 200.
#[utoipa::path(
    post, path = "/api/admin/transactions/{id}/retract", tag = "administration", request_body = RetractRequest,
    params(
        ("id" = String, Path, description = "The transaction, `txn_...`"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 201, body = LedgerTransaction), (status = 200, body = LedgerTransaction)),
    security(("bearer" = ["finance", "admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn retract(
    app: Data<App>,
    staff: Staff<Adjusts>,
    id: Path<String>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    staff.query.refuse_any()?;
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let reason = body.read(read)?;
    let transaction = TransactionId::parse(&id).ok_or_else(Problem::not_found)?;
    let command = RetractTransaction { program: staff.program, transaction, reason, by: staff.actor };
    reply::once(&app, app.retract_transaction(&command, once.under(&render).as_ref()).await, render)
}
