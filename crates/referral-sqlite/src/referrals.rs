//! Referrals: the immutable facts and the hot row of their progress.
//!
//! A referral is one look-up by referred user in `referrals`, with its `referral_progress`. What is to be expired and
//! what is not at its level is found through partial indexes that hold nothing else. The writer is the lock, so nobody
//! holds a referral that would have to be passed over, and no chain of ancestors changes.

mod page;
mod progress;
mod row;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use referral_domain::id::{BookId, ReferralId, UserId};
use referral_domain::port::{Matured, Referrals, StoreError};
use referral_domain::referral::Referral;
use referral_domain::time::Timestamp;

use crate::column::{Key, instant};
use crate::failure::Told;
use crate::holds;
use crate::schema::{referral_progress, referrals};
use crate::statement::{Fixed, fixed};
use crate::unit::SqliteUnit;
pub(crate) use page::{file, named, page};
pub(crate) use progress::save;
use row::ReferralRow;
pub(crate) use row::insert;

/// The referral of a referred user.
pub(crate) fn of_referred(
    conn: &mut SqliteConnection,
    book: BookId,
    referred: UserId,
) -> Result<Option<Referral>, StoreError> {
    let same = referrals::book_id.eq(book.0).and(referrals::referred_id.eq(Key::from(referred)));
    let progress = referral_progress::book_id
        .eq(referrals::book_id)
        .and(referral_progress::referral_id.eq(referrals::referral_id));
    let found = referrals::table
        .inner_join(referral_progress::table.on(progress))
        .filter(same)
        .select(ReferralRow::as_select())
        .get_result(conn)
        .optional()
        .told()?;
    found.map(Referral::try_from).transpose()
}

/// The referrals of these ids, in the order of their referred users' ids, each once.
pub(crate) fn of_ids(
    conn: &mut SqliteConnection,
    book: BookId,
    ids: impl IntoIterator<Item = ReferralId>,
) -> Result<Vec<Referral>, StoreError> {
    let mut referred = Vec::new();
    for id in ids {
        let query = referrals::table.find((book.0, Key::from(id))).select(referrals::referred_id);
        referred.push(query.get_result::<Key>(conn).told()?.into());
    }
    lock(conn, book, referred)
}

/// Every referral of every program, one at a time.
pub(crate) fn all(
    conn: &mut SqliteConnection,
) -> Result<impl Iterator<Item = Result<Referral, StoreError>>, StoreError> {
    let progress = referral_progress::book_id
        .eq(referrals::book_id)
        .and(referral_progress::referral_id.eq(referrals::referral_id));
    let query = referrals::table.inner_join(referral_progress::table.on(progress));
    let rows = query.select(ReferralRow::as_select()).load_iter::<ReferralRow, _>(conn).told()?;
    Ok(rows.map(|row| row.told()?.try_into()))
}

/// The referrals of these referred users, in the order of their ids, each once.
pub(crate) fn lock(
    conn: &mut SqliteConnection,
    book: BookId,
    mut referred: Vec<UserId>,
) -> Result<Vec<Referral>, StoreError> {
    referred.sort_unstable();
    referred.dedup();
    let mut found = Vec::with_capacity(referred.len());
    for user in referred {
        found.extend(of_referred(conn, book, user)?);
    }
    Ok(found)
}

/// A referred user, as a statement of our own finds them.
#[derive(QueryableByName)]
struct Referred {
    #[diesel(sql_type = Binary)]
    referred_id: Key,
}

fn referred_by(conn: &mut SqliteConnection, query: Fixed) -> Result<Vec<UserId>, StoreError> {
    let found: Vec<Referred> = query.load(conn).told()?;
    Ok(found.into_iter().map(|row| row.referred_id.into()).collect())
}

/// The referrals that a statement finds, in its order.
fn claimed(conn: &mut SqliteConnection, book: BookId, query: Fixed) -> Result<Vec<Referral>, StoreError> {
    let mut found = Vec::new();
    for user in referred_by(conn, query)? {
        found.extend(of_referred(conn, book, user)?);
    }
    Ok(found)
}

