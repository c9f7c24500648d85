//! Referrals: the immutable facts and the hot row of their progress, which is what is locked.
//!
//! A referral is one look-up by referred user in `referrals`, and one of its `referral_progress`, locked in the order
//! of referred users and read as it is once the lock is there. What is to be expired and what is not at its level is
//! found through partial indexes that hold nothing else; it is looked at again under its lock, and passed over when
//! another unit holds it. Ancestors are walked by one recursive statement, under the lock of the program's graph when a
//! ring is possible.

mod page;
mod progress;
mod row;

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::sql_types;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use futures_util::{Stream, StreamExt};
use referral_domain::id::{BookId, UserId};
use referral_domain::port::{Matured, Referrals, StoreError};
use referral_domain::referral::Referral;
use referral_domain::time::Timestamp;

use crate::column::{At, Key};
use crate::failure::Told;
use crate::holds;
use crate::lock;
use crate::statement::{Fixed, fixed};
use crate::unit::{PgUnit, call};
pub(crate) use page::{file, named, page};
pub(crate) use progress::save;
pub(crate) use row::insert;
pub(crate) use row::{ReferralRow, ReferralSql};

/// The columns of the facts.
macro_rules! facts_columns {
    () => {
        "r.book_id, r.referral_id, r.referrer_id, r.referred_id, r.code_id, r.code_text, r.rule_version,
        r.referrer_reward, r.welcome_credit, r.spend_threshold, r.qualification_window_days, r.clawback_window_days,
        r.hold_days, r.commission_rate, r.commission_months, r.commission_cap, r.source, r.click_id,
        r.clicked_at, r.sub_id, r.signed_up_at, r.applied_at, r.qualifies_until, r.created_at"
    };
}
pub(crate) use facts_columns;

/// The columns of the progress.
macro_rules! progress_columns {
    () => {
        "p.referral_id, p.state, p.activated_at, p.completed_at, p.closed_at, p.review, p.case_id, p.verified_at,
        p.spend_gross, p.spend_refunded, p.welcome_status, p.welcome_reason, p.welcome_at, p.welcome_transaction,
        p.reward_status, p.reward_reason, p.reward_at, p.reward_transaction, p.reward_steps, p.reward_available_at,
        p.commission_gross, p.commission_refunded, p.commission_due, p.commission_posted, p.commission_steps,
        p.commission_reason, p.welcome_withdrawn, p.reward_withdrawn, p.commission_withdrawn, p.updated_at"
    };
}
pub(crate) use progress_columns;

/// Locks and reads the referrals of the users `u(id)`, in the order of `u`; `$2` is the book.
macro_rules! of_users {
    ($users:expr) => {
        concat!(
            "SELECT r.*, p.* FROM ",
            $users,
            " CROSS JOIN LATERAL (SELECT ",
            facts_columns!(),
            " FROM referrals AS r
              WHERE r.book_id = $2 AND r.referred_id = u.id LIMIT 1) AS r
            CROSS JOIN LATERAL (SELECT ",
            progress_columns!(),
            " FROM referral_progress AS p
              WHERE p.book_id = $2 AND p.referral_id = r.referral_id LIMIT 1 FOR NO KEY UPDATE) AS p"
        )
    };
}

pub(crate) const OF_IDS: &str = of_users!("unnest($1) AS u(id)");

async fn load(mut conn: &AsyncPgConnection, query: Fixed<ReferralSql>) -> Result<Vec<Referral>, StoreError> {
    let found = query.load::<ReferralRow>(&mut conn).await.told()?;
    found.into_iter().map(Referral::try_from).collect()
}

const ALL: &str = concat!(
    "SELECT ",
    facts_columns!(),
    ", ",
    progress_columns!(),
    " FROM referrals AS r
    JOIN referral_progress AS p ON p.book_id = r.book_id AND p.referral_id = r.referral_id"
);

/// Every referral of every program, as they stream.
pub(crate) async fn all(
    mut conn: &AsyncPgConnection,
) -> Result<impl Stream<Item = Result<Referral, StoreError>>, StoreError> {
    let rows = fixed::<ReferralSql>(ALL).load_stream::<ReferralRow>(&mut conn).await.told()?;
    Ok(rows.map(|row| row.told()?.try_into()))
}

