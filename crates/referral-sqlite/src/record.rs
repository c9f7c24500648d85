//! Writes a decision down: in one go, a table at a time, parents before children.
//!
//! | order | tables | statements |
//! |---|---|---|
//! | 1 | users, user_emails, referral_codes | an update a row, an insert an e-mail |
//! | 2 | referrals, referral_progress | two inserts a new referral |
//! | 3 | accounts, ledger_transactions, transfers, entries, account_heads, history_lines | an insert a row |
//! | 4 | budget_months | an upsert |
//! | 5 | reward_steps, commission_steps, redemptions, redemption_reversals | an insert a row |
//! | 6 | referral_progress | an update a row: of its spend alone, when the unit has read the row and nothing else differs |
//! | 7 | spend_events, spend_event_details, spend_folds | an insert a row; by a trigger an update of a referral's progress, which names its last event |
//! | 8 | holds, hold_steps | an insert a row |
//! | 9 | payout_methods, payouts, payout_batches, batch_steps, settlement_lines, payout_steps, batch_items | an insert a row |
//! | 10 | affiliate_tracking, idempotency_replies | an upsert, an insert a row |
//! | 11 | users (who acts and is new), audit_log | a look-up and an insert an entry |
//! | 12 | adjustments, adjustment_steps | an insert a row |
//! | 13 | ledger_blocks, sealed_transfers | an insert a row |
//!
//! Every statement is kept prepared, and SQLite runs in this process: a row costs some microseconds and no round trip,
//! so a number of statements that does not depend on the number of rows would buy nothing here. Memory is bounded by
//! what the caller decided. A key that is taken is [`StoreError::Contended`], found by its result code.

use std::collections::HashMap;
use std::mem;

use async_trait::async_trait;
use diesel::prelude::*;
use referral_domain::grant::{CommissionStep, RewardStep};
use referral_domain::id::{BookId, ReferralId};
use referral_domain::port::{Changes, Recorder, StoreError};
use referral_domain::referral::Progress;
use referral_domain::time::Month;
use referral_domain::tracking::DayDelta;

use crate::column::Key;
use crate::failure::Told;
use crate::ledger::previous;
use crate::schema::{commission_steps, reward_steps};
use crate::statement::fixed;
use crate::unit::SqliteUnit;
use crate::{
    adjustments, audit, budgets, codes, holds, idempotency, ledger, payouts, redemptions, referrals, sealing,
    spending, users,
};

/// The share of every day row that is written here: there is one writer.
const SLOT: i64 = 0;

fn record(
    conn: &mut SqliteConnection,
    book: BookId,
    changes: &Changes,
    stored: &mut HashMap<ReferralId, Progress>,
) -> Result<(), StoreError> {
    changes.users.iter().try_for_each(|user| users::save(conn, book, user))?;
    changes.codes.iter().try_for_each(|code| codes::save(conn, code))?;
    changes.new_referrals.iter().try_for_each(|referral| referrals::insert(conn, referral))?;
    ledger::record(conn, book, &changes.posting)?;
    changes.budget.iter().try_for_each(|month| budgets::save(conn, book, month))?;
    let month = changes.budget.map(|budget| budget.month);
    changes.steps.iter().try_for_each(|step| insert_step(conn, book, step, month))?;
    changes.commission_steps.iter().try_for_each(|step| insert_commission_step(conn, book, step))?;
    changes.redemptions.iter().try_for_each(|row| redemptions::insert(conn, book, row))?;
    changes.reversals.iter().try_for_each(|row| redemptions::insert_reversal(conn, book, row))?;
    changes.progress.iter().try_for_each(|(id, progress)| {
        referrals::save(conn, book, *id, progress, stored.remove(id).as_ref())
    })?;
    changes.events.iter().try_for_each(|event| spending::insert(conn, book, event))?;
    changes.folded.iter().try_for_each(|(source, id)| spending::fold(conn, book, source, *id))?;
    changes.holds.iter().try_for_each(|hold| holds::insert(conn, book, hold))?;
    changes.hold_steps.iter().try_for_each(|step| holds::insert_step(conn, book, step))?;
    payouts::record(conn, book, changes)?;
    changes.days.iter().try_for_each(|day| add_day(conn, book, day))?;
    changes.replies.iter().try_for_each(|(key, reply)| idempotency::insert(conn, key, reply))?;
    changes.blocks.iter().try_for_each(|made| sealing::insert(conn, book, made))?;
    changes.audit.iter().try_for_each(|entry| audit::insert(conn, book, entry))?;
    changes.adjustments.iter().try_for_each(|row| adjustments::insert(conn, book, row))?;
    changes.adjustment_steps.iter().try_for_each(|row| adjustments::insert_step(conn, book, row))
}

