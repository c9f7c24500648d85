//! Payouts against what they posted, and batches against what they sealed.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::id::BookId;
use referral_domain::ledger::Check;
use referral_domain::money::Currency;

use super::{Finding, equal, stages};
use crate::column::Key;
use crate::payouts;
use crate::statement::fixed;

/// The last of these is about the sums of all that those before look at one by one.
pub(super) const PLACES: &[&str] = &[
    stages::STEPS_FOLLOW,
    STEPS,
    stages::PAYOUT_WITHOUT_STEP,
    UNASKED,
    stages::LINES,
    stages::UNSAID,
    stages::ITEMS,
    stages::BATCH_IS_NOT_SO_FAR,
    stages::LEFT_BEHIND,
    BATCHES,
    ENTERED,
    stages::BATCH_STEPS_FOLLOW,
    stages::BATCH_WITHOUT_STEP,
    SETTLED,
    RESERVED,
    CLEARED,
];

const STEPS: &str = include_str!("sql/payout_steps.sql");

const UNASKED: &str = include_str!("sql/payout_unasked.sql");

/// What an open payout reserved is what its user has in payout.
const RESERVED: &str = include_str!("sql/payout_reserved.sql");

/// The sum of what was paid is what left for clearing.
const CLEARED: &str = include_str!("sql/payout_cleared.sql");

const BATCHES: &str = include_str!("sql/payout_batches.sql");

const ENTERED: &str = include_str!("sql/payout_entered.sql");

/// A batch that was exported is settled when all of it is.
const SETTLED: &str = include_str!("sql/payout_settled.sql");

const NEXT: &str = "SELECT p.book_id, p.batch_id, b.currency, b.digits::bigint FROM payout_batches AS p
  JOIN books AS b ON b.book_id = p.book_id
  WHERE (p.book_id, p.batch_id) > ($1, $2) ORDER BY p.book_id, p.batch_id LIMIT 1";

/// Each sealed manifest is recomputed, a batch at a time.
pub(super) async fn manifests_hold(mut conn: &AsyncPgConnection) -> Finding {
    type Row = (BigInt, Uuid, Text, BigInt);
    let mut last = (i64::MIN, Key(uuid::Uuid::nil()));
    loop {
        let query = fixed::<Row>(NEXT).bind(last.0).bind(last.1);
        let next = query.get_result::<(i64, Key, String, i64)>(&mut conn).await.optional()?;
        let Some((book, id, currency, digits)) = next else { return Ok(()) };
        last = (book, id);
        let digits = u8::try_from(digits).ok();
        let currency = digits.and_then(|digits| Currency::pinned(&currency, digits).ok());
        let batch = payouts::batch(conn, BookId(book), id.into()).await?;
        let (Some(batch), Some(currency)) = (batch, currency) else { continue };
        let expected = batch.manifest().map(|_| batch.digest(currency));
        let place = || format!("manifest of {} of book {book}", batch.id);
        equal(Check::Payouts, place, &expected, &batch.manifest())?;
    }
}