/// The referrals of these referred users, in the order of their ids, each once, locked.
async fn lock(
    conn: &AsyncPgConnection,
    book: BookId,
    referred: &[UserId],
) -> Result<Vec<Referral>, StoreError> {
    let mut sorted = referred.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    load(conn, fixed(OF_IDS).column(&sorted, |id| Key::from(*id)).bind(book.0)).await
}

/// A referral may be found for two reasons, and is answered once.
async fn claimed(conn: &AsyncPgConnection, query: Fixed<ReferralSql>) -> Result<Vec<Referral>, StoreError> {
    let found = load(conn, query).await?;
    let found: BTreeMap<_, _> = found.into_iter().map(|referral| (referral.facts.id, referral)).collect();
    Ok(found.into_values().collect())
}

const ANCESTORS: &str = "WITH RECURSIVE chain(user_id, depth) AS (
    SELECT $1, 0::bigint
    UNION ALL
    SELECT r.referrer_id, c.depth + 1 FROM chain AS c CROSS JOIN LATERAL (
      SELECT r.referrer_id FROM referrals AS r WHERE r.book_id = $2 AND r.referred_id = c.user_id LIMIT 1) AS r
    WHERE c.depth < $3)
  SELECT c.user_id FROM chain AS c WHERE c.depth > 0 ORDER BY c.depth";

/// The lock of a program's graph, when one of these users ever referred somebody.
pub(crate) const GRAPH: &str =
    "SELECT count(pg_advisory_xact_lock(hashtextextended('graph ' || $1, 0))) FROM (
    SELECT 1 FROM unnest($2) AS u(id) CROSS JOIN LATERAL (SELECT 1 FROM referrals AS r
      WHERE r.book_id = $1 AND r.referrer_id = u.id LIMIT 1) AS r LIMIT 1) AS w";

/// A new referral closes a ring only when the one who is referred refers somebody already. Nobody begins to while this
/// unit has locked them, so those who refer nobody need no lock of the graph: the last referral of any ring is of
/// somebody who does, it waits for others of its kind, and it sees all that came before.
async fn lock_graph(
    mut conn: &AsyncPgConnection,
    book: BookId,
    referred: Vec<UserId>,
) -> Result<(), StoreError> {
    if referred.is_empty() {
        return lock::hold(conn, &format!("graph {}", book.0)).await;
    }
    let lock = fixed::<()>(GRAPH).bind(book.0).column(&referred, |id| Key::from(*id));
    lock.execute(&mut conn).await.told()?;
    Ok(())
}

async fn ancestors(
    mut conn: &AsyncPgConnection,
    book: BookId,
    user: UserId,
    referred: Vec<UserId>,
    generations: u32,
) -> Result<Vec<UserId>, StoreError> {
    let query = fixed::<(sql_types::Uuid,)>(ANCESTORS).bind(Key::from(user)).bind(book.0).bind(generations);
    let walked = async move { query.load::<(Key,)>(&mut conn).await.told() };
    let ((), found) = try_join(lock_graph(conn, book, referred), walked).await?;
    Ok(found.into_iter().map(|(user,)| user.into()).collect())
}

pub(crate) const NTH_NEWEST: &str = "SELECT u.id, u.n, r.created_at FROM unnest($1, $2) AS u(id, n)
  CROSS JOIN LATERAL (SELECT r.created_at FROM referrals AS r
    WHERE r.book_id = $3 AND r.referrer_id = u.id AND r.created_at > $4
    ORDER BY r.created_at DESC LIMIT 1 OFFSET u.n - 1) AS r WHERE u.n > 0";

async fn nth_newest(
    mut conn: &AsyncPgConnection,
    book: BookId,
    asked: &[(UserId, u32)],
    since: Timestamp,
) -> Result<Vec<Option<Timestamp>>, StoreError> {
    let query = fixed::<(sql_types::Uuid, sql_types::BigInt, sql_types::Timestamptz)>(NTH_NEWEST);
    let query = query.column(asked, |(user, _)| Key::from(*user)).column(asked, |(_, n)| i64::from(*n));
    let made = query.bind(book.0).bind(since).load::<(Key, i64, At)>(&mut conn).await.told()?;
    let made: BTreeMap<_, _> = made.into_iter().map(|(user, n, at)| ((user, n), at.into())).collect();
    Ok(asked.iter().map(|(user, n)| made.get(&(Key::from(*user), i64::from(*n))).copied()).collect())
}