/// A unit that changes a month's budget has asked it for every reward that it grants.
fn insert_step(
    conn: &mut SqliteConnection,
    book: BookId,
    step: &RewardStep,
    budget: Option<Month>,
) -> Result<(), StoreError> {
    let n = i64::from(step.n);
    let month = budget.filter(|_| n % 2 == 1);
    let row = (
        reward_steps::book_id.eq(book.0),
        reward_steps::referral_id.eq(Key::from(step.referral)),
        reward_steps::n.eq(n),
        reward_steps::prev_n.eq(previous(n)),
        reward_steps::kind.eq(if n % 2 == 1 { "grant" } else { "retract" }),
        reward_steps::amount.eq(step.amount),
        reward_steps::transaction_id.eq(Key::from(step.transaction)),
        reward_steps::at.eq(step.at.micros()),
        reward_steps::budget_month.eq(month.map(|month| i64::from(month.number()))),
    );
    diesel::insert_into(reward_steps::table).values(row).execute(conn).told()?;
    Ok(())
}

fn insert_commission_step(
    conn: &mut SqliteConnection,
    book: BookId,
    step: &CommissionStep,
) -> Result<(), StoreError> {
    let n = i64::from(step.n);
    let row = (
        commission_steps::book_id.eq(book.0),
        commission_steps::referral_id.eq(Key::from(step.referral)),
        commission_steps::n.eq(n),
        commission_steps::prev_n.eq(previous(n)),
        commission_steps::amount.eq(step.amount),
        commission_steps::posted_before.eq(step.posted.saturating_sub(step.amount)),
        commission_steps::posted.eq(step.posted),
        commission_steps::transaction_id.eq(Key::from(step.transaction)),
        commission_steps::at.eq(step.at.micros()),
    );
    diesel::insert_into(commission_steps::table).values(row).execute(conn).told()?;
    Ok(())
}

fn add_day(conn: &mut SqliteConnection, book: BookId, day: &DayDelta) -> Result<(), StoreError> {
    let upsert = fixed(
        "INSERT INTO affiliate_tracking (book_id, referrer_id, code_id, day, slot, signups, verified_signups,
           conversions, conversions_reversed, revenue, earned, pending) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (book_id, referrer_id, code_id, day, slot) DO UPDATE SET signups = signups + excluded.signups,
           verified_signups = verified_signups + excluded.verified_signups,
           conversions = conversions + excluded.conversions,
           conversions_reversed = conversions_reversed + excluded.conversions_reversed,
           revenue = revenue + excluded.revenue, earned = earned + excluded.earned,
           pending = pending + excluded.pending",
    );
    let key = upsert.bind(book.0).bind(Key::from(day.referrer)).bind(Key::from(day.code));
    let key = key.bind(i64::from(day.day.number())).bind(SLOT);
    let people = key.bind(day.signups).bind(day.verified_signups);
    let levels = people.bind(day.conversions).bind(day.conversions_reversed);
    levels.bind(day.revenue).bind(day.earned).bind(day.pending).execute(conn).told()?;
    Ok(())
}

#[async_trait]
impl Recorder for SqliteUnit {
    async fn record(&mut self, book: BookId, changes: &Changes) -> Result<(), StoreError> {
        let (changes, mut stored) = (changes.clone(), mem::take(&mut self.stored));
        self.run(move |conn| record(conn, book, &changes, &mut stored)).await
    }
}
