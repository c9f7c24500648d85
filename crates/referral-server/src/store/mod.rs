//! The store that the configuration names: a SQLite file, or a PostgreSQL database.

mod postgres;
mod sqlite;
mod units;

use std::sync::Arc;

use anyhow::bail;
use referral_domain::port::{Reports, Store};
use referral_postgres::PgStore;

use crate::config::{Config, Database};
pub(crate) use units::Units;

/// A store, opened, with the schema of this build.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) reports: Arc<dyn Reports>,
    /// Set when several servers may share the store: what it tells about the others.
    pub(crate) shared: Option<PgStore>,
}

/// What is said of a role with more rights than a server needs.
pub(crate) const OVERPRIVILEGED: &str = "the database's role owns the ledger's tables, or may make functions in a schema, so that only triggers, or \
     not even they, keep it from the ledger: let the server connect as a role with no more than the rights of referral_app, and \
     REVOKE CREATE ON SCHEMA public FROM PUBLIC where PostgreSQL was upgraded from 14 (docs/OPERATIONS.md)";

/// The store as a server needs it, with the names of the migrations that were applied just now. The embedded store is
/// made and migrated by itself; PostgreSQL, which others may be using, only when that is asked for.
///
/// # Errors
/// When it cannot be opened or migrated, or lacks migrations that nobody asked for.
pub(crate) async fn ready(config: &Config, migrate: bool) -> anyhow::Result<(Opened, Vec<String>)> {
    match &config.database {
        Database::Sqlite(_) => migrated(config).await,
        Database::Postgres(_) if migrate => migrated(config).await,
        Database::Postgres(_) => Ok((existing(config).await?, Vec::new())),
    }
}

/// The store, made when there is none, with the names of the migrations that were applied just now.
///
/// # Errors
/// When it cannot be opened or migrated.
pub(crate) async fn migrated(config: &Config) -> anyhow::Result<(Opened, Vec<String>)> {
    match &config.database {
        Database::Sqlite(file) => sqlite::migrated(config, file).await,
        Database::Postgres(url) => postgres::migrated(url).await,
    }
}

/// The store as it stands.
///
/// # Errors
/// When there is none, or its schema is not the one this build needs.
pub(crate) async fn existing(config: &Config) -> anyhow::Result<Opened> {
    let missing = missing(config).await?;
    if !missing.is_empty() {
        let (name, missing) = (&config.database, missing.join(", "));
        bail!("{name} lacks migrations ({missing}): run `referral-server migrate`, or `serve --migrate`");
    }
    match &config.database {
        Database::Sqlite(file) => sqlite::open(file).map(Opened::from),
        Database::Postgres(url) => postgres::open(url).map(Opened::from),
    }
}

/// The names of the migrations that the store lacks; a store that is not there is an error, and stays so.
///
/// # Errors
/// When there is no store, or it cannot be read.
pub(crate) async fn missing(config: &Config) -> anyhow::Result<Vec<String>> {
    match &config.database {
        Database::Sqlite(file) => sqlite::missing(file).await,
        Database::Postgres(url) => postgres::missing(url).await,
    }
}
