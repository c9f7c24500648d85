//! The rows of `referral_progress`: one insert, then one update a change.

use diesel::prelude::*;
use referral_domain::commission::CommissionProgress;
use referral_domain::id::{BookId, ReferralId, TransactionId};
use referral_domain::port::StoreError;
use referral_domain::referral::{
    Award, AwardStatus, Progress, Referral, Review, SpendTotals, State, StateName, WithheldReason,
};
use referral_domain::retraction::Withdrawn;
use referral_domain::time::Timestamp;

use crate::column::{Key, Place, instant, micros};
use crate::failure::{Told, touched};
use crate::schema::referral_progress;
use crate::statement::{Fixed, fixed};

#[derive(Queryable, Selectable)]
#[diesel(table_name = referral_progress)]
pub(super) struct ProgressRow {
    referral_id: Key,
    state: String,
    activated_at: Option<i64>,
    completed_at: Option<i64>,
    closed_at: Option<i64>,
    review: String,
    case_id: Option<Key>,
    verified_at: Option<i64>,
    spend_gross: i64,
    spend_refunded: i64,
    welcome_status: String,
    welcome_reason: Option<String>,
    welcome_at: Option<i64>,
    welcome_transaction: Option<Key>,
    reward_status: String,
    reward_reason: Option<String>,
    reward_at: Option<i64>,
    reward_transaction: Option<Key>,
    reward_steps: i64,
    reward_available_at: Option<i64>,
    commission_gross: i64,
    commission_refunded: i64,
    commission_due: i64,
    commission_posted: i64,
    commission_steps: i64,
    commission_reason: Option<String>,
    welcome_withdrawn: bool,
    reward_withdrawn: bool,
    commission_withdrawn: i64,
    updated_at: i64,
}

impl TryFrom<ProgressRow> for Progress {
    type Error = StoreError;

