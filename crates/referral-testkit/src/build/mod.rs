//! Builders, valid by default: say only what matters to the test.

mod event;
mod program;
mod referral;
mod user;

pub use event::{ARefund, ASpend, AnEvent, a_refund, a_refund_event, a_spend, an_event};
pub use program::{AProgram, a_program};
pub use referral::{ACode, AReferral, a_code, a_referral};
pub use user::{AUser, a_user};

use referral_domain::identity::{Fingerprint, IdentityKey};
use referral_domain::money::{Currency, Money};
use referral_domain::reference::{HostId, Reference, Slug, SourceId};
use uuid::{Builder, Uuid};

/// US dollars, in cents: `usd(25_00)`.
#[must_use]
pub fn usd(cents: i64) -> Money {
    Money::of(cents, currency("USD"))
}

/// A currency of ISO 4217.
#[must_use]
pub fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("a currency of ISO 4217")
}

/// The host's id of a user.
#[must_use]
pub fn host(name: &str) -> HostId {
    HostId::parse(name).expect("a host's id of a user")
}

/// The host's id of an event.
#[must_use]
pub fn source(name: &str) -> SourceId {
    SourceId::parse(name).expect("a host's id of an event")
}

/// The host's reference of a redemption or reversal.
#[must_use]
pub fn reference(name: &str) -> Reference {
    Reference::parse(name).expect("a host's reference")
}

/// A program's public id.
#[must_use]
pub fn slug(name: &str) -> Slug {
    Slug::parse(name).expect("a slug")
}

/// The keyed hash of an e-mail address, under the tests' one key.
#[must_use]
pub fn email(address: &str) -> Fingerprint {
    identity_key().email(address).expect("an e-mail address")
}

/// The key under which tests hash personal things.
#[must_use]
pub fn identity_key() -> IdentityKey {
    IdentityKey::new(&[7; 32]).expect("32 bytes")
}

/// An id in the shape of UUIDv7 that belongs to this name: equal names, equal ids.
#[must_use]
pub fn named_id(name: &str) -> Uuid {
    let hash = |basis: u64| {
        name.bytes().fold(basis, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&hash(0xcbf2_9ce4_8422_2325).to_be_bytes());
    Builder::from_unix_timestamp_millis(hash(0x8422_2325) & 0xffff_ffff_ffff, &bytes).into_uuid()
}
