use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use jsonwebtoken::EncodingKey;
use jsonwebtoken::jwk::Jwk;
use serde_json::json;

use super::*;
use crate::auth::test_support::{SECRET, claims, now, signed, token, tokens};

const RSA: &[u8] = include_bytes!("test_keys/rsa_one.private.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("test_keys/rsa_one.public.pem");
const RSA_OTHER: &[u8] = include_bytes!("test_keys/rsa_two.private.pem");
const EC: &[u8] = include_bytes!("test_keys/p256.private.pem");
const EC_PUBLIC: &[u8] = include_bytes!("test_keys/p256.public.pem");
const EC_384_PUBLIC: &[u8] = include_bytes!("test_keys/p384.public.pem");
const ED: &[u8] = include_bytes!("test_keys/ed25519.private.pem");
const ED_PUBLIC: &[u8] = include_bytes!("test_keys/ed25519.public.pem");

/// A file of its own that goes away with the test.
struct File(PathBuf);

impl File {
    fn new(content: &[u8]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("referral-http-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let file = Self(std::env::temp_dir().join(name));
        file.write(content);
        file
    }

    fn write(&self, content: &[u8]) {
        std::fs::write(&self.0, content).expect("written");
    }
}

impl Drop for File {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).expect("removed");
    }
}

fn strict() -> TokenPolicy {
    TokenPolicy { issuer: Some("i".into()), audience: Some("a".into()), ..TokenPolicy::default() }
}

fn good() -> Value {
    claims(json!({"iss": "i", "aud": "a"}))
}

fn rsa(pem: &[u8]) -> EncodingKey {
    EncodingKey::from_rsa_pem(pem).expect("a key")
}

fn ec() -> EncodingKey {
    EncodingKey::from_ec_pem(EC).expect("a key")
}

fn ed() -> EncodingKey {
    EncodingKey::from_ed_pem(ED).expect("a key")
}

fn jwk(kid: Option<&str>, key: &EncodingKey, algorithm: Algorithm, extra: Value) -> Value {
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(key, algorithm).expect("a jwk")).expect("JSON");
    let map = jwk.as_object_mut().expect("an object");
    map.extend(kid.map(|kid| ("kid".to_owned(), json!(kid))));
    map.extend(extra.as_object().expect("an object").clone());
    jwk
}

fn set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

fn verify_with(source: KeySource, token: &str) -> bool {
    Tokens::new(source, strict()).expect("sound").verify(token, now()).is_ok()
}

#[test]
fn a_token_of_the_shared_secret_is_let_in() {
    let identity = tokens(TokenPolicy::default()).verify(&token(&claims(json!({}))), now()).expect("let in");
    assert_eq!(identity.user_id.as_str(), "u_ben");
}

#[test]
fn the_secret_before_still_verifies_and_a_third_does_not() {
    let secret = |letter: u8| vec![letter; 32];
    let source = KeySource::Secret { current: secret(1), previous: Some(secret(2)) };
    let tokens = Tokens::new(source, TokenPolicy::default()).expect("sound");
    for (letter, holds) in [(1, true), (2, true), (3, false)] {
        let key = EncodingKey::from_secret(&secret(letter));
        let token = signed(&json!({"alg": "HS256"}), &claims(json!({})), &key, Algorithm::HS256);
        assert_eq!(tokens.verify(&token, now()).is_ok(), holds, "{letter}");
    }
}

#[test]
fn a_short_secret_is_a_fault_of_the_configuration() {
    for (current, previous) in [(31, None), (32, Some(31))] {
        let source =
            KeySource::Secret { current: vec![7; current], previous: previous.map(|size| vec![7; size]) };
        assert!(matches!(Tokens::new(source, TokenPolicy::default()), Err(KeyFault::ShortSecret)));
    }
}

#[test]
fn every_header_but_that_of_the_key_is_refused() {
    let tokens = tokens(TokenPolicy::default());
    let key = EncodingKey::from_secret(SECRET);
    for (header, algorithm) in [
        (json!({"alg": "none"}), Algorithm::HS256),
        (json!({"alg": "None"}), Algorithm::HS256),
        (json!({"alg": "HS512"}), Algorithm::HS512),
        (json!({"alg": "HS256"}), Algorithm::HS384),
        (json!({"alg": "RS256"}), Algorithm::HS256),
        (json!({}), Algorithm::HS256),
        (json!({"alg": "HS256", "crit": ["exp"]}), Algorithm::HS256),
        (json!({"alg": "HS256", "crit": []}), Algorithm::HS256),
        (json!({"alg": "HS256", "crit": null}), Algorithm::HS256),
    ] {
        let token = signed(&header, &claims(json!({})), &key, algorithm);
        assert_eq!(tokens.verify(&token, now()).err(), Some(Refused), "{header}");
    }
}