fn ancestors(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
    generations: u32,
) -> Result<Vec<UserId>, StoreError> {
    let mut chain = Vec::new();
    let mut child = user;
    for _ in 0..generations {
        let same = (referrals::book_id.eq(book.0)).and(referrals::referred_id.eq(Key::from(child)));
        let query = referrals::table.filter(same).select(referrals::referrer_id);
        let Some(parent) = query.get_result::<Key>(conn).optional().told()? else { break };
        child = parent.into();
        chain.push(child);
    }
    Ok(chain)
}

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = BigInt)]
    created_at: i64,
}

fn nth_newest(
    conn: &mut SqliteConnection,
    book: BookId,
    referrer: UserId,
    since: Timestamp,
    n: u32,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(skip) = n.checked_sub(1) else { return Ok(None) };
    let query = fixed(
        "SELECT created_at FROM referrals WHERE book_id = ? AND referrer_id = ? AND created_at > ?
         ORDER BY created_at DESC LIMIT 1 OFFSET ?",
    );
    let query = query.bind(book.0).bind(Key::from(referrer)).bind(since.micros()).bind(skip);
    let made = query.get_result::<Made>(conn).optional().told()?;
    Ok(instant(made.map(|row| row.created_at)))
}

/// One referrer's referrals, by the index that begins with the referrer: the `+` keeps the planner from walking the
/// whole book in the order of the referred.
pub(crate) const WAITING: &str = "SELECT r.referred_id FROM referrals AS r
  JOIN referral_progress AS p ON p.book_id = r.book_id AND p.referral_id = r.referral_id
  WHERE r.book_id = ? AND r.referrer_id = ?
    AND 'referrer-email-not-verified' IN (p.reward_reason, p.commission_reason)
  ORDER BY +r.referred_id LIMIT ?";

fn waiting_for(book: BookId, referrer: UserId, limit: u32) -> Fixed {
    fixed(WAITING).bind(book.0).bind(Key::from(referrer)).bind(limit)
}

/// One range of the partial index `referral_progress_expirable`.
pub(crate) const EXPIRABLE: &str = "SELECT r.referred_id FROM referral_progress AS p
  CROSS JOIN referrals AS r ON r.book_id = p.book_id AND r.referral_id = p.referral_id
  WHERE p.book_id = ? AND p.state IN ('pending', 'active') AND p.qualifies_until <= ?
  ORDER BY p.qualifies_until LIMIT ?";

fn expirable(book: BookId, now: Timestamp, limit: u32) -> Fixed {
    fixed(EXPIRABLE).bind(book.0).bind(now.micros()).bind(limit)
}

/// One range of the partial index `referral_progress_reward_budget`.
pub(crate) const BUDGETED: &str = "SELECT r.referred_id FROM referral_progress AS p
  CROSS JOIN referrals AS r ON r.book_id = p.book_id AND r.referral_id = p.referral_id
  WHERE p.book_id = ? AND p.reward_reason = 'budget'
  ORDER BY p.completed_at, p.referral_id LIMIT ?";

fn budgeted(book: BookId, limit: u32) -> Fixed {
    fixed(BUDGETED).bind(book.0).bind(limit)
}

/// What a pause withheld and holds no longer, by the partial index of one reason.
macro_rules! unpaused {
    ($reason:literal) => {
        concat!(
            "UNION SELECT p.referral_id FROM programs CROSS JOIN referral_progress AS p
               INDEXED BY referral_progress_",
            $reason,
            "_withheld ON p.book_id = programs.book_id
             WHERE programs.book_id = ? AND programs.status = 'active'
               AND p.",
            $reason,
            "_reason IN ('program-paused', 'referrer-email-not-verified')
               AND p.",
            $reason,
            "_reason = 'program-paused' "
        )
    };
}

/// What waited for a referrer's e-mail and need not any more, by the partial index of one reason.
macro_rules! verified {
    ($reason:literal) => {
        concat!(
            "UNION SELECT p.referral_id FROM referral_progress AS p INDEXED BY referral_progress_",
            $reason,
            "_withheld
             CROSS JOIN referrals AS r ON r.book_id = p.book_id AND r.referral_id = p.referral_id
             CROSS JOIN users AS u ON u.book_id = r.book_id AND u.user_id = r.referrer_id
             WHERE p.book_id = ? AND p.",
            $reason,
            "_reason IN ('program-paused', 'referrer-email-not-verified')
               AND p.",
            $reason,
            "_reason = 'referrer-email-not-verified'
               AND coalesce(u.event_word_verified, u.token_word_verified, 1) = 1 "
        )
    };
}

