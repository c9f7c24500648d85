//! `POST /api/admin/adjustments`

use actix_web::web::Data;
use referral_app::{AdjustmentReceipt, App, RequestAdjustment};
use referral_domain::money::{Currency, Money};
use referral_domain::reference::{HostId, Reference};
use serde::Deserialize;
use utoipa::ToSchema;

use super::AdjustmentView;
use crate::auth::{Adjusts, Staff};
use crate::form::{Fields, JsonBody, Node, scalar, signed_money};
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::credit::currency_of;
use crate::resource::{Once, reply};
use crate::view::MoneyView;

/// What is to be put right.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AdjustmentRequest {
    /// Whose credits.
    #[schema(min_length = 1, max_length = 100)]
    pub user_id: String,
    /// By how much, signed: positive gives, negative takes what is available. Never zero.
    #[schema(value_type = MoneyView)]
    pub amount: serde_json::Value,
    /// Why; the user reads it in their history. 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
    /// The operator's reference, unique per program for ever: `[A-Za-z0-9._:-]{1,128}`.
    #[schema(pattern = "^[A-Za-z0-9._:-]{1,128}$")]
    pub reference: String,
}

struct Body {
    user: HostId,
    amount: Money,
    reason: String,
    reference: Reference,
}

fn read(fields: &mut Fields<'_>, currency: Currency) -> Option<Body> {
    let user = fields.required("user_id", scalar::user_id);
    let amount = fields.required("amount", |node| amount(node, currency));
    let reason = fields.required("reason", scalar::text(1, 500));
    let reference = fields.required("reference", scalar::reference);
    Some(Body { user: user?, amount: amount?, reason: reason?, reference: reference? })
}

/// An amount of the program's currency, either way, that moves something.
fn amount(node: Node<'_>, currency: Currency) -> Option<Money> {
    let amount = signed_money(node)?;
    if amount.currency() != currency {
        return node.fault("currency-mismatch", format!("this program's currency is {}", currency.code()));
    }
    Some(amount)
}

fn render(receipt: &AdjustmentReceipt) -> (u16, String) {
    let view = AdjustmentView::of(&receipt.report, &receipt.program);
    (reply::made(receipt.replayed).as_u16(), reply::text(&view))
}

/// Adjusts a user's credits. Within the limit of one person (`REFERRAL_ADJUSTMENT_LIMIT`) it is posted at once, beyond it
/// waits for a second one. 201 the first time; the same reference and body again is 200 with how it stands.
#[utoipa::path(
    post, path = "/api/admin/adjustments", tag = "administration", request_body = AdjustmentRequest,
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 201, body = AdjustmentView), (status = 200, body = AdjustmentView)),
    security(("bearer" = ["finance", "admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn create(app: Data<App>, staff: Staff<Adjusts>, key: IdempotencyHeader, body: JsonBody) -> Reply {
    staff.query.refuse_any()?;
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let currency = currency_of(&app, &staff.program).await?;
    let Body { user, amount, reason, reference } = body.read(|fields| read(fields, currency))?;
    let (program, amount, by) = (staff.program, amount.minor(), staff.actor);
    let command = RequestAdjustment { program, user, amount, reason, reference, by };
    let receipt = app.request_adjustment(&command, once.under(&render).as_ref()).await;
    reply::once(&app, receipt, render)
}
