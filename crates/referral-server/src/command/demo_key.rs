//! The demo host's API key: made at its first start, kept in its own file, used as long as it is live.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use referral_app::{App, CreateApiKey};
use referral_domain::audit::Actor;
use referral_domain::auth::Scope;
use referral_domain::reference::Slug;
use referral_http::auth::hash_key;

use super::api_key;
use crate::secrets::{private_directory, write_private};

/// The key's file, beside the store.
const FILE: &str = "demo-api-key";

/// A live key with the one scope the demo host needs.
///
/// # Errors
/// When the file cannot be read or written, or the store's.
pub(super) async fn live(app: &App, directory: &Path) -> anyhow::Result<String> {
    let path = directory.join(FILE);
    match kept(&path)? {
        Some(key) if is_live(app, &key).await? => Ok(key),
        Some(_) => {
            fs::remove_file(&path).with_context(|| format!("{} cannot be replaced", path.display()))?;
            fresh(app, directory, &path).await
        }
        None => fresh(app, directory, &path).await,
    }
}

fn kept(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(key) => Ok(Some(key)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

async fn is_live(app: &App, key: &str) -> anyhow::Result<bool> {
    let stored = app.reports().api_key(&hash_key(key)).await?;
    Ok(stored.is_some_and(|stored| stored.is_live(app.now()) && stored.may(Scope::EventsWrite)))
}

async fn fresh(app: &App, directory: &Path, path: &Path) -> anyhow::Result<String> {
    let program = Slug::parse("default").context("`default` is no slug")?;
    let command = CreateApiKey {
        program,
        name: "demo host".to_owned(),
        scopes: vec![Scope::EventsWrite],
        expires_at: None,
        by: Actor::command_line(),
    };
    let key = api_key::make(app, &command).await?;
    private_directory(directory)?;
    write_private(path, &key).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(key)
}
