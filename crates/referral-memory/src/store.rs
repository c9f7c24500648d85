//! The store: one committed state, and one lock that units take in turn.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use referral_domain::port::{Store, StoreError, UnitOfWork};
use tokio::sync::Mutex as Turn;

use crate::fault::down;
use crate::state::State;
use crate::unit::MemoryUnit;

/// Store and reports in this process's memory: nothing is left of it when the process ends. Clones share everything.
///
/// Units run strictly one after another; reports never wait for one and see what was committed.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    committed: Mutex<State>,
    turn: Arc<Turn<()>>,
    down: AtomicBool,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins or ends an outage. While it lasts, everything answers [`StoreError::Unavailable`]: beginning a unit,
    /// every call of one that is open, its commit, and every report. What is stored stays.
    pub fn go_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::SeqCst);
    }

    /// Refuses while an outage lasts.
    pub(crate) fn answers(&self) -> Result<(), StoreError> {
        if self.shared.down.load(Ordering::SeqCst) { Err(down()) } else { Ok(()) }
    }

    /// What is committed, as it is now.
    pub(crate) fn committed(&self) -> Result<State, StoreError> {
        self.answers()?;
        Ok(self.state().clone())
    }

    /// Replaces what is committed, at once.
    pub(crate) fn publish(&self, state: State) {
        *self.state() = state;
    }

    /// The state is only ever replaced whole, so a panic elsewhere cannot have left a half of it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.answers()?;
        let turn = Arc::clone(&self.shared.turn).lock_owned().await;
        Ok(Box::new(MemoryUnit::begin(self.clone(), turn)?))
    }
}
