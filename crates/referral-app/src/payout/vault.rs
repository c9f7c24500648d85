//! Sealing where somebody is paid: AES-256-GCM under a key of its own, bound to the book, the user and the version.
//!
//! What is sealed for one user cannot be opened as another's, and a changed byte opens nothing. The nonce is 96 bits
//! of chance: far fewer are ever drawn than would repeat one.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use referral_domain::id::{BookId, UserId};
use referral_domain::identity::IdentityKey;
use referral_domain::payout::{Destination, PayoutMethod};
use referral_domain::port::{Chance, StoreError};

/// The first byte of what is sealed, so that another way can come after this one.
const VERSION: u8 = 1;

/// What the key is derived for.
const PURPOSE: &str = "referral payout destination 1";

/// Whose destination it is: what a sealed text is bound to.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) book: BookId,
    pub(crate) user: UserId,
    pub(crate) version: u32,
}

impl Owner {
    fn bytes(self) -> Vec<u8> {
        let mut bytes = self.book.0.to_be_bytes().to_vec();
        bytes.extend(self.user.uuid().as_bytes());
        bytes.extend(self.version.to_be_bytes());
        bytes
    }
}

fn key(identity: &IdentityKey) -> Result<LessSafeKey, Unspecified> {
    UnboundKey::new(&AES_256_GCM, &identity.derive(PURPOSE)).map(LessSafeKey::new)
}

/// Seals a destination for its owner.
///
/// # Errors
/// [`StoreError::Corrupt`] when the cipher refuses, which no input brings about.
pub(crate) fn seal(
    identity: &IdentityKey,
    chance: &dyn Chance,
    owner: Owner,
    destination: &Destination,
) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0; NONCE_LEN];
    chance.fill(&mut nonce);
    let mut text = destination.to_bytes();
    let sealed = key(identity).and_then(|key| {
        let (nonce, bound) = (Nonce::assume_unique_for_key(nonce), Aad::from(owner.bytes()));
        key.seal_in_place_append_tag(nonce, bound, &mut text)
    });
    sealed.map_err(|_| unsound(owner))?;
    Ok([&[VERSION], nonce.as_slice(), &text].concat())
}

/// Opens what was sealed for this owner.
///
/// # Errors
/// [`StoreError::Corrupt`] when it was not sealed for this owner under this key.
pub(crate) fn open(
    identity: &IdentityKey,
    book: BookId,
    method: &PayoutMethod,
) -> Result<Option<Destination>, StoreError> {
    let owner = Owner { book, user: method.user, version: method.n };
    let Some(sealed) = &method.sealed else { return Ok(None) };
    opened(identity, owner, sealed).map(Some).ok_or_else(|| unsound(owner))
}

fn opened(identity: &IdentityKey, owner: Owner, sealed: &[u8]) -> Option<Destination> {
    let (version, rest) = sealed.split_first()?;
    let (nonce, text) = rest.split_at_checked(NONCE_LEN).filter(|_| *version == VERSION)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = text.to_vec();
    let plain = key(identity).ok()?.open_in_place(nonce, Aad::from(owner.bytes()), &mut text).ok()?;
    Destination::from_bytes(plain)
}

fn unsound(owner: Owner) -> StoreError {
    let row = format!("{} {}", owner.user, owner.version);
    StoreError::corrupt("payout_methods", "sealed", row, "it is not sealed under this key for this user")
}

#[cfg(test)]
mod tests {
    use referral_domain::payout::MethodKind;
    use referral_domain::time::Timestamp;
    use uuid::Uuid;

    use super::*;

    struct Counting;

    impl Chance for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.iter_mut().zip(1..).for_each(|(byte, n)| *byte = n);
        }
    }

    fn identity(byte: u8) -> IdentityKey {
        IdentityKey::new(&[byte; 32]).expect("long enough")
    }

    fn owner(book: i64, user: u128, version: u32) -> Owner {
        Owner { book: BookId(book), user: UserId::from_uuid(Uuid::from_u128(user)), version }
    }

    fn stored(owner: Owner, sealed: Vec<u8>) -> PayoutMethod {
        PayoutMethod {
            user: owner.user,
            n: owner.version,
            kind: MethodKind::Paypal,
            label: String::new(),
            digest: [0; 32],
            sealed: Some(sealed),
            changed_at: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn what_is_sealed_is_opened_by_its_owner_alone() {
        let (key, here) = (identity(1), owner(7, 1, 1));
        let ana = Destination::paypal("ana@example.com").expect("an address");
        let sealed = seal(&key, &Counting, here, &ana).expect("sealed");
        assert!(!sealed.windows(3).any(|bytes| bytes == b"ana"), "it cannot be read");
        assert_eq!(open(&key, here.book, &stored(here, sealed.clone())).expect("opened"), Some(ana));
        let strangers = [owner(8, 1, 1), owner(7, 2, 1), owner(7, 1, 2)];
        let refused = strangers
            .iter()
            .filter(|other| open(&key, other.book, &stored(**other, sealed.clone())).is_err())
            .count();
        assert!(open(&identity(2), here.book, &stored(here, sealed.clone())).is_err(), "another key");
        let mut changed = 0;
        for place in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[place] ^= 1;
            changed += usize::from(open(&key, here.book, &stored(here, bent)).is_err());
        }
        println!("strangers refused={refused}/3 changed bytes refused={changed}/{}", sealed.len());
        assert_eq!((refused, changed), (3, sealed.len()));
    }

    #[test]
    fn what_was_erased_opens_to_nothing() {
        let here = owner(7, 1, 1);
        let erased = PayoutMethod { sealed: None, ..stored(here, Vec::new()) };
        assert_eq!(open(&identity(1), here.book, &erased).expect("nothing"), None);
    }
}
