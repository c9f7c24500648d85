//! `POST /api/admin/payout-batches`

use actix_web::web::Data;
use referral_app::{App, BatchReceipt, BuildBatch};
use referral_domain::id::PayoutId;
use referral_domain::payout::MethodKind;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{BatchView, KINDS, shown};
use crate::auth::{Pays, Staff};
use crate::form::{Fields, JsonBody, Node, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::{Once, reply};

/// The most payouts a batch holds.
const PAYOUTS_MAX: usize = 1_000;

/// A batch to build.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BatchRequest {
    /// How all of it is paid: `paypal`, `sepa` or `external`.
    #[schema(pattern = "^(paypal|sepa|external)$")]
    pub method: String,
    /// Which payouts, at most 1,000; all that are approved, the oldest first, when not told.
    #[schema(min_items = 1, max_items = 1000)]
    pub payout_ids: Option<Vec<String>>,
}

/// What a batch is built of.
pub(super) fn read(fields: &mut Fields<'_>) -> Option<(MethodKind, Option<Vec<PayoutId>>)> {
    let method = fields.required("method", scalar::one_of(KINDS));
    let one = |node: Node<'_>| scalar::id(PayoutId::parse)(node);
    let payouts = fields.optional("payout_ids", |node| node.array(1, PAYOUTS_MAX, one));
    Some((method?, payouts?))
}

fn built(receipt: &BatchReceipt) -> (u16, String) {
    (201, reply::text(&shown(receipt)))
}

/// Builds a batch of approved payouts. A payout whose user owes anything is cancelled, and the money repays first;
/// one whose user is not verified stays approved, for a later batch. What was left out, and why, is told by the batch itself and, before it is built, by its preview.
#[utoipa::path(
    post, path = "/api/admin/payout-batches", tag = "administration", request_body = BatchRequest,
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 201, body = BatchView)),
    security(("bearer" = ["finance", "admin"]), ("api_key" = ["payouts:write"])),
)]
pub async fn build(app: Data<App>, staff: Staff<Pays>, key: IdempotencyHeader, body: JsonBody) -> Reply {
    staff.query.refuse_any()?;
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let (kind, payouts) = body.read(read)?;
    let command = BuildBatch { program: staff.program, kind, payouts, actor: staff.actor };
    reply::once(&app, app.build_batch(&command, once.under(&built).as_ref()).await, built)
}
