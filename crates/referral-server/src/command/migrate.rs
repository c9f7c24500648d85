//! `migrate`: brings the schema up to date, or says what is missing.

use super::{Verdict, print};
use crate::cli::Migrate;
use crate::config::Config;
use crate::store;

/// Applies what is missing; with `--check` only says it, and is unsound when there is any.
///
/// # Errors
/// When the store cannot be opened or migrated; with `--check`, when there is none.
pub(super) async fn run(config: &Config, asked: &Migrate) -> anyhow::Result<Verdict> {
    if asked.check { check(&store::missing(config).await?) } else { apply(config).await }
}

fn check(missing: &[String]) -> anyhow::Result<Verdict> {
    missing.iter().try_for_each(|name| print(&format!("missing: {name}")))?;
    if !missing.is_empty() {
        return Ok(Verdict::Unsound);
    }
    print("the schema is up to date").map(|()| Verdict::Sound)
}

async fn apply(config: &Config) -> anyhow::Result<Verdict> {
    let (_, applied) = store::migrated(config).await?;
    applied.iter().try_for_each(|name| print(&format!("applied: {name}")))?;
    print("the schema is up to date").map(|()| Verdict::Sound)
}