/// Partial indexes hold what may be asked for here. An amount of zero is never granted, so a referral whose terms
/// promise none is at its level: else every program without a welcome credit would fill each claim, for ever.
/// The indexes are named, since the planner would rather walk the whole book.
pub(crate) const UNSETTLED: &str = concat!(
    "SELECT r.referred_id FROM (
    SELECT referral_id FROM referral_progress INDEXED BY referral_progress_reward_unsettled
    WHERE book_id = ? AND reward_status IN ('not_due', 'retracted') AND state <> 'fraud' AND referrer_reward > 0
      AND spend_threshold <= spend_gross - spend_refunded
      AND (verified_at IS NULL OR verified_at < qualifies_until OR activated_at IS NOT NULL) AND NOT reward_withdrawn
    UNION SELECT referral_id FROM referral_progress INDEXED BY referral_progress_reward_undue
    WHERE book_id = ? AND reward_status IN ('held', 'granted')
      AND (state = 'fraud' OR spend_threshold > spend_gross - spend_refunded)
    UNION SELECT referral_id FROM referral_progress INDEXED BY referral_progress_welcome_unsettled
    WHERE book_id = ? AND welcome_status = 'not_due' AND state <> 'fraud' AND welcome_credit > 0
      AND activated_at IS NOT NULL
    UNION SELECT referral_id FROM referral_progress INDEXED BY referral_progress_welcome_undue
    WHERE book_id = ? AND welcome_status = 'granted' AND state = 'fraud'
    UNION SELECT referral_id FROM referral_progress INDEXED BY referral_progress_commission_unsettled
    WHERE book_id = ? AND commission_due <> commission_posted AND commission_reason IS NULL
    UNION SELECT referral_id FROM referral_progress INDEXED BY referral_progress_commission_undue
    WHERE book_id = ? AND state = 'fraud' AND commission_posted <> 0 ",
    unpaused!("reward"),
    unpaused!("welcome"),
    unpaused!("commission"),
    verified!("reward"),
    verified!("commission"),
    ") AS due
  CROSS JOIN referrals AS r ON r.book_id = ? AND r.referral_id = due.referral_id
  ORDER BY due.referral_id LIMIT ?"
);

fn unsettled(book: BookId, limit: u32) -> Fixed {
    let in_book = (0..12).fold(fixed(UNSETTLED), |query, _| query.bind(book.0));
    in_book.bind(limit)
}

#[async_trait]
impl Referrals for SqliteUnit {
    async fn lock(&mut self, book: BookId, referred: &[UserId]) -> Result<Vec<Referral>, StoreError> {
        let referred = referred.to_vec();
        self.run(move |conn| lock(conn, book, referred)).await
    }

    async fn ancestors(
        &mut self,
        book: BookId,
        user: UserId,
        generations: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        self.run(move |conn| ancestors(conn, book, user, generations)).await
    }

    async fn nth_newest(
        &mut self,
        book: BookId,
        asked: &[(UserId, u32)],
        since: Timestamp,
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let asked = asked.to_vec();
        let nth = move |conn: &mut SqliteConnection| {
            asked.iter().map(|(referrer, n)| nth_newest(conn, book, *referrer, since, *n)).collect()
        };
        self.run(nth).await
    }

    async fn waiting_for(
        &mut self,
        book: BookId,
        referrer: UserId,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        self.run(move |conn| referred_by(conn, waiting_for(book, referrer, limit))).await
    }

    async fn claim_expired(
        &mut self,
        book: BookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Referral>, StoreError> {
        self.run(move |conn| claimed(conn, book, expirable(book, now, limit))).await
    }

    async fn claim_unsettled(&mut self, book: BookId, limit: u32) -> Result<Vec<Referral>, StoreError> {
        self.run(move |conn| claimed(conn, book, unsettled(book, limit))).await
    }

    async fn claim_budgeted(&mut self, book: BookId, limit: u32) -> Result<Vec<Referral>, StoreError> {
        self.run(move |conn| claimed(conn, book, budgeted(book, limit))).await
    }

    async fn claim_matured(
        &mut self,
        book: BookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Matured, StoreError> {
        self.run(move |conn| holds::matured(conn, book, now, limit)).await
    }
}
