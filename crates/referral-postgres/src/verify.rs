//! Recomputes the whole ledger and everything that posted to it, on one snapshot and two sessions of its own.
//!
//! Memory stays flat here: whether the great tables agree is asked by sums (`sums`); a check is a query that answers the
//! first place that does not hold (`places`), or a fold over a stream of rows where a rule of the domain is asked. Units
//! go on meanwhile.

mod payouts;
mod places;
mod promises;
mod rewards;
mod seals;
pub(crate) mod sums;

use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::try_join;
use referral_domain::ledger::{Broken, Check, LedgerCounts, Verdict};
use referral_domain::port::StoreError;

use crate::connection::Session;
use crate::failure::{Told, meaning};
use crate::statement::fixed;

/// Why a check ended early.
enum Stop {
    Broken(Box<Broken>),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(meaning(error))
    }
}

type Finding = Result<(), Stop>;

/// Looks at everything; answers the first bad place, in the order of [`Check::ALL`]. The sessions end with it.
///
/// Both look at one snapshot: while `session` has the server sum and join, `beside` streams what is sealed.
pub(crate) async fn verify(mut session: Session, mut beside: Session) -> Result<Verdict, StoreError> {
    session.conn.batch_execute(BEGIN).await.told()?;
    let snapshot = fixed::<(Text,)>("SELECT pg_export_snapshot()");
    let (snapshot,) = snapshot.get_result::<(String,)>(&mut &session.conn).await.told()?;
    beside.conn.batch_execute(BEGIN).await.told()?;
    beside.conn.batch_execute(&format!("SET TRANSACTION SNAPSHOT '{snapshot}'")).await.told()?;
    for each in [&mut session, &mut beside] {
        each.conn.batch_execute(AT_EASE).await.told()?;
    }
    verdict(&session.conn, &beside.conn).await
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Whole tables are read: with workers, with room for a hash of a million accounts, and without compiling queries that
/// run once.
const AT_EASE: &str =
    "SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off";

/// What the connections see, judged.
pub(crate) async fn verdict(
    conn: &AsyncPgConnection,
    beside: &AsyncPgConnection,
) -> Result<Verdict, StoreError> {
    let waiting = Waiting::default();
    let summed = async {
        let counts = counts(conn).await?;
        let agree = sums::agree(conn).await?;
        let mut first = None;
        for check in Check::ALL.iter().filter(|check| !agree && sums::cover(**check)) {
            first = found(*check, examine(conn, *check)).await?;
            if first.is_some() {
                break;
            }
        }
        Ok((counts, first, waiting.share(conn).await?))
    };
    let sealed = async {
        let seals = found(Check::Seals, seals::blocks_hold(beside)).await?;
        Ok((seals::unsealed(beside).await?, waiting.share(beside).await?, seals))
    };
    let ((mut counts, summed, here), (unsealed, there, seals)) = try_join(summed, sealed).await?;
    counts.unsealed = unsealed;
    let first = [summed, here, there, seals].into_iter().flatten().min_by_key(|(check, _)| *check as usize);
    Ok(match first {
        None => Verdict::Verified(counts),
        Some((_, first)) => Verdict::Broken { counts, first },
    })
}

/// The checks that wait for whichever session is free first.
#[derive(Default)]
struct Waiting(AtomicUsize);

impl Waiting {
    /// Looks at one after the other, until one does not hold or none waits. All before it were taken, by either.
    async fn share(&self, conn: &AsyncPgConnection) -> Result<Option<(Check, Broken)>, StoreError> {
        let alone = |check: &&Check| !sums::cover(**check) && **check != Check::Seals;
        while let Some(check) = Check::ALL.iter().filter(alone).nth(self.0.fetch_add(1, Ordering::Relaxed)) {
            let first = found(*check, examine(conn, *check)).await?;
            if first.is_some() {
                return Ok(first);
            }
        }
        Ok(None)
    }
}

/// The first bad place of an examination, if there is one.
async fn found(
    check: Check,
    examination: impl Future<Output = Finding> + Send,
) -> Result<Option<(Check, Broken)>, StoreError> {
    match examination.await {
        Ok(()) => Ok(None),
        Err(Stop::Broken(first)) => Ok(Some((check, *first))),
        Err(Stop::Store(error)) => Err(error),
    }
}

async fn examine(conn: &AsyncPgConnection, check: Check) -> Finding {
    for query in places::of(check) {
        first(conn, check, query).await?;
    }
    match check {
        Check::DueRewards => rewards::are_granted_when_due(conn).await,
        Check::Payouts => payouts::manifests_hold(conn).await,
        _ => Ok(()),
    }
}

/// A place that does not hold, as a query finds it.
async fn first(mut conn: &AsyncPgConnection, check: Check, query: &'static str) -> Finding {
    let query = fixed::<(Text, Text, Text)>(query);
    match query.get_result::<(String, String, String)>(&mut conn).await.optional()? {
        Some((place, expected, found)) => broken(check, place, expected, found),
        None => Ok(()),
    }
}

fn broken(check: Check, place: String, expected: String, found: String) -> Finding {
    Err(Stop::Broken(Box::new(Broken { check, place, expected, found })))
}

/// Says where a check fails, unless what is found is what is expected.
fn equal<T: PartialEq + std::fmt::Debug>(
    check: Check,
    place: impl FnOnce() -> String,
    expected: &T,
    found: &T,
) -> Finding {
    if expected == found {
        return Ok(());
    }
    broken(check, place(), format!("{expected:?}"), format!("{found:?}"))
}

const COUNTS: &str = "SELECT (SELECT count(*) FROM books), (SELECT count(*) FROM ledger_transactions),
  (SELECT count(*) FROM transfers), (SELECT count(*) FROM entries), (SELECT count(*) FROM accounts),
  (SELECT count(*) FROM history_lines), (SELECT count(*) FROM referrals),
  (SELECT count(*) FROM ledger_blocks), (SELECT count(*) FROM sealed_transfers)";

async fn counts(mut conn: &AsyncPgConnection) -> Result<LedgerCounts, StoreError> {
    type Row = (BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt);
    type Found = (i64, i64, i64, i64, i64, i64, i64, i64, i64);
    let found = fixed::<Row>(COUNTS).get_result::<Found>(&mut conn).await.told()?;
    let (books, transactions, transfers, entries, accounts, lines, referrals, blocks, sealed) = found;
    Ok(LedgerCounts {
        books: books.unsigned_abs(),
        transactions: transactions.unsigned_abs(),
        transfers: transfers.unsigned_abs(),
        entries: entries.unsigned_abs(),
        accounts: accounts.unsigned_abs(),
        lines: lines.unsigned_abs(),
        referrals: referrals.unsigned_abs(),
        blocks: blocks.unsigned_abs(),
        sealed: sealed.unsigned_abs(),
        heads: seals::heads(conn).await?,
        unsealed: Vec::new(),
    })
}
