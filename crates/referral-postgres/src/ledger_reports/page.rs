//! Pages of transactions and transfers, newest first.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::id::{AccountId, BookId, TransactionId, TransferId};
use referral_domain::port::{LegReport, StoreError, TransactionFilter, TransactionReport, TransferFilter};
use referral_domain::time::Timestamp;

use super::reports;
use super::row::{LegRow, LegSql, legs, report};
use crate::column::{At, Key};
use crate::failure::Told;
use crate::ledger::ItemRow;
use crate::schema::{history_lines as lines, ledger_transactions as transactions, user_names};
use crate::statement::{Fixed, fixed};

/// Nothing was recorded before.
const FIRST: Timestamp = Timestamp::from_micros(0);
/// Nothing is recorded after.
const LAST: Timestamp = Timestamp::from_micros(i64::MAX);

pub(crate) async fn transactions(
    mut conn: &AsyncPgConnection,
    book: BookId,
    filter: &TransactionFilter,
) -> Result<Vec<TransactionReport>, StoreError> {
    let change = lines::available_after - lines::available_before;
    let mut query = reports!()
        .filter(transactions::book_id.eq(book.0))
        .filter(lines::at.ge(At::from(filter.from.unwrap_or(FIRST))))
        .filter(lines::at.lt(At::from(filter.until.unwrap_or(LAST))))
        .order(transactions::transaction_id.desc())
        .limit(i64::from(filter.limit))
        .into_boxed();
    if let Some(user) = filter.user {
        let theirs = lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user)));
        query = query.filter(theirs).order(lines::n.desc());
    }
    match (filter.after, filter.user) {
        (None, _) => {}
        (Some(after), None) => query = query.filter(transactions::transaction_id.lt(Key::from(after))),
        (Some(after), Some(_)) => match number(conn, book, after).await? {
            Some(n) => query = query.filter(lines::n.lt(n)),
            None => return Ok(Vec::new()),
        },
    }
    if let Some(id) = filter.id {
        query = query.filter(transactions::transaction_id.eq(Key::from(id)));
    }
    if !filter.kinds.is_empty() {
        let kinds: Vec<_> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
        query = query.filter(transactions::kind.eq_any(kinds));
    }
    if let Some(referral) = filter.referral {
        query = query.filter(transactions::referral_id.eq(Key::from(referral)));
    }
    if let Some(reference) = &filter.reference {
        query = query.filter(transactions::reference.eq(reference));
    }
    if let Some(by) = filter.created_by {
        query = query.filter(transactions::created_by.eq(by.as_str()));
    }
    if let Some(least) = filter.least {
        query = query.filter(change.ge(least));
    }
    if let Some(most) = filter.most {
        query = query.filter(change.le(most));
    }
    query.load::<(ItemRow, Option<String>)>(&mut conn).await.told()?.into_iter().map(report).collect()
}

/// The place of a transaction in its user's history.
async fn number(
    mut conn: &AsyncPgConnection,
    book: BookId,
    id: TransactionId,
) -> Result<Option<i64>, StoreError> {
    let same = lines::book_id.eq(book.0).and(lines::transaction_id.eq(Key::from(id)));
    lines::table.filter(same).select(lines::n).first(&mut conn).await.optional().told()
}

/// `$1` is the book, `$2` the id below which the page begins, then which transactions and kinds (none for all), from,
/// until, and at most so many.
const PAGE: &str = legs!(
    "transfers AS x",
    "WHERE x.book_id = $1 AND x.transfer_id < $2 AND (cardinality($3) = 0 OR x.transaction_id = ANY($3))
       AND (cardinality($4) = 0 OR x.kind = ANY($4)) AND x.recorded_at >= $5 AND x.recorded_at < $6
     ORDER BY x.transfer_id DESC LIMIT $7"
);

/// The same, but `$2` is an account, `$3` the place in its chain before which the page begins.
const OF_AN_ACCOUNT: &str = legs!(
    "entries AS e JOIN transfers AS x ON x.book_id = e.book_id AND x.transfer_id = e.transfer_id",
    "WHERE e.book_id = $1 AND e.account_id = $2 AND e.seq < $3
       AND (cardinality($4) = 0 OR x.transaction_id = ANY($4)) AND (cardinality($5) = 0 OR x.kind = ANY($5))
       AND x.recorded_at >= $6 AND x.recorded_at < $7
     ORDER BY e.seq DESC LIMIT $8"
);

pub(super) async fn transfers(
    mut conn: &AsyncPgConnection,
    book: BookId,
    filter: &TransferFilter,
) -> Result<Vec<LegReport>, StoreError> {
    let query: Fixed<LegSql> = match filter.account {
        None => fixed(PAGE).bind(book.0).bind(filter.after.map_or(Key(uuid::Uuid::max()), Key::from)),
        Some(account) => {
            let place = place_in(conn, book, account, filter.after).await?;
            let Some(before) = place else { return Ok(Vec::new()) };
            fixed(OF_AN_ACCOUNT).bind(book.0).bind(Key::from(account)).bind(before)
        }
    };
    let query = query.bind(filter.transaction.map(Key::from).into_iter().collect::<Vec<_>>());
    let query = query.bind(filter.kind.map(|kind| kind.as_str()).into_iter().collect::<Vec<_>>());
    let query =
        query.bind(filter.from.unwrap_or(FIRST)).bind(filter.until.unwrap_or(LAST)).bind(filter.limit);
    query.load::<LegRow>(&mut conn).await.told()?.into_iter().map(LegReport::try_from).collect()
}

const PLACE: &str = "SELECT e.seq FROM entries AS e WHERE e.book_id = $1 AND e.transfer_id = $2 AND e.account_id = $3 LIMIT 1";

/// Before which entry of an account's chain the page begins; `None` when the last transfer is not on it.
async fn place_in(
    mut conn: &AsyncPgConnection,
    book: BookId,
    account: AccountId,
    last: Option<TransferId>,
) -> Result<Option<i64>, StoreError> {
    let Some(last) = last else { return Ok(Some(i64::MAX)) };
    let query = fixed::<(diesel::sql_types::BigInt,)>(PLACE).bind(book.0).bind(Key::from(last));
    let found = query.bind(Key::from(account)).get_result::<(i64,)>(&mut conn).await;
    Ok(found.optional().told()?.map(|(seq,)| seq))
}
