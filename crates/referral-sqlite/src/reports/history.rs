//! Histories: pages, newest first, and sums.
//!
//! A line with a greater number is a later one, so that the index `(book_id, user_id, at)` answers a page in its order
//! whatever instants it is bounded by: as many lines are read as are answered, and none is sorted. Of a page by kind,
//! also the lines of other kinds between.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use referral_domain::id::{BookId, UserId};
use referral_domain::ledger::TransactionKind;
use referral_domain::port::{HistoryFilter, HistoryItem, KindTotal, StoreError, Summary};
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::ledger::ItemRow;
use crate::schema::{history_lines as lines, ledger_transactions as transactions};
use crate::statement::fixed;

pub(crate) fn page(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
    filter: &HistoryFilter,
) -> Result<Vec<HistoryItem>, StoreError> {
    let Some(until) = end(conn, book, user, filter)? else { return Ok(Vec::new()) };
    let of_line =
        transactions::book_id.eq(lines::book_id).and(transactions::transaction_id.eq(lines::transaction_id));
    let mut query = lines::table
        .inner_join(transactions::table.on(of_line))
        .filter(lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user))).and(lines::at.lt(until)))
        .order(lines::at.desc())
        .limit(i64::from(filter.limit))
        .select(ItemRow::as_select())
        .into_boxed();
    if !filter.kinds.is_empty() {
        query = query.filter(transactions::kind.eq_any(filter.kinds.iter().map(|kind| kind.as_str())));
    }
    if let Some(from) = filter.from {
        query = query.filter(lines::at.ge(from.micros()));
    }
    let found = query.load(conn).told()?;
    found.into_iter().map(HistoryItem::try_from).collect()
}

/// Before which instant all lines of a page are; `None` when no line is before the one where the page before ended.
fn end(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
    filter: &HistoryFilter,
) -> Result<Option<i64>, StoreError> {
    let until = filter.until.map_or(i64::MAX, Timestamp::micros);
    let Some(before) = filter.before else { return Ok(Some(until)) };
    let theirs = lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user)));
    let earlier = lines::table.filter(theirs.and(lines::n.lt(before))).order(lines::n.desc());
    let newest = earlier.select(lines::at).first::<i64>(conn).optional().told()?;
    Ok(newest.map(|at| until.min(at.saturating_add(1))))
}

#[derive(QueryableByName)]
struct KindSum {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    credited: i64,
    #[diesel(sql_type = BigInt)]
    debited: i64,
}

pub(super) fn sums(conn: &mut SqliteConnection, book: BookId, user: UserId) -> Result<Summary, StoreError> {
    let query = fixed(
        "SELECT t.kind AS kind, count(*) AS count,
           sum(max(l.available_after - l.available_before, 0)) AS credited,
           sum(max(l.available_before - l.available_after, 0)) AS debited
         FROM history_lines AS l
         CROSS JOIN ledger_transactions AS t ON t.book_id = l.book_id AND t.transaction_id = l.transaction_id
         WHERE l.book_id = ? AND l.user_id = ? GROUP BY t.kind",
    );
    let sums: Vec<KindSum> = query.bind(book.0).bind(Key::from(user)).load(conn).told()?;
    let (credited, debited) =
        sums.iter().fold((0, 0), |(credited, debited), sum| (credited + sum.credited, debited + sum.debited));
    let total = |sum: &KindSum| {
        let place = Place { table: "ledger_transactions", row: &user };
        let kind = place.sound("kind", TransactionKind::parse(&sum.kind), &sum.kind)?;
        Ok(KindTotal { kind, count: sum.count, total: sum.credited - sum.debited })
    };
    let mut by_kind = sums.iter().map(total).collect::<Result<Vec<_>, StoreError>>()?;
    by_kind.sort_unstable_by_key(|total| TransactionKind::ALL.iter().position(|kind| *kind == total.kind));
    Ok(Summary { credited, debited, by_kind })
}
