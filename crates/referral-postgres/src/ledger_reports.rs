//! Questions about the books.
//!
//! | report | statements | costs |
//! |---|---|---|
//! | `movements` | one | a pass over the book's transfers |
//! | `line_at` | one | a step in the index `(book_id, user_id, at)` |
//! | `transactions` | one; of a user's next page, two | a walk down the primary key, or one user's history, to the end of the page |
//! | `transaction` | three | a step by key a row |
//! | `accounts` | one | at most four rows |
//! | `transfers` | one; of an account's next page, two | a walk down the primary key, or one account's chain, to the end of the page |
//! | `journal` | two | a walk up the primary key to the end of the page, and a step by key a leg |
//!
//! A walk passes over what the filter leaves out, so that a page of something rare may look at much; pages that follow
//! one another walk the key once between them. Rows that are found by a second statement never change, so that no
//! snapshot is needed to see them as the first one did.

mod page;
mod row;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::id::{AdjustmentId, BookId, TransactionId, UserId};
use referral_domain::ledger::{Account, Entry, Head, Line, Transaction};
use referral_domain::money::Currency;
use referral_domain::port::{
    AdjustmentFilter, AdjustmentReport, JournalFilter, JournalItem, LedgerReports, LegReport, StoreError,
    TransactionDetail, TransactionFilter, TransactionReport, TransferFilter,
};
use referral_domain::time::Timestamp;
use referral_domain::trial_balance::Movement;

use crate::adjustments;
use crate::column::{At, Key};
use crate::failure::Told;
use crate::ledger::{ItemRow, LineRow, TransactionRow};
use crate::reports::report;
use crate::schema::{history_lines as lines, ledger_transactions as transactions, user_names};
use crate::statement::fixed;
use crate::store::PgStore;
pub(crate) use page::transactions;
use row::{AccountRow, AccountSql, EntryRow, EntrySql, LegRow, LegSql, legs, movement};

/// Lines with their transactions and the names of their users.
macro_rules! reports {
    () => {
        lines::table
            .inner_join(
                transactions::table.on(transactions::book_id
                    .eq(lines::book_id)
                    .and(transactions::transaction_id.eq(lines::transaction_id))),
            )
            .left_join(
                user_names::table
                    .on(user_names::book_id.eq(lines::book_id).and(user_names::user_id.eq(lines::user_id))),
            )
            .select((ItemRow::as_select(), user_names::host_id.nullable()))
    };
}
use reports;

const MOVEMENTS: &str = "SELECT account, sum(debit)::bigint, sum(credit)::bigint FROM (
    SELECT coalesce(t.debit_system, a.purpose) AS account, t.amount AS debit, 0 AS credit FROM transfers AS t
      LEFT JOIN accounts AS a ON a.book_id = t.book_id AND a.account_id = t.debit_account
      WHERE t.book_id = $1 AND t.recorded_at <= $2
    UNION ALL SELECT coalesce(t.credit_system, a.purpose), 0, t.amount FROM transfers AS t
      LEFT JOIN accounts AS a ON a.book_id = t.book_id AND a.account_id = t.credit_account
      WHERE t.book_id = $1 AND t.recorded_at <= $2) AS sides
  GROUP BY account";

async fn movements(
    mut conn: &AsyncPgConnection,
    book: BookId,
    as_of: Timestamp,
) -> Result<Vec<Movement>, StoreError> {
    let query = fixed::<(Text, BigInt, BigInt)>(MOVEMENTS).bind(book.0).bind(as_of);
    query.load::<(String, i64, i64)>(&mut conn).await.told()?.into_iter().map(movement).collect()
}

async fn line_at(
    mut conn: &AsyncPgConnection,
    book: BookId,
    user: UserId,
    at: Timestamp,
) -> Result<Option<Line>, StoreError> {
    let theirs = lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user)));
    let until = lines::table.filter(theirs.and(lines::at.le(At::from(at))));
    let query = until.order(lines::at.desc()).select(LineRow::as_select());
    Ok(query.first(&mut conn).await.optional().told()?.map(Line::from))
}

async fn transaction(
    mut conn: &AsyncPgConnection,
    book: BookId,
    id: TransactionId,
) -> Result<Option<TransactionDetail>, StoreError> {
    let query = reports!().filter(lines::book_id.eq(book.0).and(lines::transaction_id.eq(Key::from(id))));
    let found = query.first::<(ItemRow, Option<String>)>(&mut conn).await.optional().told()?;
    let Some(found) = found else { return Ok(None) };
    let legs = legs_of(conn, book, &[id]).await?;
    let entries = entries_of(conn, book, &legs).await?;
    Ok(Some(TransactionDetail { report: row::report(found)?, legs, entries }))
}

const LEGS: &str = legs!(
    "unnest($1) WITH ORDINALITY AS u(id, n) CROSS JOIN LATERAL (SELECT * FROM transfers AS t
        WHERE t.book_id = $2 AND t.transaction_id = u.id ORDER BY t.leg LIMIT 16) AS x",
    "ORDER BY u.n, x.leg"
);

/// The legs of transactions, in input order and theirs.
async fn legs_of(
    mut conn: &AsyncPgConnection,
    book: BookId,
    ids: &[TransactionId],
) -> Result<Vec<LegReport>, StoreError> {
    let query = fixed::<LegSql>(LEGS).column(ids, |id| Key::from(*id)).bind(book.0);
    query.load::<LegRow>(&mut conn).await.told()?.into_iter().map(LegReport::try_from).collect()
}

