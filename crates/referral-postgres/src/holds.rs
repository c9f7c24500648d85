//! Holds and their steps.
//!
//! The lock of a referral is that of its holds: whoever releases or voids one has locked its referral before. Matured
//! holds are found through the partial index `holds_maturing`, oldest first; their referrals are passed over when another
//! unit holds them, and each hold is looked at again once it is locked. What remains of referrals is one range of the
//! partial index `holds_of_a_referral` each.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::hold::{Hold, HoldKind, HoldStep};
use referral_domain::id::{BookId, ReferralId, TransactionId};
use referral_domain::port::{Matured, StoreError};
use referral_domain::reference::SourceId;
use referral_domain::referral::Referral;
use referral_domain::time::Timestamp;

use crate::column::{At, Key, Place};
use crate::failure::{Told, touched};
use crate::ledger::previous;
use crate::referrals::{ReferralRow, ReferralSql, facts_columns, progress_columns};
use crate::schema::holds;
use crate::statement::{RowSql, fixed};

#[derive(Queryable, Selectable)]
#[diesel(table_name = holds)]
struct HoldRow {
    hold_id: Key,
    referral_id: Key,
    user_id: Key,
    kind: String,
    source_id: Option<String>,
    amount: i64,
    matures_at: At,
    created_at: At,
    steps: i64,
    remaining: i64,
}

/// The columns of a [`HoldRow`].
macro_rules! columns {
    () => {
        "h.hold_id, h.referral_id, h.user_id, h.kind, h.source_id, h.amount, h.matures_at, h.created_at, h.steps,
        h.remaining"
    };
}

impl TryFrom<HoldRow> for Hold {
    type Error = StoreError;

    fn try_from(row: HoldRow) -> Result<Self, StoreError> {
        let id = TransactionId::from(row.hold_id);
        let place = Place { table: "holds", row: &id };
        let named = |source: &String| place.sound("source_id", SourceId::parse(source), source);
        Ok(Self {
            transaction: id,
            referral: row.referral_id.into(),
            kind: place.sound("kind", HoldKind::parse(&row.kind), &row.kind)?,
            user: row.user_id.into(),
            cause: row.source_id.as_ref().map(named).transpose()?,
            amount: row.amount,
            matures_at: row.matures_at.into(),
            created_at: row.created_at.into(),
            remaining: row.remaining,
            steps: place.small("steps", row.steps)?,
        })
    }
}

pub(crate) const OF_REFERRALS: &str = concat!(
    "SELECT h.* FROM unnest($1) AS u(id) CROSS JOIN LATERAL (SELECT ",
    columns!(),
    " FROM holds AS h WHERE h.book_id = $2 AND h.referral_id = u.id AND h.remaining > 0 OFFSET 0) AS h
    ORDER BY h.referral_id, h.created_at, h.hold_id"
);

/// What remains of the holds of these referrals; of none without asking.
pub(crate) async fn of_referrals(
    mut conn: &AsyncPgConnection,
    book: BookId,
    referrals: &[ReferralId],
) -> Result<Vec<Hold>, StoreError> {
    if referrals.is_empty() {
        return Ok(Vec::new());
    }
    let mut sorted = referrals.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let query = fixed::<RowSql<HoldRow>>(OF_REFERRALS).column(&sorted, |id| Key::from(*id)).bind(book.0);
    query.load::<HoldRow>(&mut conn).await.told()?.into_iter().map(Hold::try_from).collect()
}

/// A hold is locked after its referral, so that it is read as whoever held the referral before left it. One under review
/// is left out before anything is locked, and once more after.
pub(crate) const MATURED: &str = concat!(
    "SELECT h.*, r.*, p.* FROM (
      SELECT h.hold_id, h.referral_id FROM holds AS h
      CROSS JOIN LATERAL (SELECT p.review FROM referral_progress AS p
        WHERE p.book_id = $1 AND p.referral_id = h.referral_id LIMIT 1) AS p
      WHERE h.book_id = $1 AND h.remaining > 0 AND h.matures_at <= $2 AND p.review <> 'open'
      ORDER BY h.matures_at, h.hold_id OFFSET 0) AS due
    CROSS JOIN LATERAL (SELECT ",
    progress_columns!(),
    " FROM referral_progress AS p
      WHERE p.book_id = $1 AND p.referral_id = due.referral_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS p
    CROSS JOIN LATERAL (SELECT ",
    columns!(),
    " FROM holds AS h
      WHERE h.book_id = $1 AND h.hold_id = due.hold_id LIMIT 1 FOR NO KEY UPDATE) AS h
    CROSS JOIN LATERAL (SELECT ",
    facts_columns!(),
    " FROM referrals AS r
      WHERE r.book_id = $1 AND r.referral_id = due.referral_id LIMIT 1) AS r
    WHERE p.review <> 'open' AND h.remaining > 0 LIMIT $3"
);

