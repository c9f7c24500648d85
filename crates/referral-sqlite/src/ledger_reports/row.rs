//! The rows that the books are read as.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use referral_domain::id::{AccountId, TransferId};
use referral_domain::ledger::{
    Account, Entry, EntrySide, Head, Origin, Party, Purpose, Side, SystemAccount, TransactionKind, Transfer,
};
use referral_domain::money::Currency;
use referral_domain::port::{LegReport, StoreError};
use referral_domain::time::Timestamp;
use referral_domain::trial_balance::Movement;

use crate::column::{Key, Place};
use crate::schema::{accounts, entries};

#[derive(QueryableByName)]
pub(super) struct MovementRow {
    #[diesel(sql_type = Text)]
    account: String,
    #[diesel(sql_type = BigInt)]
    debits: i64,
    #[diesel(sql_type = BigInt)]
    credits: i64,
}

impl TryFrom<MovementRow> for Movement {
    type Error = StoreError;

    fn try_from(row: MovementRow) -> Result<Self, StoreError> {
        let MovementRow { account, debits, credits } = row;
        let place = Place { table: "transfers", row: &"a sum" };
        Ok(Self { account: place.sound("debit_system", Side::parse(&account), &account)?, debits, credits })
    }
}

/// Transfers with the purposes of their accounts, as a [`LegRow`].
macro_rules! legs {
    ($rest:literal) => {
        concat!(
            "SELECT x.transfer_id, x.transaction_id, x.kind, x.origin, x.origin_id, x.leg, x.debit_account,
               x.debit_system, d.purpose AS debit_purpose, x.credit_account, x.credit_system,
               c.purpose AS credit_purpose, x.amount, x.referral_id, x.effective_at, x.recorded_at
             FROM ",
            $rest
        )
    };
}
pub(super) use legs;

/// Of a book and a transaction.
macro_rules! legs_of_a_transaction {
    () => {
        $crate::ledger_reports::row::legs!(
            "transfers AS x
             LEFT JOIN accounts AS d ON d.book_id = x.book_id AND d.account_id = x.debit_account
             LEFT JOIN accounts AS c ON c.book_id = x.book_id AND c.account_id = x.credit_account
             WHERE x.book_id = ? AND x.transaction_id = ? ORDER BY x.leg"
        )
    };
}
pub(super) use legs_of_a_transaction;

/// Of a book, below an id: a transaction (twice) or NULL, a kind (twice) or NULL, from, until, at most so many.
macro_rules! legs_page {
    () => {
        $crate::ledger_reports::row::legs!(
            "transfers AS x
             LEFT JOIN accounts AS d ON d.book_id = x.book_id AND d.account_id = x.debit_account
             LEFT JOIN accounts AS c ON c.book_id = x.book_id AND c.account_id = x.credit_account
             WHERE x.book_id = ? AND x.transfer_id < ? AND (? IS NULL OR x.transaction_id = ?)
               AND (? IS NULL OR x.kind = ?) AND x.recorded_at >= ? AND x.recorded_at < ?
             ORDER BY x.transfer_id DESC LIMIT ?"
        )
    };
}
pub(super) use legs_page;

/// Of a book, an account, before a place in its chain; the rest as for a page.
macro_rules! legs_on_an_account {
    () => {
        $crate::ledger_reports::row::legs!(
            "entries AS e CROSS JOIN transfers AS x ON x.book_id = e.book_id AND x.transfer_id = e.transfer_id
             LEFT JOIN accounts AS d ON d.book_id = x.book_id AND d.account_id = x.debit_account
             LEFT JOIN accounts AS c ON c.book_id = x.book_id AND c.account_id = x.credit_account
             WHERE e.book_id = ? AND e.account_id = ? AND e.seq < ? AND (? IS NULL OR x.transaction_id = ?)
               AND (? IS NULL OR x.kind = ?) AND x.recorded_at >= ? AND x.recorded_at < ?
             ORDER BY e.seq DESC LIMIT ?"
        )
    };
}
pub(super) use legs_on_an_account;

