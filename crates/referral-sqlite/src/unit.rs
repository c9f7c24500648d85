//! The unit of work: a lease of the writer, given to each call and taken back with its answer.

use std::collections::HashMap;

use async_trait::async_trait;
use diesel::SqliteConnection;
use referral_domain::id::ReferralId;
use referral_domain::port::{StoreError, UnitOfWork};
use referral_domain::referral::Progress;

use crate::failure::{UnitIsOver, unavailable};
use crate::writer::Lease;

/// A unit of work. After a call that failed or was abandoned it holds nothing any more, and says so.
pub(crate) struct SqliteUnit {
    lease: Option<Lease>,
    /// Progress as it is stored, of referrals that this unit has read and not yet written: it has the one writer, so nobody
    /// else changes it.
    pub(crate) stored: HashMap<ReferralId, Progress>,
}

impl SqliteUnit {
    pub(crate) fn new(lease: Lease) -> Self {
        Self { lease: Some(lease), stored: HashMap::new() }
    }

    /// Runs a call's work: it blocks once, whatever it reads or writes.
    pub(crate) async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (lease, answer) = self.lease()?.run(work).await?;
        self.lease = Some(lease);
        Ok(answer)
    }

    fn lease(&mut self) -> Result<Lease, StoreError> {
        self.lease.take().ok_or_else(|| unavailable(UnitIsOver))
    }
}

#[async_trait]
impl UnitOfWork for SqliteUnit {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.lease()?.commit().await
    }
}
