//! Where servers count together.

use std::fmt;

use referral_redis::RedisLimiter;

use super::fault::{Wrong, wrong};

/// URLs of a Redis, or of nodes of a cluster, by commas. They may hold passwords, so they are never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RedisUrls(String);

impl RedisUrls {
    /// All of them, for the one place that connects.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RedisUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split(',').count() {
            1 => f.write_str("one node"),
            nodes => write!(f, "a cluster of {nodes} nodes"),
        }
    }
}

impl fmt::Debug for RedisUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `redis://...` or `rediss://...`, several by commas. The limiter reads them itself.
pub(super) fn redis(text: &str) -> Result<RedisUrls, Wrong> {
    let remedy = "write for instance redis://localhost:6379, or the URLs of a cluster's nodes by commas";
    match RedisLimiter::open(text) {
        Ok(_) => Ok(RedisUrls(text.to_owned())),
        Err(fault) => Err(wrong(fault.to_string(), remedy)),
    }
}
