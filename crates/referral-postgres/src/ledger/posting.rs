//! Writes a posting: accounts, transactions, transfers, heads, entries, lines: one statement a table, in that order.
//!
//! The order is what the schema demands: heads move before the entries they point at, entries come before the lines that
//! say them. Accounts and heads are written in the order of their ids, heads under the locks of `open`.

use std::collections::BTreeMap;

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::BoxFuture;
use referral_domain::id::BookId;
use referral_domain::ledger::{Account, Entry, Line, Party, Posting, Transaction, Transfer};
use referral_domain::port::StoreError;

use super::line::previous;
use crate::column::Key;
use crate::failure::Told;
use crate::statement::{Fixed, fixed};

type Writing<'a> = BoxFuture<'a, Result<(), StoreError>>;

/// The statements that write everything a unit posted, to be sent in this order. Accounts that exist are left alone.
pub(crate) fn record<'a>(
    conn: &'a AsyncPgConnection,
    book: BookId,
    posting: &'a Posting,
) -> Vec<Writing<'a>> {
    if *posting == Posting::default() {
        return Vec::new();
    }
    let statements = [
        insert_accounts(book, &posting.accounts),
        insert_transactions(book, &posting.transactions),
        insert_transfers(book, &posting.transfers),
        move_heads(book, &posting.entries),
        insert_entries(book, &posting.entries),
        insert_lines(book, &posting.lines),
    ];
    statements.into_iter().map(|statement| run(conn, statement)).collect()
}

fn run(mut conn: &AsyncPgConnection, statement: Fixed<()>) -> Writing<'_> {
    Box::pin(async move {
        statement.execute(&mut conn).await.told()?;
        Ok(())
    })
}

const ACCOUNTS: &str = "INSERT INTO accounts (book_id, account_id, user_id, purpose, currency, created_at)
  SELECT $1, u.* FROM (SELECT unnest($2) AS account_id, unnest($3), unnest($4), unnest($5), unnest($6)) AS u
  ORDER BY u.account_id ON CONFLICT (book_id, account_id) DO NOTHING";

fn insert_accounts(book: BookId, rows: &[Account]) -> Fixed<()> {
    let insert = fixed(ACCOUNTS).bind(book.0).column(rows, |row| Key::from(row.id));
    let insert = insert.column(rows, |row| Key::from(row.user)).column(rows, |row| row.purpose.as_str());
    insert.column(rows, |row| row.currency.code().to_owned()).column(rows, |row| row.created_at)
}

const TRANSACTIONS: &str =
    "INSERT INTO ledger_transactions (book_id, transaction_id, user_id, kind, referral_id,
    reverses, description, reference, reference_type, created_by, effective_at, recorded_at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9),
    unnest($10), unnest($11), unnest($12)";

fn insert_transactions(book: BookId, rows: &[Transaction]) -> Fixed<()> {
    let insert = fixed(TRANSACTIONS).bind(book.0).column(rows, |row| Key::from(row.id));
    let insert = insert.column(rows, |row| Key::from(row.user)).column(rows, |row| row.kind.as_str());
    let insert = insert.column(rows, |row| row.referral.map(Key::from));
    let insert = insert.column(rows, |row| row.reverses.map(Key::from));
    let insert = insert.column(rows, |row| row.description.clone()).column(rows, |row| row.reference.clone());
    let insert = insert.column(rows, |row| row.reference_type.map(|kind| kind.as_str()));
    let insert = insert.column(rows, |row| row.created_by.as_str());
    insert.column(rows, |row| row.effective_at).column(rows, |row| row.recorded_at)
}

const TRANSFERS: &str = "INSERT INTO transfers (book_id, currency, transfer_id, transaction_id, kind, origin,
    origin_id, leg, debit_account, debit_system, credit_account, credit_system, amount, referral_id, effective_at,
    recorded_at)
  SELECT $1, (SELECT b.currency FROM books AS b WHERE b.book_id = $1), unnest($2), unnest($3), unnest($4), unnest($5),
    unnest($6), unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), unnest($12), unnest($13), unnest($14),
    unnest($15)";

