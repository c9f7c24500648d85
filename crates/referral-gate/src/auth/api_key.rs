//! API keys: known by their SHA-256 alone, compared in constant time.

use referral_domain::auth::ApiKey;
use referral_domain::time::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::Refused;

/// What every key begins with.
const PREFIX: &str = "rk_";

/// Longer than any key we give out.
const KEY_BYTES_MAX: usize = 128;

/// The hash under which a key is stored.
#[must_use]
pub fn hash_key(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// The hash to look a presented key up by.
pub(super) fn presented(key: &str) -> Result<[u8; 32], Refused> {
    let plausible = key.starts_with(PREFIX) && key.len() <= KEY_BYTES_MAX;
    if plausible { Ok(hash_key(key)) } else { Err(Refused) }
}

/// The stored key, when it is the one presented and live at `now`. The comparison is ours, whatever the
/// store's lookup may have thought equal.
pub(super) fn judge(hash: &[u8; 32], stored: Option<ApiKey>, now: Timestamp) -> Result<ApiKey, Refused> {
    let same = |key: &ApiKey| bool::from(key.hash.ct_eq(hash));
    stored.filter(|key| same(key) && key.is_live(now)).ok_or(Refused)
}

/// Whether the use at `now` is worth a write: the time of last use is kept to the minute.
pub(super) fn is_news(key: &ApiKey, now: Timestamp) -> bool {
    const MINUTE: i64 = 60 * referral_domain::time::SECOND;
    key.last_used_at.is_none_or(|last| now.since(last) >= MINUTE)
}
