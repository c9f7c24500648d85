//! Writes a decision down: one flight, one statement a table, parents before children.
//!
//! | order | tables | locks |
//! |---|---|---|
//! | 1 | users, user_emails, referral_codes | held since `lock` |
//! | 2 | referrals, referral_progress | new keys |
//! | 3 | accounts, ledger_transactions, transfers, account_heads, entries, history_lines | heads held since `open` |
//! | 4 | budget_months | held since `lock` |
//! | 5 | reward_steps, commission_steps, holds, hold_steps, redemptions, redemption_reversals | new keys; holds by their referral's lock |
//! | 6 | referral_progress | held since `lock` or `scene` |
//! | 7 | spend_events (by source id), spend_event_details, spend_folds | new keys |
//! | 8 | affiliate_tracking (by key), idempotency_replies | day rows, a slot of them |
//! | 9 | users who act and are new (by name), audit_log | new keys |
//! | 10 | adjustments, adjustment_steps | new keys |
//! | 11 | ledger_blocks, sealed_transfers | new keys |
//!
//! A table that gets nothing costs nothing. When a statement fails, those behind it are refused by the server, and the
//! first refusal is the answer: a key that is taken is [`StoreError::Contended`], found by its SQLSTATE. Memory is
//! bounded by what the caller decided.

use async_trait::async_trait;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::{BoxFuture, join_all};
use referral_domain::grant::{CommissionStep, RewardStep};
use referral_domain::id::BookId;
use referral_domain::port::{Changes, Recorder, StoreError};
use referral_domain::time::Month;
use referral_domain::tracking::DayDelta;

use crate::column::Key;
use crate::failure::Told;
use crate::ledger::previous;
use crate::statement::fixed;
use crate::unit::{PgUnit, call};
use crate::{
    adjustments, audit, budgets, codes, holds, idempotency, ledger, payouts, redemptions, referrals, sealing,
    spending, users,
};

type Writing<'a> = BoxFuture<'a, Result<(), StoreError>>;

/// Everything to be written, in order; tables that get nothing are left out.
struct Flight<'a>(Vec<Writing<'a>>);

impl<'a> Flight<'a> {
    fn rows<T, F>(&mut self, rows: &'a [T], write: impl FnOnce(&'a [T]) -> F)
    where
        F: Future<Output = Result<(), StoreError>> + Send + 'a,
    {
        if !rows.is_empty() {
            self.0.push(Box::pin(write(rows)));
        }
    }

    /// Sends everything at once, in order; the first refusal is why the others were refused.
    async fn send(self) -> Result<(), StoreError> {
        join_all(self.0).await.into_iter().collect()
    }
}

async fn record(conn: &AsyncPgConnection, book: BookId, changes: &Changes) -> Result<(), StoreError> {
    let mut flight = Flight(Vec::new());
    flight.rows(&changes.users, |rows| users::save(conn, book, rows));
    flight.rows(&changes.users, |rows| users::remember(conn, book, rows));
    flight.rows(&changes.codes, |rows| codes::save(conn, book, rows));
    flight.rows(&changes.new_referrals, |rows| referrals::insert(conn, book, rows));
    flight.0.extend(ledger::record(conn, book, &changes.posting));
    flight.rows(changes.budget.as_slice(), |rows| budgets::save(conn, book, rows));
    let month = changes.budget.map(|budget| budget.month);
    flight.rows(&changes.steps, |rows| insert_steps(conn, book, rows, month));
    flight.rows(&changes.commission_steps, |rows| insert_commission_steps(conn, book, rows));
    flight.rows(&changes.holds, |rows| holds::insert(conn, book, rows));
    flight.rows(&changes.hold_steps, |rows| holds::follow(conn, book, rows));
    flight.rows(&changes.hold_steps, |rows| holds::insert_steps(conn, book, rows));
    flight.rows(&changes.redemptions, |rows| redemptions::insert(conn, book, rows));
    flight.rows(&changes.reversals, |rows| redemptions::insert_reversals(conn, book, rows));
    flight.rows(&changes.progress, |rows| referrals::save(conn, book, rows));
    flight.rows(&changes.events, |rows| spending::insert(conn, book, rows));
    flight.rows(&changes.events, |rows| spending::insert_details(conn, book, rows));
    flight.rows(&changes.folded, |rows| spending::fold(conn, book, rows));
    flight.rows(&changes.payout_methods, |rows| payouts::methods(conn, book, rows));
    flight.rows(&changes.payouts, |rows| payouts::payouts(conn, book, rows));
    flight.rows(&changes.batches, |rows| payouts::batches(conn, book, rows));
    flight.rows(&changes.batch_steps, |rows| payouts::batch_steps(conn, book, rows));
    flight.rows(&changes.settlement_lines, |rows| payouts::settlements(conn, book, rows));
    flight.rows(&changes.payout_steps, |rows| payouts::payout_steps(conn, book, rows));
    flight.rows(&changes.batches, |rows| payouts::items(conn, book, rows));
    flight.rows(&changes.days, |rows| add_days(conn, book, rows));
    flight.rows(&changes.replies, |rows| idempotency::insert(conn, rows));
    flight.rows(&changes.blocks, |rows| sealing::insert(conn, book, rows));
    flight.rows(&changes.blocks, |rows| sealing::insert_places(conn, book, rows));
    flight.rows(&changes.audit, |rows| audit::make_people(conn, book, rows));
    flight.rows(&changes.audit, |rows| audit::insert(conn, book, rows));
    flight.rows(&changes.adjustments, |rows| adjustments::insert(conn, book, rows));
    flight.rows(&changes.adjustment_steps, |rows| adjustments::insert_steps(conn, book, rows));
    flight.send().await
}

