//! API keys: made once, shown once, kept as a hash.

use referral_domain::audit::{Actor, ActorKind};
use referral_domain::auth::{ApiKey, Scope};
use referral_domain::id::{ApiKeyId, BookId};
use referral_domain::port::{Changes, StoreError, Unit};
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::audit::Deed;
use crate::failure::{Failure, Refused};
use crate::idempotent::{Idempotent, Replayable, claim, keep, once};
use crate::transact::transact;

/// How many random bytes a key holds.
const KEY_BYTES: usize = 24;
/// How many characters of a key are kept to tell it from others: `rk_` and four.
const PREFIX: usize = 7;

/// A key to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreateApiKey {
    /// For which program.
    pub program: Slug,
    /// What its maker calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From when it is refused.
    pub expires_at: Option<Timestamp>,
    /// Who makes it.
    pub by: Actor,
}

/// A key to revoke.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RevokeApiKey {
    /// Which.
    pub id: ApiKeyId,
    /// The program it must be of; `None` for any.
    pub program: Option<Slug>,
    /// Who revokes it.
    pub by: Actor,
}

/// What became of a key that was to be revoked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Revoked {
    /// It is revoked now.
    Now,
    /// It was revoked before; nothing changed.
    Before,
}

/// A key asked for a key that decides: see [`Scope::decides`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key with `admin:write` or `payouts:write` is made with the token of an admin, or at the command line: a key that made \
     another could approve with it what it asked for itself"
)]
pub struct MadeByAKey;

impl Refused for MadeByAKey {}

/// There is no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such key")]
pub struct NoSuchKey;

impl Refused for NoSuchKey {}

/// A key that was made. Its text is told this once.
#[derive(Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// As it is stored.
    pub stored: ApiKey,
    /// The key itself: `rk_` and 48 hexadecimal digits.
    pub key: String,
}

impl App {
    /// Makes a key. Under an idempotency key it is made once: asking again answers the reply that was rendered then, which is
    /// stored as it is, so it must not hold the key; whoever renders is not given it.
    ///
    /// # Errors
    /// [`MadeByAKey`], no such program, or the store's.
    pub async fn create_api_key(
        &self,
        command: &CreateApiKey,
        request: Option<&Idempotent<'_, ApiKey>>,
    ) -> Result<Replayable<NewApiKey>, Failure<MadeByAKey>> {
        if command.by.kind == ActorKind::Key && command.scopes.iter().any(|scope| scope.decides()) {
            return Err(MadeByAKey.into());
        }
        let (now, id, key) = (self.now(), ApiKeyId::from_uuid(self.draw_id()), self.draw_key());
        let text = &key;
        let made = once(self.store(), &command.program, request, now, move |unit, program| {
            Box::pin(async move {
                let made = stored(command, program.book, id, text, now);
                self.insert_key(unit, &made, &command.by).await?;
                Ok(made)
            })
        });
        Ok(match made.await? {
            Replayable::Fresh(stored) => Replayable::Fresh(NewApiKey { stored, key }),
            Replayable::Replayed(reply) => Replayable::Replayed(reply),
        })
    }

    async fn insert_key(&self, unit: &mut Unit<'_>, key: &ApiKey, by: &Actor) -> Result<(), StoreError> {
        unit.api_keys().insert(key).await?;
        self.tell(unit, key, "api-key.create", by, key.created_at).await
    }

    /// Revokes a key, for good.
    ///
    /// # Errors
    /// [`NoSuchKey`], or the store's.
    pub async fn revoke_api_key(
        &self,
        command: &RevokeApiKey,
        request: Option<&Idempotent<'_, Revoked>>,
    ) -> Result<Replayable<Revoked>, Failure<NoSuchKey>> {
        let now = self.now();
        transact(self.store(), move |unit| {
            Box::pin(async move {
                let theirs = |key: &ApiKey| command.program.as_ref().is_none_or(|own| *own == key.program);
                let key = unit.api_keys().lock(command.id).await?.filter(theirs).ok_or(NoSuchKey)?;
                // The path names the key that is locked: nobody claims an idempotency key of it without that lock.
                if let Some(reply) = claim(request, unit, key.book).await? {
                    return Ok(Replayable::Replayed(reply));
                }
                let revoked = if unit.api_keys().revoke(key.id, now).await? {
                    self.tell(unit, &key, "api-key.revoke", &command.by, now).await?;
                    Revoked::Now
                } else {
                    Revoked::Before
                };
                keep(request, unit, key.book, &revoked, now).await?;
                Ok(Replayable::Fresh(revoked))
            })
        })
        .await
    }

    /// Tells the audit log of a key that was made or revoked: never the key, only how it begins.
    async fn tell(
        &self,
        unit: &mut Unit<'_>,
        key: &ApiKey,
        action: &'static str,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let is = Some(portrait(key));
        let (before, after) = if action == "api-key.create" { (None, is) } else { (is, None) };
        let entry = self.entry(Deed { by, action, subject: key.id.to_string(), before, after }, now);
        unit.recorder().record(key.book, &Changes { audit: vec![entry], ..Changes::default() }).await
    }

    /// Remembers that a key was used; at most once a minute is enough. Of those who say so at once, one does it, and
    /// the others do not wait for it.
    ///
    /// # Errors
    /// The store's; then the next who says so does it.
    pub async fn touch_api_key(&self, id: ApiKeyId) -> Result<(), StoreError> {
        let now = self.now();
        if !self.touched.is_news(id, now) {
            return Ok(());
        }
        let touched =
            transact(self.store(), move |unit| Box::pin(async move { unit.api_keys().touch(id, now).await }))
                .await;
        if touched.is_err() {
            self.touched.forget(id);
        }
        touched
    }

    fn draw_key(&self) -> String {
        let mut bytes = [0; KEY_BYTES];
        self.chance().fill(&mut bytes);
        bytes.iter().fold(String::from("rk_"), |key, byte| format!("{key}{byte:02x}"))
    }
}

fn portrait(key: &ApiKey) -> Value {
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let expires_at = key.expires_at.map(|at| at.to_string());
    json!({"name": key.name, "prefix": key.prefix, "scopes": scopes, "expires_at": expires_at})
}

fn stored(command: &CreateApiKey, book: BookId, id: ApiKeyId, key: &str, now: Timestamp) -> ApiKey {
    ApiKey {
        id,
        book,
        program: command.program.clone(),
        name: command.name.clone(),
        prefix: key.chars().take(PREFIX).collect(),
        hash: Sha256::digest(key.as_bytes()).into(),
        scopes: command.scopes.clone(),
        created_at: now,
        last_used_at: None,
        expires_at: command.expires_at,
        revoked_at: None,
    }
}
