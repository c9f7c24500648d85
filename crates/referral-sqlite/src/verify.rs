//! Recomputes the whole ledger and everything that posted to it, on one snapshot.
//!
//! Memory stays flat: rows are streamed in the order of an index, and what is kept is one chain's end. A check is
//! either a query that finds the first place that does not hold (`places`), or a fold in Rust over a stream, where sums
//! could leave 64 bits or a rule of the domain is asked. Units go on meanwhile; the log grows until this has ended.

mod adjustments;
mod chains;
mod money;
mod payouts;
mod places;
mod rewards;
mod seals;
mod stages;
mod zero;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use referral_domain::ledger::{Broken, Check, LedgerCounts, Verdict};
use referral_domain::port::StoreError;

use crate::failure::{Told, meaning};

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

/// Looks at everything; answers the first bad place, in the order of [`Check::ALL`].
pub(crate) fn verify(conn: &mut SqliteConnection) -> Result<Verdict, StoreError> {
    let counts = counts(conn)?;
    match Check::ALL.iter().try_for_each(|check| examine(conn, *check)) {
        Ok(()) => Ok(Verdict::Verified(counts)),
        Err(Stop::Broken(first)) => Ok(Verdict::Broken { counts, first: *first }),
        Err(Stop::Store(error)) => Err(error),
    }
}

fn examine(conn: &mut SqliteConnection, check: Check) -> Finding {
    places::of(check).iter().chain(money::of(check)).try_for_each(|query| first(conn, check, query))?;
    match check {
        Check::Seals => seals::blocks_hold(conn),
        Check::EntryChain => chains::entries_follow(conn),
        Check::Lines => chains::lines_follow(conn),
        Check::Zero => zero::accounts_sum_to_zero(conn),
        Check::DueRewards => rewards::are_granted_when_due(conn),
        Check::Commissions => rewards::commissions_are_posted(conn),
        Check::Payouts => payouts::manifests_hold(conn),
        Check::TransferEntries | Check::Heads | Check::Bounds | Check::RewardSteps | Check::Redemptions => {
            Ok(())
        }
        Check::Holds | Check::NetSpend | Check::Budgets | Check::Adjustments => Ok(()),
    }
}

/// A place that does not hold, as a query finds it.
#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Text)]
    expected: String,
    #[diesel(sql_type = Text)]
    found: String,
}

fn first(conn: &mut SqliteConnection, check: Check, query: &str) -> Finding {
    let bad = diesel::sql_query(query).get_result::<Place>(conn).optional()?;
    bad.map_or(Ok(()), |Place { place, expected, found }| broken(check, place, expected, found))
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

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    books: i64,
    #[diesel(sql_type = BigInt)]
    transactions: i64,
    #[diesel(sql_type = BigInt)]
    transfers: i64,
    #[diesel(sql_type = BigInt)]
    entries: i64,
    #[diesel(sql_type = BigInt)]
    accounts: i64,
    #[diesel(sql_type = BigInt)]
    lines: i64,
    #[diesel(sql_type = BigInt)]
    referrals: i64,
    #[diesel(sql_type = BigInt)]
    blocks: i64,
    #[diesel(sql_type = BigInt)]
    sealed: i64,
}

fn counts(conn: &mut SqliteConnection) -> Result<LedgerCounts, StoreError> {
    let query = diesel::sql_query(
        "SELECT (SELECT count(*) FROM books) AS books, (SELECT count(*) FROM ledger_transactions) AS transactions,
           (SELECT count(*) FROM transfers) AS transfers, (SELECT count(*) FROM entries) AS entries,
           (SELECT count(*) FROM accounts) AS accounts, (SELECT count(*) FROM history_lines) AS lines,
           (SELECT count(*) FROM referrals) AS referrals, (SELECT count(*) FROM ledger_blocks) AS blocks,
           (SELECT count(*) FROM sealed_transfers) AS sealed",
    );
    let found: Counts = query.get_result(conn).told()?;
    Ok(LedgerCounts {
        books: found.books.unsigned_abs(),
        transactions: found.transactions.unsigned_abs(),
        transfers: found.transfers.unsigned_abs(),
        entries: found.entries.unsigned_abs(),
        accounts: found.accounts.unsigned_abs(),
        lines: found.lines.unsigned_abs(),
        referrals: found.referrals.unsigned_abs(),
        blocks: found.blocks.unsigned_abs(),
        sealed: found.sealed.unsigned_abs(),
        heads: seals::heads(conn)?,
        unsealed: seals::unsealed(conn)?,
    })
}
