//! API keys: made once, shown once, kept as a hash.

use referral_domain::audit::Actor;
use referral_domain::auth::{ApiKey, Scope};
use referral_domain::id::{ApiKeyId, BookId};
use referral_domain::port::{Changes, StoreError, Unit};
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::{App, program_in};
use crate::audit::Deed;
use crate::failure::{Failure, Never};
use crate::idempotent::{Claimed, Idempotent, KeyReused, Replayable, claim};
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
    /// There is no such key.
    Unknown,
}

/// A key that was made. Its text is told this once.
#[derive(Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// As it is stored.
    pub stored: ApiKey,
    /// The key itself: `rk_` and 48 hexadecimal digits.
    pub key: String,
}

impl App {
    /// Makes a key.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn create_api_key(&self, command: &CreateApiKey) -> Result<NewApiKey, Failure<Never>> {
        let (now, id, key) = (self.now(), ApiKeyId::from_uuid(self.draw_id()), self.draw_key());
        let text = &key;
        let made = transact(self.store(), move |unit| {
            Box::pin(async move {
                let book = program_in::<Never>(unit, &command.program, now).await?.book;
                let made = stored(command, book, id, text, now);
                self.insert_key(unit, &made, &command.by).await?;
                Ok::<_, Failure<Never>>(made)
            })
        });
        Ok(NewApiKey { stored: made.await?, key })
    }

    /// The same under an idempotency key, by which it is made once: asking again answers the reply that `render` made. That
    /// reply is stored as it is, so it must not hold the key; `render` is not given it.
    ///
    /// # Errors
    /// [`KeyReused`] for another body, no such program, or the store's.
    pub async fn create_api_key_once(
        &self,
        command: &CreateApiKey,
        request: &Idempotent<'_, ApiKey>,
    ) -> Result<Replayable<NewApiKey>, Failure<KeyReused>> {
        let (now, id, key) = (self.now(), ApiKeyId::from_uuid(self.draw_id()), self.draw_key());
        let text = &key;
        let made = transact(self.store(), move |unit| {
            Box::pin(async move {
                let book = program_in::<KeyReused>(unit, &command.program, now).await?.book;
                match claim(Some(request), unit, book).await? {
                    Claimed::Reply(reply) => return Ok(Replayable::Replayed(reply)),
                    Claimed::Reused => return Err(Failure::from(KeyReused)),
                    Claimed::Free => {}
                }
                let made = stored(command, book, id, text, now);
                self.insert_key(unit, &made, &command.by).await?;
                let replies = vec![request.reply(book, &made, now)];
                unit.recorder().record(book, &Changes { replies, ..Changes::default() }).await?;
                Ok(Replayable::Fresh(made))
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
    /// The store's.
    pub async fn revoke_api_key(&self, command: &RevokeApiKey) -> Result<Revoked, StoreError> {
        let now = self.now();
        transact(self.store(), move |unit| {
            Box::pin(async move {
                let theirs = |key: &ApiKey| command.program.as_ref().is_none_or(|own| *own == key.program);
                let Some(key) = unit.api_keys().lock(command.id).await?.filter(theirs) else {
                    return Ok(Revoked::Unknown);
                };
                if !unit.api_keys().revoke(key.id, now).await? {
                    return Ok(Revoked::Before);
                }
                self.tell(unit, &key, "api-key.revoke", &command.by, now).await?;
                Ok(Revoked::Now)
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
