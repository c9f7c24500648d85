//! Users' tokens, as a host would sign them: HS256 with the secret that verifies them.

use anyhow::Context;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use referral_domain::auth::Role;
use referral_domain::time::{SECOND, Timestamp};
use serde_json::{Map, Value};

use crate::config::{Secret, Tokens};

/// What a token says of its user. What is `None` is not said at all.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    /// The user's id at the host.
    pub(crate) sub: String,
    pub(crate) email: Option<String>,
    pub(crate) email_verified: Option<bool>,
    pub(crate) role: Option<Role>,
    pub(crate) program: Option<String>,
    /// When the user signed up.
    pub(crate) created_at: Timestamp,
}

/// Signs a token that is valid from `now` for so many seconds, with the claims under their configured names.
///
/// # Errors
/// When it cannot be signed.
pub(crate) fn mint(
    tokens: &Tokens,
    secret: &Secret,
    holder: &Holder,
    now: Timestamp,
    ttl_seconds: i64,
) -> anyhow::Result<String> {
    let mut claims = claims(tokens, holder);
    claims.insert("iat".to_owned(), seconds(now).into());
    claims.insert("exp".to_owned(), seconds(now).saturating_add(ttl_seconds).into());
    let key = EncodingKey::from_secret(secret.expose());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).context("the token cannot be signed")
}

fn claims(tokens: &Tokens, holder: &Holder) -> Map<String, Value> {
    let names = &tokens.claims;
    let said = [
        (names.sub.as_str(), Some(holder.sub.clone().into())),
        ("iss", tokens.issuer.clone().map(Value::from)),
        ("aud", tokens.audience.clone().map(Value::from)),
        (&names.email, holder.email.clone().map(Value::from)),
        (&names.email_verified, holder.email_verified.map(Value::from)),
        (&names.role, holder.role.map(|role| role.as_str().into())),
        (&names.program, holder.program.clone().map(Value::from)),
        (&names.created_at, Some(seconds(holder.created_at).into())),
    ];
    let mut claims = Map::new();
    for (name, value) in said.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        place(&mut claims, &levels(name), value);
    }
    claims
}

/// The names to go through, outermost first: a URL is one name, in anything else a dot goes one level deeper.
fn levels(name: &str) -> Vec<&str> {
    if name.contains("://") { vec![name] } else { name.split('.').collect() }
}

/// Puts a value where its path leads, making the objects on the way.
fn place(claims: &mut Map<String, Value>, levels: &[&str], value: Value) {
    match levels {
        [] => {}
        [last] => {
            claims.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            let inner = claims.entry(*first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                place(inner, rest, value);
            }
        }
    }
}

const fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(SECOND)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;
    use crate::config::{Config, Environment};

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn holder() -> Holder {
        Holder {
            sub: "u_ana".to_owned(),
            email: Some("ana@example.com".to_owned()),
            email_verified: None,
            role: Some(Role::Admin),
            program: None,
            created_at: Timestamp::from_micros(1_700_000_000_999_999),
        }
    }

    fn claims_of(pairs: &[(&str, &str)], audience: Option<&str>) -> Value {
        let tokens = Config::load(None, &Environment::of(pairs)).expect("sound").tokens;
        let secret = Secret::new(SECRET).expect("long enough");
        // Far in the future, because the decoder reads the clock.
        let now = Timestamp::from_micros(4_000_000_000_000_000);
        let token = mint(&tokens, &secret, &holder(), now, 3_600).expect("signed");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_aud = audience.is_some();
        validation.set_audience(audience.as_slice());
        let key = DecodingKey::from_secret(SECRET.as_bytes());
        jsonwebtoken::decode::<Value>(&token, &key, &validation).expect("verified").claims
    }

    #[test]
    fn a_token_says_what_it_was_told_and_nothing_else() {
        let expected = serde_json::json!({
            "sub": "u_ana", "email": "ana@example.com", "role": "admin", "created_at": 1_700_000_000,
            "iat": 4_000_000_000_i64, "exp": 4_000_003_600_i64,
        });
        assert_eq!(claims_of(&[], None), expected);
    }

    #[test]
    fn claims_stand_under_their_configured_names() {
        let claims = claims_of(
            &[
                (
                    "REFERRAL_JWT_CLAIMS",
                    "role=https://acme.com/role,email=profile.email,created_at=profile.since",
                ),
                ("REFERRAL_JWT_ISSUER", "https://id.example.com"),
                ("REFERRAL_JWT_AUDIENCE", "referral"),
            ],
            Some("referral"),
        );
        assert_eq!(claims["https://acme.com/role"], "admin");
        assert_eq!(
            claims["profile"],
            serde_json::json!({"email": "ana@example.com", "since": 1_700_000_000})
        );
        assert_eq!((&claims["iss"], &claims["aud"]), (&"https://id.example.com".into(), &"referral".into()));
    }
}
