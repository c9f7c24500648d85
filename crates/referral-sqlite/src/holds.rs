//! Holds: what a posting keeps back, and the steps that release or void it.
//!
//! What remains of a hold is kept by a trigger on its steps, and is their chain's end by a foreign key. Open holds are
//! found by two partial indexes that hold nothing else; whoever moves one has locked its referral.

use diesel::prelude::*;
use referral_domain::hold::{Hold, HoldKind, HoldStep};
use referral_domain::id::{BookId, ReferralId, TransactionId};
use referral_domain::port::{Matured, StoreError};
use referral_domain::reference::SourceId;
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};
use crate::failure::{Told, touched};
use crate::ledger::previous;
use crate::referrals;
use crate::schema::holds;
use crate::statement::fixed;

#[derive(QueryableByName, Insertable)]
#[diesel(table_name = holds, treat_none_as_default_value = false)]
struct HoldRow {
    book_id: i64,
    hold_id: Key,
    referral_id: Key,
    user_id: Key,
    kind: String,
    source_id: Option<String>,
    amount: i64,
    matures_at: i64,
    created_at: i64,
    steps: i64,
    remaining: i64,
}

impl HoldRow {
    fn of(book: BookId, hold: &Hold) -> Self {
        Self {
            book_id: book.0,
            hold_id: hold.transaction.into(),
            referral_id: hold.referral.into(),
            user_id: hold.user.into(),
            kind: hold.kind.to_string(),
            source_id: hold.cause.as_ref().map(ToString::to_string),
            amount: hold.amount,
            matures_at: hold.matures_at.micros(),
            created_at: hold.created_at.micros(),
            steps: i64::from(hold.steps),
            remaining: hold.remaining,
        }
    }
}

impl TryFrom<HoldRow> for Hold {
    type Error = StoreError;

    fn try_from(row: HoldRow) -> Result<Self, StoreError> {
        let transaction = TransactionId::from(row.hold_id);
        let place = Place { table: "holds", row: &transaction };
        let cause = |word: &String| place.sound("source_id", SourceId::parse(word), word);
        Ok(Self {
            transaction,
            referral: row.referral_id.into(),
            kind: place.sound("kind", HoldKind::parse(&row.kind), &row.kind)?,
            user: row.user_id.into(),
            cause: row.source_id.as_ref().map(cause).transpose()?,
            amount: row.amount,
            matures_at: Timestamp::from_micros(row.matures_at),
            created_at: Timestamp::from_micros(row.created_at),
            remaining: row.remaining,
            steps: place.small("steps", row.steps)?,
        })
    }
}

/// Stores a new hold.
pub(crate) fn insert(conn: &mut SqliteConnection, book: BookId, hold: &Hold) -> Result<(), StoreError> {
    diesel::insert_into(holds::table).values(HoldRow::of(book, hold)).execute(conn).told()?;
    Ok(())
}

/// Stores a step of a hold; a trigger moves the hold with it.
pub(crate) fn insert_step(
    conn: &mut SqliteConnection,
    book: BookId,
    step: &HoldStep,
) -> Result<(), StoreError> {
    let insert = fixed(
        "INSERT INTO hold_steps (book_id, hold_id, n, prev_n, referral_id, hold_amount, kind, amount, remaining_before,
           remaining, transaction_id, at)
         SELECT h.book_id, h.hold_id, ?, ?, h.referral_id, h.amount, ?, ?, ?, ?, ?, ? FROM holds AS h
         WHERE h.book_id = ? AND h.hold_id = ?",
    );
    let n = i64::from(step.n);
    let place = insert.bind(n).bind(previous(n)).bind(step.kind.as_str()).bind(step.amount);
    let ends = place.bind(step.remaining.saturating_add(step.amount)).bind(step.remaining);
    let posted = ends.bind(Key::from(step.transaction)).bind(step.at.micros());
    let insert = posted.bind(book.0).bind(Key::from(step.hold));
    touched(insert.execute(conn).told()?, 1, "hold_steps")
}

/// One range of the partial index `holds_of_a_referral`.
const OPEN: &str =
    "SELECT book_id, hold_id, referral_id, user_id, kind, source_id, amount, matures_at, created_at, steps,
    remaining
  FROM holds INDEXED BY holds_of_a_referral WHERE book_id = ? AND referral_id = ? AND remaining > 0
  ORDER BY created_at, hold_id";

/// What still waits of these referrals, by referral, then in the order it was posted.
pub(crate) fn open(
    conn: &mut SqliteConnection,
    book: BookId,
    mut of: Vec<ReferralId>,
) -> Result<Vec<Hold>, StoreError> {
    of.sort_unstable();
    of.dedup();
    let mut found = Vec::new();
    for referral in of {
        let query = fixed(OPEN).bind(book.0).bind(Key::from(referral));
        let rows: Vec<HoldRow> = query.load(conn).told()?;
        for row in rows {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

/// One range of the partial index `holds_maturing`.
pub(crate) const MATURED: &str =
    "SELECT h.book_id, h.hold_id, h.referral_id, h.user_id, h.kind, h.source_id, h.amount,
    h.matures_at, h.created_at, h.steps, h.remaining
  FROM holds AS h INDEXED BY holds_maturing
  CROSS JOIN referral_progress AS p ON p.book_id = h.book_id AND p.referral_id = h.referral_id
  WHERE h.book_id = ? AND h.remaining > 0 AND h.matures_at <= ? AND p.review <> 'open'
  ORDER BY h.matures_at, h.hold_id LIMIT ?";

/// What may be released by now, with the referrals it belongs to.
pub(crate) fn matured(
    conn: &mut SqliteConnection,
    book: BookId,
    now: Timestamp,
    limit: u32,
) -> Result<Matured, StoreError> {
    let query = fixed(MATURED).bind(book.0).bind(now.micros()).bind(limit);
    let rows: Vec<HoldRow> = query.load(conn).told()?;
    let holds: Vec<Hold> = rows.into_iter().map(Hold::try_from).collect::<Result<_, _>>()?;
    let referrals = referrals::of_ids(conn, book, holds.iter().map(|hold| hold.referral))?;
    Ok(Matured { holds, referrals })
}
