//! One contract, every adapter: each promise of the ports' docs is a case, named by the sentence it proves.
//!
//! An adapter's tests say `referral_testkit::store_contract!(make);` where `make` is an `async fn() -> Subject` that
//! answers a fresh, empty, migrated store. Every case becomes one `#[tokio::test]` with its own name.
//!
//! Cases that race force the overlap with [`Meeting`]: an adapter that runs units in turn waits it out, one that lets
//! them overlap must hold its locks. No case holds two units in one task, since the second may have to wait for the first.
//!
//! What the ports do not let anybody ask is not judged here: day rows (written, never read by a port), for which referral an event was folded
//! in (only that it is once), whether an open unit hears of an outage before it commits, and survival of a crash (the
//! black-box tests kill the server).

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use referral_domain::port::{Reports, Store, StoreError};
use tokio::sync::Barrier;

use crate::world::World;

pub mod adjustments;
pub mod api_keys;
pub mod audit;
pub mod batches;
pub mod books;
pub mod budgets;
mod case_list;
pub mod claims;
pub mod codes;
pub mod commissions;
pub mod floods;
pub mod history;
pub mod holds;
pub mod idempotency;
pub mod limiter;
mod limiter_list;
#[cfg(test)]
mod limiter_tests;
pub mod outages;
pub mod payouts;
pub mod people;
pub mod postings;
pub mod programs;
pub mod proof;
pub mod races;
pub mod records;
pub mod redemptions;
pub mod referrals;
pub mod refunds;
pub mod refusals;
pub mod reports;
pub mod rules;
pub mod sealing;
pub mod snapshots;
pub mod spending;
pub mod unit_of_work;
pub mod users;
pub mod wallets;
pub mod withdrawals;

/// What a suite is run on: an empty store of one adapter.
pub struct Subject {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its read models.
    pub reports: Arc<dyn Reports>,
    /// How to take the store away and give it back.
    pub outage: Box<dyn Outage>,
    /// What must live as long as the store, like a temporary folder.
    pub guard: Box<dyn Any + Send + Sync>,
}

/// Takes a store away and gives it back, as its adapter knows how.
#[async_trait]
pub trait Outage: Send + Sync {
    /// From now on the store cannot be reached.
    async fn begin(&self);

    /// From now on it can be reached again.
    async fn end(&self);
}

/// A plain closure is an outage: `true` takes the store away, `false` gives it back.
#[async_trait]
impl<F: Fn(bool) + Send + Sync> Outage for F {
    async fn begin(&self) {
        self(true);
    }

    async fn end(&self) {
        self(false);
    }
}

/// No case takes longer, on any adapter: one that does waits for something that never happens.
const LONGEST: Duration = Duration::from_secs(60);
/// Nor any when more is asked for than the plain run plays.
const LONGEST_ASKED: Duration = Duration::from_secs(900);

/// How many shall qualify at once, when somebody asks for more or fewer: `REFERRAL_QUALIFYING`.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says how many")]
pub(crate) fn qualifying_asked() -> Option<usize> {
    std::env::var("REFERRAL_QUALIFYING").ok()?.parse().ok()
}

/// Runs a case on a fresh subject.
///
/// # Panics
/// When the case fails, or does not end within 60 seconds; 15 minutes when `REFERRAL_QUALIFYING` is set.
pub async fn run<S, F>(make: impl Future<Output = S>, case: impl FnOnce(S) -> F)
where
    F: Future<Output = ()>,
{
    let longest = qualifying_asked().map_or(LONGEST, |_| LONGEST_ASKED);
    let told = tokio::time::timeout(longest, async { case(make.await).await }).await;
    told.expect("the case waits for something that never happens");
}

impl World {
    /// Seeds a suite's subject with the default program.
    pub async fn open(subject: Subject) -> Self {
        Self::open_with(subject, crate::build::a_program().build()).await
    }

    /// Seeds a suite's subject with this program.
    pub async fn open_with(subject: Subject, program: referral_domain::program::Program) -> Self {
        let Subject { store, reports, guard, outage: _ } = subject;
        Self::with(store, reports, program).await.keeping(guard)
    }
}

/// How long racers wait for one another. Those of an adapter that runs units in turn wait in vain, once each.
const PATIENCE: Duration = Duration::from_millis(30);

/// A place where racers wait for one another, but not for ever.
#[derive(Clone)]
pub struct Meeting(Arc<Barrier>);

impl Meeting {
    /// A meeting of so many.
    #[must_use]
    pub fn of(racers: usize) -> Self {
        Self(Arc::new(Barrier::new(racers)))
    }

    /// Waits until all are here, or patience ends; answers whether all came.
    pub async fn wait(&self) -> bool {
        tokio::time::timeout(PATIENCE, self.0.wait()).await.is_ok()
    }
}

/// Runs racers at once, each in a task of its own, and answers what they brought, in their order.
pub async fn race<T, F>(racers: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = racers.into_iter().map(tokio::spawn).collect();
    let mut brought = Vec::with_capacity(tasks.len());
    for task in tasks {
        brought.push(task.await.expect("a racer does not panic"));
    }
    brought
}

/// Whether the store said that it is away.
pub(crate) fn is_unavailable<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable(_)))
}

/// Whether the store said that a race was lost.
pub(crate) fn is_contended<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Contended(_)))
}
