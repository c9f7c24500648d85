//! `POST /demo/login`: a fresh token for somebody who has an account.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::json;

use super::host::Host;
use super::refusal::{Answer, Refusal};
use super::{form, password};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    email: String,
    password: String,
}

/// 200 with the user and a token; 401 for an unknown address and a wrong password alike.
pub(super) async fn log_in(host: Data<Host>, body: Bytes) -> Answer {
    enter(&host, &body).await.into()
}

async fn enter(host: &Host, body: &Bytes) -> Result<HttpResponse, Refusal> {
    let form: Form = form::read(body, "email and password")?;
    let word = form::password(&form.password)?.to_owned();
    let account = host.account(&form.email);
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let known = password::matches(word, hash).await?;
    let account = account.filter(|_| known).ok_or(Refusal::WrongPassword)?;
    let token = host.token(&account)?;
    Ok(HttpResponse::Ok().json(json!({"user_id": account.user_id, "token": token})))
}
