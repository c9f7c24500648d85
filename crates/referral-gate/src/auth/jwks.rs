//! A JSON Web Key Set: the keys of it that can verify a signature of ours, by their ids.

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;

use super::keys::{Key, KeyFault};

/// More keys than any issuer publishes.
const KEYS_MAX: usize = 100;

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// The usable keys of a set. Keys for encryption, symmetric ones, other curves and those without an id are
/// passed over, for a set may hold them for others; a set of which nothing is usable is a fault.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Key>, KeyFault> {
    let set: Set =
        serde_json::from_slice(text).map_err(|_| KeyFault::Unusable("the JWKS file holds no key set"))?;
    let keys: Vec<_> = set.keys.into_iter().take(KEYS_MAX).filter_map(usable).collect();
    if keys.is_empty() {
        return Err(KeyFault::Unusable("the JWKS file holds no RS256, ES256 or EdDSA key with a kid"));
    }
    if repeats_an_id(&keys) {
        return Err(KeyFault::Unusable("two keys of the JWKS file have the same kid"));
    }
    Ok(keys)
}

fn repeats_an_id(keys: &[Key]) -> bool {
    keys.iter().enumerate().any(|(index, key)| keys[..index].iter().any(|earlier| earlier.kid == key.kid))
}

fn usable(value: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let kid = jwk.common.key_id.clone()?;
    let key = public(&jwk).then(|| DecodingKey::from_jwk(&jwk).ok()).flatten()?;
    let key = Key::new(Some(kid), key).ok()?;
    let stated = jwk.common.key_algorithm.is_none_or(|stated| stated == key.algorithm.into());
    (stated && verifies(&jwk)).then_some(key)
}

/// An `oct` key would let whoever can read the set sign tokens.
fn public(jwk: &Jwk) -> bool {
    match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => true,
        AlgorithmParameters::EllipticCurve(ec) => ec.curve == EllipticCurve::P256,
        AlgorithmParameters::OctetKeyPair(pair) => pair.curve == EllipticCurve::Ed25519,
        _ => false,
    }
}

fn verifies(jwk: &Jwk) -> bool {
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let operations = jwk.common.key_operations.as_ref();
    signs && operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}
