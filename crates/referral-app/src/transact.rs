//! Running a use case in a unit of work.

use std::pin::Pin;

use referral_domain::port::{Store, StoreError, Unit};

use crate::failure::Retryable;

/// How often a unit that lost a race runs in all. Races are for single keys, so a loser soon finds the key taken.
pub(crate) const ATTEMPTS: u32 = 8;

/// A future that may borrow from its surroundings.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs `body` in a unit of work: commits on `Ok`, rolls back on `Err`, runs again when a race was lost, at most
/// 8 times.
///
/// `'env` is what `body` may borrow: `&'u mut Unit<'env>` only exists where `'env: 'u`, so every future it returns
/// may hold anything that outlives the call.
///
/// # Errors
/// Whatever `body` answers, or the store's error on beginning or committing.
pub(crate) async fn transact<'env, T, E, F>(store: &dyn Store, body: F) -> Result<T, E>
where
    F: for<'u> Fn(&'u mut Unit<'env>) -> Boxed<'u, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<StoreError> + Retryable + Send,
{
    for _ in 1..ATTEMPTS {
        match attempt(store, &body).await {
            Err(error) if error.is_contended() => {}
            settled => return settled,
        }
    }
    attempt(store, &body).await
}

async fn attempt<'env, T, E, F>(store: &dyn Store, body: &F) -> Result<T, E>
where
    F: for<'u> Fn(&'u mut Unit<'env>) -> Boxed<'u, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<StoreError> + Send,
{
    let mut unit = store.begin().await?;
    let value = body(unit.as_mut()).await?;
    unit.commit().await?;
    Ok(value)
}
