//! Idempotency keys: the same key and body answer the first reply; the key commits with the effect.

use referral_domain::id::BookId;
use referral_domain::port::{Changes, IdempotencyKey, Store, StoreError, StoredReply, Unit};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;

use crate::app::program_in;
use crate::failure::Failure;
use crate::transact::{Boxed, transact};

/// A request that may be repeated under a key, which is one of its program, its caller, its method and its path.
pub struct Idempotent<'a, R> {
    /// Who asks: `user:<id>` or `key:<id>`.
    pub caller: &'a str,
    /// The method and path: `POST /api/referral/apply`.
    pub endpoint: &'a str,
    /// What was sent as `Idempotency-Key`.
    pub key: &'a str,
    /// SHA-256 of the request's body.
    pub request: [u8; 32],
    /// Makes the status and body of the reply that is kept, from the receipt.
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

impl<R> Replayable<R> {
    /// What was done now; `None` when it was done before, under the same key.
    #[must_use]
    pub fn fresh(self) -> Option<R> {
        match self {
            Self::Fresh(receipt) => Some(receipt),
            Self::Replayed(_) => None,
        }
    }
}

impl<R> Idempotent<'_, R> {
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

/// Locks the key, if there is one, and answers the reply that was given under it before.
///
/// # Errors
/// [`Failure::KeyReused`] when that was for another body, or the store's.
pub(crate) async fn claim<R, E>(
    request: Option<&Idempotent<'_, R>>,
    unit: &mut Unit<'_>,
    book: BookId,
) -> Result<Option<StoredReply>, Failure<E>> {
    let Some(request) = request else { return Ok(None) };
    match unit.idempotency().claim(&request.key_in(book)).await? {
        Some(reply) if reply.request != request.request => Err(Failure::KeyReused),
        known => Ok(known),
    }
}

/// Records the reply under the key, if there is one, in the unit of the effect.
pub(crate) async fn keep<R>(
    request: Option<&Idempotent<'_, R>>,
    unit: &mut Unit<'_>,
    book: BookId,
    receipt: &R,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(request) = request else { return Ok(()) };
    let replies = vec![request.reply(book, receipt, now)];
    unit.recorder().record(book, &Changes { replies, ..Changes::default() }).await
}

/// Runs `body` in a unit of work of a program, once for each idempotency key: the key is locked before anything else, and
/// the reply commits with the effect. A refusal keeps nothing, and is judged afresh.
///
/// # Errors
/// Whatever `body` answers, [`Failure::KeyReused`], no such program, or the store's.
pub(crate) async fn once<'env, R, E, F>(
    store: &dyn Store,
    slug: &'env Slug,
    request: Option<&'env Idempotent<'env, R>>,
    now: Timestamp,
    body: F,
) -> Result<Replayable<R>, Failure<E>>
where
    F: for<'u> Fn(&'u mut Unit<'env>, Program) -> Boxed<'u, Result<R, Failure<E>>>
        + Copy
        + Send
        + Sync
        + 'env,
    R: Send + Sync + 'env,
    E: Send + 'env,
{
    transact(store, move |unit| {
        Box::pin(async move {
            let program = program_in(unit, slug, now).await?;
            let book = program.book;
            if let Some(reply) = claim(request, unit, book).await? {
                return Ok(Replayable::Replayed(reply));
            }
            let receipt = body(unit, program).await?;
            keep(request, unit, book, &receipt, now).await?;
            Ok(Replayable::Fresh(receipt))
        })
    })
    .await
}
