//! Databases with data in them, and what PostgreSQL counted while they were loaded.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use referral_testkit::launch::postgres::{Postgres, Site};

use crate::server::{Server, ended};

/// A database of the service.
#[derive(Clone)]
pub(crate) struct Data {
    pub(crate) name: &'static str,
    pub(crate) url: String,
    /// How many referred users, beside the 5,000 of the five hot referrers.
    pub(crate) referred: u64,
    /// How long sealing its ledger took.
    pub(crate) sealing: Duration,
    /// How many of its users crossed the threshold so far: each does once.
    pub(crate) crossed: Arc<AtomicU64>,
}

impl Data {
    /// How many referrers there are.
    pub(crate) const fn referrers(&self) -> u64 {
        self.referred / 10
    }
}

/// Makes a database, migrates it, loads it and seals what was loaded: a server that starts on it has nothing to catch up
/// with.
pub(crate) fn load(
    postgres: &Postgres,
    sql: &Path,
    name: &'static str,
    referred: u64,
    lines: u64,
) -> Result<Data> {
    let site = postgres.site();
    site.create_database(name, None);
    let url = site.url(name);
    // A server that starts makes the program.
    drop(Server::start(Some(&url), &["--migrate"])?);
    if referred > 0 {
        let mut psql = site.psql(name);
        psql.args(["-v", &format!("referred={referred}"), "-v", &format!("lines={lines}"), "-f"]);
        let loaded = psql.arg(sql.join("load.sql")).output().context("psql")?;
        if !loaded.status.success() {
            bail!("{name} cannot be loaded: {}", String::from_utf8_lossy(&loaded.stderr));
        }
    }
    let sealing = ended(&url, &["ledger", "seal"])?.took;
    Ok(Data { name, url, referred, sealing, crossed: Arc::default() })
}

/// The tables of the references.
pub(crate) fn reference(site: &Site, sql: &Path) -> Result<()> {
    site.create_database("reference", None);
    let made = site.psql("reference").arg("-f").arg(sql.join("reference.sql")).output()?;
    if !made.status.success() {
        bail!("{}", String::from_utf8_lossy(&made.stderr));
    }
    Ok(())
}

/// A number that a query answers.
pub(crate) fn number(site: &Site, database: &str, query: &str) -> Result<u64> {
    site.sql(database, query).parse().with_context(|| query.to_owned())
}

/// What PostgreSQL wrote and was asked.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wal_bytes: u64,
    pub(crate) syncs: u64,
    pub(crate) statements: u64,
    pub(crate) transactions: u64,
}

impl Cost {
    /// Until now.
    pub(crate) fn so_far(site: &Site, database: &str) -> Result<Self> {
        let one = |query: &str| number(site, database, query);
        Ok(Self {
            wal_bytes: one("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")?,
            syncs: one("SELECT wal_sync FROM pg_stat_wal")?,
            statements: one("SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements WHERE toplevel")?,
            transactions: one("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")?,
        })
    }

    /// Since an earlier moment.
    pub(crate) const fn since(self, before: Self) -> Self {
        Self {
            wal_bytes: self.wal_bytes - before.wal_bytes,
            syncs: self.syncs - before.syncs,
            statements: self.statements - before.statements,
            transactions: self.transactions - before.transactions,
        }
    }
}
