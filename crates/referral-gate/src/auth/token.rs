//! Verifying a JSON Web Token.
//!
//! The header is read for `alg`, `kid` and `crit` alone: `jku`, `x5u`, `jwk` and all else are not even parsed.
//! `alg` must be that of the key, so that `none` and a change of family fail before any cryptography.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::verify;
use referral_domain::time::{SECOND, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::keys::{Key, load};
use super::{KeyFault, KeySource, Refused, TokenIdentity, TokenPolicy, claims};

/// The longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// How often a key file is looked at, at most.
const RECHECK: i64 = SECOND;

/// Verifies tokens by the configured keys and policy.
#[derive(Debug)]
pub struct Tokens {
    source: KeySource,
    policy: TokenPolicy,
    loaded: Mutex<Loaded>,
}

/// The keys as last read, and what the file was like then.
struct Loaded {
    keys: Vec<Key>,
    stamp: Option<Stamp>,
    checked_at: Option<Timestamp>,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} keys", self.keys.len())
    }
}

/// A file's time of change and length: one of them differs when it was replaced.
type Stamp = (SystemTime, u64);

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// Whatever `crit` holds, null included, its being there is what counts.
fn present<'de, D: serde::Deserializer<'de>>(input: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(input).map(|_| true)
}

impl Tokens {
    /// Reads the keys once, so that a fault is heard of at start.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn new(source: KeySource, policy: TokenPolicy) -> Result<Self, KeyFault> {
        let secret = matches!(source, KeySource::Secret { .. });
        if !secret && (policy.issuer.is_none() || policy.audience.is_none()) {
            return Err(KeyFault::IssuerAndAudienceNeeded);
        }
        let stamp = stamp(&source);
        let loaded = Loaded { keys: load(&source)?, stamp, checked_at: None };
        Ok(Self { source, policy, loaded: Mutex::new(loaded) })
    }

    /// Who the token speaks for at `now`.
    ///
    /// # Errors
    /// [`Refused`], whatever the reason.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<TokenIdentity, Refused> {
        let (message, signature) =
            token.rsplit_once('.').filter(|_| token.len() <= TOKEN_BYTES_MAX).ok_or(Refused)?;
        let (header, payload) = message.split_once('.').ok_or(Refused)?;
        let header: Header = part(header)?;
        let signed = !header.crit && self.is_signed(&header, message, signature, now);
        let claims: Value = signed.then(|| part(payload)).ok_or(Refused)??;
        claims::judge(&claims, &self.policy, now)
    }

    fn is_signed(&self, header: &Header, message: &str, signature: &str, now: Timestamp) -> bool {
        let holds =
            |key: Key| verify(signature, message.as_bytes(), &key.key, key.algorithm).unwrap_or(false);
        self.candidates(header, now).into_iter().any(holds)
    }

    /// The keys that a token with this header may have been signed with. A key of a set has an id, and only a
    /// token that names it is verified with it.
    fn candidates(&self, header: &Header, now: Timestamp) -> Vec<Key> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.refresh(&self.source, now);
        let named = |key: &&Key| key.kid.is_none() || key.kid == header.kid;
        loaded.keys.iter().filter(|key| key.algorithm == header.alg).filter(named).cloned().collect()
    }
}

impl Loaded {
    /// Reads the file again when it changed. A file that cannot be used leaves the keys as they were: a
    /// half-written file must not lock everybody out, and the log says so once.
    fn refresh(&mut self, source: &KeySource, now: Timestamp) {
        let recent = self.checked_at.is_some_and(|checked| (0..RECHECK).contains(&now.since(checked)));
        let changed = !recent && stamp(source) != self.stamp;
        if !recent {
            self.checked_at = Some(now);
        }
        if changed {
            self.reload(source);
        }
    }

    fn reload(&mut self, source: &KeySource) {
        self.stamp = stamp(source);
        match load(source) {
            Ok(keys) => self.keys = keys,
            Err(fault) => {
                tracing::warn!(%fault, "the JWT key file changed but cannot be used; the old keys stay")
            }
        }
    }
}

fn stamp(source: &KeySource) -> Option<Stamp> {
    let (KeySource::Pem(path) | KeySource::Jwks(path)) = source else { return None };
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn part<T: for<'de> Deserialize<'de>>(encoded: &str) -> Result<T, Refused> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| Refused)?;
    serde_json::from_slice(&bytes).map_err(|_| Refused)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
