//! The rows of `referral_progress`: one insert, then one update a change.

use diesel::prelude::*;
use referral_domain::id::{BookId, ReferralId};
use referral_domain::port::StoreError;
use referral_domain::referral::{
    Award, AwardStatus, Progress, Referral, Review, SpendTotals, State, StateName, WithheldReason,
};
use referral_domain::time::Timestamp;

use crate::column::{Key, Place, instant, micros};
use crate::failure::{Told, touched};
use crate::schema::referral_progress;
use crate::statement::fixed;

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
    updated_at: i64,
}

impl TryFrom<ProgressRow> for Progress {
    type Error = StoreError;

    fn try_from(row: ProgressRow) -> Result<Self, StoreError> {
        let id = ReferralId::from(row.referral_id);
        let place = Place { table: "referral_progress", row: &id };
        let welcome = Kept {
            columns: ["welcome_status", "welcome_reason", "welcome_at", "welcome_transaction"],
            status: &row.welcome_status,
            reason: row.welcome_reason.as_deref(),
            at: row.welcome_at,
            transaction: row.welcome_transaction,
        };
        let reward = Kept {
            columns: ["reward_status", "reward_reason", "reward_at", "reward_transaction"],
            status: &row.reward_status,
            reason: row.reward_reason.as_deref(),
            at: row.reward_at,
            transaction: row.reward_transaction,
        };
        Ok(Self {
            state: state(&row, place)?,
            review: place.sound("review", Review::parse(&row.review), &row.review)?,
            case: row.case_id.map(Into::into),
            verified_at: instant(row.verified_at),
            spend: SpendTotals { gross: row.spend_gross, refunded: row.spend_refunded },
            welcome: welcome.award(place)?,
            reward: reward.award(place)?,
            reward_steps: place.small("reward_steps", row.reward_steps)?,
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

/// An award as its four columns keep it.
struct Kept<'a> {
    columns: [&'static str; 4],
    status: &'a str,
    reason: Option<&'a str>,
    at: Option<i64>,
    transaction: Option<Key>,
}

impl Kept<'_> {
    fn award(&self, place: Place<'_>) -> Result<Award, StoreError> {
        let [status, reason, at, transaction] = self.columns;
        match AwardStatus::parse(self.status) {
            Some(AwardStatus::NotDue) => Ok(Award::NotDue),
            Some(AwardStatus::Withheld) => {
                let why = place.given(reason, self.reason)?;
                Ok(Award::Withheld(place.sound(reason, WithheldReason::parse(why), why)?))
            }
            Some(AwardStatus::Granted) => {
                let transaction = place.given(transaction, self.transaction)?.into();
                Ok(Award::Granted { at: place.given(at, instant(self.at))?, transaction })
            }
            Some(AwardStatus::Held | AwardStatus::Retracted) | None => place.sound(status, None, self.status),
        }
    }
}

/// When an award was granted, and by which transaction.
fn posted(award: Award) -> (Option<i64>, Option<Key>) {
    match award {
        Award::Granted { at, transaction } => (Some(at.micros()), Some(transaction.into())),
        Award::NotDue | Award::Withheld(_) => (None, None),
    }
}

/// Stores the progress of a new referral.
pub(super) fn insert(conn: &mut SqliteConnection, referral: &Referral) -> Result<(), StoreError> {
    let Referral { facts, progress } = referral;
    let insert = fixed(
        "INSERT INTO referral_progress (book_id, referral_id, qualifies_until, spend_threshold, referrer_reward,
           welcome_credit, state, activated_at, completed_at, closed_at, review, case_id, verified_at, spend_gross,
           spend_refunded, welcome_status, welcome_reason, welcome_at, welcome_transaction, reward_status,
           reward_reason, reward_at, reward_transaction, reward_steps, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let key = insert.bind(facts.book.0).bind(Key::from(facts.id)).bind(facts.qualifies_until.micros());
    let terms = key.bind(facts.terms.spend_threshold).bind(facts.terms.referrer_reward);
    bound(terms.bind(facts.terms.welcome_credit), progress).execute(conn).told()?;
    Ok(())
}

/// Replaces the progress of a referral that was locked.
pub(crate) fn save(
    conn: &mut SqliteConnection,
    book: BookId,
    id: ReferralId,
    progress: &Progress,
) -> Result<(), StoreError> {
    let update = fixed(
        "UPDATE referral_progress SET state = ?, activated_at = ?, completed_at = ?, closed_at = ?, review = ?,
           case_id = ?, verified_at = ?, spend_gross = ?, spend_refunded = ?, welcome_status = ?, welcome_reason = ?,
           welcome_at = ?, welcome_transaction = ?, reward_status = ?, reward_reason = ?, reward_at = ?,
           reward_transaction = ?, reward_steps = ?, updated_at = ?
         WHERE book_id = ? AND referral_id = ?",
    );
    let update = bound(update, progress).bind(book.0).bind(Key::from(id));
    touched(update.execute(conn).told()?, 1, "referral_progress")
}

/// Binds the columns from `state` to `updated_at`.
fn bound(statement: crate::statement::Fixed, progress: &Progress) -> crate::statement::Fixed {
    let Progress { state, spend, welcome, reward, .. } = progress;
    let ((welcome_at, welcome_by), (reward_at, reward_by)) = (posted(*welcome), posted(*reward));
    statement
        .bind(state.name().as_str())
        .bind(micros(state.activated_at()))
        .bind(micros(state.completed_at()))
        .bind(micros(state.closed_at()))
        .bind(progress.review.as_str())
        .bind(progress.case.map(Key::from))
        .bind(micros(progress.verified_at))
        .bind(spend.gross)
        .bind(spend.refunded)
        .bind(welcome.status().as_str())
        .bind(welcome.reason().map(WithheldReason::as_str))
        .bind(welcome_at)
        .bind(welcome_by)
        .bind(reward.status().as_str())
        .bind(reward.reason().map(WithheldReason::as_str))
        .bind(reward_at)
        .bind(reward_by)
        .bind(progress.reward_steps)
        .bind(progress.updated_at.micros())
}
