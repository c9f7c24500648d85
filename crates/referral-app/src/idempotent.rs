//! Idempotency keys: the same key and body answer the first reply; the key commits with the effect.

use referral_domain::id::BookId;
use referral_domain::port::{IdempotencyKey, StoreError, StoredReply, Unit};
use referral_domain::time::Timestamp;

/// A request that may be repeated under a key. `render` makes the reply that is kept, from the receipt.
pub struct Idempotent<'a, R> {
    /// Who asks: `user:<id>` or `key:<id>`.
    pub caller: &'a str,
    /// The method and path.
    pub endpoint: &'a str,
    /// What was sent as `Idempotency-Key`.
    pub key: &'a str,
    /// SHA-256 of the request's body.
    pub request: [u8; 32],
    /// Makes the status and body of the reply.
    pub render: &'a (dyn Fn(&R) -> (u16, String) + Send + Sync),
}

/// A receipt, or the reply that was given for it before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Replayable<R> {
    /// Done now.
    Fresh(R),
    /// Done before under the same key: that reply.
    Replayed(StoredReply),
}

/// The key was used before for another body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this Idempotency-Key was used for another request body")]
pub struct KeyReused;

/// What a claim of a key answers.
pub(crate) enum Claimed {
    /// Go on.
    Free,
    /// Answer this.
    Reply(StoredReply),
    /// Refuse.
    Reused,
}

impl<R> Idempotent<'_, R> {
    /// Locks the key and looks whether it was used.
    pub(crate) async fn claim(&self, unit: &mut Unit<'_>, book: BookId) -> Result<Claimed, StoreError> {
        Ok(match unit.idempotency().claim(&self.key_in(book)).await? {
            None => Claimed::Free,
            Some(reply) if reply.request == self.request => Claimed::Reply(reply),
            Some(_) => Claimed::Reused,
        })
    }

    /// What is to be recorded beside the effect.
    pub(crate) fn reply(&self, book: BookId, receipt: &R, now: Timestamp) -> (IdempotencyKey, StoredReply) {
        let (status, body) = (self.render)(receipt);
        (self.key_in(book), StoredReply { request: self.request, status, body, created_at: now })
    }

    fn key_in(&self, book: BookId) -> IdempotencyKey {
        let owned = |text: &str| text.to_owned();
        let (caller, endpoint, key) = (owned(self.caller), owned(self.endpoint), owned(self.key));
        IdempotencyKey { book, caller, endpoint, key }
    }
}

/// Claims the key, if there is one.
pub(crate) async fn claim<R>(
    request: Option<&Idempotent<'_, R>>,
    unit: &mut Unit<'_>,
    book: BookId,
) -> Result<Claimed, StoreError> {
    match request {
        Some(request) => request.claim(unit, book).await,
        None => Ok(Claimed::Free),
    }
}
