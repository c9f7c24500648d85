//! The rows of `referral_progress`: one insert, then one update a change, each for a whole set.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::commission::CommissionProgress;
use referral_domain::id::{BookId, ReferralId, TransactionId};
use referral_domain::port::StoreError;
use referral_domain::referral::{
    Award, AwardStatus, Progress, Referral, Review, SpendTotals, State, StateName, WithheldReason,
};
use referral_domain::retraction::Withdrawn;
use referral_domain::time::Timestamp;

use crate::column::{At, Key, Place, instant};
use crate::failure::{Told, touched};
use crate::schema::referral_progress;
use crate::statement::{Fixed, fixed};

#[derive(Queryable, Selectable)]
#[diesel(table_name = referral_progress)]
pub(crate) struct ProgressRow {
    referral_id: Key,
    state: String,
    activated_at: Option<At>,
    completed_at: Option<At>,
    closed_at: Option<At>,
    review: String,
    case_id: Option<Key>,
    verified_at: Option<At>,
    spend_gross: i64,
    spend_refunded: i64,
    welcome_status: String,
    welcome_reason: Option<String>,
    welcome_at: Option<At>,
    welcome_transaction: Option<Key>,
    reward_status: String,
    reward_reason: Option<String>,
    reward_at: Option<At>,
    reward_transaction: Option<Key>,
    reward_steps: i64,
    reward_available_at: Option<At>,
    commission_gross: i64,
    commission_refunded: i64,
    commission_due: i64,
    commission_posted: i64,
    commission_steps: i64,
    commission_reason: Option<String>,
    welcome_withdrawn: bool,
    reward_withdrawn: bool,
    commission_withdrawn: i64,
    updated_at: At,
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
            available_at: None,
        };
        let reward = Kept {
            columns: ["reward_status", "reward_reason", "reward_at", "reward_transaction"],
            status: &row.reward_status,
            reason: row.reward_reason.as_deref(),
            at: row.reward_at,
            transaction: row.reward_transaction,
            available_at: row.reward_available_at,
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
            commission: commission(&row, place)?,
            withdrawn: Withdrawn {
                welcome: row.welcome_withdrawn,
                reward: row.reward_withdrawn,
                commission: row.commission_withdrawn,
            },
            updated_at: row.updated_at.into(),
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
    let known = |word: &String| place.sound("commission_reason", WithheldReason::parse(word), word);
    Ok(CommissionProgress {
        gross: row.commission_gross,
        refunded: row.commission_refunded,
        due: row.commission_due,
        posted: row.commission_posted,
        steps: place.small("commission_steps", row.commission_steps)?,
        withheld: row.commission_reason.as_ref().map(known).transpose()?,
    })
}

/// An award as its columns keep it.
struct Kept<'a> {
    columns: [&'static str; 4],
    status: &'a str,
    reason: Option<&'a str>,
    at: Option<At>,
    transaction: Option<Key>,
    /// A welcome credit is never held.
    available_at: Option<At>,
}

impl Kept<'_> {
    fn award(&self, place: Place<'_>) -> Result<Award, StoreError> {
        let [status, reason, _, _] = self.columns;
        match AwardStatus::parse(self.status) {
            Some(AwardStatus::NotDue) => Ok(Award::NotDue),
            Some(AwardStatus::Withheld) => {
                let why = place.given(reason, self.reason)?;
                Ok(Award::Withheld(place.sound(reason, WithheldReason::parse(why), why)?))
            }
            Some(AwardStatus::Held) => {
                let (at, transaction) = self.posted(place)?;
                let available_at = place.sound(status, instant(self.available_at), self.status)?;
                Ok(Award::Held { at, transaction, available_at })
            }
            Some(AwardStatus::Granted) => {
                let (at, transaction) = self.posted(place)?;
                Ok(Award::Granted { at, transaction })
            }
            Some(AwardStatus::Retracted) => Ok(Award::Retracted),
            None => place.sound(status, None, self.status),
        }
    }

    /// When it was posted, and by which transaction.
    fn posted(&self, place: Place<'_>) -> Result<(Timestamp, TransactionId), StoreError> {
        let [_, _, at, transaction] = self.columns;
        let posted_by = place.given(transaction, self.transaction)?.into();
        Ok((place.given(at, instant(self.at))?, posted_by))
    }
}

/// By which transaction an award was posted.
fn posted_by(award: Award) -> Option<Key> {
    award.transaction().map(Key::from)
}

const INSERT: &str = "INSERT INTO referral_progress (book_id, referral_id, qualifies_until, spend_threshold,
    referrer_reward, welcome_credit, state, activated_at, completed_at, closed_at, review, case_id, verified_at,
    spend_gross, spend_refunded, welcome_status, welcome_reason, welcome_at, welcome_transaction, reward_status,
    reward_reason, reward_at, reward_transaction, reward_steps, reward_available_at, commission_gross,
    commission_refunded, commission_due, commission_posted, commission_steps, commission_reason,
    welcome_withdrawn, reward_withdrawn, commission_withdrawn, updated_at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9),
    unnest($10), unnest($11), unnest($12), unnest($13), unnest($14), unnest($15), unnest($16), unnest($17),
    unnest($18), unnest($19), unnest($20), unnest($21), unnest($22), unnest($23), unnest($24), unnest($25),
    unnest($26), unnest($27), unnest($28), unnest($29), unnest($30), unnest($31), unnest($32), unnest($33),
    unnest($34), unnest($35)";

