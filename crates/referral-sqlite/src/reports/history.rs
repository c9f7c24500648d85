//! Histories: pages by number, newest first, over the primary key `(book_id, user_id, n)`, and sums.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use referral_domain::id::{BookId, UserId};
use referral_domain::ledger::TransactionKind;
use referral_domain::port::{BalanceReport, HistoryFilter, HistoryItem, KindTotal, StoreError, Summary};
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::ledger::{self, ItemRow};
use crate::schema::{history_lines as lines, ledger_transactions as transactions};
use crate::statement::fixed;

pub(super) fn balance(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
    aged: Timestamp,
) -> Result<BalanceReport, StoreError> {
    let last = ledger::last_line(conn, book, user)?;
    Ok(BalanceReport { last, aged: ledger::earned_until(conn, book, user, aged)? })
}

pub(super) fn page(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
    filter: &HistoryFilter,
) -> Result<Vec<HistoryItem>, StoreError> {
    let of_line =
        transactions::book_id.eq(lines::book_id).and(transactions::transaction_id.eq(lines::transaction_id));
    let mut query = lines::table
        .inner_join(transactions::table.on(of_line))
        .filter(lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user))))
        .order(lines::n.desc())
        .limit(i64::from(filter.limit))
        .select(ItemRow::as_select())
        .into_boxed();
    if !filter.kinds.is_empty() {
        query = query.filter(transactions::kind.eq_any(filter.kinds.iter().map(|kind| kind.as_str())));
    }
    if let Some(from) = filter.from {
        query = query.filter(lines::at.ge(from.micros()));
    }
    if let Some(until) = filter.until {
        query = query.filter(lines::at.lt(until.micros()));
    }
    if let Some(before) = filter.before {
        query = query.filter(lines::n.lt(before));
    }
    let found = query.load(conn).told()?;
    found.into_iter().map(HistoryItem::try_from).collect()
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

pub(super) fn summary(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
) -> Result<Summary, StoreError> {
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
