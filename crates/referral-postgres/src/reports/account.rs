//! What users have: one statement by the user's name, each part of it one step in an index; a summary adds one pass over
//! the user's history.

use diesel::sql_types::{BigInt, Bool, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use referral_domain::id::BookId;
use referral_domain::port::{AccountReport, StoreError, SummaryReport};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use super::history;
use crate::failure::Told;
use crate::ledger::LineRow;
use crate::statement::{RowSql, fixed};
use crate::users::{self, Doubt};

/// `$1` are the names, `$2` the instants up to which their earnings are old enough, `$3` is the book. Nothing is read of who
/// is verified: an index has those who are not. What was earned up to an instant is looked for only where something was
/// earned since: `earned` is a sum that never falls.
const ACCOUNTS: &str = concat!(
    "SELECT k.ordinal, doubt.*, l.*, CASE WHEN l.at <= k.aged THEN l.earned ELSE coalesce(aged.earned, 0) END
    FROM unnest($1, $2) WITH ORDINALITY AS k(host_id, aged, ordinal)
    CROSS JOIN LATERAL (SELECT n.book_id, n.user_id FROM user_names AS n
      WHERE n.book_id = $3 AND n.host_id = k.host_id LIMIT 1) AS u
    LEFT JOIN LATERAL (", users::doubt!(), ") AS doubt ON true
    LEFT JOIN LATERAL (SELECT ", crate::ledger::line_columns!(), " FROM history_lines AS l
      WHERE l.book_id = $3 AND l.user_id = u.user_id ORDER BY l.n DESC LIMIT 1) AS l ON true
    LEFT JOIN LATERAL (SELECT a.earned FROM history_lines AS a WHERE l.earned > 0 AND l.at > k.aged
        AND a.book_id = $3 AND a.user_id = u.user_id AND a.at <= k.aged ORDER BY a.at DESC LIMIT 1) AS aged ON true"
);

type AccountSql = (BigInt, Nullable<(Bool, Bool)>, Nullable<RowSql<LineRow>>, BigInt);
type AccountRow = (i64, Option<Doubt>, Option<LineRow>, i64);

/// What these users have; of whom nobody heard there is no row.
pub(super) async fn accounts(
    mut conn: &AsyncPgConnection,
    book: BookId,
    asked: &[(HostId, Timestamp)],
) -> Result<Vec<AccountReport>, StoreError> {
    let query = fixed::<AccountSql>(ACCOUNTS).column(asked, |(host, _)| host.to_string());
    let query = query.column(asked, |(_, aged)| *aged).bind(book.0);
    let rows: Vec<AccountRow> = query.load(&mut conn).await.told()?;
    let mut reports = vec![AccountReport::default(); asked.len()];
    for (ordinal, doubt, last, aged) in rows {
        let must_verify = doubt.is_some_and(users::must_verify);
        let report = AccountReport { must_verify, last: last.map(Into::into), aged };
        let place = usize::try_from(ordinal - 1).ok().and_then(|place| reports.get_mut(place));
        place.into_iter().for_each(|place| place.clone_from(&report));
    }
    Ok(reports)
}

/// What a user has.
pub(crate) async fn account(
    conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
    aged: Timestamp,
) -> Result<AccountReport, StoreError> {
    Ok(accounts(conn, book, &[(host.clone(), aged)]).await?.pop().unwrap_or_default())
}

pub(super) async fn summary(
    conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
    aged: Timestamp,
) -> Result<SummaryReport, StoreError> {
    let (account, sums) = try_join(account(conn, book, host, aged), history::sums(conn, book, host)).await?;
    Ok(SummaryReport { account, sums })
}
