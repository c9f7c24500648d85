//! Questions about the books.
//!
//! | report | statements | costs |
//! |---|---|---|
//! | `movements` | one | a pass over the book's transfers |
//! | `line_at` | one | a step in the index `(book_id, user_id, at)` |
//! | `transactions` | one; of a user's next page, two | a walk down the primary key, or one user's history, to the end of the page |
//! | `transaction` | one, one, and one a leg | a step by key each |
//! | `accounts` | one | at most four rows |
//! | `transfers` | one; of an account's next page, two | a walk down the primary key, or one account's chain, to the end of the page |
//! | `journal` | one, and one a transaction | a walk up the primary key to the end of the page |
//!
//! A walk passes over what the filter leaves out, so that a page of something rare may look at much; pages that follow
//! one another walk the key once between them.

mod row;

use async_trait::async_trait;
use diesel::prelude::*;
use referral_domain::id::{AccountId, AdjustmentId, BookId, TransactionId, TransferId, UserId};
use referral_domain::ledger::{Account, Entry, Head, Line};
use referral_domain::money::Currency;
use referral_domain::port::{
    AdjustmentFilter, AdjustmentReport, HistoryItem, JournalFilter, JournalItem, LedgerReports, LegReport,
    StoreError, TransactionDetail, TransactionFilter, TransactionReport, TransferFilter,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;
use referral_domain::trial_balance::Movement;

use crate::adjustments;
use crate::column::{Key, Place};
use crate::failure::Told;
use crate::ledger::{ItemRow, LineRow, TransactionRow};
use crate::schema::{
    account_heads, accounts, entries, history_lines as lines, ledger_transactions as transactions, user_names,
};
use crate::statement::fixed;
use crate::store::SqliteStore;
use row::{
    AccountRow, EntryRow, LegRow, MovementRow, headed, legs_of_a_transaction, legs_on_an_account, legs_page,
};

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

fn movements(
    conn: &mut SqliteConnection,
    book: BookId,
    as_of: Timestamp,
) -> Result<Vec<Movement>, StoreError> {
    let query = fixed(
        "SELECT account, sum(debit) AS debits, sum(credit) AS credits FROM (
           SELECT coalesce(t.debit_system, a.purpose) AS account, t.amount AS debit, 0 AS credit
             FROM transfers AS t
             LEFT JOIN accounts AS a ON a.book_id = t.book_id AND a.account_id = t.debit_account
             WHERE t.book_id = ? AND t.recorded_at <= ?
           UNION ALL SELECT coalesce(t.credit_system, a.purpose), 0, t.amount
             FROM transfers AS t
             LEFT JOIN accounts AS a ON a.book_id = t.book_id AND a.account_id = t.credit_account
             WHERE t.book_id = ? AND t.recorded_at <= ?)
         GROUP BY account",
    );
    let query = query.bind(book.0).bind(as_of.micros()).bind(book.0).bind(as_of.micros());
    let rows: Vec<MovementRow> = query.load(conn).told()?;
    rows.into_iter().map(Movement::try_from).collect()
}

fn line_at(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
    at: Timestamp,
) -> Result<Option<Line>, StoreError> {
    let theirs = lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user)));
    let until = lines::table.filter(theirs.and(lines::at.le(at.micros())));
    let query = until.order(lines::at.desc()).select(LineRow::as_select());
    Ok(query.first(conn).optional().told()?.map(Line::from))
}

