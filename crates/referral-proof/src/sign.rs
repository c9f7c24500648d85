//! Ed25519 signatures of blocks: whoever has the public key needs no published head to know whose block it is.
//!
//! A key file holds PKCS#8 PEM (`openssl genpkey -algorithm ed25519`), or the 32 bytes of the seed as they are or in
//! hexadecimal; a public key's file holds SPKI PEM (`openssl pkey -pubout`), or the 32 bytes likewise.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer;

use crate::Hash;
use crate::text::{bytes, hex};

/// Said before the hash, so that no other use of the key can be passed off as a signature of a block.
const CONTEXT: &[u8] = b"referral.ledger.block.v1";

/// What stands before the seed in the PKCS#8 form of an Ed25519 key (RFC 8410).
const PRIVATE: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// What stands before the point in the SPKI form.
const PUBLIC: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A signature.
pub type Signature = [u8; 64];

/// Why a key file holds no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyFault {
    /// It is neither PEM of an Ed25519 key nor 32 bytes.
    #[error("neither PEM of an Ed25519 key nor 32 bytes (as they are, or in hexadecimal)")]
    Form,
    /// The bytes are no point of the curve.
    #[error("the bytes are no Ed25519 public key")]
    Point,
}

/// A key that signs blocks. It is never shown.
///
/// ```
/// use referral_proof::sign::SigningKey;
/// let key = SigningKey::from_seed([7; 32]);
/// let signature = key.sign(&[1; 32]);
/// assert!(key.public().has_signed(&[1; 32], &signature));
/// assert!(!key.public().has_signed(&[2; 32], &signature));
/// ```
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {})", self.public())
    }
}

impl SigningKey {
    /// The key of a seed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&seed))
    }

    /// The key in a file of this content.
    ///
    /// # Errors
    /// When it holds none.
    pub fn read(file: &[u8]) -> Result<Self, KeyFault> {
        key_bytes(file, "PRIVATE KEY", &PRIVATE).map(Self::from_seed)
    }

    /// The file that [`SigningKey::read`] reads, as PKCS#8 PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem("PRIVATE KEY", &PRIVATE, self.0.as_bytes())
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a block's hash.
    #[must_use]
    pub fn sign(&self, hash: &Hash) -> Signature {
        self.0.sign(&[CONTEXT, hash].concat()).to_bytes()
    }
}

/// A key that knows signatures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.as_bytes()))
    }
}

impl PublicKey {
    /// The key in a file of this content.
    ///
    /// # Errors
    /// When it holds none.
    pub fn read(file: &[u8]) -> Result<Self, KeyFault> {
        let point = key_bytes(file, "PUBLIC KEY", &PUBLIC)?;
        ed25519_dalek::VerifyingKey::from_bytes(&point).map(Self).map_err(|_| KeyFault::Point)
    }

    /// The file that [`PublicKey::read`] reads, as SPKI PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem("PUBLIC KEY", &PUBLIC, self.0.as_bytes())
    }

    /// Whether this key signed a block of this hash. Strict: one block has one signature by one key.
    #[must_use]
    pub fn has_signed(&self, hash: &Hash, signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.0.verify_strict(&[CONTEXT, hash].concat(), &signature).is_ok()
    }
}

fn pem(label: &str, before: &[u8], key: &[u8; 32]) -> String {
    let text = STANDARD.encode([before, key].concat());
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn key_bytes(file: &[u8], label: &str, before: &[u8]) -> Result<[u8; 32], KeyFault> {
    if let Ok(raw) = file.try_into() {
        return Ok(raw);
    }
    let text = std::str::from_utf8(file).map_err(|_| KeyFault::Form)?.trim();
    bytes(text).or_else(|| from_pem(text, label, before)).ok_or(KeyFault::Form)
}

/// The key behind what stands before every Ed25519 key of this form.
fn from_pem(text: &str, label: &str, before: &[u8]) -> Option<[u8; 32]> {
    let body = text.strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let body = body.strip_suffix(&format!("-----END {label}-----"))?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()?.strip_prefix(before)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `openssl genpkey -algorithm ed25519`, and its `openssl pkey -pubout`.
    const BY_OPENSSL: [&str; 2] = [
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIBaBQqxqvHXy2MOgB+KW6rGRtUehE4AOaI5kmyDmq5Gw\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEACKAPHFHb5TWnnsHoqy4atQyiUheWZZqfVLjUQax9SDQ=\n-----END PUBLIC KEY-----\n",
    ];

    #[test]
    fn keys_made_elsewhere_are_read_and_belong_together() {
        let key = SigningKey::read(BY_OPENSSL[0].as_bytes()).expect("a key");
        let public = PublicKey::read(BY_OPENSSL[1].as_bytes()).expect("a key");
        assert_eq!(key.public(), public);
        assert_eq!((key.pem().as_str(), public.pem().as_str()), (BY_OPENSSL[0], BY_OPENSSL[1]));
    }

    /// RFC 8032, section 7.1, test 1: the public key of this seed.
    #[test]
    fn a_seed_has_the_public_key_of_the_standard() {
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let by_text = SigningKey::read(format!("{seed}\n").as_bytes()).expect("a key");
        let by_bytes = SigningKey::read(&bytes::<32>(seed).expect("hexadecimal")).expect("a key");
        assert_eq!(by_text.public().to_string(), public);
        assert_eq!(by_bytes.public(), by_text.public());
        assert_eq!(PublicKey::read(public.as_bytes()), Ok(by_text.public()));
        assert_eq!(format!("{by_text:?}"), format!("SigningKey(of {public})"), "the seed is not shown");
    }

    #[test]
    fn what_is_no_key_is_said() {
        let swapped = SigningKey::from_seed([1; 32]).public().pem();
        for file in ["", "a key", "0123", swapped.as_str()] {
            assert_eq!(SigningKey::read(file.as_bytes()).map(|_| ()), Err(KeyFault::Form), "{file}");
        }
        assert_eq!(PublicKey::read(&[0xff; 31]).map(|_| ()), Err(KeyFault::Form));
        let no_point = [&[2], [0_u8; 31].as_slice()].concat();
        assert_eq!(PublicKey::read(&no_point).map(|_| ()), Err(KeyFault::Point));
    }

    #[test]
    fn another_key_has_not_signed_it_nor_was_another_signature_made() {
        let (key, other) = (SigningKey::from_seed([1; 32]), SigningKey::from_seed([2; 32]));
        let mut signature = key.sign(&[9; 32]);
        assert!(key.public().has_signed(&[9; 32], &signature));
        assert!(!other.public().has_signed(&[9; 32], &signature));
        signature[0] ^= 1;
        assert!(!key.public().has_signed(&[9; 32], &signature));
    }
}
