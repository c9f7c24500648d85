//! The one connection that writes, and how it is lent.
//!
//! A [`Lease`] is the right to write: a transaction begun with `BEGIN IMMEDIATE`. Whoever holds it moves it to where
//! blocking is allowed for each call and gets it back with the answer. When it is dropped before its commit, wherever that
//! happens (with the unit, with an error, with a call whose caller went away), the transaction is rolled back there
//! and then, and only after that is the connection free for the next unit. A rollback takes microseconds: nothing of a
//! unit reaches the file before its commit, but for pages that did not fit the cache.
//!
//! On a runtime of several threads a call blocks the thread it is made on, whose other tasks another thread takes over: a
//! unit waits for nobody between its calls. On a runtime of one thread each call is a hop to a blocking thread and back,
//! two wake-ups, of which a unit of a few events would spend its time.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use referral_domain::port::{StoreError, chain};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::{block_in_place, spawn_blocking};

use crate::connection::{self, Role};
use crate::failure::{Told, unavailable};
use crate::file::DatabaseFile;

/// The slot of the writing connection. It is empty until the first use, and after a rollback failed.
pub(crate) struct Writer {
    file: DatabaseFile,
    conn: Option<SqliteConnection>,
    in_unit: bool,
}

impl Writer {
    /// A writer to this file over a connection that is open.
    pub(crate) const fn new(file: DatabaseFile, conn: SqliteConnection) -> Self {
        Self { file, conn: Some(conn), in_unit: false }
    }

    /// The connection, opened again when the last one was given up.
    pub(crate) fn conn(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        match &mut self.conn {
            Some(conn) => Ok(conn),
            empty @ None => Ok(empty.insert(connection::open(self.file.path()?, Role::Writer)?)),
        }
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.file.path()?;
        self.conn()?.batch_execute("BEGIN IMMEDIATE").told()?;
        self.in_unit = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.file.path()?;
        self.conn()?.batch_execute("COMMIT").told()?;
        self.in_unit = false;
        Ok(())
    }

    /// Ends an open transaction. Some failures (a full disk) have ended it already, and then `ROLLBACK` fails too; a
    /// new connection is the one state that is known either way.
    fn abandon(&mut self) {
        let Some(conn) = self.conn.as_mut().filter(|_| self.in_unit) else { return };
        if let Err(error) = conn.batch_execute("ROLLBACK") {
            tracing::warn!(error = chain(&error), "a rollback failed; the writer connects again");
            self.conn = None;
        }
        self.in_unit = false;
    }
}

/// The right to write, until it is committed or dropped.
pub(crate) struct Lease(OwnedMutexGuard<Writer>);

impl Lease {
    /// Waits for the writer and begins a transaction.
    pub(crate) async fn begin(writer: Arc<Mutex<Writer>>) -> Result<Self, StoreError> {
        let mut lease = Self(writer.lock_owned().await);
        blocking(move || {
            lease.0.begin()?;
            Ok(lease)
        })
        .await
    }

    /// Runs a call's work, and gives the lease back with the answer unless it failed.
    pub(crate) async fn run<T: Send + 'static>(
        mut self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<(Self, T), StoreError> {
        blocking(move || {
            let answer = work(self.0.conn()?)?;
            Ok((self, answer))
        })
        .await
    }

    /// Stores everything, for good.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        blocking(move || self.0.commit()).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Runs something that may wait for the disk: here when this thread may be blocked, else on one that may. It runs to its end
/// even when nobody waits for it any more.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    if Handle::try_current().is_ok_and(|here| here.runtime_flavor() == RuntimeFlavor::MultiThread) {
        return block_in_place(work);
    }
    spawn_blocking(work).await.map_err(unavailable)?
}
