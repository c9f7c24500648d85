//! `POST /api/admin/payout-batches/preview`

use actix_web::web::Data;
use referral_app::{App, BatchPreview, BuildBatch};
use serde::Serialize;
use utoipa::ToSchema;

use super::build::{BatchRequest, read};
use super::view::LeftOutView;
use crate::auth::{Pays, Staff};
use crate::form::JsonBody;
use crate::problem::Reply;
use crate::resource::{failed, reply};
use crate::view::MoneyView;

/// A payout that would be in a batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewedPayout)]
pub struct TakenView {
    /// Which.
    pub payout_id: String,
    /// How much.
    pub amount: MoneyView,
}

/// What a batch would be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutBatchPreview)]
pub struct PreviewView {
    /// How many payouts would be in it.
    pub count: usize,
    /// Their sum.
    pub total: MoneyView,
    /// What would be in it, by id.
    pub payouts: Vec<TakenView>,
    /// What would not, and why; by id.
    pub left_out: Vec<LeftOutView>,
}

impl From<&BatchPreview> for PreviewView {
    fn from(preview: &BatchPreview) -> Self {
        let money = |minor| preview.program.money(minor).into();
        let total = preview.taken.iter().fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount));
        let taken = preview
            .taken
            .iter()
            .map(|(id, amount)| TakenView { payout_id: id.to_string(), amount: money(*amount) });
        Self {
            count: preview.taken.len(),
            total: money(total),
            payouts: taken.collect(),
            left_out: preview.left_out.iter().map(Into::into).collect(),
        }
    }
}

/// What a batch would be: what is in it, what is not and why. It changes nothing.
#[utoipa::path(
    post, path = "/api/admin/payout-batches/preview", tag = "administration", request_body = BatchRequest,
    params(("program" = Option<String>, Query, description = "Required for a token of all programs")),
    responses((status = 200, body = PreviewView)),
    security(("bearer" = ["finance", "admin"]), ("api_key" = ["payouts:write"])),
)]
pub async fn preview(app: Data<App>, staff: Staff<Pays>, body: JsonBody) -> Reply {
    staff.query.refuse_any()?;
    let (kind, payouts) = body.read(read)?;
    let command = BuildBatch { program: staff.program, kind, payouts, actor: staff.actor };
    let found = app.preview_batch(&command).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&PreviewView::from(&found)))
}
