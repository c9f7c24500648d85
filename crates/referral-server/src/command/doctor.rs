//! `doctor`: looks at this installation, one line a finding; exit 1 when something is not as it must be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use referral_domain::ledger::Verdict as Proof;
use referral_domain::port::{Reports, chain};
use referral_postgres::PgStore;
use referral_redis::RedisLimiter;

use super::{Verdict, print};
use crate::config::Config;
use crate::store::{self, OVERPRIVILEGED};

/// What was found about one thing.
#[derive(Debug)]
enum Finding {
    Sound(String),
    /// It works, and should be looked at.
    Doubtful(String),
    /// It does not work.
    Broken(String),
}

use Finding::{Broken, Doubtful, Sound};

/// Looks at everything that can be looked at without changing it.
///
/// # Errors
/// When standard output cannot be written.
pub(super) async fn run(config: &Config) -> anyhow::Result<Verdict> {
    let mut findings = vec![Sound("configuration: no faults".to_owned()), limits(config)];
    findings.extend(files(&config.data_directory()));
    findings.extend(stored(config).await);
    findings.extend(redis(config).await);
    findings.iter().try_for_each(|finding| print(&line(finding)))?;
    let broken = findings.iter().any(|finding| matches!(finding, Broken(_)));
    Ok(if broken { Verdict::Unsound } else { Verdict::Sound })
}

fn line(finding: &Finding) -> String {
    match finding {
        Sound(text) => format!("ok      {text}"),
        Doubtful(text) => format!("warning {text}"),
        Broken(text) => format!("fault   {text}"),
    }
}

fn limits(config: &Config) -> Finding {
    match config.limits {
        Some(_) => Sound("limits: on".to_owned()),
        None => Doubtful("limits: off, which is for benchmarks; take REFERRAL_LIMITS away".to_owned()),
    }
}

/// Whether what the server keeps beside the store is closed to others.
fn files(directory: &Path) -> Vec<Finding> {
    ["jwt-secret", "identity-key", "demo-api-key", "demo-host.jsonl"]
        .iter()
        .filter_map(|name| privacy(&directory.join(name)))
        .collect()
}

fn privacy(path: &Path) -> Option<Finding> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let name = path.display();
    Some(match mode & 0o077 {
        0 => Sound(format!("{name}: private")),
        _ => Doubtful(format!("{name}: mode {mode:o} lets others in; chmod 600")),
    })
}

async fn stored(config: &Config) -> Vec<Finding> {
    match store::existing(config).await {
        Ok(opened) => {
            let mut findings = vec![Sound("schema: up to date".to_owned())];
            if let Some(store) = &opened.shared {
                findings.push(rights(store).await);
            }
            findings.push(ledger(&*opened.reports).await);
            findings
        }
        Err(error) => vec![Broken(format!("store: {error:#}"))],
    }
}

/// Whether Redis answers, where limits are to be counted in it.
async fn redis(config: &Config) -> Option<Finding> {
    let urls = config.redis.as_ref()?;
    let why = match RedisLimiter::open(urls.expose()) {
        Ok(limiter) => limiter.answers().await.err().map(|down| chain(&down)),
        Err(fault) => Some(chain(&fault)),
    };
    Some(why.map_or_else(
        || Sound("redis: answers".to_owned()),
        |why| Doubtful(format!("redis: {why}; until it is back each server counts limits by itself")),
    ))
}

/// Whether the database itself keeps what must stay from this server.
async fn rights(store: &PgStore) -> Finding {
    match store.is_overprivileged().await {
        Ok(false) => Sound("rights: the database's role may add to the ledger and delete nothing".to_owned()),
        Ok(true) => Doubtful(format!("rights: {OVERPRIVILEGED}")),
        Err(error) => Broken(format!("rights: {}", chain(&error))),
    }
}

async fn ledger(reports: &dyn Reports) -> Finding {
    match reports.verify().await {
        Ok(Proof::Broken { first, .. }) => {
            Broken(format!("ledger: broken at {} ({})", first.place, first.check))
        }
        Ok(Proof::Verified(counts)) => Sound(format!("ledger: {} transfers hold", counts.transfers)),
        Err(error) => Broken(format!("ledger: {}", chain(&error))),
    }
}
