//! `POST /demo/signup`: somebody signs up at the host, perhaps with a friend's code.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use awc::Client;
use referral_domain::port::Clock;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::SignUp;
use super::host::Host;
use super::refusal::{Answer, Refusal};
use super::{form, password};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    email: String,
    password: String,
    /// The friend's code.
    r#ref: Option<String>,
    /// The address to play the sign-up from; the socket's when not given.
    ip: Option<IpAddr>,
}

/// 201 with the new user, a token, and their referral; 409 when the address has an account.
pub(super) async fn sign_up(
    host: Data<Host>,
    client: Data<Client>,
    request: HttpRequest,
    body: Bytes,
) -> Answer {
    let socket = request.peer_addr().map(|socket| socket.ip());
    join(&host.into_inner(), &client, socket, &body).await.into()
}

async fn join(
    host: &Arc<Host>,
    client: &Client,
    socket: Option<IpAddr>,
    body: &Bytes,
) -> Result<HttpResponse, Refusal> {
    let form: Form =
        form::read(body, "email and password, and if there are any ref (a code) and ip (an address)")?;
    let (email, word) = (form::email(&form.email)?, form::password(&form.password)?);
    let seat = host.reserve(email)?;
    let hash = password::hash(word.to_owned()).await?;
    let at = host.clock.now();
    let told =
        SignUp { user_id: &seat.user_id, code: form.r#ref.as_deref(), email, ip: form.ip.or(socket), at };
    let (referral, problem) = referral(host.settings.api.sign_up(client, &told).await)?;
    let account = seat.take(hash, at).await?;
    let token = host.token(&account)?;
    Ok(HttpResponse::Created().json(json!({
        "user_id": account.user_id, "token": token, "referral": referral, "referral_problem": problem,
    })))
}

/// The referral, or why there is none: a host lets people sign up whatever becomes of their code.
fn referral(answer: Result<Value, Refusal>) -> Result<(Value, Value), Refusal> {
    match answer {
        Ok(mut told) => Ok((told["referral"].take(), Value::Null)),
        Err(Refusal::Api(status, problem)) if status.is_client_error() => Ok((Value::Null, problem)),
        Err(away) => Err(away),
    }
}
