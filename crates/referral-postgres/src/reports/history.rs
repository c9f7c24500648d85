//! Histories: pages, newest first, and sums.
//!
//! A line with a greater number is a later one, so that the index `(book_id, user_id, at)` answers a page in its order
//! whatever instants it is bounded by: as many lines are read as are answered, and none is sorted. Of a page by kind,
//! also the lines of other kinds between. A line and its transaction have one instant, and no other of their user has it:
//! by it the transactions lie in their index beside each other, too.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::id::{BookId, UserId};
use referral_domain::ledger::TransactionKind;
use referral_domain::port::{HistoryFilter, HistoryItem, KindTotal, StoreError, Summary};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use crate::column::{At, Key, Place};
use crate::failure::Told;
use crate::ledger::ItemRow;
use crate::schema::{history_lines as lines, ledger_transactions as transactions};
use crate::statement::fixed;

pub(crate) async fn page(
    mut conn: &AsyncPgConnection,
    book: BookId,
    user: UserId,
    filter: &HistoryFilter,
) -> Result<Vec<HistoryItem>, StoreError> {
    let Some(until) = end(conn, book, user, filter).await? else { return Ok(Vec::new()) };
    let of_user = transactions::book_id.eq(lines::book_id).and(transactions::user_id.eq(lines::user_id));
    let of_line = of_user.and(transactions::recorded_at.eq(lines::at));
    let mut query = lines::table
        .inner_join(transactions::table.on(of_line))
        .filter(lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user))))
        .filter(lines::at.lt(At::from(until)))
        .order(lines::at.desc())
        .limit(i64::from(filter.limit))
        .select(ItemRow::as_select())
        .into_boxed();
    if !filter.kinds.is_empty() {
        let kinds: Vec<_> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
        query = query.filter(transactions::kind.eq_any(kinds));
    }
    if let Some(from) = filter.from {
        query = query.filter(lines::at.ge(At::from(from)));
    }
    let found = query.load(&mut conn).await.told()?;
    found.into_iter().map(HistoryItem::try_from).collect()
}

/// Before which instant all lines of a page are; `None` when no line is before the one where the page before ended.
async fn end(
    mut conn: &AsyncPgConnection,
    book: BookId,
    user: UserId,
    filter: &HistoryFilter,
) -> Result<Option<Timestamp>, StoreError> {
    let until = filter.until.unwrap_or(Timestamp::from_micros(i64::MAX));
    let Some(before) = filter.before else { return Ok(Some(until)) };
    let theirs = lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user)));
    let earlier = lines::table.filter(theirs.and(lines::n.lt(before))).order(lines::n.desc());
    let newest = earlier.select(lines::at).first::<At>(&mut conn).await.optional().told()?;
    Ok(newest.map(|at| until.min(Timestamp::from(at).plus_micros(1))))
}

#[derive(Queryable)]
struct KindSum {
    kind: String,
    count: i64,
    credited: i64,
    debited: i64,
}

const SUMS: &str = "SELECT t.kind, count(*),
    sum(greatest(l.available_after - l.available_before, 0))::bigint,
    sum(greatest(l.available_before - l.available_after, 0))::bigint
  FROM history_lines AS l
  JOIN ledger_transactions AS t ON t.book_id = l.book_id AND t.user_id = l.user_id AND t.recorded_at = l.at
  WHERE l.book_id = $1 AND l.user_id = (SELECT n.user_id FROM user_names AS n WHERE n.book_id = $1 AND n.host_id = $2)
  GROUP BY t.kind";

pub(super) async fn sums(
    mut conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
) -> Result<Summary, StoreError> {
    let query = fixed::<(Text, BigInt, BigInt, BigInt)>(SUMS).bind(book.0).bind(host.as_str());
    let sums: Vec<KindSum> = query.load(&mut conn).await.told()?;
    let (credited, debited) =
        sums.iter().fold((0, 0), |(credited, debited), sum| (credited + sum.credited, debited + sum.debited));
    let total = |sum: &KindSum| {
        let place = Place { table: "ledger_transactions", row: host };
        let kind = place.sound("kind", TransactionKind::parse(&sum.kind), &sum.kind)?;
        Ok(KindTotal { kind, count: sum.count, total: sum.credited - sum.debited })
    };
    let mut by_kind = sums.iter().map(total).collect::<Result<Vec<_>, StoreError>>()?;
    by_kind.sort_unstable_by_key(|total| TransactionKind::ALL.iter().position(|kind| *kind == total.kind));
    Ok(Summary { credited, debited, by_kind })
}
