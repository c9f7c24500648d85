//! `POST /demo/spend`: a signed-in user pays an invoice at the host.

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use awc::Client;
use referral_domain::port::{Clock, Ids};
use serde::Deserialize;
use serde_json::json;

use super::form;
use super::host::Host;
use super::refusal::{Answer, Refusal};
use crate::source::ids::SystemIds;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    /// In the program's currency, as text: `"50.00"`.
    amount: String,
}

/// 200 with what the referral API answered for a fresh invoice; 401 without a token that holds.
pub(super) async fn spend(
    host: Data<Host>,
    client: Data<Client>,
    request: HttpRequest,
    body: Bytes,
) -> Answer {
    pay(&host, &client, bearer(&request), &body).await.into()
}

async fn pay(
    host: &Host,
    client: &Client,
    token: Option<&str>,
    body: &Bytes,
) -> Result<HttpResponse, Refusal> {
    let now = host.clock.now();
    let user =
        token.and_then(|token| host.settings.tokens.verify(token, now).ok()).ok_or(Refusal::SignedOut)?;
    let form: Form = form::read(body, "amount")?;
    let money = json!({"amount": form.amount, "currency": host.settings.currency});
    let invoice = format!("inv_{}", SystemIds.next().simple());
    let outcome = host.settings.api.spend(client, user.user_id.as_str(), &invoice, &money, now).await?;
    Ok(HttpResponse::Ok().json(outcome))
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
