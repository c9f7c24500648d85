//! The ledger's heads and histories.
//!
//! `open` is one flight of four statements. The first two lock: an advisory lock for each user who has no account yet
//! (by its number), then all heads of all users (by user, then account). The others read what the locks protect, so they
//! see what was committed while the locks were waited for: the heads, and the last line of each history.
//! `earned_until` is one step in the unique index `(book_id, user_id, at)`.

mod line;
mod posting;

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join4;
use referral_domain::hold::Hold;
use referral_domain::id::{BookId, ReferralId, TransactionId, UserId};
use referral_domain::ledger::{Head, Line, Origin, Purpose, Wallet};
use referral_domain::money::Currency;
use referral_domain::port::{HistoryItem, Ledger, StoreError};
use referral_domain::time::Timestamp;

use crate::column::{At, Key, Place};
use crate::failure::Told;
use crate::holds;
use crate::schema::{history_lines as lines, ledger_transactions as transactions};
use crate::statement::{RowSql, fixed};
use crate::unit::{PgUnit, call};
pub(crate) use line::{ItemRow, LineRow, TransactionRow, previous};
pub(crate) use posting::record;

/// Whoever posts first to a user holds the lock that everybody takes who finds no account; whoever finds accounts locks
/// their heads. Numbers are sorted before any is locked.
const LOCK_EMPTY: &str = "SELECT count(pg_advisory_xact_lock(w.number)) FROM (
    SELECT hashtextextended('wallet ' || $2 || ' ' || u.id, 0) AS number FROM unnest($1) AS u(id)
    WHERE (SELECT 1 FROM accounts AS a WHERE a.book_id = $2 AND a.user_id = u.id LIMIT 1) IS NULL
    ORDER BY 1 OFFSET 0) AS w";

pub(crate) const LOCK_HEADS: &str = "SELECT count(*) FROM unnest($1) AS u(id)
  CROSS JOIN LATERAL (SELECT a.account_id FROM accounts AS a
    WHERE a.book_id = $2 AND a.user_id = u.id ORDER BY a.account_id LIMIT 4) AS a
  CROSS JOIN LATERAL (SELECT 1 FROM account_heads AS h
    WHERE h.book_id = $2 AND h.account_id = a.account_id LIMIT 1 FOR NO KEY UPDATE) AS h";

const HEADS: &str = "SELECT u.id, a.purpose, a.account_id, h.seq, h.balance FROM unnest($1) AS u(id)
  CROSS JOIN LATERAL (SELECT a.purpose, a.account_id FROM accounts AS a
    WHERE a.book_id = $2 AND a.user_id = u.id AND a.currency = $3 LIMIT 4) AS a
  CROSS JOIN LATERAL (SELECT h.seq, h.balance FROM account_heads AS h
    WHERE h.book_id = $2 AND h.account_id = a.account_id LIMIT 1) AS h";

/// The columns of a [`LineRow`].
macro_rules! line_columns {
    () => {
        "l.user_id, l.n, l.transaction_id, l.available_before, l.held_before, l.in_payout_before, l.owed_before,
        l.available_after, l.held_after, l.in_payout_after, l.owed_after, l.earned, l.taken, l.paid_out,
        l.at"
    };
}
pub(crate) use line_columns;

const LAST_LINES: &str = concat!(
    "SELECT l.* FROM unnest($1) AS u(id) CROSS JOIN LATERAL (
    SELECT ",
    line_columns!(),
    " FROM history_lines AS l WHERE l.book_id = $2 AND l.user_id = u.id ORDER BY l.n DESC LIMIT 1) AS l"
);

#[derive(Queryable)]
struct HeadRow {
    user_id: Key,
    purpose: String,
    account_id: Key,
    seq: i64,
    balance: i64,
}

type Heads = (sql_types::Uuid, sql_types::Text, sql_types::Uuid, sql_types::BigInt, sql_types::BigInt);

async fn lock(
    mut conn: &AsyncPgConnection,
    text: &'static str,
    book: BookId,
    users: &[Key],
) -> Result<(), StoreError> {
    fixed::<()>(text).bind(users.to_vec()).bind(book.0).execute(&mut conn).await.told()?;
    Ok(())
}

async fn heads(
    mut conn: &AsyncPgConnection,
    book: BookId,
    currency: Currency,
    users: &[Key],
) -> Result<Vec<HeadRow>, StoreError> {
    let query = fixed::<Heads>(HEADS).bind(users.to_vec()).bind(book.0).bind(currency.code());
    query.load(&mut conn).await.told()
}

