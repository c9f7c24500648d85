//! `POST /api/credits/redemptions/{id}/reverse`

use actix_web::web::{Data, Path};
use referral_app::{App, ReverseRedemption};
use referral_domain::id::RedemptionId;
use referral_domain::money::{Currency, Money};
use referral_domain::reference::{Reference, Slug};
use serde::Deserialize;
use utoipa::ToSchema;

use super::redeem::{RedemptionView, currency_of, money_of};
use crate::auth::{CreditsRedeem, Scoped};
use crate::form::{Fields, JsonBody, Query, scalar};
use crate::problem::{Problem, Reply};
use crate::resource::{failed, reply};
use crate::view::MoneyView;

/// A redemption to give back.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ReverseRequest {
    /// The host's reference of the reversal, unique per program for ever: `[A-Za-z0-9._:-]{1,128}`.
    #[schema(pattern = "^[A-Za-z0-9._:-]{1,128}$")]
    pub reference: String,
    /// How much; all that remains when not told.
    #[schema(value_type = Option<MoneyView>)]
    pub amount: Option<serde_json::Value>,
    /// The host's words, at most 500 characters.
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

struct Body {
    reference: Reference,
    amount: Option<Money>,
    reason: Option<String>,
}

fn read(fields: &mut Fields<'_>, currency: Currency) -> Option<Body> {
    let reference = fields.required("reference", scalar::reference);
    let amount = fields.optional("amount", |node| money_of(node, currency));
    let reason = fields.optional("reason", scalar::description);
    Some(Body { reference: reference?, amount: amount?, reason: reason? })
}

fn command(program: Slug, id: &str, body: Body) -> Result<ReverseRedemption, Problem> {
    let redemption = RedemptionId::parse(id).ok_or_else(Problem::not_found)?;
    let Body { reference, amount, reason } = body;
    Ok(ReverseRedemption {
        program,
        redemption,
        reference,
        amount: amount.map(|money| money.minor()),
        reason,
    })
}

/// Gives credits back, whole or in part. 201 the first time; the same reference and body again is 200.
#[utoipa::path(
    post, path = "/api/credits/redemptions/{id}/reverse", tag = "credits", request_body = ReverseRequest,
    params(("id" = String, Path, description = "The redemption, `red_...`")),
    responses((status = 201, body = RedemptionView), (status = 200, body = RedemptionView)),
    security(("api_key" = ["credits:redeem"])),
)]
pub async fn reverse(
    app: Data<App>,
    service: Scoped<CreditsRedeem>,
    id: Path<String>,
    query: Query,
    body: JsonBody,
) -> Reply {
    query.refuse_any()?;
    let currency = currency_of(&app, &service.key.program).await?;
    let command = command(service.key.program, &id, body.read(|fields| read(fields, currency))?)?;
    let receipt = app.reverse_redemption(&command).await.map_err(failed(app.now()))?;
    Ok(reply::created(receipt.replayed, &RedemptionView::of(&receipt)))
}
