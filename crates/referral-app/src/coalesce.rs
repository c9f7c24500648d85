//! Reads that many ask for at once, made once for all of them, and never stale.
//!
//! For one key at most one read is in flight. Whoever asks while it runs waits for the *next* one, which all who ask until it
//! begins have in common. So every answer was read after it was asked for, as if each had asked alone; and the number of
//! reads does not grow with the number of those who ask.
//!
//! A read runs in the futures of those who wait for it, whichever is polled: when one goes away the others carry it on, and
//! when all do it is dropped, and its key forgotten.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use referral_domain::port::StoreError;
use referral_domain::time::Timestamp;

/// What a read brought, for everybody who waited.
type Brought<V> = Result<V, Arc<StoreError>>;

/// A read that several wait for.
type Common<V> = Shared<BoxFuture<'static, Brought<V>>>;

/// How a key is read, at an instant that is not earlier than that of anybody who waits.
pub(crate) type Read<K, V> = dyn Fn(K, Timestamp) -> BoxFuture<'static, Result<V, StoreError>> + Send + Sync;

/// One read, begun or not.
struct Round<V> {
    number: u64,
    /// The latest instant at which somebody asked.
    asked_at: Arc<AtomicI64>,
    common: WeakShared<BoxFuture<'static, Brought<V>>>,
}

/// The reads of one key: the one that has begun, and the one after it.
struct Rounds<V> {
    running: Option<Round<V>>,
    next: Option<Round<V>>,
}

impl<V> Rounds<V> {
    fn is_over(&self) -> bool {
        let gone =
            |round: &Option<Round<V>>| round.as_ref().is_none_or(|round| round.common.upgrade().is_none());
        gone(&self.running) && gone(&self.next)
    }
}

struct State<K, V> {
    keys: HashMap<K, Rounds<V>>,
    rounds: u64,
}

/// Reads by key. Clones share them.
pub(crate) struct Coalesced<K, V> {
    state: Arc<Mutex<State<K, V>>>,
    read: Arc<Read<K, V>>,
}

impl<K, V> Clone for Coalesced<K, V> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), read: self.read.clone() }
    }
}

impl<K, V> Coalesced<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Nothing is read yet.
    pub(crate) fn new(
        read: impl Fn(K, Timestamp) -> BoxFuture<'static, Result<V, StoreError>> + Send + Sync + 'static,
    ) -> Self {
        let state = State { keys: HashMap::new(), rounds: 0 };
        Self { state: Arc::new(Mutex::new(state)), read: Arc::new(read) }
    }

    /// What a read brings that begins after this call, at `now` or later.
    ///
    /// # Errors
    /// The read's; everybody who waited for it gets one of the same kind, with the same causes.
    pub(crate) async fn get(&self, key: &K, now: Timestamp) -> Result<V, StoreError> {
        let leaving = Leaving { reads: self, key };
        let brought = self.join(key, now).await;
        drop(leaving);
        brought.map_err(|fault| again(&fault))
    }

    /// Joins the read that has not begun, or arranges one.
    fn join(&self, key: &K, now: Timestamp) -> Common<V> {
        let mut state = self.lock();
        state.rounds += 1;
        let number = state.rounds;
        let rounds = state.keys.entry(key.clone()).or_insert(Rounds { running: None, next: None });
        if let Some(next) = &rounds.next
            && let Some(common) = next.common.upgrade()
        {
            next.asked_at.fetch_max(now.micros(), Ordering::AcqRel);
            return common;
        }
        let running = rounds.running.as_ref().and_then(|round| round.common.upgrade());
        let asked_at = Arc::new(AtomicI64::new(now.micros()));
        let common = self.clone().run(key.clone(), number, asked_at.clone(), running).boxed().shared();
        rounds.next = common.downgrade().map(|common| Round { number, asked_at, common });
        common
    }

    /// Waits for the read before it, then reads.
    async fn run(
        self,
        key: K,
        number: u64,
        asked_at: Arc<AtomicI64>,
        before: Option<Common<V>>,
    ) -> Brought<V> {
        if let Some(before) = before {
            // Whatever it brought was for those who waited for it.
            drop(before.await);
        }
        self.begin(&key, number);
        let at = Timestamp::from_micros(asked_at.load(Ordering::Acquire));
        (self.read)(key, at).await.map_err(Arc::new)
    }

    /// From now on, who asks waits for another read than this one.
    fn begin(&self, key: &K, number: u64) {
        if let Some(rounds) = self.lock().keys.get_mut(key)
            && rounds.next.as_ref().is_some_and(|next| next.number == number)
        {
            rounds.running = rounds.next.take();
        }
    }

    /// Nothing that panics runs under the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn keys(&self) -> usize {
        self.lock().keys.len()
    }
}

/// Forgets a key when the last who waited for it leaves, answered or not.
struct Leaving<'a, K: Eq + Hash, V> {
    reads: &'a Coalesced<K, V>,
    key: &'a K,
}

impl<K: Eq + Hash, V> Drop for Leaving<'_, K, V> {
    fn drop(&mut self) {
        let mut state = self.reads.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.keys.get(self.key).is_some_and(Rounds::is_over) {
            state.keys.remove(self.key);
        }
    }
}

/// A fault that others were told as well.
#[derive(Debug)]
struct SharedCause(Arc<StoreError>);

impl std::fmt::Display for SharedCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match std::error::Error::source(&*self.0) {
            Some(cause) => write!(f, "{cause}"),
            None => write!(f, "{}", self.0),
        }
    }
}

impl std::error::Error for SharedCause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0).and_then(std::error::Error::source)
    }
}

/// The same fault once more.
fn again(fault: &Arc<StoreError>) -> StoreError {
    let source = Box::new(SharedCause(fault.clone()));
    match &**fault {
        StoreError::Unavailable(_) => StoreError::Unavailable(source),
        StoreError::Contended(_) => StoreError::Contended(source),
        StoreError::Corrupt { table, column, row, .. } => {
            StoreError::Corrupt { table, column, row: row.clone(), source }
        }
    }
}

#[cfg(test)]
mod tests;
