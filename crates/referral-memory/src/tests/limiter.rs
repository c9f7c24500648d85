//! The contract of every limiter, kept by this one.

use std::sync::Arc;

use referral_testkit::contract::limiter::Limited;

use crate::MemoryLimiter;

async fn limiter() -> Limited {
    Limited { limiter: Arc::new(MemoryLimiter::default()), guard: Box::new(()) }
}

referral_testkit::limiter_contract!(limiter);