const STEPS: &str =
    "INSERT INTO reward_steps (book_id, referral_id, n, prev_n, kind, amount, transaction_id, at, budget_month)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9)";

async fn insert_steps(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[RewardStep],
    budget: Option<Month>,
) -> Result<(), StoreError> {
    let insert = fixed::<()>(STEPS).bind(book.0).column(rows, |row| Key::from(row.referral));
    let insert = insert.column(rows, |row| i64::from(row.n)).column(rows, |row| previous(row.n.into()));
    let insert = insert.column(rows, |row| if row.n % 2 == 1 { "grant" } else { "retract" });
    let insert = insert.column(rows, |row| row.amount).column(rows, |row| Key::from(row.transaction));
    let insert = insert.column(rows, |row| row.at);
    let counted = |row: &RewardStep| budget.filter(|_| row.n % 2 == 1);
    let insert = insert.column(rows, |row| counted(row).map(|month| i64::from(month.number())));
    insert.execute(&mut conn).await.told()?;
    Ok(())
}

const COMMISSION_STEPS: &str =
    "INSERT INTO commission_steps (book_id, referral_id, n, prev_n, amount, posted_before, posted,
    transaction_id, at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9)";

async fn insert_commission_steps(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[CommissionStep],
) -> Result<(), StoreError> {
    let insert = fixed::<()>(COMMISSION_STEPS).bind(book.0).column(rows, |row| Key::from(row.referral));
    let insert = insert.column(rows, |row| i64::from(row.n)).column(rows, |row| previous(row.n.into()));
    let insert = insert.column(rows, |row| row.amount);
    let insert = insert.column(rows, |row| row.posted.saturating_sub(row.amount));
    let insert = insert.column(rows, |row| row.posted).column(rows, |row| Key::from(row.transaction));
    insert.column(rows, |row| row.at).execute(&mut conn).await.told()?;
    Ok(())
}

/// A session adds to its own slot of 16, so that sessions seldom wait for one another's day rows.
const DAYS: &str = "INSERT INTO affiliate_tracking AS t (book_id, referrer_id, code_id, day, slot, signups,
    verified_signups, conversions, conversions_reversed, revenue, earned, pending)
  SELECT $1, u.referrer_id, u.code_id, DATE '1970-01-01' + u.day::integer, pg_backend_pid() % 16, u.signups,
    u.verified_signups, u.conversions, u.conversions_reversed, u.revenue, u.earned, u.pending
  FROM (SELECT unnest($2) AS referrer_id, unnest($3) AS code_id, unnest($4) AS day, unnest($5) AS signups,
    unnest($6) AS verified_signups, unnest($7) AS conversions, unnest($8) AS conversions_reversed,
    unnest($9) AS revenue, unnest($10) AS earned, unnest($11) AS pending) AS u
  ORDER BY u.referrer_id, u.code_id, u.day
  ON CONFLICT (book_id, referrer_id, code_id, day, slot) DO UPDATE SET signups = t.signups + excluded.signups,
    verified_signups = t.verified_signups + excluded.verified_signups,
    conversions = t.conversions + excluded.conversions,
    conversions_reversed = t.conversions_reversed + excluded.conversions_reversed,
    revenue = t.revenue + excluded.revenue, earned = t.earned + excluded.earned,
    pending = t.pending + excluded.pending";

async fn add_days(mut conn: &AsyncPgConnection, book: BookId, rows: &[DayDelta]) -> Result<(), StoreError> {
    let add = fixed::<()>(DAYS).bind(book.0).column(rows, |row| Key::from(row.referrer));
    let add = add.column(rows, |row| Key::from(row.code)).column(rows, |row| i64::from(row.day.number()));
    let add = add.column(rows, |row| row.signups).column(rows, |row| row.verified_signups);
    let add = add.column(rows, |row| row.conversions).column(rows, |row| row.conversions_reversed);
    let add = add.column(rows, |row| row.revenue).column(rows, |row| row.earned);
    add.column(rows, |row| row.pending).execute(&mut conn).await.told()?;
    Ok(())
}

#[async_trait]
impl Recorder for PgUnit {
    async fn record(&mut self, book: BookId, changes: &Changes) -> Result<(), StoreError> {
        call!(self, |conn| record(conn, book, changes))
    }
}
