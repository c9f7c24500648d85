//! The schema's versions, embedded in the binary.
//!
//! Each migration runs in a transaction of its own; one that fails changes nothing. All of them run under an advisory
//! lock of the session, so that of several servers that start at once one migrates and the others find nothing to do.

use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncMigrationHarness, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use referral_domain::port::StoreError;

use crate::connection::Session;
use crate::failure::{Told, unavailable};
use crate::statement::fixed;

pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// One number for everybody who migrates a database of this service: "referral" in ASCII.
const LOCK: &str = "SELECT pg_advisory_lock(8243122654983643500)";

/// Why a database does not fit this build.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("the database lacks these migrations: {}", .0.join(", "))]
    Behind(Vec<String>),
    #[error("the database has a migration this build does not know ({0}): it was migrated by a newer one")]
    Ahead(String),
}

/// The names of the migrations that are missing, oldest first. A database that was never touched stays so.
pub(crate) async fn pending(conn: &diesel_async::AsyncPgConnection) -> Result<Vec<String>, StoreError> {
    let applied = applied(conn).await?;
    let known = known()?;
    if let Some(foreign) = applied.iter().find(|version| !known.iter().any(|(known, _)| known == *version)) {
        return Err(unavailable(Unfit::Ahead(foreign.clone())));
    }
    Ok(known.into_iter().filter(|(version, _)| !applied.contains(version)).map(|(_, name)| name).collect())
}

/// Applies what is missing; answers the names of what was applied. The lock ends with the session.
pub(crate) async fn migrate(mut session: Session) -> Result<Vec<String>, StoreError> {
    session.conn.batch_execute(LOCK).await.told()?;
    let names = pending(&session.conn).await?;
    let mut harness = AsyncMigrationHarness::new(session.conn);
    harness.run_pending_migrations(MIGRATIONS).map_err(StoreError::Unavailable)?;
    Ok(names)
}

/// Whether the schema is exactly the one this build needs.
pub(crate) async fn check(conn: &diesel_async::AsyncPgConnection) -> Result<(), StoreError> {
    let missing = pending(conn).await?;
    if missing.is_empty() { Ok(()) } else { Err(unavailable(Unfit::Behind(missing))) }
}

/// Version and name of every embedded migration, oldest first.
fn known() -> Result<Vec<(String, String)>, StoreError> {
    let embedded = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(StoreError::Unavailable)?;
    let mut known = Vec::with_capacity(embedded.len());
    for migration in &embedded {
        let name = migration.name();
        known.push((name.version().to_string(), name.to_string()));
    }
    known.sort();
    Ok(known)
}

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

async fn applied(mut conn: &diesel_async::AsyncPgConnection) -> Result<Vec<String>, StoreError> {
    let there = fixed::<(Bool,)>("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL");
    if !there.get_result::<(bool,)>(&mut conn).await.told()?.0 {
        return Ok(Vec::new());
    }
    let versions = __diesel_schema_migrations::table.select(__diesel_schema_migrations::version);
    versions.order(__diesel_schema_migrations::version).load(&mut conn).await.told()
}
