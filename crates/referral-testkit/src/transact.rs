//! Running a body in a unit of work, for cases that race: a lost race runs again.

use std::pin::Pin;

use referral_domain::port::{Store, StoreError, Unit};

/// A future that may borrow from its surroundings.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How often a unit that lost a race runs in all: with as many racers as the suite starts, each round has a winner.
const ATTEMPTS: u32 = 64;

/// Runs `body` in a unit, commits on `Ok`, rolls back on `Err`, and runs again when a race was lost.
///
/// # Errors
/// The store's, or the body's.
pub async fn transact<'env, T, F>(store: &dyn Store, body: F) -> Result<T, StoreError>
where
    F: for<'u> Fn(&'u mut Unit<'env>) -> Boxed<'u, Result<T, StoreError>> + Send + Sync,
    T: Send,
{
    for _ in 1..ATTEMPTS {
        match attempt(store, &body).await {
            Err(error) if error.is_contended() => {}
            settled => return settled,
        }
    }
    attempt(store, &body).await
}

async fn attempt<'env, T, F>(store: &dyn Store, body: &F) -> Result<T, StoreError>
where
    F: for<'u> Fn(&'u mut Unit<'env>) -> Boxed<'u, Result<T, StoreError>> + Send + Sync,
    T: Send,
{
    let mut unit = store.begin().await?;
    let value = body(unit.as_mut()).await?;
    unit.commit().await?;
    Ok(value)
}
