//! The rows of `history_lines` and of `ledger_transactions`.

use diesel::prelude::*;
use referral_domain::id::TransactionId;
use referral_domain::ledger::{Balances, CreatedBy, Line, ReferenceType, Transaction, TransactionKind};
use referral_domain::port::{HistoryItem, StoreError};

use crate::column::{At, Key, Place};
use crate::schema::{history_lines, ledger_transactions};

#[derive(Queryable, Selectable)]
#[diesel(table_name = history_lines)]
pub(crate) struct LineRow {
    user_id: Key,
    n: i64,
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
    at: At,
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
            at: row.at.into(),
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = ledger_transactions)]
pub(crate) struct TransactionRow {
    transaction_id: Key,
    user_id: Key,
    kind: String,
    referral_id: Option<Key>,
    reverses: Option<Key>,
    description: String,
    reference: Option<String>,
    reference_type: Option<String>,
    created_by: String,
    effective_at: At,
    recorded_at: At,
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
            effective_at: row.effective_at.into(),
            recorded_at: row.recorded_at.into(),
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
