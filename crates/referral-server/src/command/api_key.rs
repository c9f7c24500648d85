//! `api-key create | list | revoke`

use anyhow::{Context, bail};
use referral_app::{App, CreateApiKey, RevokeApiKey, Revoked};
use referral_domain::audit::Actor;
use referral_domain::auth::ApiKey;
use referral_domain::id::ApiKeyId;
use referral_domain::reference::Slug;

use super::{Verdict, print};
use crate::cli::{ApiKey as Asked, ApiKeyCreate};

/// What a key's name may be at most, in characters: it stands in a list.
const NAME_CHARACTERS_MAX: usize = 100;

/// Does what was asked with the keys of this application's store.
///
/// # Errors
/// A malformed name, program or id; an unknown program or key; the store's.
pub(super) async fn run(app: &App, asked: &Asked) -> anyhow::Result<Verdict> {
    match asked {
        Asked::Create(create) => print(&make(app, &command(create)?).await?)?,
        Asked::List => list(&app.reports().api_keys().await?).iter().try_for_each(|line| print(line))?,
        Asked::Revoke { id } => revoke(app, id).await?,
    }
    Ok(Verdict::Sound)
}

fn command(create: &ApiKeyCreate) -> anyhow::Result<CreateApiKey> {
    let name = create.name.trim();
    if !(1..=NAME_CHARACTERS_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        bail!("a key's name has 1 to {NAME_CHARACTERS_MAX} characters, none of them control characters");
    }
    let program =
        Slug::parse(&create.program).context("a program's id is made of a-z, 0-9 and -, 1 to 40 of them")?;
    let mut scopes = create.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    Ok(CreateApiKey { program, name: name.to_owned(), scopes, expires_at: None, by: Actor::command_line() })
}

/// Makes a key and answers it: the only time it can be seen.
///
/// # Errors
/// No such program, or the store's.
pub(super) async fn make(app: &App, command: &CreateApiKey) -> anyhow::Result<String> {
    let made = app.create_api_key(command, None).await;
    let made = made.with_context(|| format!("no key was made for the program {}", command.program))?;
    Ok(made.fresh().context("nothing is repeated here")?.key)
}

async fn revoke(app: &App, id: &str) -> anyhow::Result<()> {
    let known =
        ApiKeyId::parse(id).with_context(|| format!("{id:?} is not an id: `api-key list` shows key_..."))?;
    let command = RevokeApiKey { id: known, program: None, by: Actor::command_line() };
    let revoked = app.revoke_api_key(&command, None).await;
    match revoked.with_context(|| format!("{known} is not revoked"))?.fresh() {
        Some(Revoked::Before) => print(&format!("{known} was revoked before")),
        Some(Revoked::Now) | None => print(&format!("{known} is revoked")),
    }
}

fn list(keys: &[ApiKey]) -> Vec<String> {
    keys.iter().map(line).collect()
}

fn line(key: &ApiKey) -> String {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) => format!("until {at}"),
        (None, None) => "live".to_owned(),
    };
    let used = key.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let (id, prefix, program, name) = (key.id, &key.prefix, &key.program, &key.name);
    format!(
        "{id}  {prefix}...  {program}  {name}  {}  created {}  used {used}  {state}",
        scopes.join(","),
        key.created_at
    )
}
