//! The unit of work: a lease of a session, taken for each call and put back with its answer.
//!
//! `BEGIN` travels with the first call, so a unit that asks nothing costs nothing, and one of `k` calls costs `k + 1`
//! round trips: each call sends all its statements in one flight, and so does `COMMIT`.

use async_trait::async_trait;
use referral_domain::id::UserId;
use referral_domain::port::{StoreError, UnitOfWork};

use crate::ending::Endings;
use crate::failure::{UnitIsOver, unavailable};
use crate::pool::Lease;

/// A unit of work. After a call that failed or was abandoned it holds nothing any more, and says so.
pub(crate) struct PgUnit {
    lease: Option<Lease>,
    rollbacks: Endings,
    commits: Endings,
    /// Users whose rows this unit locked.
    people: Vec<UserId>,
}

impl PgUnit {
    pub(crate) const fn new(lease: Lease, rollbacks: Endings, commits: Endings) -> Self {
        Self { lease: Some(lease), rollbacks, commits, people: Vec::new() }
    }

    /// Waits until units that were dropped before hold nothing any more.
    pub(crate) async fn settle(&self) {
        self.rollbacks.settle().await;
    }

    /// Takes the lease for a call.
    pub(crate) fn lease(&mut self) -> Result<Lease, StoreError> {
        self.lease.take().ok_or_else(|| unavailable(UnitIsOver))
    }

    /// Takes note of users whose rows are locked until the unit ends.
    pub(crate) fn remember(&mut self, people: impl Iterator<Item = UserId>) {
        self.people.extend(people);
    }

    /// The users whose rows are locked, but for one.
    pub(crate) fn people_besides(&self, user: UserId) -> Vec<UserId> {
        self.people.iter().copied().filter(|known| *known != user).collect()
    }

    /// Puts the lease back: the call has its answer.
    pub(crate) fn keep(&mut self, lease: Lease) {
        self.lease = Some(lease);
    }
}

/// Runs a call of a unit: until its answer is there, and for good when it fails or is abandoned, the unit is empty.
macro_rules! call {
    ($unit:ident, |$conn:ident| $work:expr) => {{
        let lease = $unit.lease()?;
        let $conn = lease.conn()?;
        let answer = lease.within($work).await?;
        $unit.keep(lease);
        Ok(answer)
    }};
}
pub(crate) use call;

/// A unit whose calls were all answered rolls back; any other has closed its session already.
impl Drop for PgUnit {
    fn drop(&mut self) {
        self.lease.take().into_iter().for_each(|lease| self.rollbacks.roll_back(lease));
    }
}

#[async_trait]
impl UnitOfWork for PgUnit {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let lease = self.lease()?;
        self.commits.commit(lease).await
    }
}
