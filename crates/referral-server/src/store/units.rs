//! Where units of spend run.

use anyhow::Context;
use referral_app::App;
use tokio::runtime::{Builder, Runtime};

use crate::config::Database;

/// The runtime of the units of spend, when the store is one that wants it.
///
/// The embedded store works on the thread that calls it, if that is one of a runtime of several: on a runtime of its own a unit
/// has one thread from its beginning to its commit, and is handed from thread to thread nowhere. PostgreSQL is asked over
/// sockets, and its units run with everything else.
pub(crate) struct Units(Option<Runtime>);

impl Units {
    /// A runtime for the units of this store, if it wants one.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn of(database: &Database) -> anyhow::Result<Self> {
        match database {
            Database::Sqlite(_) => {
                let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("units").build();
                Ok(Self(Some(runtime.context("no thread for the units of the store")?)))
            }
            Database::Postgres(_) => Ok(Self(None)),
        }
    }

    /// The application with a lane whose units run here.
    pub(crate) fn with_lane(&self, app: App) -> App {
        match &self.0 {
            Some(runtime) => app.with_lane_on(runtime.handle().clone()),
            None => app.with_lane(),
        }
    }
}

/// A runtime must not be waited for where other tasks run. What is left of it ends with the process; by then the lane is closed.
impl Drop for Units {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
