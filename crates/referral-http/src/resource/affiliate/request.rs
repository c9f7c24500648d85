//! `POST /api/affiliate/payouts`

use actix_web::web::Data;
use referral_app::{App, RequestPayout};
use referral_domain::money::{Currency, Money};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{PayoutView, render};
use crate::auth::TokenIdentity;
use crate::form::{Fields, JsonBody, Query};
use crate::idempotency::IdempotencyHeader;
use crate::problem::{Problem, Reply};
use crate::resource::asking::CountedUser;
use crate::resource::credit::{currency_of, money_of};
use crate::resource::{Explain as _, Once, reply};
use crate::view::MoneyView;

/// A payout to ask for.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PayoutRequest {
    /// How much; all that is payable when not told.
    #[schema(value_type = Option<MoneyView>)]
    pub amount: Option<serde_json::Value>,
}

fn read(fields: &mut Fields<'_>, currency: Currency) -> Option<Option<Money>> {
    fields.optional("amount", |node| money_of(node, currency))
}

async fn admitted(app: &App, user: &TokenIdentity) -> Result<(), Problem> {
    let admitted = app.admit_payout(&user.program, &user.user_id).await;
    admitted.map_err(|throttled| throttled.problem(app.now()))
}

/// Asks for a payout and reserves its money at once. Five an hour; one may be open.
#[utoipa::path(
    post, path = "/api/affiliate/payouts", tag = "affiliate", request_body = Option<PayoutRequest>,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses((status = 201, body = PayoutView)),
    security(("bearer" = [])),
)]
pub async fn request(
    app: Data<App>,
    CountedUser(user): CountedUser,
    query: Query,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    query.refuse_any()?;
    let once = Once::new(key, user.label(), body.bytes()?);
    let currency = currency_of(&app, &user.program).await?;
    let amount = body.read_or_empty(|fields| read(fields, currency))?.map(|money| money.minor());
    admitted(&app, &user).await?;
    let command = RequestPayout { program: user.program, user: user.user_id, amount };
    reply::once(&app, app.request_payout(&command, once.under(&render).as_ref()).await, render)
}
