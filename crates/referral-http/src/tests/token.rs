//! Signing tokens, with every header an attacker may think of.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::sign;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::auth::{KeySource, TokenPolicy, Tokens};

/// The secret of tests.
pub(super) const SECRET: &[u8] = b"a secret of at least 32 bytes, for tests";

pub(super) fn signed(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = sign(message.as_bytes(), key, algorithm).expect("signed");
    format!("{message}.{signature}")
}

/// A token signed with [`SECRET`].
pub(super) fn token(claims: &Value) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT"});
    signed(&header, claims, &EncodingKey::from_secret(SECRET), Algorithm::HS256)
}

/// Tokens verified with [`SECRET`].
pub(super) fn tokens(policy: TokenPolicy) -> Tokens {
    let source = KeySource::Secret { current: SECRET.to_vec(), previous: None };
    Tokens::new(source, policy).expect("sound")
}
