//! Who is let in: tokens by the configured keys, API keys from the store.

use anyhow::Context;
use async_trait::async_trait;
use referral_app::App;
use referral_domain::auth::ApiKey;
use referral_domain::id::ApiKeyId;
use referral_domain::port::StoreError;
use referral_domain::time::Timestamp;
use referral_http::auth::{KeyDirectory, KeySource, TokenPolicy, Tokens};

use crate::config::{Config, Keys};
use crate::secrets::Secrets;

/// What verifies users' tokens.
///
/// # Errors
/// When a key file holds no key that can be used.
pub(crate) fn tokens(config: &Config, secrets: &Secrets) -> anyhow::Result<Tokens> {
    let policy = TokenPolicy {
        issuer: config.tokens.issuer.clone(),
        audience: config.tokens.audience.clone(),
        claims: config.tokens.claims.clone(),
        honour_roles: config.tokens.roles,
    };
    Tokens::new(source(config, secrets)?, policy).context("users' tokens could not be verified")
}

fn source(config: &Config, secrets: &Secrets) -> anyhow::Result<KeySource> {
    match &config.tokens.keys {
        Keys::PublicKeyFile(path) => Ok(KeySource::Pem(path.clone())),
        Keys::JwksFile(path) => Ok(KeySource::Jwks(path.clone())),
        Keys::Own | Keys::Secret { .. } => {
            let current = secrets.signing.as_ref().context("there is no secret")?.expose().to_vec();
            let previous = secrets.previous.as_ref().map(|secret| secret.expose().to_vec());
            Ok(KeySource::Secret { current, previous })
        }
    }
}

/// The API keys of the store.
pub(crate) struct StoredKeys(pub(crate) App);

#[async_trait]
impl KeyDirectory for StoredKeys {
    async fn find(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        self.0.reports().api_key(hash).await
    }

    async fn used(&self, id: ApiKeyId, _: Timestamp) -> Result<(), StoreError> {
        self.0.touch_api_key(id).await
    }
}
