//! What makes two events the same.

use sha2::{Digest, Sha256};

use super::{EventCommand, RefundCommand, SpendCommand};
use crate::id::UserId;

/// SHA-256 over the typed fields that make two events the same: user, minor units, currency, instant; of a spend the
/// fingerprint, of a refund its spend and reason.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BodyHash(pub [u8; 32]);

/// The hash of an event's body. Each field is fixed in length or prefixed by it; metadata and spelling are not part.
#[must_use]
pub fn body_hash(user: UserId, command: &EventCommand) -> BodyHash {
    let mut hash = Sha256::new();
    hash.update(if command.names().is_some() { b"R" } else { b"S" });
    hash.update(user.uuid().as_bytes());
    hash.update(command.amount().minor().to_be_bytes());
    hash.update(command.amount().currency().code());
    hash.update(command.occurred_at().micros().to_be_bytes());
    match command {
        EventCommand::Spend(SpendCommand { payment, .. }) => {
            hash.update([u8::from(payment.is_some())]);
            hash.update(payment.map_or([0; 32], |print| print.0));
        }
        EventCommand::Refund(RefundCommand { spend, reason, .. }) => {
            prefixed(&mut hash, spend.as_str());
            prefixed(&mut hash, reason.as_str());
        }
    }
    BodyHash(hash.finalize().into())
}

fn prefixed(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}
