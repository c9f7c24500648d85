//! `GET /demo/mailbox/{email}`: the mail the host sent to an address.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde_json::{Value, json};

use super::account::Account;
use super::host::Host;

/// 200 with the mails, newest first; none for an address that never signed up.
pub(super) async fn read(host: Data<Host>, email: Path<String>) -> HttpResponse {
    let items: Vec<Value> =
        host.account(&email).iter().map(|account| mail(&host.settings.public_url, account)).collect();
    HttpResponse::Ok().json(json!({"items": items}))
}

fn mail(public_url: &str, account: &Account) -> Value {
    json!({
        "subject": "Please confirm your e-mail",
        "link": format!("{public_url}/demo/verify?token={}", account.mail_token),
        "token": account.mail_token,
        "sent_at": account.signed_up_at.to_string(),
    })
}
