//! What users have: one statement by the user's name, each part of it one step in an index; a summary adds one pass over
//! the user's history.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use referral_domain::id::BookId;
use referral_domain::port::{AccountReport, StoreError, SummaryReport};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;
use referral_domain::user::UserFacts;

use super::history;
use crate::failure::Told;
use crate::ledger::LineRow;
use crate::statement::{RowSql, fixed};
use crate::users::{self, Named, NamedRow};

/// `$1` is the book, `$2` the name, `$3` the instant up to which earnings are old enough.
const ACCOUNT: &str = concat!(
    "SELECT u.*, l.*, coalesce(aged.earned, 0) FROM (SELECT ", users::columns!(), ", n.host_id,
        (SELECT 1 FROM referrals AS r WHERE r.book_id = $1 AND r.referred_id = n.user_id LIMIT 1) IS NOT NULL AS referred
      FROM user_names AS n CROSS JOIN LATERAL (
        SELECT * FROM users AS u WHERE u.book_id = $1 AND u.user_id = n.user_id LIMIT 1) AS u
      WHERE n.book_id = $1 AND n.host_id = $2 LIMIT 1) AS u
    LEFT JOIN LATERAL (SELECT ", crate::ledger::line_columns!(), " FROM history_lines AS l
      WHERE l.book_id = $1 AND l.user_id = u.user_id ORDER BY l.n DESC LIMIT 1) AS l ON true
    LEFT JOIN LATERAL (SELECT l.earned FROM history_lines AS l
      WHERE l.book_id = $1 AND l.user_id = u.user_id AND l.at <= $3 ORDER BY l.at DESC LIMIT 1) AS aged ON true"
);

type Account = (Named, Bool, Nullable<RowSql<LineRow>>, BigInt);

pub(crate) async fn account(
    mut conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
    aged: Timestamp,
) -> Result<AccountReport, StoreError> {
    let query = fixed::<Account>(ACCOUNT).bind(book.0).bind(host.as_str()).bind(aged);
    let found =
        query.get_result::<(NamedRow, bool, Option<LineRow>, i64)>(&mut conn).await.optional().told()?;
    let Some((user, referred, last, aged)) = found else { return Ok(AccountReport::default()) };
    let email = UserFacts::try_from(user)?.email_status();
    Ok(AccountReport { email, referred, last: last.map(Into::into), aged })
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
