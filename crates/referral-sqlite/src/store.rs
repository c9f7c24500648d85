//! The store: a file, its one writer, its readers.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use referral_domain::port::{Store, StoreError, UnitOfWork};
use tokio::sync::Mutex;

use crate::connection::{self, Role};
use crate::file::DatabaseFile;
use crate::migration;
use crate::pool::Pool;
use crate::unit::SqliteUnit;
use crate::writer::{Lease, Writer, blocking};

/// A store in one SQLite file. Clones share it.
///
/// Everything committed survives any crash of the process or the machine. Several processes may open one file: each
/// unit takes the file's write lock when it begins and waits for it at most 5 seconds.
#[derive(Clone)]
pub struct SqliteStore {
    pub(crate) writer: Arc<Mutex<Writer>>,
    pub(crate) readers: Arc<Pool>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteStore")
    }
}

impl SqliteStore {
    /// Opens a file, made when there is none, without changing its schema: see [`SqliteStore::migrate`].
    ///
    /// It blocks for a few milliseconds. The folder must exist and be writable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file cannot be opened, is no database, or a setting does not hold.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let conn = connection::open(path.as_ref(), Role::Writer)?;
        let file = DatabaseFile::at(path.as_ref())?;
        let writer = Arc::new(Mutex::new(Writer::new(file.clone(), conn)));
        Ok(Self { writer, readers: Arc::new(Pool::new(file)) })
    }

    /// Brings the schema to the version of this build; answers the names of the migrations that were applied, oldest
    /// first. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when a migration fails (it changes nothing then) or the file was migrated by a newer
    /// build.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        self.alone(migration::migrate).await
    }

    /// The names of the migrations that the file lacks, oldest first. Nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file cannot be read or was migrated by a newer build.
    pub async fn pending(&self) -> Result<Vec<String>, StoreError> {
        self.alone(migration::pending).await
    }

    /// Runs something on the writer outside any unit.
    async fn alone<T: Send + 'static>(
        &self,
        work: fn(&mut diesel::SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        blocking(move || work(writer.conn()?)).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let lease = Lease::begin(Arc::clone(&self.writer)).await?;
        Ok(Box::new(SqliteUnit::new(lease)))
    }
}
