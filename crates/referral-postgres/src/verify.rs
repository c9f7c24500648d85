//! Recomputes the whole ledger and everything that posted to it, on one snapshot and a session of its own.
//!
//! Memory stays flat here: a check is a query that answers the first place that does not hold (`places`), or a fold over
//! a stream of rows where a rule of the domain is asked. Units go on meanwhile.

mod adjustments;
mod payouts;
mod places;
mod promises;
mod rewards;
mod seals;
mod stages;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
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

/// Looks at everything; answers the first bad place, in the order of [`Check::ALL`]. The session ends with it.
pub(crate) async fn verify(mut session: Session) -> Result<Verdict, StoreError> {
    session.conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.told()?;
    verdict(&session.conn).await
}

/// What the connection sees, judged.
pub(crate) async fn verdict(conn: &AsyncPgConnection) -> Result<Verdict, StoreError> {
    let counts = counts(conn).await?;
    match examine_all(conn).await {
        Ok(()) => Ok(Verdict::Verified(counts)),
        Err(Stop::Broken(first)) => Ok(Verdict::Broken { counts, first: *first }),
        Err(Stop::Store(error)) => Err(error),
    }
}

async fn examine_all(conn: &AsyncPgConnection) -> Finding {
    for check in Check::ALL {
        for query in places::of(*check) {
            first(conn, *check, query).await?;
        }
        if *check == Check::DueRewards {
            rewards::are_granted_when_due(conn).await?;
        }
        if *check == Check::Payouts {
            payouts::manifests_hold(conn).await?;
        }
        if *check == Check::Seals {
            seals::blocks_hold(conn).await?;
        }
    }
    Ok(())
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
        unsealed: seals::unsealed(conn).await?,
    })
}
