//! Idempotency keys.

use async_trait::async_trait;
use referral_domain::port::{Idempotency, IdempotencyKey, StoreError, StoredReply};
use referral_domain::time::Timestamp;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Idempotency for MemoryUnit {
    async fn claim(&mut self, key: &IdempotencyKey) -> Result<Option<StoredReply>, StoreError> {
        self.call(|state| Ok(state.replies.find(key).cloned())).await
    }

    async fn forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.call(|state| Ok(state.forget_replies(before, limit))).await
    }
}

impl State {
    fn forget_replies(&mut self, before: Timestamp, limit: u32) -> u64 {
        let old = self.replies.iter().filter(|(_, reply)| reply.created_at < before);
        let keys: Vec<_> = old.map(|(key, _)| key.clone()).take(limit as usize).collect();
        keys.iter().for_each(|key| self.replies.remove(key));
        keys.len() as u64
    }
}