pub(crate) fn transactions(
    conn: &mut SqliteConnection,
    book: BookId,
    filter: &TransactionFilter,
) -> Result<Vec<TransactionReport>, StoreError> {
    let change = lines::available_after - lines::available_before;
    let mut query = reports!()
        .filter(transactions::book_id.eq(book.0))
        .filter(lines::at.ge(filter.from.map_or(i64::MIN, Timestamp::micros)))
        .filter(lines::at.lt(filter.until.map_or(i64::MAX, Timestamp::micros)))
        .order(transactions::transaction_id.desc())
        .limit(i64::from(filter.limit))
        .into_boxed();
    if let Some(user) = filter.user {
        query = query
            .filter(lines::book_id.eq(book.0).and(lines::user_id.eq(Key::from(user))))
            .order(lines::n.desc());
    }
    match (filter.after, filter.user) {
        (None, _) => {}
        (Some(after), None) => query = query.filter(transactions::transaction_id.lt(Key::from(after))),
        (Some(after), Some(_)) => match number(conn, book, after)? {
            Some(n) => query = query.filter(lines::n.lt(n)),
            None => return Ok(Vec::new()),
        },
    }
    if let Some(id) = filter.id {
        query = query.filter(transactions::transaction_id.eq(Key::from(id)));
    }
    if !filter.kinds.is_empty() {
        query = query.filter(transactions::kind.eq_any(filter.kinds.iter().map(|kind| kind.as_str())));
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
    let found = query.load::<(ItemRow, Option<String>)>(conn).told()?;
    found.into_iter().map(report).collect()
}

/// The place of a transaction in its user's history.
fn number(conn: &mut SqliteConnection, book: BookId, id: TransactionId) -> Result<Option<i64>, StoreError> {
    let same = lines::book_id.eq(book.0).and(lines::transaction_id.eq(Key::from(id)));
    lines::table.filter(same).select(lines::n).first(conn).optional().told()
}

fn report((item, name): (ItemRow, Option<String>)) -> Result<TransactionReport, StoreError> {
    let item = HistoryItem::try_from(item)?;
    let place = Place { table: "user_names", row: &item.transaction.user };
    let named = |name: String| place.sound("host_id", HostId::parse(&name), &name);
    let user = name.map(named).transpose()?;
    Ok(TransactionReport { item, user })
}

fn transaction(
    conn: &mut SqliteConnection,
    book: BookId,
    id: TransactionId,
) -> Result<Option<TransactionDetail>, StoreError> {
    let query = reports!().filter(lines::book_id.eq(book.0).and(lines::transaction_id.eq(Key::from(id))));
    let Some(found) = query.first::<(ItemRow, Option<String>)>(conn).optional().told()? else {
        return Ok(None);
    };
    let legs = legs_of(conn, book, id)?;
    let mut of_legs = Vec::with_capacity(2 * legs.len());
    for leg in &legs {
        of_legs.extend(entries_of(conn, book, leg.transfer.id)?);
    }
    Ok(Some(TransactionDetail { report: report(found)?, legs, entries: of_legs }))
}

fn legs_of(
    conn: &mut SqliteConnection,
    book: BookId,
    id: TransactionId,
) -> Result<Vec<LegReport>, StoreError> {
    let query = fixed(legs_of_a_transaction!()).bind(book.0).bind(Key::from(id));
    query.load::<LegRow>(conn).told()?.into_iter().map(LegReport::try_from).collect()
}

/// The entries of a leg, what leaves first.
fn entries_of(conn: &mut SqliteConnection, book: BookId, id: TransferId) -> Result<Vec<Entry>, StoreError> {
    let same = entries::book_id.eq(book.0).and(entries::transfer_id.eq(Key::from(id)));
    let query = entries::table.filter(same).order(entries::side.desc()).select(EntryRow::as_select());
    query.load(conn).told()?.into_iter().map(Entry::try_from).collect()
}

fn accounts(
    conn: &mut SqliteConnection,
    book: BookId,
    currency: Currency,
    user: UserId,
) -> Result<Vec<(Account, Head)>, StoreError> {
    let of_account =
        account_heads::book_id.eq(accounts::book_id).and(account_heads::account_id.eq(accounts::account_id));
    let query = accounts::table
        .inner_join(account_heads::table.on(of_account))
        .filter(accounts::book_id.eq(book.0).and(accounts::user_id.eq(Key::from(user))))
        .filter(accounts::currency.eq(currency.code()))
        .select((AccountRow::as_select(), account_heads::seq, account_heads::balance));
    let rows = query.load::<(AccountRow, i64, i64)>(conn).told()?;
    let mut found = rows.into_iter().map(|row| headed(row, currency)).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|(account, _)| account.purpose);
    Ok(found)
}

