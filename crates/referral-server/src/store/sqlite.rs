//! The embedded store.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use referral_sqlite::SqliteStore;

use super::Opened;
use crate::config::Config;
use crate::secrets::{private_directory, private_file};

impl From<SqliteStore> for Opened {
    fn from(store: SqliteStore) -> Self {
        let store = Arc::new(store);
        Self { store: store.clone(), reports: store, shared: None }
    }
}

/// The store in this file, made and migrated; its folder is the one where the server keeps its secrets.
pub(super) async fn migrated(config: &Config, file: &Path) -> anyhow::Result<(Opened, Vec<String>)> {
    private_directory(&config.data_directory())?;
    private_file(file)?;
    let store = open(file)?;
    let applied = store.migrate().await.with_context(|| format!("{} cannot be migrated", name(file)))?;
    Ok((store.into(), applied))
}

pub(super) async fn missing(file: &Path) -> anyhow::Result<Vec<String>> {
    if !file.is_file() {
        bail!("there is no store at {}: `referral-server migrate` or `serve` makes one", name(file));
    }
    Ok(open(file)?.pending().await?)
}

pub(super) fn open(file: &Path) -> anyhow::Result<SqliteStore> {
    SqliteStore::open(file).with_context(|| format!("{} cannot be opened", name(file)))
}

fn name(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}
