//! The use cases on this machine's ports.

use std::sync::Arc;

use anyhow::Context;
use referral_app::{App, Parts, WithFallback};
use referral_domain::identity::IdentityKey;
use referral_domain::port::{Limiter, Rail};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_memory::limiter::MemoryLimiter;
use referral_rails::{CsvTable, PaypalFile, SepaFile};
use referral_redis::RedisLimiter;

use crate::config::Config;
use crate::secrets::Secrets;
use crate::source::chance::OsChance;
use crate::source::clock::SystemClock;
use crate::source::ids::SystemIds;
use crate::store::Opened;

/// The application on an opened store.
///
/// # Errors
/// When the identity key is too short or the URL of Redis malformed, which the configuration rules out.
pub(crate) fn assemble(config: &Config, secrets: &Secrets, opened: &Opened) -> anyhow::Result<App> {
    let identity = IdentityKey::new(secrets.identity.expose()).context("the identity key is too short")?;
    let app = App::new(Parts {
        store: opened.store.clone(),
        reports: opened.reports.clone(),
        limiter: limiter(config)?,
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        chance: Arc::new(OsChance),
        identity,
        limits: config.limits,
    });
    Ok(app.with_rails(rails(config)).limiting_adjustments(config.adjustment_limit))
}

/// How batches of payouts leave: by SEPA when somebody pays that way.
fn rails(config: &Config) -> Vec<Box<dyn Rail>> {
    let sepa = config.debtor.clone().map(|debtor| Box::new(SepaFile::of(debtor)) as Box<dyn Rail>);
    let always: [Box<dyn Rail>; 2] = [Box::new(CsvTable), Box::new(PaypalFile)];
    always.into_iter().chain(sepa).collect()
}

/// Counts in Redis, where one is configured, and in this process while it is away.
fn limiter(config: &Config) -> anyhow::Result<Arc<dyn Limiter>> {
    let own: Arc<dyn Limiter> = Arc::new(MemoryLimiter::default());
    let Some(urls) = &config.redis else { return Ok(own) };
    let redis = RedisLimiter::open(urls.expose()).context("REFERRAL_REDIS_URL")?;
    Ok(Arc::new(WithFallback::new(Arc::new(redis), own)))
}

/// The program every installation has, made when it is not there; its links lead to our own page until told otherwise.
///
/// # Errors
/// The store's.
pub(crate) async fn default_program(app: &App, public_url: &str) -> anyhow::Result<Program> {
    app.ensure_default_program(&format!("{public_url}/"))
        .await
        .context("the default program cannot be made")?;
    let slug = Slug::parse("default").context("`default` is no slug")?;
    let program = app.reports().program(&slug, app.now()).await?;
    program.context("the default program is not there")
}