fn insert_transfers(book: BookId, rows: &[Transfer]) -> Fixed<()> {
    let insert = fixed(TRANSFERS).bind(book.0).column(rows, |row| Key::from(row.id));
    let insert = insert.column(rows, |row| Key::from(row.transaction)).column(rows, |row| row.kind.as_str());
    let insert = insert.column(rows, |row| row.origin.as_str()).column(rows, |row| row.origin_id.clone());
    let insert = insert.column(rows, |row| i64::from(row.leg));
    let insert = insert.column(rows, |row| account(row.debit)).column(rows, |row| system(row.debit));
    let insert = insert.column(rows, |row| account(row.credit)).column(rows, |row| system(row.credit));
    let insert = insert.column(rows, |row| row.amount).column(rows, |row| row.referral.map(Key::from));
    insert.column(rows, |row| row.effective_at).column(rows, |row| row.recorded_at)
}

fn account(party: Party) -> Option<Key> {
    match party {
        Party::Account(id) => Some(id.into()),
        Party::System(_) => None,
    }
}

fn system(party: Party) -> Option<&'static str> {
    match party {
        Party::Account(_) => None,
        Party::System(name) => Some(name.as_str()),
    }
}

const HEADS: &str = "INSERT INTO account_heads (book_id, account_id, seq, balance)
  SELECT $1, unnest($2), unnest($3), unnest($4)
  ON CONFLICT (book_id, account_id) DO UPDATE SET seq = excluded.seq, balance = excluded.balance";

/// The head of each account is the last of its entries.
fn move_heads(book: BookId, rows: &[Entry]) -> Fixed<()> {
    let mut last = BTreeMap::new();
    for entry in rows {
        let head = last.entry(entry.account).or_insert(entry);
        if head.seq < entry.seq {
            *head = entry;
        }
    }
    let heads: Vec<_> = last.into_values().collect();
    let insert = fixed(HEADS).bind(book.0).column(&heads, |row| Key::from(row.account));
    insert.column(&heads, |row| row.seq).column(&heads, |row| row.balance_after)
}

const ENTRIES: &str = "INSERT INTO entries (book_id, account_id, seq, prev_seq, transfer_id, side, amount,
    balance_before, balance_after, purpose)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9),
    unnest($10)";

fn insert_entries(book: BookId, rows: &[Entry]) -> Fixed<()> {
    let insert = fixed(ENTRIES).bind(book.0).column(rows, |row| Key::from(row.account));
    let insert = insert.column(rows, |row| row.seq).column(rows, |row| previous(row.seq));
    let insert = insert.column(rows, |row| Key::from(row.transfer)).column(rows, |row| row.side.as_str());
    let insert = insert.column(rows, |row| row.amount).column(rows, |row| row.balance_before);
    insert.column(rows, |row| row.balance_after).column(rows, |row| row.purpose.as_str())
}

const LINES: &str = "INSERT INTO history_lines (book_id, user_id, n, prev_n, transaction_id, available_before,
    held_before, in_payout_before, owed_before, available_after, held_after, in_payout_after, owed_after, earned, taken,
    paid_out, at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9),
    unnest($10), unnest($11), unnest($12), unnest($13), unnest($14), unnest($15), unnest($16), unnest($17)";

fn insert_lines(book: BookId, rows: &[Line]) -> Fixed<()> {
    let insert = fixed(LINES).bind(book.0).column(rows, |row| Key::from(row.user));
    let insert = insert.column(rows, |row| row.n).column(rows, |row| previous(row.n));
    let insert = insert.column(rows, |row| Key::from(row.transaction));
    let insert = insert.column(rows, |row| row.before.available).column(rows, |row| row.before.held);
    let insert = insert.column(rows, |row| row.before.in_payout).column(rows, |row| row.before.owed);
    let insert = insert.column(rows, |row| row.after.available).column(rows, |row| row.after.held);
    let insert = insert.column(rows, |row| row.after.in_payout).column(rows, |row| row.after.owed);
    let insert = insert.column(rows, |row| row.earned).column(rows, |row| row.taken);
    insert.column(rows, |row| row.paid_out).column(rows, |row| row.at)
}