const WAITING_FOR: &str = "SELECT r.referred_id FROM referrals AS r
  CROSS JOIN LATERAL (SELECT p.reward_reason, p.commission_reason FROM referral_progress AS p
    WHERE p.book_id = $1 AND p.referral_id = r.referral_id LIMIT 1) AS p
  WHERE r.book_id = $1 AND r.referrer_id = $2
    AND 'referrer-email-not-verified' IN (p.reward_reason, p.commission_reason)
  ORDER BY r.referred_id LIMIT $3";

async fn waiting_for(
    mut conn: &AsyncPgConnection,
    book: BookId,
    referrer: UserId,
    limit: u32,
) -> Result<Vec<UserId>, StoreError> {
    let query = fixed::<(sql_types::Uuid,)>(WAITING_FOR).bind(book.0).bind(Key::from(referrer)).bind(limit);
    let found = query.load::<(Key,)>(&mut conn).await.told()?;
    Ok(found.into_iter().map(|(user,)| user.into()).collect())
}

/// One range of the partial index `referral_progress_expirable`. Each row is looked at again once it is locked, outside
/// of what locks it: inside, the index of all that may expire would seem to be the shortest way to the row.
pub(crate) const EXPIRABLE: &str = concat!(
    "SELECT r.*, p.* FROM (
      SELECT p.referral_id FROM referral_progress AS p
      WHERE p.book_id = $1 AND p.state IN ('pending', 'active') AND p.qualifies_until <= $2
      ORDER BY p.qualifies_until OFFSET 0) AS due
    CROSS JOIN LATERAL (SELECT ",
    progress_columns!(),
    " FROM referral_progress AS p
      WHERE p.book_id = $1 AND p.referral_id = due.referral_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS p
    CROSS JOIN LATERAL (SELECT ",
    facts_columns!(),
    " FROM referrals AS r
      WHERE r.book_id = $1 AND r.referral_id = due.referral_id LIMIT 1) AS r
    WHERE p.state IN ('pending', 'active') LIMIT $3"
);

/// Whoever withheld something because of the referrer's e-mail, of which nothing bad is known any more.
macro_rules! referrer_is_fine {
    ($reason:literal) => {
        concat!(
            " UNION ALL SELECT p.referral_id FROM referral_progress AS p
        CROSS JOIN LATERAL (SELECT r.referrer_id FROM referrals AS r
          WHERE r.book_id = $1 AND r.referral_id = p.referral_id LIMIT 1) AS r
        CROSS JOIN LATERAL (SELECT u.event_word_verified, u.token_word_verified FROM users AS u
          WHERE u.book_id = $1 AND u.user_id = r.referrer_id LIMIT 1) AS u
        WHERE p.book_id = $1 AND p.",
            $reason,
            " = 'referrer-email-not-verified'
          AND coalesce(u.event_word_verified, u.token_word_verified, true)"
        )
    };
}

/// Whoever withheld something because the program was paused, which it is no longer.
macro_rules! program_is_active {
    ($reason:literal) => {
        concat!(
            " UNION ALL SELECT p.referral_id FROM referral_progress AS p WHERE p.book_id = $1 AND p.",
            $reason,
            " = 'program-paused'
          AND (SELECT g.status FROM programs AS g WHERE g.book_id = $1) = 'active'"
        )
    };
}