const ENTRIES: &str = "SELECT e.* FROM unnest($1) WITH ORDINALITY AS u(id, n) CROSS JOIN LATERAL (
    SELECT e.account_id, e.seq, e.transfer_id, e.side, e.amount, e.balance_before, e.balance_after, e.purpose
    FROM entries AS e WHERE e.book_id = $2 AND e.transfer_id = u.id LIMIT 2) AS e
  ORDER BY u.n, e.side DESC";

/// The entries of legs, leg by leg, what leaves first.
async fn entries_of(
    mut conn: &AsyncPgConnection,
    book: BookId,
    legs: &[LegReport],
) -> Result<Vec<Entry>, StoreError> {
    let query = fixed::<EntrySql>(ENTRIES).column(legs, |leg| Key::from(leg.transfer.id)).bind(book.0);
    query.load::<EntryRow>(&mut conn).await.told()?.into_iter().map(Entry::try_from).collect()
}

const ACCOUNTS: &str =
    "SELECT a.account_id, a.user_id, a.purpose, a.created_at, h.seq, h.balance FROM accounts AS a
  CROSS JOIN LATERAL (SELECT h.seq, h.balance FROM account_heads AS h
    WHERE h.book_id = $1 AND h.account_id = a.account_id LIMIT 1) AS h
  WHERE a.book_id = $1 AND a.user_id = $2 AND a.currency = $3";

async fn accounts(
    mut conn: &AsyncPgConnection,
    book: BookId,
    currency: Currency,
    user: UserId,
) -> Result<Vec<(Account, Head)>, StoreError> {
    let query = fixed::<AccountSql>(ACCOUNTS).bind(book.0).bind(Key::from(user)).bind(currency.code());
    let rows = query.load::<AccountRow>(&mut conn).await.told()?;
    let mut found = rows.into_iter().map(|row| row.headed(currency)).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|(account, _)| account.purpose);
    Ok(found)
}

async fn journal(
    mut conn: &AsyncPgConnection,
    book: BookId,
    filter: &JournalFilter,
) -> Result<Vec<JournalItem>, StoreError> {
    let after = filter.after.map_or(Key(uuid::Uuid::nil()), Key::from);
    let rows = transactions::table
        .filter(transactions::book_id.eq(book.0).and(transactions::transaction_id.gt(after)))
        .filter(transactions::recorded_at.ge(At::from(filter.from)))
        .filter(transactions::recorded_at.lt(At::from(filter.until)))
        .order(transactions::transaction_id)
        .limit(i64::from(filter.limit))
        .select(TransactionRow::as_select())
        .load(&mut conn)
        .await
        .told()?;
    let found = rows.into_iter().map(Transaction::try_from).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<_> = found.iter().map(|transaction| transaction.id).collect();
    let mut legs = legs_of(conn, book, &ids).await?.into_iter().peekable();
    let with_legs = |transaction: Transaction| {
        let mut theirs = Vec::new();
        while let Some(leg) = legs.next_if(|leg| leg.transfer.transaction == transaction.id) {
            theirs.push(leg);
        }
        JournalItem { transaction, legs: theirs }
    };
    Ok(found.into_iter().map(with_legs).collect())
}

#[async_trait]
impl LedgerReports for PgStore {
    async fn movements(&self, book: BookId, as_of: Timestamp) -> Result<Vec<Movement>, StoreError> {
        let lease = self.patient().await?;
        movements(&lease.conn, book, as_of).await
    }

    async fn line_at(&self, book: BookId, user: UserId, at: Timestamp) -> Result<Option<Line>, StoreError> {
        report!(self, |conn| line_at(conn, book, user, at))
    }

    async fn transactions(
        &self,
        book: BookId,
        filter: &TransactionFilter,
    ) -> Result<Vec<TransactionReport>, StoreError> {
        report!(self, |conn| transactions(conn, book, filter))
    }

    async fn transaction(
        &self,
        book: BookId,
        id: TransactionId,
    ) -> Result<Option<TransactionDetail>, StoreError> {
        report!(self, |conn| transaction(conn, book, id))
    }

    async fn accounts(
        &self,
        book: BookId,
        currency: Currency,
        user: UserId,
    ) -> Result<Vec<(Account, Head)>, StoreError> {
        report!(self, |conn| accounts(conn, book, currency, user))
    }

    async fn transfers(&self, book: BookId, filter: &TransferFilter) -> Result<Vec<LegReport>, StoreError> {
        report!(self, |conn| page::transfers(conn, book, filter))
    }

    async fn journal(&self, book: BookId, filter: &JournalFilter) -> Result<Vec<JournalItem>, StoreError> {
        report!(self, |conn| journal(conn, book, filter))
    }

    async fn adjustments(
        &self,
        book: BookId,
        filter: &AdjustmentFilter,
    ) -> Result<Vec<AdjustmentReport>, StoreError> {
        report!(self, |conn| adjustments::page(conn, book, filter))
    }

    async fn adjustment(
        &self,
        book: BookId,
        id: AdjustmentId,
    ) -> Result<Option<AdjustmentReport>, StoreError> {
        report!(self, |conn| adjustments::one(conn, book, id))
    }
}
