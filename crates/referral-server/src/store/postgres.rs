//! The store for many servers.

use std::sync::Arc;

use actix_web::rt::task::spawn_blocking;
use anyhow::Context;
use referral_postgres::{PgStore, Sessions};
use tokio::runtime::Builder;

use super::Opened;
use crate::config::PostgresUrl;

impl From<PgStore> for Opened {
    fn from(store: PgStore) -> Self {
        let shared = Some(store.clone());
        let store = Arc::new(store);
        Self { store: store.clone(), reports: store, shared }
    }
}

/// The store at this URL, migrated. Of several servers that try at once, one does it and the others wait.
pub(super) async fn migrated(url: &PostgresUrl) -> anyhow::Result<(Opened, Vec<String>)> {
    let store = open(url)?;
    let applied = apply(store.clone()).await.with_context(|| format!("{url} cannot be migrated"))?;
    Ok((store.into(), applied))
}

/// Migrations block the thread they run on, which the runtime of a server cannot spare: they get one of their own.
async fn apply(store: PgStore) -> anyhow::Result<Vec<String>> {
    let applying = spawn_blocking(move || {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        anyhow::Ok(runtime.block_on(store.migrate())?)
    });
    applying.await.context("the migrations broke down")?
}

pub(super) async fn missing(url: &PostgresUrl) -> anyhow::Result<Vec<String>> {
    open(url)?.pending().await.with_context(|| format!("{url} cannot be read"))
}

pub(super) fn open(url: &PostgresUrl) -> anyhow::Result<PgStore> {
    PgStore::open(url.expose(), Sessions::default()).with_context(|| format!("{url} cannot be opened"))
}
