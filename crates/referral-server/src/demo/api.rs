//! The referral API as the demo host calls it: over HTTP with an API key, as any host would.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use anyhow::{Context, anyhow};
use awc::Client;
use referral_domain::time::Timestamp;
use serde_json::{Value, json};

use super::refusal::Refusal;

/// How long the host waits for the API: longer than any answer takes that is worth waiting for.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An answer of the API larger than this is not read: a referral is about 2 KiB.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Where the API is, and the key it is called with. Its `Debug` does not show the key.
#[derive(Clone)]
pub(crate) struct Api {
    base: String,
    key: String,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Somebody who signed up, as the API is told.
pub(super) struct SignUp<'a> {
    pub(super) user_id: &'a str,
    pub(super) code: Option<&'a str>,
    pub(super) email: &'a str,
    pub(super) ip: Option<IpAddr>,
    pub(super) at: Timestamp,
}

/// One thread's connections to the API.
pub(super) fn client() -> Client {
    Client::builder().timeout(TIMEOUT).finish()
}

impl Api {
    /// The API at this address (`http://127.0.0.1:8000`), called with this key.
    pub(crate) fn new(base: String, key: String) -> Self {
        Self { base, key }
    }

    /// Tells the API of a sign-up, with or without a code. A host says what it knows: that an address is not
    /// confirmed yet is no word about it, so `email_verified` is left out.
    ///
    /// # Errors
    /// [`Refusal::Api`] with the API's words, [`Refusal::ApiAway`].
    pub(super) async fn sign_up(&self, client: &Client, sign_up: &SignUp<'_>) -> Result<Value, Refusal> {
        let at = sign_up.at.to_string();
        let mut body = json!({
            "user_id": sign_up.user_id, "code": sign_up.code, "email": sign_up.email, "created_at": at,
        });
        if let (Some(ip), Some(fields)) = (sign_up.ip, body.as_object_mut()) {
            fields.insert("ip".to_owned(), ip.to_string().into());
        }
        self.post(client, "/api/events/signup", &body).await
    }

    /// Tells the API that an address was confirmed. Repeating it gives the same answer.
    ///
    /// # Errors
    /// As [`Self::sign_up`].
    pub(super) async fn email_verified(
        &self,
        client: &Client,
        user_id: &str,
        email: &str,
        at: Timestamp,
    ) -> Result<Value, Refusal> {
        let body =
            json!({"user_id": user_id, "email": email, "verified": true, "occurred_at": at.to_string()});
        self.post(client, "/api/events/email-verified", &body).await
    }

    /// Tells the API of money received.
    ///
    /// # Errors
    /// As [`Self::sign_up`].
    pub(super) async fn spend(
        &self,
        client: &Client,
        user_id: &str,
        invoice: &str,
        money: &Value,
        at: Timestamp,
    ) -> Result<Value, Refusal> {
        let body =
            json!({"source_id": invoice, "user_id": user_id, "amount": money, "occurred_at": at.to_string()});
        self.post(client, "/api/events/spend", &body).await
    }

    async fn post(&self, client: &Client, path: &str, body: &Value) -> Result<Value, Refusal> {
        let (status, answer) = self.call(client, path, body).await.map_err(Refusal::ApiAway)?;
        if status.is_success() { Ok(answer) } else { Err(Refusal::Api(status, answer)) }
    }

    async fn call(&self, client: &Client, path: &str, body: &Value) -> anyhow::Result<(StatusCode, Value)> {
        let url = format!("{}{path}", self.base);
        let request = client.post(&url).insert_header(("x-api-key", self.key.as_str()));
        let mut reply = request.send_json(body).await.map_err(|error| anyhow!("{url}: {error}"))?;
        let bytes = reply
            .body()
            .limit(BODY_BYTES_MAX)
            .await
            .with_context(|| format!("{url}: the answer broke off"))?;
        let answer =
            serde_json::from_slice(&bytes).with_context(|| format!("{url}: the answer is not JSON"))?;
        Ok((reply.status(), answer))
    }
}