/// Holds that matured, oldest first, with their referrals, locked.
pub(crate) async fn claim_matured(
    mut conn: &AsyncPgConnection,
    book: BookId,
    now: Timestamp,
    limit: u32,
) -> Result<Matured, StoreError> {
    type Found = (RowSql<HoldRow>, ReferralSql);
    let query = fixed::<Found>(MATURED).bind(book.0).bind(now).bind(limit);
    let found = query.load::<(HoldRow, ReferralRow)>(&mut conn).await.told()?;
    let (mut holds, mut referrals) = (Vec::new(), BTreeMap::new());
    for (hold, referral) in found {
        holds.push(Hold::try_from(hold)?);
        let referral = Referral::try_from(referral)?;
        referrals.insert(referral.facts.referred, referral);
    }
    holds.sort_by_key(|hold| (hold.matures_at, hold.transaction));
    Ok(Matured { holds, referrals: referrals.into_values().collect() })
}

const INSERT: &str =
    "INSERT INTO holds (book_id, hold_id, referral_id, user_id, kind, source_id, amount, matures_at,
    created_at, steps, remaining)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9),
    unnest($10), unnest($11)";

/// Stores new holds.
pub(crate) async fn insert(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[Hold],
) -> Result<(), StoreError> {
    let s = fixed::<()>(INSERT).bind(book.0).column(rows, |row| Key::from(row.transaction));
    let s = s.column(rows, |row| Key::from(row.referral)).column(rows, |row| Key::from(row.user));
    let s = s.column(rows, |row| row.kind.as_str());
    let s = s.column(rows, |row| row.cause.as_ref().map(ToString::to_string));
    let s = s.column(rows, |row| row.amount).column(rows, |row| row.matures_at);
    let s = s.column(rows, |row| row.created_at).column(rows, |row| i64::from(row.steps));
    s.column(rows, |row| row.remaining).execute(&mut conn).await.told()?;
    Ok(())
}

/// The row is there, so this is an update that probes the key once a row. The facts of the row that is not inserted are
/// stand-ins: nothing looks at them, and were the row missing, they would be refused as not what was posted.
const MOVE: &str =
    "INSERT INTO holds (book_id, referral_id, user_id, kind, amount, matures_at, created_at, hold_id, steps,
    remaining)
  SELECT $1, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', 'reward',
    9223372036854775807, '-infinity', '-infinity', unnest($2), unnest($3), unnest($4)
  ON CONFLICT (book_id, hold_id) DO UPDATE SET steps = excluded.steps, remaining = excluded.remaining";

/// Moves each hold to where the last of its steps ends.
pub(crate) async fn follow(
    mut conn: &AsyncPgConnection,
    book: BookId,
    steps: &[HoldStep],
) -> Result<(), StoreError> {
    let last: BTreeMap<_, _> = steps.iter().map(|step| ((step.hold, step.n), step)).collect();
    let last: BTreeMap<_, _> = last.into_values().map(|step| (step.hold, step)).collect();
    let last: Vec<_> = last.into_values().collect();
    let s = fixed::<()>(MOVE).bind(book.0).column(&last, |row| Key::from(row.hold));
    let s = s.column(&last, |row| i64::from(row.n)).column(&last, |row| row.remaining);
    touched(s.execute(&mut conn).await.told()?, last.len(), "holds")
}

/// The referral and the amount are the hold's own.
const STEPS: &str =
    "INSERT INTO hold_steps (book_id, hold_id, n, prev_n, kind, amount, remaining_before, remaining,
    transaction_id, at, referral_id, hold_amount)
  SELECT $1, u.*, h.referral_id, h.amount FROM (SELECT unnest($2) AS hold_id, unnest($3), unnest($4), unnest($5),
    unnest($6), unnest($7), unnest($8), unnest($9), unnest($10)) AS u
  CROSS JOIN LATERAL (SELECT h.referral_id, h.amount FROM holds AS h
    WHERE h.book_id = $1 AND h.hold_id = u.hold_id LIMIT 1) AS h";

/// Stores steps of holds, which have moved already.
pub(crate) async fn insert_steps(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[HoldStep],
) -> Result<(), StoreError> {
    let s = fixed::<()>(STEPS).bind(book.0).column(rows, |row| Key::from(row.hold));
    let s = s.column(rows, |row| i64::from(row.n)).column(rows, |row| previous(row.n.into()));
    let s = s.column(rows, |row| row.kind.as_str()).column(rows, |row| row.amount);
    let s = s.column(rows, |row| row.remaining.saturating_add(row.amount));
    let s = s.column(rows, |row| row.remaining).column(rows, |row| Key::from(row.transaction));
    let stored = s.column(rows, |row| row.at).execute(&mut conn).await.told()?;
    touched(stored, rows.len(), "hold_steps")
}