async fn last_lines(
    mut conn: &AsyncPgConnection,
    book: BookId,
    users: &[Key],
) -> Result<Vec<Line>, StoreError> {
    let query = fixed::<RowSql<LineRow>>(LAST_LINES).bind(users.to_vec()).bind(book.0);
    Ok(query.load::<LineRow>(&mut conn).await.told()?.into_iter().map(Line::from).collect())
}

async fn open(
    conn: &AsyncPgConnection,
    book: BookId,
    currency: Currency,
    users: &[UserId],
) -> Result<Vec<Wallet>, StoreError> {
    let empty = |user: &UserId| (*user, Wallet::empty(book, *user, currency));
    let mut wallets: BTreeMap<_, _> = users.iter().map(empty).collect();
    let users: Vec<_> = wallets.keys().map(|user| Key::from(*user)).collect();
    let ((), (), heads, lines) = try_join4(
        lock(conn, LOCK_EMPTY, book, &users),
        lock(conn, LOCK_HEADS, book, &users),
        heads(conn, book, currency, &users),
        last_lines(conn, book, &users),
    )
    .await?;
    for row in heads {
        set_head(&mut wallets, row)?;
    }
    for line in lines {
        wallets.entry(line.user).and_modify(|wallet| wallet.last = Some(line));
    }
    Ok(wallets.into_values().collect())
}

fn set_head(wallets: &mut BTreeMap<UserId, Wallet>, row: HeadRow) -> Result<(), StoreError> {
    let HeadRow { user_id, purpose, account_id, seq, balance } = row;
    let account = account_id.into();
    let known = Purpose::parse(&purpose);
    let purpose = Place { table: "accounts", row: &account }.sound("purpose", known, &purpose)?;
    let head = Head { account, seq, balance };
    wallets.entry(user_id.into()).and_modify(|wallet| *wallet.head_mut(purpose) = head);
    Ok(())
}

/// `earned` of a user's last line at or before an instant; 0 without one.
async fn earned_until(
    mut conn: &AsyncPgConnection,
    book: BookId,
    user: UserId,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let theirs = lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user)));
    let until = lines::table.filter(theirs.and(lines::at.le(At::from(at))));
    let query = until.order(lines::at.desc()).select(lines::earned);
    Ok(query.first(&mut conn).await.optional().told()?.unwrap_or(0))
}

async fn item(
    mut conn: &AsyncPgConnection,
    book: BookId,
    transaction: TransactionId,
) -> Result<Option<HistoryItem>, StoreError> {
    let of_line =
        transactions::book_id.eq(lines::book_id).and(transactions::transaction_id.eq(lines::transaction_id));
    let found = lines::table
        .inner_join(transactions::table.on(of_line))
        .filter(lines::book_id.eq(book.0).and(lines::transaction_id.eq(Key::from(transaction))))
        .select(ItemRow::as_select())
        .get_result(&mut conn)
        .await
        .optional()
        .told()?;
    found.map(HistoryItem::try_from).transpose()
}

const POSTED: &str = "SELECT t.transaction_id FROM transfers AS t
  WHERE t.book_id = $1 AND t.origin = $2 AND t.origin_id = $3 AND t.leg = 0";

async fn posted(
    mut conn: &AsyncPgConnection,
    book: BookId,
    origin: Origin,
    origin_id: &str,
) -> Result<Option<HistoryItem>, StoreError> {
    let query = fixed::<(sql_types::Uuid,)>(POSTED).bind(book.0).bind(origin.as_str()).bind(origin_id);
    match query.get_result::<(Key,)>(&mut conn).await.optional().told()? {
        Some((id,)) => item(conn, book, id.into()).await,
        None => Ok(None),
    }
}

#[async_trait]
impl Ledger for PgUnit {
    async fn open(
        &mut self,
        book: BookId,
        currency: Currency,
        users: &[UserId],
    ) -> Result<Vec<Wallet>, StoreError> {
        call!(self, |conn| open(conn, book, currency, users))
    }

    async fn earned_until(&mut self, book: BookId, user: UserId, at: Timestamp) -> Result<i64, StoreError> {
        call!(self, |conn| earned_until(conn, book, user, at))
    }

    async fn holds(&mut self, book: BookId, referrals: &[ReferralId]) -> Result<Vec<Hold>, StoreError> {
        call!(self, |conn| holds::of_referrals(conn, book, referrals))
    }

    async fn line(
        &mut self,
        book: BookId,
        transaction: TransactionId,
    ) -> Result<Option<HistoryItem>, StoreError> {
        call!(self, |conn| item(conn, book, transaction))
    }

    async fn posted(
        &mut self,
        book: BookId,
        origin: Origin,
        origin_id: &str,
    ) -> Result<Option<HistoryItem>, StoreError> {
        call!(self, |conn| posted(conn, book, origin, origin_id))
    }
}
