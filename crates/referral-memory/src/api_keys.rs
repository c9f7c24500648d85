//! API keys.

use async_trait::async_trait;
use referral_domain::auth::ApiKey;
use referral_domain::id::ApiKeyId;
use referral_domain::port::{ApiKeys, StoreError};
use referral_domain::time::Timestamp;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl ApiKeys for MemoryUnit {
    async fn insert(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        self.call(|state| state.insert_api_key(key)).await
    }

    async fn lock(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.call(|state| Ok(state.api_keys.find(&id).cloned())).await
    }

    async fn revoke(&mut self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
        self.call(|state| state.revoke_api_key(id, at)).await
    }

    async fn touch(&mut self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        self.call(|state| state.touch_api_key(id, at)).await
    }
}

impl State {
    fn insert_api_key(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        self.books.has(&key.book)?;
        self.api_key_hashes.add(key.hash, key.id)?;
        self.api_keys.add(key.id, key.clone())
    }

    /// What was revoked stays so, since when it was.
    fn revoke_api_key(&mut self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
        let live = self.api_keys.find(&id).is_some_and(|key| key.revoked_at.is_none());
        if live {
            self.api_keys.change(&id, |key| key.revoked_at = Some(at))?;
        }
        Ok(live)
    }

    /// The latest use counts, in whatever order they are told.
    fn touch_api_key(&mut self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        self.api_keys.change(&id, |key| key.last_used_at = key.last_used_at.max(Some(at)))
    }
}
