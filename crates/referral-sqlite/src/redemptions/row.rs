//! The rows of `redemptions` and `redemption_reversals`. Reversals of one redemption are a chain, numbered here.

use diesel::prelude::*;
use referral_domain::credit::{BalanceSnapshot, RedeemMode, Redemption, Reversal};
use referral_domain::id::{BookId, RedemptionId};
use referral_domain::ledger::Balances;
use referral_domain::port::StoreError;
use referral_domain::reference::Reference;
use referral_domain::time::Timestamp;

use super::last_reversal;
use crate::column::{Key, Place};
use crate::failure::Told;
use crate::ledger::previous;
use crate::schema::{redemption_reversals, redemptions};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = redemptions, treat_none_as_default_value = false)]
pub(super) struct RedemptionRow {
    book_id: i64,
    redemption_id: Key,
    user_id: Key,
    reference: String,
    asked: i64,
    mode: String,
    redeemed: i64,
    description: Option<String>,
    transaction_id: Option<Key>,
    available: i64,
    held: i64,
    in_payout: i64,
    owed: i64,
    payable: i64,
    as_of: i64,
    created_at: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = redemption_reversals, treat_none_as_default_value = false)]
pub(super) struct ReversalRow {
    book_id: i64,
    redemption_id: Key,
    n: i64,
    prev_n: Option<i64>,
    redeemed: i64,
    reference: String,
    asked: Option<i64>,
    amount: i64,
    remaining_before: i64,
    remaining: i64,
    reason: Option<String>,
    transaction_id: Key,
    available: i64,
    held: i64,
    in_payout: i64,
    owed: i64,
    payable: i64,
    as_of: i64,
    created_at: i64,
}

/// The six columns of a balance as it was.
macro_rules! snapshot {
    ($row:expr) => {
        BalanceSnapshot {
            balances: Balances {
                available: $row.available,
                held: $row.held,
                in_payout: $row.in_payout,
                owed: $row.owed,
            },
            payable: $row.payable,
            as_of: Timestamp::from_micros($row.as_of),
        }
    };
}

impl TryFrom<RedemptionRow> for Redemption {
    type Error = StoreError;

    fn try_from(row: RedemptionRow) -> Result<Self, StoreError> {
        let id = RedemptionId::from(row.redemption_id);
        let place = Place { table: "redemptions", row: &id };
        Ok(Self {
            id,
            user: row.user_id.into(),
            reference: place.sound("reference", Reference::parse(&row.reference), &row.reference)?,
            asked: row.asked,
            mode: place.sound("mode", RedeemMode::parse(&row.mode), &row.mode)?,
            redeemed: row.redeemed,
            description: row.description,
            transaction: row.transaction_id.map(Into::into),
            balance: snapshot!(row),
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

impl TryFrom<ReversalRow> for Reversal {
    type Error = StoreError;

    fn try_from(row: ReversalRow) -> Result<Self, StoreError> {
        let redemption = RedemptionId::from(row.redemption_id);
        let place = Place { table: "redemption_reversals", row: &redemption };
        Ok(Self {
            redemption,
            reference: place.sound("reference", Reference::parse(&row.reference), &row.reference)?,
            asked: row.asked,
            amount: row.amount,
            remaining: row.remaining,
            reason: row.reason,
            transaction: row.transaction_id.into(),
            balance: snapshot!(row),
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

/// Stores a redemption.
pub(crate) fn insert(
    conn: &mut SqliteConnection,
    book: BookId,
    redemption: &Redemption,
) -> Result<(), StoreError> {
    let BalanceSnapshot { balances, payable, as_of } = redemption.balance;
    let row = RedemptionRow {
        book_id: book.0,
        redemption_id: redemption.id.into(),
        user_id: redemption.user.into(),
        reference: redemption.reference.to_string(),
        asked: redemption.asked,
        mode: redemption.mode.to_string(),
        redeemed: redemption.redeemed,
        description: redemption.description.clone(),
        transaction_id: redemption.transaction.map(Key::from),
        available: balances.available,
        held: balances.held,
        in_payout: balances.in_payout,
        owed: balances.owed,
        payable,
        as_of: as_of.micros(),
        created_at: redemption.created_at.micros(),
    };
    diesel::insert_into(redemptions::table).values(row).execute(conn).told()?;
    Ok(())
}

/// Stores a reversal after those that the redemption has.
pub(crate) fn insert_reversal(
    conn: &mut SqliteConnection,
    book: BookId,
    reversal: &Reversal,
) -> Result<(), StoreError> {
    let key = (book.0, Key::from(reversal.redemption));
    let redeemed: i64 = redemptions::table.find(key).select(redemptions::redeemed).get_result(conn).told()?;
    let last = last_reversal(conn, book, reversal.redemption)?;
    let (last_n, remaining_before) = last.unwrap_or((0, redeemed));
    let BalanceSnapshot { balances, payable, as_of } = reversal.balance;
    let row = ReversalRow {
        book_id: key.0,
        redemption_id: key.1,
        n: last_n + 1,
        prev_n: previous(last_n + 1),
        redeemed,
        reference: reversal.reference.to_string(),
        asked: reversal.asked,
        amount: reversal.amount,
        remaining_before,
        remaining: reversal.remaining,
        reason: reversal.reason.clone(),
        transaction_id: reversal.transaction.into(),
        available: balances.available,
        held: balances.held,
        in_payout: balances.in_payout,
        owed: balances.owed,
        payable,
        as_of: as_of.micros(),
        created_at: reversal.created_at.micros(),
    };
    diesel::insert_into(redemption_reversals::table).values(row).execute(conn).told()?;
    Ok(())
}
