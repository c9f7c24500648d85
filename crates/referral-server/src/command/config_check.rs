//! `config check`: every fault at once, or what is configured.

use super::{Verdict, print};
use crate::config::{Config, Keys, Metrics, describe_limits};

/// Prints what is configured. A configuration with faults never comes this far.
pub(super) fn run(config: &Config) -> anyhow::Result<Verdict> {
    print(&describe(config))?;
    Ok(Verdict::Sound)
}

fn describe(config: &Config) -> String {
    let lines = [
        ("store", config.database.to_string()),
        ("listens on", config.bind.to_string()),
        ("metrics on", metrics(config.metrics)),
        ("public URL", config.public_url.clone().unwrap_or_else(|| "the address it listens on".to_owned())),
        ("tokens", keys(&config.tokens.keys)),
        ("roles in tokens", if config.tokens.roles { "honoured" } else { "not honoured" }.to_owned()),
        (
            "identity key",
            if config.identity_key.is_some() { "configured" } else { "own, beside the store" }.to_owned(),
        ),
        ("limits", describe_limits(config.limits.as_ref())),
        (
            "limits count in",
            config.redis.as_ref().map_or_else(|| "this process".to_owned(), |urls| format!("Redis, {urls}")),
        ),
        ("log", config.log.clone()),
    ];
    let line = |(name, value): (&str, String)| format!("{name:<16} {value}");
    format!("the configuration is sound\n{}", lines.map(line).join("\n"))
}

fn metrics(metrics: Metrics) -> String {
    match metrics {
        Metrics::Off => "off".to_owned(),
        Metrics::IfFree(address) => format!("{address}, when it is free"),
        Metrics::At(address) => address.to_string(),
    }
}

fn keys(keys: &Keys) -> String {
    match keys {
        Keys::Own => "HS256 with a secret of its own, beside the store".to_owned(),
        Keys::Secret { previous: None, .. } => "HS256 with the configured secret".to_owned(),
        Keys::Secret { previous: Some(_), .. } => {
            "HS256 with the configured secret, or the previous one".to_owned()
        }
        Keys::PublicKeyFile(path) => format!("the public key in {}", path.display()),
        Keys::JwksFile(path) => format!("the public keys in {}", path.display()),
    }
}
