//! The rows of `redemptions` and `redemption_reversals`. Reversals of one redemption are a chain, numbered here.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::credit::{BalanceSnapshot, RedeemMode, Redemption, Reversal};
use referral_domain::id::{BookId, RedemptionId};
use referral_domain::ledger::Balances;
use referral_domain::port::StoreError;
use referral_domain::reference::Reference;

use crate::column::{At, Key, Place};
use crate::failure::{Told, touched};
use crate::schema::{redemption_reversals, redemptions};
use crate::statement::{Fixed, fixed};

#[derive(Queryable, Selectable)]
#[diesel(table_name = redemptions)]
pub(super) struct RedemptionRow {
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
    as_of: At,
    created_at: At,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = redemption_reversals)]
pub(super) struct ReversalRow {
    redemption_id: Key,
    reference: String,
    asked: Option<i64>,
    amount: i64,
    remaining: i64,
    reason: Option<String>,
    transaction_id: Key,
    available: i64,
    held: i64,
    in_payout: i64,
    owed: i64,
    payable: i64,
    as_of: At,
    created_at: At,
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
            as_of: $row.as_of.into(),
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
            created_at: row.created_at.into(),
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
            created_at: row.created_at.into(),
        })
    }
}

const INSERT: &str =
    "INSERT INTO redemptions (book_id, redemption_id, user_id, reference, asked, mode, redeemed,
    description, transaction_id, available, held, in_payout, owed, payable, as_of, created_at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9),
    unnest($10), unnest($11), unnest($12), unnest($13), unnest($14), unnest($15), unnest($16)";

/// Stores redemptions.
pub(crate) async fn insert(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[Redemption],
) -> Result<(), StoreError> {
    let insert = fixed::<()>(INSERT).bind(book.0).column(rows, |row| Key::from(row.id));
    let insert = insert.column(rows, |row| Key::from(row.user)).column(rows, |row| row.reference.to_string());
    let insert = insert.column(rows, |row| row.asked).column(rows, |row| row.mode.as_str());
    let insert = insert.column(rows, |row| row.redeemed).column(rows, |row| row.description.clone());
    let insert = insert.column(rows, |row| row.transaction.map(Key::from));
    let insert = snapshots(insert, rows, |row| row.balance);
    insert.column(rows, |row| row.created_at).execute(&mut conn).await.told()?;
    Ok(())
}

/// The six columns of balances as they were.
fn snapshots<T>(insert: Fixed<()>, rows: &[T], of: impl Fn(&T) -> BalanceSnapshot) -> Fixed<()> {
    let insert =
        insert.column(rows, |row| of(row).balances.available).column(rows, |row| of(row).balances.held);
    let insert =
        insert.column(rows, |row| of(row).balances.in_payout).column(rows, |row| of(row).balances.owed);
    insert.column(rows, |row| of(row).payable).column(rows, |row| of(row).as_of)
}

/// The chain is numbered here: each reversal comes after those that its redemption has, and those before it in this
/// statement. What remained before follows from what remains and the amount; the chain's key refuses another.
const INSERT_REVERSALS: &str = "INSERT INTO redemption_reversals (book_id, redemption_id, n, prev_n, redeemed,
    reference, asked, amount, remaining_before, remaining, reason, transaction_id, available, held, in_payout, owed,
    payable, as_of, created_at)
  SELECT $1, u.id, u.n, nullif(u.n - 1, 0), r.redeemed, u.reference, u.asked, u.amount, u.remaining + u.amount,
    u.remaining, u.reason, u.transaction_id, u.available, u.held, u.in_payout, u.owed, u.payable, u.as_of, u.created_at
  FROM (
    SELECT u.*, coalesce(last.n, 0) + row_number() OVER (PARTITION BY u.id ORDER BY u.ordinal) AS n
    FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) WITH ORDINALITY
      AS u(id, reference, asked, amount, remaining, reason, transaction_id, available, held, in_payout, owed, payable,
        as_of, created_at, ordinal)
    LEFT JOIN LATERAL (SELECT v.n FROM redemption_reversals AS v
      WHERE v.book_id = $1 AND v.redemption_id = u.id ORDER BY v.n DESC LIMIT 1) AS last ON true) AS u
  CROSS JOIN LATERAL (SELECT r.redeemed FROM redemptions AS r
    WHERE r.book_id = $1 AND r.redemption_id = u.id LIMIT 1) AS r";

/// Stores reversals after those that their redemptions have.
pub(crate) async fn insert_reversals(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[Reversal],
) -> Result<(), StoreError> {
    let insert = fixed::<()>(INSERT_REVERSALS).bind(book.0).column(rows, |row| Key::from(row.redemption));
    let insert = insert.column(rows, |row| row.reference.to_string()).column(rows, |row| row.asked);
    let insert = insert.column(rows, |row| row.amount).column(rows, |row| row.remaining);
    let insert = insert.column(rows, |row| row.reason.clone()).column(rows, |row| Key::from(row.transaction));
    let insert = snapshots(insert, rows, |row| row.balance);
    let stored = insert.column(rows, |row| row.created_at).execute(&mut conn).await.told()?;
    touched(stored, rows.len(), "redemption_reversals")
}
