//! The connections that only read: at most [`READERS`], opened when first needed, each lent to one report at a time.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use referral_domain::port::StoreError;
use tokio::sync::Semaphore;

use crate::connection::{self, Role};
use crate::failure::{Told, unavailable};
use crate::file::DatabaseFile;
use crate::writer::blocking;

/// How many reports run at once. Reads are served from memory, so more would only wait for a core.
const READERS: usize = 4;

/// Readers that are free, and how many may be out.
pub(crate) struct Pool {
    file: DatabaseFile,
    idle: Mutex<Vec<SqliteConnection>>,
    seats: Arc<Semaphore>,
}

impl Pool {
    /// A pool that has opened nothing yet.
    pub(crate) fn new(file: DatabaseFile) -> Self {
        Self { file, idle: Mutex::default(), seats: Arc::new(Semaphore::new(READERS)) }
    }

    /// Runs a report on one snapshot of the store: everything it reads was committed at one instant.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        report: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let seat = Arc::clone(&self.seats).acquire_owned().await.map_err(unavailable)?;
        let pool = Arc::clone(self);
        blocking(move || {
            let answer = pool.answer(report);
            drop(seat);
            answer
        })
        .await
    }

    /// A connection on which something failed is not used again: an error is rare and a new one is cheap.
    fn answer<T>(
        &self,
        report: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let path = self.file.path()?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut conn = match idle {
            Some(conn) => conn,
            None => connection::open(path, Role::Reader)?,
        };
        let answer = on_a_snapshot(&mut conn, report)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        Ok(answer)
    }
}

fn on_a_snapshot<T>(
    conn: &mut SqliteConnection,
    report: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    conn.batch_execute("BEGIN").told()?;
    let answer = report(conn)?;
    conn.batch_execute("COMMIT").told()?;
    Ok(answer)
}
