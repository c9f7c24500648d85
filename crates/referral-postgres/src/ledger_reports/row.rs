//! The rows that the books are read as.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid};
use referral_domain::id::{AccountId, TransferId};
use referral_domain::ledger::{
    Account, Entry, EntrySide, Head, Origin, Party, Purpose, Side, SystemAccount, TransactionKind, Transfer,
};
use referral_domain::money::Currency;
use referral_domain::port::{HistoryItem, LegReport, StoreError, TransactionReport};
use referral_domain::reference::HostId;
use referral_domain::trial_balance::Movement;

use crate::column::{At, Key, Place};
use crate::ledger::ItemRow;

pub(super) fn movement((account, debits, credits): (String, i64, i64)) -> Result<Movement, StoreError> {
    let place = Place { table: "transfers", row: &"a sum" };
    let account = place.sound("debit_system", Side::parse(&account), &account)?;
    Ok(Movement { account, debits, credits })
}

pub(super) fn report((item, name): (ItemRow, Option<String>)) -> Result<TransactionReport, StoreError> {
    let item = HistoryItem::try_from(item)?;
    let place = Place { table: "user_names", row: &item.transaction.user };
    let named = |name: String| place.sound("host_id", HostId::parse(&name), &name);
    let user = name.map(named).transpose()?;
    Ok(TransactionReport { item, user })
}

/// Transfers `x` from somewhere, with the purposes of their accounts, as a [`LegRow`], and the rest of the statement.
macro_rules! legs {
    ($from:literal, $rest:literal) => {
        concat!(
            "SELECT x.transfer_id, x.transaction_id, x.kind, x.origin, x.origin_id, x.leg, x.debit_account,
               x.debit_system, d.purpose, x.credit_account, x.credit_system, c.purpose, x.amount, x.referral_id,
               x.effective_at, x.recorded_at FROM ",
            $from,
            " LEFT JOIN LATERAL (SELECT a.purpose FROM accounts AS a
                WHERE a.book_id = x.book_id AND a.account_id = x.debit_account LIMIT 1) AS d ON true
              LEFT JOIN LATERAL (SELECT a.purpose FROM accounts AS a
                WHERE a.book_id = x.book_id AND a.account_id = x.credit_account LIMIT 1) AS c ON true ",
            $rest
        )
    };
}
pub(super) use legs;

#[derive(Queryable)]
pub(super) struct LegRow {
    transfer_id: Key,
    transaction_id: Key,
    kind: String,
    origin: String,
    origin_id: String,
    leg: i16,
    debit_account: Option<Key>,
    debit_system: Option<String>,
    debit_purpose: Option<String>,
    credit_account: Option<Key>,
    credit_system: Option<String>,
    credit_purpose: Option<String>,
    amount: i64,
    referral_id: Option<Key>,
    effective_at: At,
    recorded_at: At,
}

pub(super) type LegSql = (
    Uuid,
    Uuid,
    Text,
    Text,
    Text,
    SmallInt,
    Nullable<Uuid>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Uuid>,
    Nullable<Text>,
    Nullable<Text>,
    BigInt,
    Nullable<Uuid>,
    Timestamptz,
    Timestamptz,
);

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
            effective_at: row.effective_at.into(),
            recorded_at: row.recorded_at.into(),
        };
        Ok(Self { transfer, debit, credit })
    }
}

#[derive(Queryable)]
pub(super) struct AccountRow {
    account_id: Key,
    user_id: Key,
    purpose: String,
    created_at: At,
    seq: i64,
    balance: i64,
}

pub(super) type AccountSql = (Uuid, Uuid, Text, Timestamptz, BigInt, BigInt);

impl AccountRow {
    /// The account with its head.
    pub(super) fn headed(self, currency: Currency) -> Result<(Account, Head), StoreError> {
        let Self { account_id, user_id, purpose, created_at, seq, balance } = self;
        let id = AccountId::from(account_id);
        let place = Place { table: "accounts", row: &id };
        let purpose = place.sound("purpose", Purpose::parse(&purpose), &purpose)?;
        let (user, created_at) = (user_id.into(), created_at.into());
        Ok((Account { id, user, purpose, currency, created_at }, Head { account: id, seq, balance }))
    }
}

#[derive(Queryable)]
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

pub(super) type EntrySql = (Uuid, BigInt, Uuid, Text, BigInt, BigInt, BigInt, Text);

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
