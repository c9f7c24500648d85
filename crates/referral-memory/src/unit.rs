//! A unit of work: a turn, a draft, and the gate that every call goes through.

use async_trait::async_trait;
use referral_domain::port::{StoreError, UnitOfWork};
use tokio::sync::OwnedMutexGuard;

use crate::fault::spent;
use crate::state::State;
use crate::store::MemoryStore;

/// A unit of work. Dropping it forgets the draft and passes the turn on.
pub(crate) struct MemoryUnit {
    store: MemoryStore,
    draft: State,
    usable: bool,
    _turn: OwnedMutexGuard<()>,
}

impl MemoryUnit {
    /// A unit that sees everything committed before its turn came.
    pub(crate) fn begin(store: MemoryStore, turn: OwnedMutexGuard<()>) -> Result<Self, StoreError> {
        let draft = store.committed()?;
        Ok(Self { store, draft, usable: true, _turn: turn })
    }

    /// The gate: works on the draft, if every call before came to a good end.
    ///
    /// The unit is unusable from the beginning of a call to its good end. So a call that failed half-way, or was
    /// abandoned where it yields, leaves a unit that can neither be asked nor committed.
    pub(crate) async fn call<T: Send>(
        &mut self,
        work: impl FnOnce(&mut State) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        if !std::mem::replace(&mut self.usable, false) {
            return Err(spent());
        }
        self.store.answers()?;
        let answer = work(&mut self.draft)?;
        // Whoever abandons a call does so here, where the draft has changed and nobody was told.
        tokio::task::yield_now().await;
        self.usable = true;
        Ok(answer)
    }
}

#[async_trait]
impl UnitOfWork for MemoryUnit {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.call(|_| Ok(())).await?;
        let Self { store, draft, _turn, .. } = *self;
        store.publish(draft);
        Ok(())
    }
}
