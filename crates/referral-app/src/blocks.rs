//! The blocks that seal the ledger, as they are read; and the right to verify.

use std::sync::Arc;

use referral_domain::ledger::Block;
use referral_domain::port::BlockFilter;
use referral_domain::reference::Slug;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::failure::{Failure, Never};

/// The right to verify the ledger, which reads all of it: one at a time in this process, until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it lets somebody else verify"]
pub struct VerifyTurn(#[expect(unused, reason = "it is held, and nothing else")] OwnedSemaphorePermit);

impl App {
    /// Blocks of a program's chain.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn blocks(&self, program: &Slug, filter: &BlockFilter) -> Result<Vec<Block>, Failure<Never>> {
        let book = self.program::<Never>(program).await?.book;
        Ok(self.reports().blocks(book, filter).await?)
    }

    /// The right to verify; `None` while somebody else has it.
    pub fn verify_turn(&self) -> Option<VerifyTurn> {
        Arc::clone(&self.verifying).try_acquire_owned().ok().map(VerifyTurn)
    }
}

/// Nobody verifies yet.
pub(crate) fn one_turn() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(1))
}
