//! Writes a posting: accounts, transactions, transfers, then each transaction's entries and line.
//!
//! The order is what the schema's triggers demand: all legs before any entry, and a line when the heads are where it
//! says. One statement a row, each kept prepared; heads are moved by a trigger.

use std::collections::HashMap;

use diesel::prelude::*;
use referral_domain::id::{BookId, TransactionId, TransferId};
use referral_domain::ledger::{Account, Entry, Line, Party, Posting, Transaction, Transfer};
use referral_domain::port::StoreError;

use super::line::{LineRow, TransactionRow, previous};
use crate::column::Key;
use crate::failure::Told;
use crate::programs;
use crate::schema::{accounts, entries, history_lines, ledger_transactions, transfers};

#[derive(Insertable)]
#[diesel(table_name = transfers, treat_none_as_default_value = false)]
struct TransferRow<'a> {
    book_id: i64,
    transfer_id: Key,
    transaction_id: Key,
    kind: &'a str,
    origin: &'a str,
    origin_id: &'a str,
    leg: i64,
    debit_account: Option<Key>,
    debit_system: Option<&'a str>,
    credit_account: Option<Key>,
    credit_system: Option<&'a str>,
    currency: &'a str,
    amount: i64,
    referral_id: Option<Key>,
    effective_at: i64,
    recorded_at: i64,
}

impl<'a> TransferRow<'a> {
    fn of(book: BookId, currency: &'a str, transfer: &'a Transfer) -> Self {
        let (debit_account, debit_system) = columns(transfer.debit);
        let (credit_account, credit_system) = columns(transfer.credit);
        Self {
            book_id: book.0,
            transfer_id: transfer.id.into(),
            transaction_id: transfer.transaction.into(),
            kind: transfer.kind.as_str(),
            origin: transfer.origin.as_str(),
            origin_id: &transfer.origin_id,
            leg: i64::from(transfer.leg),
            debit_account,
            debit_system,
            credit_account,
            credit_system,
            currency,
            amount: transfer.amount,
            referral_id: transfer.referral.map(Key::from),
            effective_at: transfer.effective_at.micros(),
            recorded_at: transfer.recorded_at.micros(),
        }
    }
}

fn columns(party: Party) -> (Option<Key>, Option<&'static str>) {
    match party {
        Party::Account(id) => (Some(id.into()), None),
        Party::System(name) => (None, Some(name.as_str())),
    }
}

/// Writes everything a unit posted. Accounts that exist are left alone.
pub(crate) fn record(conn: &mut SqliteConnection, book: BookId, posting: &Posting) -> Result<(), StoreError> {
    if *posting == Posting::default() {
        return Ok(());
    }
    let currency = programs::currency_of(conn, book)?;
    posting.accounts.iter().try_for_each(|account| insert_account(conn, book, account))?;
    posting.transactions.iter().try_for_each(|transaction| insert_transaction(conn, book, transaction))?;
    for transfer in &posting.transfers {
        let row = TransferRow::of(book, &currency, transfer);
        diesel::insert_into(transfers::table).values(row).execute(conn).told()?;
    }
    let mut of_line = entries_of(posting);
    for line in &posting.lines {
        let theirs = of_line.remove(&line.transaction).unwrap_or_default();
        theirs.into_iter().try_for_each(|entry| insert_entry(conn, book, entry))?;
        insert_line(conn, book, line)?;
    }
    of_line.into_values().flatten().try_for_each(|entry| insert_entry(conn, book, entry))
}

/// Each transaction's entries, in chain order.
fn entries_of(posting: &Posting) -> HashMap<TransactionId, Vec<&Entry>> {
    let groups: HashMap<TransferId, TransactionId> =
        posting.transfers.iter().map(|transfer| (transfer.id, transfer.transaction)).collect();
    let mut found = HashMap::<_, Vec<_>>::new();
    for entry in &posting.entries {
        // An entry of no transfer of this posting is left to the foreign key that refuses it.
        let group = groups.get(&entry.transfer).copied();
        found
            .entry(group.unwrap_or(TransactionId::from_uuid(entry.transfer.uuid())))
            .or_default()
            .push(entry);
    }
    found
}

fn insert_account(conn: &mut SqliteConnection, book: BookId, account: &Account) -> Result<(), StoreError> {
    let row = (
        accounts::book_id.eq(book.0),
        accounts::account_id.eq(Key::from(account.id)),
        accounts::user_id.eq(Key::from(account.user)),
        accounts::purpose.eq(account.purpose.as_str()),
        accounts::currency.eq(account.currency.code()),
        accounts::created_at.eq(account.created_at.micros()),
    );
    let insert = diesel::insert_into(accounts::table).values(row);
    insert.on_conflict((accounts::book_id, accounts::account_id)).do_nothing().execute(conn).told()?;
    Ok(())
}

fn insert_transaction(
    conn: &mut SqliteConnection,
    book: BookId,
    transaction: &Transaction,
) -> Result<(), StoreError> {
    let row = TransactionRow::of(book, transaction);
    diesel::insert_into(ledger_transactions::table).values(row).execute(conn).told()?;
    Ok(())
}

fn insert_entry(conn: &mut SqliteConnection, book: BookId, entry: &Entry) -> Result<(), StoreError> {
    let row = (
        entries::book_id.eq(book.0),
        entries::account_id.eq(Key::from(entry.account)),
        entries::seq.eq(entry.seq),
        entries::prev_seq.eq(previous(entry.seq)),
        entries::transfer_id.eq(Key::from(entry.transfer)),
        entries::side.eq(entry.side.as_str()),
        entries::amount.eq(entry.amount),
        entries::balance_before.eq(entry.balance_before),
        entries::balance_after.eq(entry.balance_after),
        entries::purpose.eq(entry.purpose.as_str()),
    );
    diesel::insert_into(entries::table).values(row).execute(conn).told()?;
    Ok(())
}

fn insert_line(conn: &mut SqliteConnection, book: BookId, line: &Line) -> Result<(), StoreError> {
    diesel::insert_into(history_lines::table).values(LineRow::of(book, line)).execute(conn).told()?;
    Ok(())
}
