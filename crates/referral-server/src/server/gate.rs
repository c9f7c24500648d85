//! Who is let in: tokens by the configured keys.

use anyhow::Context;
use referral_http::auth::{KeySource, TokenPolicy, Tokens};

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
