//! The schema's versions, embedded in the binary.
//!
//! Each migration runs in a transaction of its own under the writer's lock; one that fails changes nothing.

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use referral_domain::port::StoreError;

use crate::failure::unavailable;

pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Why a database does not fit this build.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("the database lacks these migrations: {}", .0.join(", "))]
    Behind(Vec<String>),
    #[error("the database has a migration this build does not know ({0}): it was migrated by a newer one")]
    Ahead(String),
}

/// The names of the migrations that are missing, oldest first. A database that was never touched stays so.
pub(crate) fn pending(conn: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let applied = applied(conn)?;
    let known = known()?;
    if let Some(foreign) = applied.iter().find(|version| !known.iter().any(|(known, _)| known == *version)) {
        return Err(unavailable(Unfit::Ahead(foreign.clone())));
    }
    Ok(known.into_iter().filter(|(version, _)| !applied.contains(version)).map(|(_, name)| name).collect())
}

/// Applies what is missing; answers the names of what was applied.
pub(crate) fn migrate(conn: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let names = pending(conn)?;
    conn.run_pending_migrations(MIGRATIONS).map_err(StoreError::Unavailable)?;
    Ok(names)
}

/// Whether the schema is exactly the one this build needs.
pub(crate) fn check(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let missing = pending(conn)?;
    if missing.is_empty() { Ok(()) } else { Err(unavailable(Unfit::Behind(missing))) }
}

/// Version and name of every embedded migration, oldest first.
fn known() -> Result<Vec<(String, String)>, StoreError> {
    use diesel::migration::MigrationSource;
    let embedded = MigrationSource::<Sqlite>::migrations(&MIGRATIONS).map_err(StoreError::Unavailable)?;
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

diesel::table! {
    sqlite_schema (name) {
        name -> Text,
    }
}

fn applied(conn: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    use crate::failure::Told;
    let there = sqlite_schema::table.filter(sqlite_schema::name.eq("__diesel_schema_migrations"));
    if !diesel::select(diesel::dsl::exists(there)).get_result(conn).told()? {
        return Ok(Vec::new());
    }
    let versions = __diesel_schema_migrations::table.select(__diesel_schema_migrations::version);
    versions.order(__diesel_schema_migrations::version).load(conn).told()
}
