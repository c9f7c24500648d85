//! From headers to a caller.

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use async_trait::async_trait;
use referral_domain::auth::ApiKey;
use referral_domain::id::ApiKeyId;
use referral_domain::port::{Clock, StoreError, chain};
use referral_domain::time::Timestamp;

use super::api_key::{is_news, judge, presented};
use super::{Caller, Refused, Tokens};
use crate::problem::Problem;

/// The header of a service's key.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Where API keys are looked up.
#[async_trait]
pub trait KeyDirectory: Send + Sync {
    /// The key with this SHA-256, whatever its state.
    async fn find(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError>;

    /// Notes that a key was used. Asked at most once a minute and key; a failure is logged and refuses nobody.
    async fn used(&self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError>;
}

/// Lets callers in. One for the whole app, in its data.
pub struct Gate {
    tokens: Tokens,
    keys: Arc<dyn KeyDirectory>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

/// What a request brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    Token(String),
    Key(String),
}

impl Credentials {
    /// Exactly one credential, once. Two would leave open for whom the request speaks.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refused> {
        match (only(headers, &AUTHORIZATION)?, only(headers, &API_KEY)?) {
            (Some(authorization), None) => bearer(authorization).map(Self::Token),
            (None, Some(key)) => Ok(Self::Key(key.to_owned())),
            (None, None) | (Some(_), Some(_)) => Err(Refused),
        }
    }
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refused> {
    let mut values = headers.get_all(name);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Refused),
        (Some(_), Some(_)) => Err(Refused),
    }
}

/// The scheme is case-insensitive (RFC 9110).
fn bearer(authorization: &str) -> Result<String, Refused> {
    let (scheme, token) = authorization.split_once(' ').ok_or(Refused)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim().to_owned()) } else { Err(Refused) }
}

impl Gate {
    /// A gate that verifies tokens by `tokens` and looks keys up in `keys`.
    #[must_use]
    pub fn new(tokens: Tokens, keys: Arc<dyn KeyDirectory>, clock: Arc<dyn Clock>) -> Self {
        Self { tokens, keys, clock }
    }

    /// Who a request with these headers speaks for.
    ///
    /// # Errors
    /// `unauthenticated` for every reason that lies with the caller, `store-unavailable` when keys cannot be read.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        self.admit_with(Credentials::of(headers)).await
    }

    pub(super) async fn admit_with(
        &self,
        credentials: Result<Credentials, Refused>,
    ) -> Result<Caller, Problem> {
        let now = self.clock.now();
        match credentials? {
            Credentials::Token(token) => Ok(Caller::User(self.tokens.verify(&token, now)?)),
            Credentials::Key(key) => Ok(Caller::Service(self.service(&key, now).await?)),
        }
    }

    async fn service(&self, key: &str, now: Timestamp) -> Result<ApiKey, Problem> {
        let hash = presented(key)?;
        let stored = self.keys.find(&hash).await?;
        let key = judge(&hash, stored, now)?;
        self.note(&key, now).await;
        Ok(key)
    }

    async fn note(&self, key: &ApiKey, now: Timestamp) {
        if !is_news(key, now) {
            return;
        }
        if let Err(error) = self.keys.used(key.id, now).await {
            tracing::warn!(key = %key.id, error = chain(&error), "the last use of an API key could not be noted");
        }
    }
}

impl From<Refused> for Problem {
    fn from(_: Refused) -> Self {
        Self::unauthenticated()
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
