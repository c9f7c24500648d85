//! Which call fails, and how.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use referral_domain::port::StoreError;

/// How a port call fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The store is away for this call, which has no effect.
    Unavailable,
    /// This unit lost a race; the next one will not.
    Contended,
    /// This unit lost a race, and so does every later one.
    ContendedForEver,
    /// The call is begun and given up: it may have had its effect, which nobody hears of. Its unit is of no more use.
    Abandoned,
    /// A commit happens, and its answer is lost. Meets no other call.
    LostCommit,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::Unavailable, Self::Contended, Self::ContendedForEver, Self::Abandoned, Self::LostCommit];
}

/// The call that failed first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fired {
    /// Its port and method, like `users.lock`.
    pub call: &'static str,
    /// Whether the unit may be stored all the same.
    pub may_be_stored: bool,
}

/// Counts port calls and makes one of them fail. Shared by the wrappers around a store and its reports.
#[derive(Debug, Default)]
pub struct Plan(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    calls: u32,
    armed: Option<(u32, Fault)>,
    fired: Option<Fired>,
}

/// The name under which a commit is counted.
pub(crate) const COMMIT: &str = "commit";

impl Plan {
    /// A plan under which nothing fails.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Starts counting anew; the `n`-th call from now, from 1, fails.
    pub fn arm(&self, n: u32, fault: Fault) {
        *self.lock() = State { armed: Some((n, fault)), ..State::default() };
    }

    /// Starts counting anew; nothing fails. Answers how many calls were counted and which of them failed first.
    pub fn disarm(&self) -> (u32, Option<Fired>) {
        let State { calls, fired, .. } = std::mem::take(&mut *self.lock());
        (calls, fired)
    }

    /// Counts a call; answers how it fails, if it does.
    #[must_use]
    pub fn next(&self, call: &'static str) -> Option<Fault> {
        let mut state = self.lock();
        state.calls += 1;
        let (calls, commit) = (state.calls, call == COMMIT);
        let (_, fault) = state.armed.filter(|(n, fault)| match fault {
            Fault::ContendedForEver => calls >= *n,
            Fault::LostCommit => calls == *n && commit,
            Fault::Unavailable | Fault::Contended | Fault::Abandoned => calls == *n,
        })?;
        let may_be_stored = commit && matches!(fault, Fault::Abandoned | Fault::LostCommit);
        state.fired.get_or_insert(Fired { call, may_be_stored });
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a call, or has it fail.
pub(crate) async fn through<T>(
    fault: Option<Fault>,
    call: impl Future<Output = Result<T, StoreError>> + Send,
) -> Result<T, StoreError> {
    match fault {
        None => call.await,
        Some(Fault::Unavailable) => Err(unavailable()),
        Some(Fault::Contended | Fault::ContendedForEver) => Err(contended()),
        Some(Fault::Abandoned) => Err(abandon(call)),
        Some(Fault::LostCommit) => call.await.and(Err(unavailable())),
    }
}

/// Begins a call and gives it up.
fn abandon<T>(call: impl Future<Output = Result<T, StoreError>>) -> StoreError {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(error)) => error,
        Poll::Ready(Ok(_)) | Poll::Pending => unavailable(),
    }
}

/// The store is away.
pub(crate) fn unavailable() -> StoreError {
    StoreError::Unavailable("an injected fault".into())
}

fn contended() -> StoreError {
    StoreError::Contended("an injected fault".into())
}
