//! Signing tokens for tests, with every header an attacker may think of.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::sign;
use jsonwebtoken::{Algorithm, EncodingKey};
use referral_domain::time::{SECOND, Timestamp};
use serde_json::{Value, json};

use super::{KeySource, TokenPolicy, Tokens};

/// When tests happen, in epoch seconds.
pub(crate) const NOW: i64 = 1_790_000_000;

/// The secret of tests.
pub(crate) const SECRET: &[u8] = b"a secret of at least 32 bytes, for tests";

pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(NOW * SECOND)
}

/// Claims that hold, with `changes` laid over them; null takes one away.
pub(crate) fn claims(changes: Value) -> Value {
    let mut claims = json!({"sub": "u_ben", "exp": NOW + 600});
    let map = claims.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        map.insert(name.clone(), value.clone());
    }
    map.retain(|_, value| !value.is_null());
    claims
}

pub(crate) fn signed(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = sign(message.as_bytes(), key, algorithm).expect("signed");
    format!("{message}.{signature}")
}

/// A token signed with [`SECRET`].
pub(crate) fn token(claims: &Value) -> String {
    signed(
        &json!({"alg": "HS256", "typ": "JWT"}),
        claims,
        &EncodingKey::from_secret(SECRET),
        Algorithm::HS256,
    )
}

/// Tokens verified with [`SECRET`].
pub(crate) fn tokens(policy: TokenPolicy) -> Tokens {
    let source = KeySource::Secret { current: SECRET.to_vec(), previous: None };
    Tokens::new(source, policy).expect("sound")
}
