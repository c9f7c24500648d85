//! Reads that many ask for at once, made once for all of them, and never stale.
//!
//! For one key at most one read is in flight. Whoever asks while it runs waits for the *next* one, which all who ask until it
//! begins have in common. So every answer was read after it was asked for, as if each had asked alone; and the number of
//! reads does not grow with the number of those who ask. Each may ask for something of their own: the read is of all of it.
//!
//! A read runs in the futures of those who wait for it, whichever is polled: when one goes away the others carry it on, and
//! when all do it is dropped, and its key forgotten.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use referral_domain::port::StoreError;
use referral_domain::time::Timestamp;

/// What a read brought, for everybody who waited.
type Brought<V> = Result<V, Arc<StoreError>>;

/// A read that several wait for.
type Common<V> = Shared<BoxFuture<'static, Brought<V>>>;

/// What those who wait for one read ask for together.
pub(crate) trait Asked: Send + 'static {
    /// What one of them asks for.
    type One;

    /// What the first of them asks for.
    fn first(one: Self::One) -> Self;

    /// Another one asks as well.
    fn join(&mut self, one: Self::One);
}

/// How things stood: not earlier than anybody asked.
impl Asked for Timestamp {
    type One = Self;

    fn first(one: Self) -> Self {
        one
    }

    fn join(&mut self, one: Self) {
        *self = one.max(*self);
    }
}

/// What each names.
impl<N: Ord + Send + 'static> Asked for BTreeSet<N> {
    type One = N;

    fn first(one: N) -> Self {
        Self::from([one])
    }

    fn join(&mut self, one: N) {
        self.insert(one);
    }
}

/// How a key is read, for all who wait.
pub(crate) type Read<K, A, V> = dyn Fn(K, A) -> BoxFuture<'static, Result<V, StoreError>> + Send + Sync;

/// One read, begun or not.
struct Round<A, V> {
    number: u64,
    /// What is asked for, until it begins.
    asked: Option<A>,
    common: WeakShared<BoxFuture<'static, Brought<V>>>,
}

/// The reads of one key: the one that has begun, and the one after it.
struct Rounds<A, V> {
    running: Option<Round<A, V>>,
    next: Option<Round<A, V>>,
}

impl<A, V> Rounds<A, V> {
    fn is_over(&self) -> bool {
        let gone =
            |round: &Option<Round<A, V>>| round.as_ref().is_none_or(|round| round.common.upgrade().is_none());
        gone(&self.running) && gone(&self.next)
    }
}

struct State<K, A, V> {
    keys: HashMap<K, Rounds<A, V>>,
    rounds: u64,
}

/// Reads by key. Clones share them.
pub(crate) struct Coalesced<K, V, A = Timestamp> {
    state: Arc<Mutex<State<K, A, V>>>,
    read: Arc<Read<K, A, V>>,
}

impl<K, V, A> Clone for Coalesced<K, V, A> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), read: self.read.clone() }
    }
}

impl<K, V, A> Coalesced<K, V, A>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    A: Asked,
{
    /// Nothing is read yet.
    pub(crate) fn new(
        read: impl Fn(K, A) -> BoxFuture<'static, Result<V, StoreError>> + Send + Sync + 'static,
    ) -> Self {
        let state = State { keys: HashMap::new(), rounds: 0 };
        Self { state: Arc::new(Mutex::new(state)), read: Arc::new(read) }
    }

    /// What a read brings that begins after this call, and is of what is asked for here as well.
    ///
    /// # Errors
    /// The read's; everybody who waited for it gets one of the same kind, with the same causes.
    pub(crate) async fn get(&self, key: &K, asked: A::One) -> Result<V, StoreError> {
        let leaving = Leaving { reads: self, key };
        let brought = self.join(key, asked).await;
        drop(leaving);
        brought.map_err(|fault| again(&fault))
    }

    /// Joins the read that has not begun, or arranges one.
    fn join(&self, key: &K, one: A::One) -> Common<V> {
        let mut state = self.lock();
        state.rounds += 1;
        let number = state.rounds;
        let rounds = state.keys.entry(key.clone()).or_insert(Rounds { running: None, next: None });
        if let Some(Round { asked: Some(asked), common, .. }) = &mut rounds.next
            && let Some(common) = common.upgrade()
        {
            asked.join(one);
            return common;
        }
        let running = rounds.running.as_ref().and_then(|round| round.common.upgrade());
        let common = self.clone().run(key.clone(), number, running).boxed().shared();
        let asked = Some(A::first(one));
        rounds.next = common.downgrade().map(|common| Round { number, asked, common });
        common
    }

    /// Waits for the read before it, then reads.
    async fn run(self, key: K, number: u64, before: Option<Common<V>>) -> Brought<V> {
        if let Some(before) = before {
            // Whatever it brought was for those who waited for it.
            drop(before.await);
        }
        let asked = self.begin(&key, number);
        let asked = asked.ok_or_else(|| Arc::new(StoreError::Contended("a read nobody asked for".into())))?;
        (self.read)(key, asked).await.map_err(Arc::new)
    }

    /// From now on, who asks waits for another read than this one; answers what this one is asked for.
    fn begin(&self, key: &K, number: u64) -> Option<A> {
        let mut state = self.lock();
        let rounds = state.keys.get_mut(key)?;
        let mut begun = rounds.next.take_if(|next| next.number == number)?;
        let asked = begun.asked.take();
        rounds.running = Some(begun);
        asked
    }

    /// Nothing that panics runs under the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, State<K, A, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn keys(&self) -> usize {
        self.lock().keys.len()
    }
}

/// Forgets a key when the last who waited for it leaves, answered or not.
struct Leaving<'a, K: Eq + Hash, V, A> {
    reads: &'a Coalesced<K, V, A>,
    key: &'a K,
}

impl<K: Eq + Hash, V, A> Drop for Leaving<'_, K, V, A> {
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