/// Partial indexes hold what may be asked for here; each branch is walked only as far as the limit needs. An amount of
/// zero is never granted, so a referral whose terms promise none is at its level: else every program without a welcome
/// credit would fill each claim, for ever.
pub(crate) const UNSETTLED: &str = concat!(
    "SELECT r.*, p.* FROM (
      SELECT p.referral_id FROM referral_progress AS p WHERE p.book_id = $1 AND p.reward_unsettled
        AND NOT p.reward_withdrawn
      UNION ALL SELECT p.referral_id FROM referral_progress AS p WHERE p.book_id = $1 AND p.reward_undue
      UNION ALL SELECT p.referral_id FROM referral_progress AS p WHERE p.book_id = $1 AND p.welcome_unsettled
      UNION ALL SELECT p.referral_id FROM referral_progress AS p WHERE p.book_id = $1 AND p.welcome_undue
      UNION ALL SELECT p.referral_id FROM referral_progress AS p WHERE p.book_id = $1 AND p.commission_unsettled
      UNION ALL SELECT p.referral_id FROM referral_progress AS p
      WHERE p.book_id = $1 AND p.state = 'fraud' AND p.commission_posted <> 0",
    program_is_active!("reward_reason"),
    program_is_active!("welcome_reason"),
    program_is_active!("commission_reason"),
    referrer_is_fine!("reward_reason"),
    referrer_is_fine!("commission_reason"),
    ") AS due
    CROSS JOIN LATERAL (SELECT ",
    progress_columns!(),
    " FROM referral_progress AS p
      WHERE p.book_id = $1 AND p.referral_id = due.referral_id AND (p.reward_undue
        OR (p.reward_unsettled AND NOT p.reward_withdrawn) OR p.welcome_unsettled OR p.welcome_undue OR p.commission_unsettled OR p.welcome_reason = 'program-paused'
        OR (p.state = 'fraud' AND p.commission_posted <> 0)
        OR p.reward_reason IN ('program-paused', 'referrer-email-not-verified')
        OR p.commission_reason IN ('program-paused', 'referrer-email-not-verified')) LIMIT 1
      FOR NO KEY UPDATE SKIP LOCKED) AS p
    CROSS JOIN LATERAL (SELECT ",
    facts_columns!(),
    " FROM referrals AS r
      WHERE r.book_id = $1 AND r.referral_id = due.referral_id LIMIT 1) AS r
    LIMIT $2"
);

/// One walk of the partial index `referral_progress_reward_budget`, in its order; each is looked at again once locked.
pub(crate) const BUDGETED: &str = concat!(
    "SELECT r.*, p.* FROM (
      SELECT p.referral_id FROM referral_progress AS p WHERE p.book_id = $1 AND p.reward_reason = 'budget'
      ORDER BY p.completed_at, p.referral_id OFFSET 0) AS due
    CROSS JOIN LATERAL (SELECT ",
    progress_columns!(),
    " FROM referral_progress AS p
      WHERE p.book_id = $1 AND p.referral_id = due.referral_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS p
    CROSS JOIN LATERAL (SELECT ",
    facts_columns!(),
    " FROM referrals AS r
      WHERE r.book_id = $1 AND r.referral_id = due.referral_id LIMIT 1) AS r
    WHERE p.reward_reason = 'budget' LIMIT $2"
);

async fn claim_budgeted(
    conn: &AsyncPgConnection,
    book: BookId,
    limit: u32,
) -> Result<Vec<Referral>, StoreError> {
    let mut found = load(conn, fixed(BUDGETED).bind(book.0).bind(limit)).await?;
    found.sort_by_key(|referral| (referral.progress.state.completed_at(), referral.facts.id));
    Ok(found)
}

#[async_trait]
impl Referrals for PgUnit {
    async fn lock(&mut self, book: BookId, referred: &[UserId]) -> Result<Vec<Referral>, StoreError> {
        call!(self, |conn| lock(conn, book, referred))
    }

    async fn ancestors(
        &mut self,
        book: BookId,
        user: UserId,
        generations: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let others = self.people_besides(user);
        call!(self, |conn| ancestors(conn, book, user, others, generations))
    }

    async fn nth_newest(
        &mut self,
        book: BookId,
        asked: &[(UserId, u32)],
        since: Timestamp,
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        call!(self, |conn| nth_newest(conn, book, asked, since))
    }

    async fn waiting_for(
        &mut self,
        book: BookId,
        referrer: UserId,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        call!(self, |conn| waiting_for(conn, book, referrer, limit))
    }

    async fn claim_expired(
        &mut self,
        book: BookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Referral>, StoreError> {
        self.settle().await;
        call!(self, |conn| claimed(conn, fixed(EXPIRABLE).bind(book.0).bind(now).bind(limit)))
    }

    async fn claim_unsettled(&mut self, book: BookId, limit: u32) -> Result<Vec<Referral>, StoreError> {
        self.settle().await;
        call!(self, |conn| claimed(conn, fixed(UNSETTLED).bind(book.0).bind(limit)))
    }

    async fn claim_budgeted(&mut self, book: BookId, limit: u32) -> Result<Vec<Referral>, StoreError> {
        self.settle().await;
        call!(self, |conn| claim_budgeted(conn, book, limit))
    }

    async fn claim_matured(
        &mut self,
        book: BookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Matured, StoreError> {
        self.settle().await;
        call!(self, |conn| holds::claim_matured(conn, book, now, limit))
    }
}
