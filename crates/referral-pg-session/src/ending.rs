//! Endings that nobody waits for: a unit that is dropped cannot wait for its rollback, and whoever abandons a commit does
//! not take it back.
//!
//! Both go on in a task of their own, and the session goes back to its pool when they are answered: refusing is common,
//! and a new session costs a thousand times what a rollback does. Who waits for a lock waits for such a unit like for
//! any other. Only who passes over what is locked, or begins after an abandoned commit, must first know how it ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use referral_domain::port::{StoreError, chain};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::failure::unavailable;
use crate::pool::Lease;

/// Endings that are under way and that nobody waits for. Clones share them.
#[derive(Clone, Default)]
pub struct Endings(Arc<Mutex<Vec<watch::Receiver<()>>>>);

/// One that takes longer waits behind a statement; the server ends both by its time-outs.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

impl Endings {
    /// Rolls a unit back and gives its session back. Outside a runtime the session is closed.
    pub fn roll_back(&self, lease: Lease) {
        let Ok(runtime) = Handle::try_current() else { return };
        let (done, ending) = watch::channel(());
        self.watch(ending);
        runtime.spawn(async move {
            if let Err(error) = lease.roll_back().await {
                tracing::debug!(error = chain(&error), "a unit was not rolled back but cut off");
            }
            drop(done);
        });
    }

    /// Commits a unit; when the caller goes away meanwhile, it goes on and is one of these.
    pub async fn commit(&self, lease: Lease) -> Result<(), StoreError> {
        let (done, ending) = watch::channel(());
        let mut watched = Watched { endings: self, ending: Some(ending) };
        let committing = tokio::spawn(async move {
            let committed = lease.commit().await;
            drop(done);
            committed
        });
        let committed = committing.await;
        watched.ending = None;
        committed.map_err(unavailable)?
    }

    /// Waits for those that are under way, for a quarter of a second at most.
    pub async fn settle(&self) {
        let begun = self.list().clone();
        let all = futures_util::future::join_all(begun.into_iter().map(ended));
        if tokio::time::timeout(LONGEST_WAIT, all).await.is_err() {
            tracing::debug!("units that nobody waits for are still ending");
        }
    }

    /// Adds one, and forgets those that are over: the list is as long as there are endings under way.
    fn watch(&self, ending: watch::Receiver<()>) {
        let mut list = self.list();
        list.retain(|ending| ending.has_changed().is_ok());
        list.push(ending);
    }

    fn list(&self) -> MutexGuard<'_, Vec<watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing is ever sent: a channel ends when what it stands for does.
async fn ended(mut ending: watch::Receiver<()>) {
    while ending.changed().await.is_ok() {}
}

/// An ending that its caller waits for, until the caller goes away.
struct Watched<'a> {
    endings: &'a Endings,
    ending: Option<watch::Receiver<()>>,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.ending.take().into_iter().for_each(|ending| self.endings.watch(ending));
    }
}
