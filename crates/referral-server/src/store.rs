//! The store that the configuration names: a SQLite file.

use std::sync::Arc;

use anyhow::{Context, bail};
use referral_domain::port::{Reports, Store};
use referral_sqlite::SqliteStore;

use crate::config::Config;
use crate::secrets::{private_directory, private_file};

/// A store, opened, with the schema of this build.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) reports: Arc<dyn Reports>,
}

impl From<SqliteStore> for Opened {
    fn from(store: SqliteStore) -> Self {
        let store = Arc::new(store);
        Self { store: store.clone(), reports: store }
    }
}

/// The store, made when there is none, with the names of the migrations that were applied just now.
///
/// # Errors
/// When it cannot be opened or migrated.
pub(crate) async fn migrated(config: &Config) -> anyhow::Result<(Opened, Vec<String>)> {
    private_directory(&config.data_directory())?;
    private_file(&config.database)?;
    let store = open(config)?;
    let applied = store.migrate().await.with_context(|| format!("{} cannot be migrated", name(config)))?;
    Ok((store.into(), applied))
}

/// The store as it stands.
///
/// # Errors
/// When there is none, or its schema is not the one this build needs.
pub(crate) async fn existing(config: &Config) -> anyhow::Result<Opened> {
    let missing = missing(config).await?;
    if !missing.is_empty() {
        bail!("{} lacks migrations ({}): run `referral-server migrate`", name(config), missing.join(", "));
    }
    open(config).map(Opened::from)
}

/// The names of the migrations that the store lacks; a store that is not there is an error, and stays so.
///
/// # Errors
/// When there is no store, or it cannot be read.
pub(crate) async fn missing(config: &Config) -> anyhow::Result<Vec<String>> {
    if !config.database.is_file() {
        bail!("there is no store at {}: `referral-server migrate` or `serve` makes one", name(config));
    }
    Ok(open(config)?.pending().await?)
}

fn open(config: &Config) -> anyhow::Result<SqliteStore> {
    SqliteStore::open(&config.database).with_context(|| format!("{} cannot be opened", name(config)))
}

fn name(config: &Config) -> String {
    format!("sqlite://{}", config.database.display())
}