#[test]
fn keys_that_the_token_brings_are_ignored() {
    let tokens = tokens(TokenPolicy::default());
    let bait = jwk(Some("x"), &EncodingKey::from_secret(&[9; 32]), Algorithm::HS256, json!({}));
    let header = json!({"alg": "HS256", "jku": "https://evil.example", "x5u": 7, "jwk": bait, "x5c": "?"});
    let ours = signed(&header, &claims(json!({})), &EncodingKey::from_secret(SECRET), Algorithm::HS256);
    assert!(tokens.verify(&ours, now()).is_ok(), "the signature is ours");
    let theirs = signed(&header, &claims(json!({})), &EncodingKey::from_secret(&[9; 32]), Algorithm::HS256);
    assert_eq!(tokens.verify(&theirs, now()).err(), Some(Refused));
}

#[test]
fn what_is_no_token_is_refused() {
    let tokens = tokens(TokenPolicy::default());
    let good = token(&claims(json!({})));
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let (header, payload) = message.split_once('.').expect("three parts");
    let large = token(&claims(json!({"pad": "x".repeat(8 * 1024)})));
    let tampered = format!(
        "{header}.{}.{signature}",
        URL_SAFE_NO_PAD.encode(claims(json!({"sub": "u_ana"})).to_string())
    );
    for text in [
        "",
        "..",
        "a.b.c",
        message,
        &format!("{message}."),
        &format!("{good}."),
        &format!("{good}.x"),
        &format!("{good}="),
        &format!("{header}..{signature}"),
        &format!("{payload}.{header}.{signature}"),
        &tampered,
        &large,
    ] {
        assert_eq!(tokens.verify(text, now()).err(), Some(Refused), "{}", &text[..text.len().min(60)]);
    }
    let fits = token(&claims(json!({"pad": "x".repeat(5 * 1024)})));
    assert!(fits.len() <= TOKEN_BYTES_MAX && tokens.verify(&fits, now()).is_ok());
}

