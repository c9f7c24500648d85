//! The contract on a single node and on a cluster, and what only Redis can do wrong.

mod contract;
mod keys;
mod outage;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use referral_testkit::contract::limiter::Limited;
use referral_testkit::launch::redis::{Cluster, Redis, given};

use crate::RedisLimiter;

/// A limiter that shares a server with other tests, and no key.
fn fresh(urls: &str) -> Limited {
    static LIMITERS: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("test-{}-{}", std::process::id(), LIMITERS.fetch_add(1, Ordering::Relaxed));
    let limiter = RedisLimiter::open(urls).expect("a URL").with_prefix(&prefix);
    Limited { limiter: Arc::new(limiter), guard: Box::new(()) }
}

/// A server that all tests of this process share: the one given, or a private one.
fn shared() -> String {
    static SERVER: OnceLock<Redis> = OnceLock::new();
    given().unwrap_or_else(|| SERVER.get_or_init(Redis::private).url())
}

/// A cluster that all tests of this process share.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::private)
}
