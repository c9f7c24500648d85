//! Pools of sessions, and how one is lent.
//!
//! A session goes back to its pool only by [`Lease::done`], said when it is known to be outside any transaction. However
//! else a lease ends (with an error, or a call whose caller went away), the session is detached and closed: the server
//! rolls back, and no session is ever idle in a transaction that nobody will end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Object, QueueMode, RecycleError, RecycleResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::{join, join3};
use referral_domain::port::StoreError;

use crate::connection::{Connector, Role, Session};
use crate::failure::{Told, unavailable};
use crate::statement::fixed;
use crate::wire::Wire;

/// How long a session is waited for when all are lent, before the store is called unavailable.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A later statement sees what was committed while an earlier one waited: the locks stand on it.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const BEGIN_AFRESH: &str = "DISCARD PLANS; BEGIN ISOLATION LEVEL READ COMMITTED";

/// Everything a report reads was committed at one instant.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Makes sessions, and says whether one that was lent before may be lent again.
pub struct Opener {
    connector: Arc<Connector>,
    role: Role,
}

impl Manager for Opener {
    type Type = Session;
    type Error = StoreError;

    async fn create(&self) -> Result<Session, StoreError> {
        self.connector.open(self.role).await
    }

    /// A session whose connection ended is known without asking. One that only seems to be there says so when it is
    /// used: its unit is unavailable, and it is not lent again.
    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<StoreError> {
        if session.wire.has_ended() {
            return Err(RecycleError::message("the connection ended"));
        }
        Ok(())
    }
}

/// A pool of sessions of one role. Clones share it.
#[derive(Clone)]
pub struct Pool(deadpool::managed::Pool<Opener>);

impl Pool {
    /// A pool of at most so many, which has opened none yet.
    pub fn new(connector: Arc<Connector>, role: Role, most: usize) -> Result<Self, StoreError> {
        let opener = Opener { connector, role };
        let pool = deadpool::managed::Pool::builder(opener).max_size(most);
        // The session that was used last has its plans and pages at hand: with little to do, few sessions do it.
        let pool = pool.queue_mode(QueueMode::Lifo).build().map_err(unavailable)?;
        Ok(Self(pool))
    }

    /// Lends a session that is outside any transaction.
    pub async fn lend(&self) -> Result<Lease, StoreError> {
        let lending = tokio::time::timeout(LONGEST_WAIT, self.0.get()).await.map_err(unavailable)?;
        let mut session = lending.map_err(unavailable)?;
        let afresh = session.plans.are_old();
        Ok(Lease { session: Some(session), afresh, begun: AtomicBool::new(false) })
    }

    /// What was asked of the idle sessions since each was opened.
    pub fn traffic(&self) -> Vec<crate::wire::Traffic> {
        let mut seen = Vec::new();
        let counted = self.0.retain(|session, _| {
            seen.push(session.wire.traffic());
            true
        });
        assert_eq!(counted.removed.len(), 0);
        seen
    }

    /// How many sessions are idle whose connection has not ended.
    pub fn idle_and_open(&self) -> usize {
        let mut open = 0;
        let counted = self.0.retain(|session, _| {
            open += usize::from(!session.wire.has_ended());
            true
        });
        assert_eq!(counted.removed.len(), 0);
        open
    }
}

/// A session, until it is given back or dropped.
pub struct Lease {
    session: Option<Object<Opener>>,
    afresh: bool,
    begun: AtomicBool,
}

/// A lease without a session: it was given back.
#[derive(Debug, thiserror::Error)]
#[error("the session was given back")]
struct GivenBack;

impl Lease {
    fn session(&self) -> Result<&Session, StoreError> {
        self.session.as_deref().ok_or_else(|| unavailable(GivenBack))
    }

    /// The connection.
    pub fn conn(&self) -> Result<&AsyncPgConnection, StoreError> {
        Ok(&self.session()?.conn)
    }

    /// Runs what asks the connection.
    pub async fn ask<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let wire = &self.session()?.wire;
        work.await.map_err(|error| told_apart(error, wire))
    }

    /// Runs what asks the connection inside a transaction: the first time, `BEGIN` goes ahead in the same flight, and
    /// before it, when the session's plans are old, a word to forget them.
    pub async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.begun.swap(true, Ordering::Relaxed) {
            return self.ask(work).await;
        }
        let mut conn = self.conn()?;
        let begin = if self.afresh { BEGIN_AFRESH } else { BEGIN };
        let (begun, answer) = join(conn.batch_execute(begin), self.ask(work)).await;
        begun.told().and(answer)
    }

    /// Runs what asks the connection on one snapshot. It must send all its statements when it is first polled: `BEGIN`
    /// goes ahead of them and `COMMIT` follows in the same flight.
    pub async fn snapshot<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (mut begin, mut end) = (self.conn()?, self.conn()?);
        // Prepared like the others, it takes its turn behind them even while they are prepared first.
        let ended = async { fixed::<()>("COMMIT").execute(&mut end).await.told() };
        let (begun, answer, ended) = join3(begin.batch_execute(SNAPSHOT), self.ask(work), ended).await;
        begun.told()?;
        let answer = answer?;
        ended?;
        Ok(answer)
    }

    /// Runs what asks the connection in several flights on one snapshot: what it asks later may depend on what was answered
    /// before. `BEGIN` goes ahead of the first flight, `COMMIT` is a flight of its own.
    pub async fn long_snapshot<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut conn = self.conn()?;
        let (begun, answer) = join(conn.batch_execute(SNAPSHOT), self.ask(work)).await;
        begun.told()?;
        let answer = answer?;
        let mut conn = self.conn()?;
        self.ask(async { conn.batch_execute("COMMIT").await.told() }).await?;
        Ok(answer)
    }

    /// Ends the transaction by `COMMIT` and gives the session back. One that asked nothing never began.
    pub async fn commit(self) -> Result<(), StoreError> {
        if self.has_begun() {
            let mut conn = self.conn()?;
            self.ask(async { conn.batch_execute("COMMIT").await.told() }).await?;
        }
        self.done();
        Ok(())
    }

    /// Ends the transaction by `ROLLBACK` and gives the session back. One that asked nothing never began.
    pub async fn roll_back(self) -> Result<(), StoreError> {
        if self.has_begun() {
            self.conn()?.batch_execute("ROLLBACK").await.told()?;
        }
        self.done();
        Ok(())
    }

    /// Whether the transaction has begun.
    pub fn has_begun(&self) -> bool {
        AtomicBool::load(&self.begun, Ordering::Relaxed)
    }

    /// Gives the session back: it is outside any transaction.
    pub fn done(mut self) {
        drop(self.session.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.session.take().map(Object::take));
    }
}

/// An error that Diesel has no kind for, with what its SQLSTATE said on the wire.
fn told_apart(error: StoreError, wire: &Wire) -> StoreError {
    match error {
        StoreError::Unavailable(source) if wire.lost_a_race() => StoreError::Contended(source),
        other => other,
    }
}
