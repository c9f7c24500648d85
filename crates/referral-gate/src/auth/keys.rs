//! The keys that tokens are verified with. A key knows its one algorithm; a token cannot choose.

use std::fmt;
use std::path::PathBuf;

use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};

use super::jwks;

/// A shorter secret can be guessed offline from one token.
pub(super) const SECRET_BYTES_MIN: usize = 32;

/// An uncompressed point of P-256: one byte and two coordinates.
const P256_POINT_BYTES: usize = 65;

/// An Ed25519 public key.
const ED25519_BYTES: usize = 32;

/// Where keys come from.
#[derive(Clone)]
pub enum KeySource {
    /// A secret shared with the host, and the one before it while tokens signed with that are still about.
    Secret {
        /// The secret in use: at least 32 bytes.
        current: Vec<u8>,
        /// The secret before.
        previous: Option<Vec<u8>>,
    },
    /// A file with one public key in PEM; read again when it changes.
    Pem(PathBuf),
    /// A file with a JSON Web Key Set; read again when it changes.
    Jwks(PathBuf),
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret { .. } => f.write_str("Secret([redacted])"),
            Self::Pem(path) => write!(f, "Pem({})", path.display()),
            Self::Jwks(path) => write!(f, "Jwks({})", path.display()),
        }
    }
}

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// A secret is too short.
    #[error("a JWT secret must have at least {SECRET_BYTES_MIN} bytes")]
    ShortSecret,
    /// With public keys, anybody's tokens of that issuer verify: who issued them and for whom must be checked.
    #[error("with a public key or a JWKS, an issuer and an audience must be configured")]
    IssuerAndAudienceNeeded,
    /// The file cannot be read.
    #[error("the key file {path} cannot be read")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The text is no key that we take.
    #[error("{0}")]
    Unusable(&'static str),
}

/// A key with its algorithm and, from a set, its id.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

impl Key {
    /// A key whose family decides the algorithm; curves other than the two we take are refused.
    pub(super) fn new(kid: Option<String>, key: DecodingKey) -> Result<Self, KeyFault> {
        let algorithm = match key.family() {
            AlgorithmFamily::Hmac => Algorithm::HS256,
            AlgorithmFamily::Rsa => Algorithm::RS256,
            AlgorithmFamily::Ec => {
                sized(&key, P256_POINT_BYTES, Algorithm::ES256, "an EC key must be of P-256")?
            }
            AlgorithmFamily::Ed => {
                sized(&key, ED25519_BYTES, Algorithm::EdDSA, "an Ed key must be of Ed25519")?
            }
        };
        Ok(Self { kid, algorithm, key })
    }

    fn secret(secret: &[u8]) -> Result<Self, KeyFault> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(KeyFault::ShortSecret);
        }
        Self::new(None, DecodingKey::from_secret(secret))
    }
}

fn sized(
    key: &DecodingKey,
    bytes: usize,
    algorithm: Algorithm,
    fault: &'static str,
) -> Result<Algorithm, KeyFault> {
    let fits = key.try_get_as_bytes().is_ok_and(|key| key.len() == bytes);
    if fits { Ok(algorithm) } else { Err(KeyFault::Unusable(fault)) }
}

/// The key or keys of `source`, read now.
pub(super) fn load(source: &KeySource) -> Result<Vec<Key>, KeyFault> {
    match source {
        KeySource::Secret { current, previous } => {
            std::iter::once(current).chain(previous).map(|secret| Key::secret(secret)).collect()
        }
        KeySource::Pem(path) => Ok(vec![pem(&read(path)?)?]),
        KeySource::Jwks(path) => jwks::parse(&read(path)?),
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, KeyFault> {
    std::fs::read(path).map_err(|source| KeyFault::Unreadable { path: path.clone(), source })
}

/// Public keys only: a private key in the place of a public one is a mistake that should be heard of.
fn pem(text: &[u8]) -> Result<Key, KeyFault> {
    let readers = [DecodingKey::from_rsa_pem, DecodingKey::from_ec_pem, DecodingKey::from_ed_pem];
    let public = [&b"-----BEGIN PUBLIC KEY-----"[..], b"-----BEGIN RSA PUBLIC KEY-----"];
    let labelled = public.iter().any(|label| text.trim_ascii_start().starts_with(label));
    let key = readers.iter().filter(|_| labelled).find_map(|reader| reader(text).ok());
    Key::new(
        None,
        key.ok_or(KeyFault::Unusable("the PEM file must hold one public key: RSA, P-256 or Ed25519"))?,
    )
}