fn transfers(
    conn: &mut SqliteConnection,
    book: BookId,
    filter: &TransferFilter,
) -> Result<Vec<LegReport>, StoreError> {
    let (text, start) = match filter.account {
        None => (legs_page!(), fixed_page(book, filter)),
        Some(account) => {
            let Some(before) = place_in(conn, book, account, filter.after)? else { return Ok(Vec::new()) };
            (legs_on_an_account!(), vec![book.0.into(), Key::from(account).into(), before.into()])
        }
    };
    let kind = filter.kind.map(|kind| kind.as_str());
    let transaction = filter.transaction.map(Key::from);
    let query = start.into_iter().fold(fixed(text), |query, bind: crate::statement::Bind| query.bind(bind));
    let query = query.bind(transaction).bind(transaction).bind(kind).bind(kind);
    let query = query.bind(filter.from.map_or(i64::MIN, Timestamp::micros));
    let query = query.bind(filter.until.map_or(i64::MAX, Timestamp::micros)).bind(filter.limit);
    query.load::<LegRow>(conn).told()?.into_iter().map(LegReport::try_from).collect()
}

fn fixed_page(book: BookId, filter: &TransferFilter) -> Vec<crate::statement::Bind> {
    let last = filter.after.map_or(Key(uuid::Uuid::max()), Key::from);
    vec![book.0.into(), last.into()]
}

/// Before which entry of an account's chain the page begins; `None` when the last transfer is not on it.
fn place_in(
    conn: &mut SqliteConnection,
    book: BookId,
    account: AccountId,
    last: Option<TransferId>,
) -> Result<Option<i64>, StoreError> {
    let Some(last) = last else { return Ok(Some(i64::MAX)) };
    let same = entries::book_id.eq(book.0).and(entries::transfer_id.eq(Key::from(last)));
    let query = entries::table.filter(same.and(entries::account_id.eq(Key::from(account))));
    query.select(entries::seq).first(conn).optional().told()
}

fn journal(
    conn: &mut SqliteConnection,
    book: BookId,
    filter: &JournalFilter,
) -> Result<Vec<JournalItem>, StoreError> {
    let after = filter.after.map_or(Key(uuid::Uuid::nil()), Key::from);
    let rows = transactions::table
        .filter(transactions::book_id.eq(book.0).and(transactions::transaction_id.gt(after)))
        .filter(transactions::recorded_at.ge(filter.from.micros()))
        .filter(transactions::recorded_at.lt(filter.until.micros()))
        .order(transactions::transaction_id)
        .limit(i64::from(filter.limit))
        .select(TransactionRow::as_select())
        .load(conn)
        .told()?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let transaction = referral_domain::ledger::Transaction::try_from(row)?;
        let legs = legs_of(conn, book, transaction.id)?;
        items.push(JournalItem { transaction, legs });
    }
    Ok(items)
}

#[async_trait]
impl LedgerReports for SqliteStore {
    async fn movements(&self, book: BookId, as_of: Timestamp) -> Result<Vec<Movement>, StoreError> {
        self.readers.read(move |conn| movements(conn, book, as_of)).await
    }

    async fn line_at(&self, book: BookId, user: UserId, at: Timestamp) -> Result<Option<Line>, StoreError> {
        self.readers.read(move |conn| line_at(conn, book, user, at)).await
    }

    async fn transactions(
        &self,
        book: BookId,
        filter: &TransactionFilter,
    ) -> Result<Vec<TransactionReport>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |conn| transactions(conn, book, &filter)).await
    }

    async fn transaction(
        &self,
        book: BookId,
        id: TransactionId,
    ) -> Result<Option<TransactionDetail>, StoreError> {
        self.readers.read(move |conn| transaction(conn, book, id)).await
    }

    async fn accounts(
        &self,
        book: BookId,
        currency: Currency,
        user: UserId,
    ) -> Result<Vec<(Account, Head)>, StoreError> {
        self.readers.read(move |conn| accounts(conn, book, currency, user)).await
    }

    async fn transfers(&self, book: BookId, filter: &TransferFilter) -> Result<Vec<LegReport>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |conn| transfers(conn, book, &filter)).await
    }

    async fn journal(&self, book: BookId, filter: &JournalFilter) -> Result<Vec<JournalItem>, StoreError> {
        let filter = *filter;
        self.readers.read(move |conn| journal(conn, book, &filter)).await
    }

    async fn adjustments(
        &self,
        book: BookId,
        filter: &AdjustmentFilter,
    ) -> Result<Vec<AdjustmentReport>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |conn| adjustments::page(conn, book, &filter)).await
    }

    async fn adjustment(
        &self,
        book: BookId,
        id: AdjustmentId,
    ) -> Result<Option<AdjustmentReport>, StoreError> {
        self.readers.read(move |conn| adjustments::one(conn, book, id)).await
    }
}
