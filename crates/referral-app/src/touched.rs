//! Which API keys this server wrote the last use of within the last minute: a row that all requests write is one for which
//! all wait.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use referral_domain::id::ApiKeyId;
use referral_domain::time::{SECOND, Timestamp};

/// How long the last use of a key is not written again.
const TOUCH_EVERY: i64 = 60 * SECOND;

/// Keys that were touched. Clones share them; there are no more than the keys that were used within a minute.
#[derive(Clone, Default)]
pub(crate) struct Touched(Arc<Mutex<HashMap<ApiKeyId, Timestamp>>>);

impl Touched {
    /// Whether a use at `now` is to be written; if so, it counts as written.
    pub(crate) fn is_news(&self, id: ApiKeyId, now: Timestamp) -> bool {
        let mut touched = self.lock();
        touched.retain(|_, at| now.since(*at) < TOUCH_EVERY);
        match touched.entry(id) {
            Entry::Occupied(_) => false,
            Entry::Vacant(free) => {
                free.insert(now);
                true
            }
        }
    }

    /// It was not written after all.
    pub(crate) fn forget(&self, id: ApiKeyId) {
        self.lock().remove(&id);
    }

    /// Nothing that panics runs under the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, HashMap<ApiKeyId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