#[derive(QueryableByName)]
pub(super) struct LegRow {
    #[diesel(sql_type = Binary)]
    transfer_id: Key,
    #[diesel(sql_type = Binary)]
    transaction_id: Key,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    origin: String,
    #[diesel(sql_type = Text)]
    origin_id: String,
    #[diesel(sql_type = BigInt)]
    leg: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    debit_account: Option<Key>,
    #[diesel(sql_type = Nullable<Text>)]
    debit_system: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    debit_purpose: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    credit_account: Option<Key>,
    #[diesel(sql_type = Nullable<Text>)]
    credit_system: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    credit_purpose: Option<String>,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    referral_id: Option<Key>,
    #[diesel(sql_type = BigInt)]
    effective_at: i64,
    #[diesel(sql_type = BigInt)]
    recorded_at: i64,
}

/// What a side of a transfer is: an account with its purpose, or a system account.
fn side(
    place: Place<'_>,
    account: Option<Key>,
    purpose: Option<&String>,
    system: Option<&String>,
) -> Result<(Party, Side), StoreError> {
    if let (Some(account), Some(purpose)) = (account, purpose) {
        let known = place.sound("purpose", Purpose::parse(purpose), purpose)?;
        return Ok((Party::Account(account.into()), Side::User(known)));
    }
    let system = place.given("debit_system", system)?;
    let known = place.sound("debit_system", SystemAccount::parse(system), system)?;
    Ok((Party::System(known), Side::System(known)))
}

impl TryFrom<LegRow> for LegReport {
    type Error = StoreError;

    fn try_from(row: LegRow) -> Result<Self, StoreError> {
        let id = TransferId::from(row.transfer_id);
        let place = Place { table: "transfers", row: &id };
        let (from, debit) =
            side(place, row.debit_account, row.debit_purpose.as_ref(), row.debit_system.as_ref())?;
        let (to, credit) =
            side(place, row.credit_account, row.credit_purpose.as_ref(), row.credit_system.as_ref())?;
        let transfer = Transfer {
            id,
            transaction: row.transaction_id.into(),
            kind: place.sound("kind", TransactionKind::parse(&row.kind), &row.kind)?,
            origin: place.sound("origin", Origin::parse(&row.origin), &row.origin)?,
            origin_id: row.origin_id,
            leg: place.sound("leg", u8::try_from(row.leg).ok(), row.leg)?,
            debit: from,
            credit: to,
            amount: row.amount,
            referral: row.referral_id.map(Into::into),
            effective_at: Timestamp::from_micros(row.effective_at),
            recorded_at: Timestamp::from_micros(row.recorded_at),
        };
        Ok(Self { transfer, debit, credit })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(super) struct AccountRow {
    account_id: Key,
    user_id: Key,
    purpose: String,
    created_at: i64,
}

/// An account with its head.
pub(super) fn headed(
    (row, seq, balance): (AccountRow, i64, i64),
    currency: Currency,
) -> Result<(Account, Head), StoreError> {
    let id = AccountId::from(row.account_id);
    let place = Place { table: "accounts", row: &id };
    let purpose = place.sound("purpose", Purpose::parse(&row.purpose), &row.purpose)?;
    let created_at = Timestamp::from_micros(row.created_at);
    let account = Account { id, user: row.user_id.into(), purpose, currency, created_at };
    Ok((account, Head { account: id, seq, balance }))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = entries)]
pub(super) struct EntryRow {
    account_id: Key,
    seq: i64,
    transfer_id: Key,
    side: String,
    amount: i64,
    balance_before: i64,
    balance_after: i64,
    purpose: String,
}

impl TryFrom<EntryRow> for Entry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        let account = AccountId::from(row.account_id);
        let place = Place { table: "entries", row: &account };
        Ok(Self {
            account,
            purpose: place.sound("purpose", Purpose::parse(&row.purpose), &row.purpose)?,
            seq: row.seq,
            transfer: row.transfer_id.into(),
            side: place.sound("side", EntrySide::parse(&row.side), &row.side)?,
            amount: row.amount,
            balance_before: row.balance_before,
            balance_after: row.balance_after,
        })
    }
}