/// Stores the progress of new referrals.
pub(super) async fn insert(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[Referral],
) -> Result<(), StoreError> {
    let insert = fixed::<()>(INSERT).bind(book.0).column(rows, |row| Key::from(row.facts.id));
    let insert = insert.column(rows, |row| row.facts.qualifies_until);
    let insert = insert.column(rows, |row| row.facts.terms.spend_threshold);
    let insert = insert.column(rows, |row| row.facts.terms.referrer_reward);
    let insert = insert.column(rows, |row| row.facts.terms.welcome_credit);
    changing(insert, rows, |row| &row.progress).execute(&mut conn).await.told()?;
    Ok(())
}

/// The row is there, so this is an update that probes the key once a row. The terms of the row that is not inserted are
/// stand-ins: nothing looks at them, and were the row missing, they would be refused as not the referral's.
const SAVE: &str = "INSERT INTO referral_progress (book_id, qualifies_until, spend_threshold, referrer_reward,
    welcome_credit, referral_id, state, activated_at, completed_at, closed_at, review, case_id, verified_at,
    spend_gross, spend_refunded, welcome_status, welcome_reason, welcome_at, welcome_transaction, reward_status,
    reward_reason, reward_at, reward_transaction, reward_steps, reward_available_at, commission_gross,
    commission_refunded, commission_due, commission_posted, commission_steps, commission_reason,
    welcome_withdrawn, reward_withdrawn, commission_withdrawn, updated_at)
  SELECT $1, '-infinity', -1, -1, -1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7),
    unnest($8), unnest($9), unnest($10), unnest($11), unnest($12), unnest($13), unnest($14), unnest($15), unnest($16),
    unnest($17), unnest($18), unnest($19), unnest($20), unnest($21), unnest($22), unnest($23), unnest($24),
    unnest($25), unnest($26), unnest($27), unnest($28), unnest($29), unnest($30), unnest($31)
  ON CONFLICT (book_id, referral_id) DO UPDATE SET state = excluded.state, activated_at = excluded.activated_at,
    completed_at = excluded.completed_at, closed_at = excluded.closed_at, review = excluded.review,
    case_id = excluded.case_id, verified_at = excluded.verified_at, spend_gross = excluded.spend_gross,
    spend_refunded = excluded.spend_refunded, welcome_status = excluded.welcome_status,
    welcome_reason = excluded.welcome_reason, welcome_at = excluded.welcome_at,
    welcome_transaction = excluded.welcome_transaction, reward_status = excluded.reward_status,
    reward_reason = excluded.reward_reason, reward_at = excluded.reward_at,
    reward_transaction = excluded.reward_transaction, reward_steps = excluded.reward_steps,
    reward_available_at = excluded.reward_available_at, commission_gross = excluded.commission_gross,
    commission_refunded = excluded.commission_refunded, commission_due = excluded.commission_due,
    commission_posted = excluded.commission_posted, commission_steps = excluded.commission_steps,
    commission_reason = excluded.commission_reason, welcome_withdrawn = excluded.welcome_withdrawn,
    reward_withdrawn = excluded.reward_withdrawn, commission_withdrawn = excluded.commission_withdrawn,
    updated_at = excluded.updated_at";

/// Replaces the progress of referrals that were locked.
pub(crate) async fn save(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[(ReferralId, Progress)],
) -> Result<(), StoreError> {
    let save = fixed::<()>(SAVE).bind(book.0).column(rows, |(id, _)| Key::from(*id));
    let saved = changing(save, rows, |(_, progress)| progress).execute(&mut conn).await.told()?;
    touched(saved, rows.len(), "referral_progress")
}

/// Binds the columns from `state` to `updated_at`.
fn changing<T>(statement: Fixed<()>, rows: &[T], of: impl Fn(&T) -> &Progress) -> Fixed<()> {
    let s = statement.column(rows, |row| of(row).state.name().as_str());
    let s =
        s.column(rows, |row| of(row).state.activated_at()).column(rows, |row| of(row).state.completed_at());
    let s = s.column(rows, |row| of(row).state.closed_at()).column(rows, |row| of(row).review.as_str());
    let s = s.column(rows, |row| of(row).case.map(Key::from)).column(rows, |row| of(row).verified_at);
    let s = s.column(rows, |row| of(row).spend.gross).column(rows, |row| of(row).spend.refunded);
    let s = s.column(rows, |row| of(row).welcome.status().as_str());
    let s = s.column(rows, |row| of(row).welcome.reason().map(WithheldReason::as_str));
    let s = s.column(rows, |row| of(row).welcome.posted_at()).column(rows, |row| posted_by(of(row).welcome));
    let s = s.column(rows, |row| of(row).reward.status().as_str());
    let s = s.column(rows, |row| of(row).reward.reason().map(WithheldReason::as_str));
    let s = s.column(rows, |row| of(row).reward.posted_at()).column(rows, |row| posted_by(of(row).reward));
    let s = s.column(rows, |row| i64::from(of(row).reward_steps));
    let s = s.column(rows, |row| of(row).reward.available_at());
    let s = s.column(rows, |row| of(row).commission.gross).column(rows, |row| of(row).commission.refunded);
    let s = s.column(rows, |row| of(row).commission.due).column(rows, |row| of(row).commission.posted);
    let s = s.column(rows, |row| i64::from(of(row).commission.steps));
    let s = s.column(rows, |row| of(row).commission.withheld.map(WithheldReason::as_str));
    let s = s.column(rows, |row| of(row).withdrawn.welcome).column(rows, |row| of(row).withdrawn.reward);
    let s = s.column(rows, |row| of(row).withdrawn.commission);
    s.column(rows, |row| of(row).updated_at)
}
