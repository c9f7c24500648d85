//! API keys: made once, shown once, kept as a hash.

use referral_domain::auth::{ApiKey, Scope};
use referral_domain::id::{ApiKeyId, BookId};
use referral_domain::port::StoreError;
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::app::{App, program_in};
use crate::failure::{Failure, Never};
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
        let now = self.now();
        let key = self.draw_key();
        let (id, hash) = (ApiKeyId::from_uuid(self.draw_id()), Sha256::digest(key.as_bytes()).into());
        let prefix = key.chars().take(PREFIX).collect::<String>();
        let prefix = &prefix;
        let stored = transact(self.store(), move |unit| {
            Box::pin(async move {
                let book = program_in::<Never>(unit, &command.program, now).await?.book;
                let stored = stored(command, book, id, hash, prefix.clone(), now);
                unit.api_keys().insert(&stored).await?;
                Ok::<_, Failure<Never>>(stored)
            })
        })
        .await?;
        Ok(NewApiKey { stored, key })
    }

    /// Revokes a key; answers whether there was one to revoke.
    ///
    /// # Errors
    /// The store's.
    pub async fn revoke_api_key(&self, id: ApiKeyId) -> Result<bool, StoreError> {
        let now = self.now();
        transact(self.store(), move |unit| Box::pin(async move { unit.api_keys().revoke(id, now).await }))
            .await
    }

    /// Remembers that a key was used; at most once a minute is enough.
    ///
    /// # Errors
    /// The store's.
    pub async fn touch_api_key(&self, id: ApiKeyId) -> Result<(), StoreError> {
        let now = self.now();
        transact(self.store(), move |unit| Box::pin(async move { unit.api_keys().touch(id, now).await }))
            .await
    }

    fn draw_key(&self) -> String {
        let mut bytes = [0; KEY_BYTES];
        self.chance().fill(&mut bytes);
        bytes.iter().fold(String::from("rk_"), |key, byte| format!("{key}{byte:02x}"))
    }
}

fn stored(
    command: &CreateApiKey,
    book: BookId,
    id: ApiKeyId,
    hash: [u8; 32],
    prefix: String,
    now: Timestamp,
) -> ApiKey {
    ApiKey {
        id,
        book,
        program: command.program.clone(),
        name: command.name.clone(),
        prefix,
        hash,
        scopes: command.scopes.clone(),
        created_at: now,
        last_used_at: None,
        expires_at: command.expires_at,
        revoked_at: None,
    }
}