    fn try_from(row: ProgressRow) -> Result<Self, StoreError> {
        let id = ReferralId::from(row.referral_id);
        let place = Place { table: "referral_progress", row: &id };
        let (welcome, reward) = (welcome(&row), reward(&row));
        Ok(Self {
            state: state(&row, place)?,
            review: place.sound("review", Review::parse(&row.review), &row.review)?,
            case: row.case_id.map(Into::into),
            verified_at: instant(row.verified_at),
            spend: SpendTotals { gross: row.spend_gross, refunded: row.spend_refunded },
            welcome: welcome.award(place)?,
            reward: reward.award(place)?,
            reward_steps: place.small("reward_steps", row.reward_steps)?,
            commission: commission(&row, place)?,
            withdrawn: Withdrawn {
                welcome: row.welcome_withdrawn,
                reward: row.reward_withdrawn,
                commission: row.commission_withdrawn,
            },
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

fn state(row: &ProgressRow, place: Place<'_>) -> Result<State, StoreError> {
    let activated = || place.given("activated_at", instant(row.activated_at));
    let completed = || place.given("completed_at", instant(row.completed_at));
    let closed = || place.given("closed_at", instant(row.closed_at));
    let activated_at = instant(row.activated_at);
    Ok(match place.sound("state", StateName::parse(&row.state), &row.state)? {
        StateName::Pending => State::Pending,
        StateName::Active => State::Active { activated_at: activated()? },
        StateName::Completed => State::Completed { activated_at: activated()?, completed_at: completed()? },
        StateName::Expired => State::Expired { activated_at, closed_at: closed()? },
        StateName::Fraud => State::Fraud { activated_at, closed_at: closed()? },
    })
}

fn commission(row: &ProgressRow, place: Place<'_>) -> Result<CommissionProgress, StoreError> {
    let withheld = |word: &String| place.sound("commission_reason", WithheldReason::parse(word), word);
    Ok(CommissionProgress {
        gross: row.commission_gross,
        refunded: row.commission_refunded,
        due: row.commission_due,
        posted: row.commission_posted,
        steps: place.small("commission_steps", row.commission_steps)?,
        withheld: row.commission_reason.as_ref().map(withheld).transpose()?,
    })
}

/// An award as its columns keep it.
struct Kept<'a> {
    columns: [&'static str; 5],
    status: &'a str,
    reason: Option<&'a str>,
    at: Option<i64>,
    transaction: Option<Key>,
    available_at: Option<i64>,
}

/// A welcome credit is never held, so nothing says until when: one that is stored as held is told as corrupt.
fn welcome(row: &ProgressRow) -> Kept<'_> {
    Kept {
        columns: ["welcome_status", "welcome_reason", "welcome_at", "welcome_transaction", "welcome_status"],
        status: &row.welcome_status,
        reason: row.welcome_reason.as_deref(),
        at: row.welcome_at,
        transaction: row.welcome_transaction,
        available_at: None,
    }
}

fn reward(row: &ProgressRow) -> Kept<'_> {
    Kept {
        columns: ["reward_status", "reward_reason", "reward_at", "reward_transaction", "reward_available_at"],
        status: &row.reward_status,
        reason: row.reward_reason.as_deref(),
        at: row.reward_at,
        transaction: row.reward_transaction,
        available_at: row.reward_available_at,
    }
}

impl Kept<'_> {
    fn award(&self, place: Place<'_>) -> Result<Award, StoreError> {
        let [status, reason, _, _, available_at] = self.columns;
        Ok(match place.sound(status, AwardStatus::parse(self.status), self.status)? {
            AwardStatus::NotDue => Award::NotDue,
            AwardStatus::Retracted => Award::Retracted,
            AwardStatus::Withheld => {
                let why = place.given(reason, self.reason)?;
                Award::Withheld(place.sound(reason, WithheldReason::parse(why), why)?)
            }
            AwardStatus::Granted => {
                let (at, transaction) = self.posted(place)?;
                Award::Granted { at, transaction }
            }
            AwardStatus::Held => {
                let (at, transaction) = self.posted(place)?;
                let available_at = place.given(available_at, instant(self.available_at))?;
                Award::Held { at, transaction, available_at }
            }
        })
    }

    fn posted(&self, place: Place<'_>) -> Result<(Timestamp, TransactionId), StoreError> {
        let [_, _, at, transaction, _] = self.columns;
        let by = place.given(transaction, self.transaction)?;
        Ok((place.given(at, instant(self.at))?, by.into()))
    }
}

/// Stores the progress of a new referral.
pub(super) fn insert(conn: &mut SqliteConnection, referral: &Referral) -> Result<(), StoreError> {
    let Referral { facts, progress } = referral;
    let insert = fixed(
        "INSERT INTO referral_progress (book_id, referral_id, qualifies_until, spend_threshold, referrer_reward,
           welcome_credit, state, activated_at, completed_at, closed_at, review, case_id, verified_at, spend_gross,
           spend_refunded, welcome_status, welcome_reason, welcome_at, welcome_transaction, reward_status,
           reward_reason, reward_at, reward_transaction, reward_steps, reward_available_at, commission_gross,
           commission_refunded, commission_due, commission_posted, commission_steps, commission_reason,
           welcome_withdrawn, reward_withdrawn, commission_withdrawn, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let key = insert.bind(facts.book.0).bind(Key::from(facts.id)).bind(facts.qualifies_until.micros());
    let terms = key.bind(facts.terms.spend_threshold).bind(facts.terms.referrer_reward);
    bound(terms.bind(facts.terms.welcome_credit), progress).execute(conn).told()?;
    Ok(())
}

/// Replaces the progress of a referral that was locked, known as it is stored when the unit has read it.
pub(crate) fn save(
    conn: &mut SqliteConnection,
    book: BookId,
    id: ReferralId,
    progress: &Progress,
    stored: Option<&Progress>,
) -> Result<(), StoreError> {
    if stored.is_some_and(|stored| only_spend_differs(stored, progress)) {
        return save_spend(conn, book, id, progress);
    }
    let update = fixed(
        "UPDATE referral_progress SET state = ?, activated_at = ?, completed_at = ?, closed_at = ?, review = ?,
           case_id = ?, verified_at = ?, spend_gross = ?, spend_refunded = ?, welcome_status = ?, welcome_reason = ?,
           welcome_at = ?, welcome_transaction = ?, reward_status = ?, reward_reason = ?, reward_at = ?,
           reward_transaction = ?, reward_steps = ?, reward_available_at = ?, commission_gross = ?,
           commission_refunded = ?, commission_due = ?, commission_posted = ?, commission_steps = ?,
           commission_reason = ?, welcome_withdrawn = ?, reward_withdrawn = ?, commission_withdrawn = ?,
           updated_at = ?
         WHERE book_id = ? AND referral_id = ?",
    );
    let update = bound(update, progress).bind(book.0).bind(Key::from(id));
    touched(update.execute(conn).told()?, 1, "referral_progress")
}

fn only_spend_differs(stored: &Progress, progress: &Progress) -> bool {
    Progress { spend: stored.spend, updated_at: stored.updated_at, ..progress.clone() } == *stored
}

/// What most events change, and nothing else: SQLite then asks no check, key and index of the other columns.
fn save_spend(
    conn: &mut SqliteConnection,
    book: BookId,
    id: ReferralId,
    progress: &Progress,
) -> Result<(), StoreError> {
    let update = fixed(
        "UPDATE referral_progress SET spend_gross = ?, spend_refunded = ?, updated_at = ?
         WHERE book_id = ? AND referral_id = ?",
    );
    let update = update.bind(progress.spend.gross).bind(progress.spend.refunded);
    let update = update.bind(progress.updated_at.micros()).bind(book.0).bind(Key::from(id));
    touched(update.execute(conn).told()?, 1, "referral_progress")
}

/// Binds the columns from `state` to `updated_at`.
fn bound(statement: Fixed, progress: &Progress) -> Fixed {
    let Progress { state, spend, welcome, reward, .. } = progress;
    let statement = statement
        .bind(state.name().as_str())
        .bind(micros(state.activated_at()))
        .bind(micros(state.completed_at()))
        .bind(micros(state.closed_at()))
        .bind(progress.review.as_str())
        .bind(progress.case.map(Key::from))
        .bind(micros(progress.verified_at))
        .bind(spend.gross)
        .bind(spend.refunded);
    let awards = bound_award(bound_award(statement, *welcome), *reward);
    let awards = awards.bind(progress.reward_steps).bind(micros(reward.available_at()));
    let bound = bound_commission(awards, &progress.commission);
    let withdrawn = progress.withdrawn;
    let bound = bound.bind(withdrawn.welcome).bind(withdrawn.reward).bind(withdrawn.commission);
    bound.bind(progress.updated_at.micros())
}

/// Binds an award's status, reason, instant and transaction.
fn bound_award(statement: Fixed, award: Award) -> Fixed {
    let statement = statement.bind(award.status().as_str()).bind(award.reason().map(WithheldReason::as_str));
    statement.bind(micros(award.posted_at())).bind(award.transaction().map(Key::from))
}

/// Binds the columns from `commission_gross` to `commission_reason`.
fn bound_commission(statement: Fixed, commission: &CommissionProgress) -> Fixed {
    let facts = statement.bind(commission.gross).bind(commission.refunded).bind(commission.due);
    let posted = facts.bind(commission.posted).bind(commission.steps);
    posted.bind(commission.withheld.map(WithheldReason::as_str))
}
