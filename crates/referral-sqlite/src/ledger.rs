//! The ledger's heads and histories.
//!
//! `open` is two look-ups a user: their accounts with heads (at most four rows) and the last line of their history.
//! `earned_until` is one step in the unique index `(book_id, user_id, at)`. The writer is the lock on every head.

mod line;
mod posting;

use async_trait::async_trait;
use diesel::prelude::*;
use referral_domain::hold::Hold;
use referral_domain::id::{BookId, ReferralId, TransactionId, UserId};
use referral_domain::ledger::{Head, Line, Origin, Purpose, Wallet};
use referral_domain::money::Currency;
use referral_domain::port::{HistoryItem, Ledger, StoreError};
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::holds;
use crate::schema::{
    account_heads, accounts, history_lines as lines, ledger_transactions as transactions, transfers,
};
use crate::unit::SqliteUnit;
pub(crate) use line::{ItemRow, LineRow, TransactionRow, previous};
pub(crate) use posting::record;

#[derive(Queryable, Selectable)]
#[diesel(table_name = account_heads)]
struct HeadRow {
    account_id: Key,
    seq: i64,
    balance: i64,
}

fn wallet(
    conn: &mut SqliteConnection,
    book: BookId,
    currency: Currency,
    user: UserId,
) -> Result<Wallet, StoreError> {
    let mut wallet = Wallet::empty(book, user, currency);
    let theirs = accounts::book_id.eq(book.0).and(accounts::user_id.eq(Key::from(user)));
    let of_account =
        account_heads::book_id.eq(accounts::book_id).and(account_heads::account_id.eq(accounts::account_id));
    let heads = accounts::table
        .inner_join(account_heads::table.on(of_account))
        .filter(theirs.and(accounts::currency.eq(currency.code())))
        .select((accounts::purpose, HeadRow::as_select()))
        .load::<(String, HeadRow)>(conn)
        .told()?;
    for (purpose, row) in heads {
        let HeadRow { account_id, seq, balance } = row;
        let account = account_id.into();
        let known = Purpose::parse(&purpose);
        let purpose = Place { table: "accounts", row: &account }.sound("purpose", known, &purpose)?;
        *wallet.head_mut(purpose) = Head { account, seq, balance };
    }
    wallet.last = last_line(conn, book, user)?;
    Ok(wallet)
}

/// The end of a user's history.
pub(crate) fn last_line(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
) -> Result<Option<Line>, StoreError> {
    let theirs = lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user)));
    let query = lines::table.filter(theirs).order(lines::n.desc()).select(LineRow::as_select());
    Ok(query.first(conn).optional().told()?.map(Line::from))
}

fn open(
    conn: &mut SqliteConnection,
    book: BookId,
    currency: Currency,
    mut users: Vec<UserId>,
) -> Result<Vec<Wallet>, StoreError> {
    users.sort_unstable();
    users.dedup();
    users.into_iter().map(|user| wallet(conn, book, currency, user)).collect()
}

/// `earned` of a user's last line at or before an instant; 0 without one.
pub(crate) fn earned_until(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let theirs = lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user)));
    let until = lines::table.filter(theirs.and(lines::at.le(at.micros())));
    let earned = until.order(lines::at.desc()).select(lines::earned).first(conn).optional().told()?;
    Ok(earned.unwrap_or(0))
}

pub(crate) fn item(
    conn: &mut SqliteConnection,
    book: BookId,
    transaction: TransactionId,
) -> Result<Option<HistoryItem>, StoreError> {
    let of_line =
        transactions::book_id.eq(lines::book_id).and(transactions::transaction_id.eq(lines::transaction_id));
    let found = lines::table
        .inner_join(transactions::table.on(of_line))
        .filter(lines::book_id.eq(book.0).and(lines::transaction_id.eq(Key::from(transaction))))
        .select(ItemRow::as_select())
        .get_result(conn)
        .optional()
        .told()?;
    found.map(HistoryItem::try_from).transpose()
}

fn posted(
    conn: &mut SqliteConnection,
    book: BookId,
    origin: Origin,
    origin_id: &str,
) -> Result<Option<HistoryItem>, StoreError> {
    let command = transfers::origin.eq(origin.as_str()).and(transfers::origin_id.eq(origin_id));
    let first = transfers::table.filter(transfers::book_id.eq(book.0).and(command).and(transfers::leg.eq(0)));
    let found: Option<Key> = first.select(transfers::transaction_id).first(conn).optional().told()?;
    Ok(found.map(|id| item(conn, book, id.into())).transpose()?.flatten())
}

#[async_trait]
impl Ledger for SqliteUnit {
    async fn open(
        &mut self,
        book: BookId,
        currency: Currency,
        users: &[UserId],
    ) -> Result<Vec<Wallet>, StoreError> {
        let users = users.to_vec();
        self.run(move |conn| open(conn, book, currency, users)).await
    }

    async fn earned_until(&mut self, book: BookId, user: UserId, at: Timestamp) -> Result<i64, StoreError> {
        self.run(move |conn| earned_until(conn, book, user, at)).await
    }

    async fn holds(&mut self, book: BookId, referrals: &[ReferralId]) -> Result<Vec<Hold>, StoreError> {
        let referrals = referrals.to_vec();
        self.run(move |conn| holds::open(conn, book, referrals)).await
    }

    async fn line(
        &mut self,
        book: BookId,
        transaction: TransactionId,
    ) -> Result<Option<HistoryItem>, StoreError> {
        self.run(move |conn| item(conn, book, transaction)).await
    }

    async fn posted(
        &mut self,
        book: BookId,
        origin: Origin,
        origin_id: &str,
    ) -> Result<Option<HistoryItem>, StoreError> {
        let origin_id = origin_id.to_owned();
        self.run(move |conn| posted(conn, book, origin, &origin_id)).await
    }
}
