//! `POST /demo/verify`: the token of a mail confirms its address. Repeating it gives the same answer.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Query};
use awc::Client;
use referral_http::html::{Page, escape};
use serde::Deserialize;

use super::form;
use super::host::Host;
use super::refusal::{Answer, Refusal};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    token: String,
}

/// 200 with what the referral API answered; 404 when no mail had this token.
pub(super) async fn verify(host: Data<Host>, client: Data<Client>, body: Bytes) -> Answer {
    confirm(&host, &client, &body).await.into()
}

async fn confirm(host: &Host, client: &Client, body: &Bytes) -> Result<HttpResponse, Refusal> {
    let form: Form = form::read(body, "token")?;
    let account = host.account_of_mail(&form.token).ok_or(Refusal::TokenUnknown)?;
    let at = host.verify(&account).await?;
    let outcome = host.settings.api.email_verified(client, &account.user_id, &account.email, at).await?;
    Ok(HttpResponse::Ok().json(outcome))
}

/// `GET /demo/verify`: where the link of a mail leads. Looking changes nothing (mail scanners look too), so it says
/// what to send.
pub(super) async fn explain(host: Data<Host>, query: Query<Form>) -> HttpResponse {
    let body = serde_json::json!({"token": query.token});
    let line = format!(
        "curl {}/demo/verify -H 'content-type: application/json' -d '{body}'",
        host.settings.public_url
    );
    let text = format!("<h1>Confirm your e-mail</h1><p>Send this:</p><pre>{}</pre>", escape(&line));
    Page::new("Confirm your e-mail", &text).response()
}
