//! The store: a database, sessions that write, sessions that report.

use std::sync::Arc;

use async_trait::async_trait;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use referral_domain::port::{Store, StoreError, UnitOfWork};

use crate::connection::{Connector, Role};
use crate::ending::Endings;
use crate::failure::Told;
use crate::migration;
use crate::pool::Pool;
use crate::statement::fixed;
use crate::unit::PgUnit;

/// How many sessions a store opens at most, of each kind. They are opened when first needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sessions {
    /// Units of work at once; more wait for one of them to end.
    pub units: usize,
    /// Reports at once. They have sessions of their own: no report waits for a unit.
    pub reports: usize,
}

impl Default for Sessions {
    /// 16 and 8: a few servers fit into the 100 connections of a stock PostgreSQL.
    fn default() -> Self {
        Self { units: 16, reports: 8 }
    }
}

/// A store in one PostgreSQL database. Clones share it; any number of processes may open one database.
///
/// Everything committed survives any crash, as far as the server's `fsync` and `synchronous_commit` are on.
#[derive(Clone)]
pub struct PgStore {
    connector: Arc<Connector>,
    pub(crate) units: Pool,
    pub(crate) readers: Pool,
    rollbacks: Endings,
    commits: Endings,
}

impl std::fmt::Debug for PgStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PgStore")
    }
}

impl PgStore {
    /// A store at a URL like `postgres://user:password@host:5432/name?sslmode=verify-full`. Nothing is opened yet: a
    /// server that is away is met by the first unit or report.
    ///
    /// `sslmode` may be `disable`, `prefer`, `require`, `verify-ca` or `verify-full`; `sslrootcert` names a PEM file, or
    /// the built-in roots of the web by `system`. A socket's folder may stand as percent-encoded host.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the URL is not understood or the root certificates cannot be read.
    pub fn open(url: &str, sessions: Sessions) -> Result<Self, StoreError> {
        let connector = Arc::new(Connector::new(url)?);
        let units = Pool::new(Arc::clone(&connector), Role::Writer, sessions.units)?;
        let readers = Pool::new(Arc::clone(&connector), Role::Reader, sessions.reports)?;
        Ok(Self { connector, units, readers, rollbacks: Endings::default(), commits: Endings::default() })
    }

    /// Brings the schema to the version of this build; answers the names of the migrations that were applied, oldest
    /// first. Repeating it changes nothing; of several who try at once, one does it and the others wait.
    ///
    /// It needs a multi-thread runtime, and a role that may create tables.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when a migration fails (it changes nothing then) or the database was migrated by a
    /// newer build.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        migration::migrate(self.patient().await?).await
    }

    /// The names of the migrations that the database lacks, oldest first. Nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached or was migrated by a newer build.
    pub async fn pending(&self) -> Result<Vec<String>, StoreError> {
        let session = self.patient().await?;
        migration::pending(&session.conn).await
    }

    /// Whether the role that the URL names could delete what must stay, as an owner or a superuser, held by triggers alone,
    /// or could make functions in any schema, which the triggers may take for those of PostgreSQL (ADR 23). The service
    /// needs no more than the rights of `referral_app`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached or was never migrated.
    pub async fn is_overprivileged(&self) -> Result<bool, StoreError> {
        let session = self.patient().await?;
        let asked = fixed::<(Bool,)>(
            "SELECT has_table_privilege('entries', 'DELETE') OR EXISTS (SELECT FROM pg_namespace
               WHERE nspname !~ '^pg_' AND has_schema_privilege(oid, 'CREATE'))",
        );
        Ok(asked.get_result::<(bool,)>(&mut &session.conn).await.told()?.0)
    }

    /// A session that may take long, of nobody else.
    pub(crate) async fn patient(&self) -> Result<crate::connection::Session, StoreError> {
        self.session(Role::Patient).await
    }

    /// A session of nobody else.
    pub(crate) async fn session(&self, role: Role) -> Result<crate::connection::Session, StoreError> {
        self.connector.open(role).await
    }
}

#[async_trait]
impl Store for PgStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.commits.settle().await;
        let lease = self.units.lend().await?;
        Ok(Box::new(PgUnit::new(lease, self.rollbacks.clone(), self.commits.clone())))
    }
}
