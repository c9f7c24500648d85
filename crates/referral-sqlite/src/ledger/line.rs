//! The rows of `history_lines` and of `ledger_transactions`.

use diesel::prelude::*;
use referral_domain::id::{BookId, TransactionId};
use referral_domain::ledger::{Balances, CreatedBy, Line, ReferenceType, Transaction, TransactionKind};
use referral_domain::port::{HistoryItem, StoreError};
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};
use crate::schema::{history_lines, ledger_transactions};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = history_lines, treat_none_as_default_value = false)]
pub(crate) struct LineRow {
    pub(super) book_id: i64,
    user_id: Key,
    n: i64,
    prev_n: Option<i64>,
    transaction_id: Key,
    available_before: i64,
    held_before: i64,
    in_payout_before: i64,
    owed_before: i64,
    available_after: i64,
    held_after: i64,
    in_payout_after: i64,
    owed_after: i64,
    earned: i64,
    taken: i64,
    paid_out: i64,
    at: i64,
}

impl LineRow {
    pub(super) fn of(book: BookId, line: &Line) -> Self {
        let Line { before, after, .. } = line;
        Self {
            book_id: book.0,
            user_id: line.user.into(),
            n: line.n,
            prev_n: previous(line.n),
            transaction_id: line.transaction.into(),
            available_before: before.available,
            held_before: before.held,
            in_payout_before: before.in_payout,
            owed_before: before.owed,
            available_after: after.available,
            held_after: after.held,
            in_payout_after: after.in_payout,
            owed_after: after.owed,
            earned: line.earned,
            taken: line.taken,
            paid_out: line.paid_out,
            at: line.at.micros(),
        }
    }
}

/// The place before in a chain that begins with 1.
pub(crate) fn previous(n: i64) -> Option<i64> {
    (n != 1).then(|| n.saturating_sub(1))
}

impl From<LineRow> for Line {
    fn from(row: LineRow) -> Self {
        Self {
            user: row.user_id.into(),
            n: row.n,
            transaction: row.transaction_id.into(),
            before: Balances {
                available: row.available_before,
                held: row.held_before,
                in_payout: row.in_payout_before,
                owed: row.owed_before,
            },
            after: Balances {
                available: row.available_after,
                held: row.held_after,
                in_payout: row.in_payout_after,
                owed: row.owed_after,
            },
            earned: row.earned,
            taken: row.taken,
            paid_out: row.paid_out,
            at: Timestamp::from_micros(row.at),
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = ledger_transactions, treat_none_as_default_value = false)]
pub(crate) struct TransactionRow {
    book_id: i64,
    transaction_id: Key,
    user_id: Key,
    kind: String,
    referral_id: Option<Key>,
    reverses: Option<Key>,
    description: String,
    reference: Option<String>,
    reference_type: Option<String>,
    created_by: String,
    effective_at: i64,
    recorded_at: i64,
}

impl TransactionRow {
    pub(super) fn of(book: BookId, transaction: &Transaction) -> Self {
        Self {
            book_id: book.0,
            transaction_id: transaction.id.into(),
            user_id: transaction.user.into(),
            kind: transaction.kind.to_string(),
            referral_id: transaction.referral.map(Key::from),
            reverses: transaction.reverses.map(Key::from),
            description: transaction.description.clone(),
            reference: transaction.reference.clone(),
            reference_type: transaction.reference_type.map(|kind| kind.to_string()),
            created_by: transaction.created_by.to_string(),
            effective_at: transaction.effective_at.micros(),
            recorded_at: transaction.recorded_at.micros(),
        }
    }
}

impl TryFrom<TransactionRow> for Transaction {
    type Error = StoreError;

    fn try_from(row: TransactionRow) -> Result<Self, StoreError> {
        let id = TransactionId::from(row.transaction_id);
        let place = Place { table: "ledger_transactions", row: &id };
        let typed = |word: &String| place.sound("reference_type", ReferenceType::parse(word), word);
        Ok(Self {
            id,
            user: row.user_id.into(),
            kind: place.sound("kind", TransactionKind::parse(&row.kind), &row.kind)?,
            referral: row.referral_id.map(Into::into),
            reverses: row.reverses.map(Into::into),
            description: row.description,
            reference: row.reference,
            reference_type: row.reference_type.as_ref().map(typed).transpose()?,
            created_by: place.sound("created_by", CreatedBy::parse(&row.created_by), &row.created_by)?,
            effective_at: Timestamp::from_micros(row.effective_at),
            recorded_at: Timestamp::from_micros(row.recorded_at),
        })
    }
}

/// A line with its transaction.
#[derive(Queryable, Selectable)]
#[diesel(table_name = history_lines)]
pub(crate) struct ItemRow {
    #[diesel(embed)]
    line: LineRow,
    #[diesel(embed)]
    transaction: TransactionRow,
}

impl TryFrom<ItemRow> for HistoryItem {
    type Error = StoreError;

    fn try_from(row: ItemRow) -> Result<Self, StoreError> {
        Ok(Self { line: row.line.into(), transaction: row.transaction.try_into()? })
    }
}