#[test]
fn a_public_key_verifies_its_one_algorithm() {
    let keys = [
        (RSA_PUBLIC, rsa(RSA), Algorithm::RS256),
        (EC_PUBLIC, ec(), Algorithm::ES256),
        (ED_PUBLIC, ed(), Algorithm::EdDSA),
    ];
    for (public, _, expected) in &keys {
        let file = File::new(public);
        for (_, private, algorithm) in &keys {
            let token = signed(&json!({ "alg": algorithm }), &good(), private, *algorithm);
            let holds = verify_with(KeySource::Pem(file.0.clone()), &token);
            assert_eq!(holds, expected == algorithm, "{expected:?} {algorithm:?}");
        }
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let file = File::new(RSA_PUBLIC);
    let key = EncodingKey::from_secret(RSA_PUBLIC);
    for header in [json!({"alg": "HS256"}), json!({"alg": "RS256"})] {
        assert!(!verify_with(
            KeySource::Pem(file.0.clone()),
            &signed(&header, &good(), &key, Algorithm::HS256)
        ));
    }
    let other = signed(&json!({"alg": "RS512"}), &good(), &rsa(RSA), Algorithm::RS512);
    assert!(!verify_with(KeySource::Pem(file.0.clone()), &other), "only RS256 of the family");
}

#[test]
fn only_public_keys_of_the_three_kinds_are_taken() {
    for text in [RSA, EC, ED, EC_384_PUBLIC, b"", b"-----BEGIN PUBLIC KEY-----\n"] {
        let file = File::new(text);
        let refused = Tokens::new(KeySource::Pem(file.0.clone()), strict()).expect_err("no public key");
        assert!(matches!(refused, KeyFault::Unusable(_)), "{refused}");
    }
    let missing = Tokens::new(KeySource::Pem("no/such/file".into()), strict()).expect_err("missing");
    assert!(matches!(missing, KeyFault::Unreadable { .. }));
}

#[test]
fn public_keys_need_an_issuer_and_an_audience() {
    let file = File::new(EC_PUBLIC);
    for policy in [
        TokenPolicy::default(),
        TokenPolicy { issuer: Some("i".into()), ..TokenPolicy::default() },
        TokenPolicy { audience: Some("a".into()), ..TokenPolicy::default() },
    ] {
        let refused = Tokens::new(KeySource::Pem(file.0.clone()), policy).expect_err("incomplete");
        assert!(matches!(refused, KeyFault::IssuerAndAudienceNeeded));
    }
}

#[test]
fn a_key_of_a_set_is_found_by_its_id_alone() {
    let keys = [
        jwk(Some("r"), &rsa(RSA), Algorithm::RS256, json!({"use": "sig"})),
        jwk(Some("e"), &ec(), Algorithm::ES256, json!({"key_ops": ["verify"]})),
        jwk(Some("d"), &ed(), Algorithm::EdDSA, json!({})),
    ];
    let file = File::new(&set(&keys));
    for (kid, key, algorithm, holds) in [
        (json!("r"), rsa(RSA), Algorithm::RS256, true),
        (json!("e"), ec(), Algorithm::ES256, true),
        (json!("d"), ed(), Algorithm::EdDSA, true),
        (json!("e"), rsa(RSA), Algorithm::RS256, false),
        (json!("x"), rsa(RSA), Algorithm::RS256, false),
        (json!(null), rsa(RSA), Algorithm::RS256, false),
        (json!("r"), rsa(RSA_OTHER), Algorithm::RS256, false),
        (json!("r"), rsa(RSA), Algorithm::PS256, false),
    ] {
        let token = signed(&json!({"alg": algorithm, "kid": kid}), &good(), &key, algorithm);
        assert_eq!(verify_with(KeySource::Jwks(file.0.clone()), &token), holds, "{kid} {algorithm:?}");
    }
}

#[test]
fn keys_of_a_set_that_are_not_for_this_are_passed_over() {
    for unfit in [
        jwk(None, &rsa(RSA), Algorithm::RS256, json!({})),
        jwk(Some("k"), &rsa(RSA), Algorithm::RS256, json!({"use": "enc"})),
        jwk(Some("k"), &rsa(RSA), Algorithm::RS256, json!({"key_ops": ["encrypt"]})),
        jwk(Some("k"), &rsa(RSA), Algorithm::RS256, json!({"alg": "RS512"})),
        jwk(Some("k"), &EncodingKey::from_secret(SECRET), Algorithm::HS256, json!({})),
        jwk(Some("k"), &ec(), Algorithm::ES256, json!({"crv": "P-384"})),
        json!({"kty": "new", "kid": "k"}),
        json!("?"),
    ] {
        let alone = File::new(&set(std::slice::from_ref(&unfit)));
        assert!(Tokens::new(KeySource::Jwks(alone.0.clone()), strict()).is_err(), "{unfit}");
        let mixed = File::new(&set(&[unfit, jwk(Some("e"), &ec(), Algorithm::ES256, json!({}))]));
        let token = signed(&json!({"alg": "ES256", "kid": "e"}), &good(), &ec(), Algorithm::ES256);
        assert!(verify_with(KeySource::Jwks(mixed.0.clone()), &token));
    }
}

#[test]
fn a_set_that_is_none_is_a_fault() {
    let twice = jwk(Some("e"), &ec(), Algorithm::ES256, json!({}));
    for text in [b"".to_vec(), b"{}".to_vec(), b"[]".to_vec(), set(&[]), set(&[twice.clone(), twice])] {
        let file = File::new(&text);
        assert!(Tokens::new(KeySource::Jwks(file.0.clone()), strict()).is_err());
    }
}

#[test]
fn a_changed_file_is_read_again_within_a_second() {
    let file = File::new(&set(&[jwk(Some("r"), &rsa(RSA), Algorithm::RS256, json!({}))]));
    let tokens = Tokens::new(KeySource::Jwks(file.0.clone()), strict()).expect("sound");
    let old = signed(&json!({"alg": "RS256", "kid": "r"}), &good(), &rsa(RSA), Algorithm::RS256);
    let new = signed(&json!({"alg": "ES256", "kid": "e"}), &good(), &ec(), Algorithm::ES256);
    let at = |micros| now().plus_micros(micros);

    assert!(tokens.verify(&old, at(0)).is_ok());
    file.write(&set(&[jwk(Some("e"), &ec(), Algorithm::ES256, json!({}))]));
    assert!(tokens.verify(&new, at(SECOND - 1)).is_err(), "looked at less than a second ago");
    assert!(tokens.verify(&new, at(SECOND)).is_ok());
    assert!(tokens.verify(&old, at(SECOND)).is_err(), "its key was withdrawn");

    file.write(b"half written");
    assert!(tokens.verify(&new, at(2 * SECOND)).is_ok(), "the old keys stay");
}
