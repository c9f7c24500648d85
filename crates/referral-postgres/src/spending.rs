//! Spend events, and the scene they are decided on.
//!
//! A scene is one flight of six statements, in the order of their locks; each sees what was committed while those before
//! it waited:
//!
//! | statement | locks |
//! |---|---|
//! | `make_users`: the users nobody named yet | the names it makes |
//! | users without a referral | `FOR SHARE`, by id: whoever would give them one locks them `FOR NO KEY UPDATE` and waits |
//! | names to ids | |
//! | referrals with their progress | progress `FOR NO KEY UPDATE`, by referred user |
//! | what is known of the referrers' e-mails | |
//! | events recorded under the ids | |
//!
//! `parked` is one range of a partial index.

mod row;

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::sql_types;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::{try_join, try_join4};
use referral_domain::id::{BookId, UserId};
use referral_domain::port::{NewUser, Spending, StoreError};
use referral_domain::reference::{HostId, SourceId};
use referral_domain::spend::{SpendEvent, SpendScene};
use referral_domain::time::Timestamp;
use referral_domain::user::EmailStatus;

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::statement::fixed;
use crate::unit::{PgUnit, call};
use crate::{referrals, users};
#[cfg(test)]
pub(crate) use row::{KNOWN, PARKED};
pub(crate) use row::{fold, insert, insert_details, parked};

pub(crate) const SHARE: &str = "SELECT count(*) FROM (
    SELECT DISTINCT n.user_id FROM unnest($1) AS w(host_id) CROSS JOIN LATERAL (
      SELECT n.user_id FROM user_names AS n WHERE n.book_id = $2 AND n.host_id = w.host_id LIMIT 1) AS n
    WHERE (SELECT 1 FROM referrals AS r WHERE r.book_id = $2 AND r.referred_id = n.user_id LIMIT 1) IS NULL
    ORDER BY 1 OFFSET 0) AS w
  CROSS JOIN LATERAL (
    SELECT 1 FROM users AS u WHERE u.book_id = $2 AND u.user_id = w.user_id LIMIT 1 FOR SHARE) AS u";

async fn share(mut conn: &AsyncPgConnection, book: BookId, names: &[&str]) -> Result<(), StoreError> {
    fixed::<()>(SHARE).bind(names.to_vec()).bind(book.0).execute(&mut conn).await.told()?;
    Ok(())
}

pub(crate) const IDS: &str = "SELECT n.host_id, n.user_id FROM unnest($1) AS w(host_id) CROSS JOIN LATERAL (
    SELECT n.host_id, n.user_id FROM user_names AS n WHERE n.book_id = $2 AND n.host_id = w.host_id LIMIT 1) AS n";

async fn ids(
    mut conn: &AsyncPgConnection,
    book: BookId,
    names: &[&str],
) -> Result<BTreeMap<HostId, UserId>, StoreError> {
    let query = fixed::<(sql_types::Text, sql_types::Uuid)>(IDS).bind(names.to_vec()).bind(book.0);
    let found = query.load::<(String, Key)>(&mut conn).await.told()?;
    let named = |(name, id): (String, Key)| {
        let id = UserId::from(id);
        let place = Place { table: "user_names", row: &id };
        Ok((place.sound("host_id", HostId::parse(&name), &name)?, id))
    };
    found.into_iter().map(named).collect()
}

async fn referrers(
    conn: &AsyncPgConnection,
    book: BookId,
    names: &[&str],
) -> Result<BTreeMap<UserId, EmailStatus>, StoreError> {
    let found = users::referrers_of(conn, book, names).await?;
    Ok(found.into_iter().map(|user| (user.id, user.email_status())).collect())
}

async fn scene(
    conn: &AsyncPgConnection,
    book: BookId,
    wanted: &[NewUser],
    sources: &[SourceId],
    now: Timestamp,
) -> Result<SpendScene, StoreError> {
    let names: Vec<_> = wanted.iter().map(|user| user.host.as_str()).collect();
    let locked = try_join(users::make(conn, book, wanted, now), share(conn, book, &names));
    let read = try_join4(
        ids(conn, book, &names),
        referrals::lock_named(conn, book, &names),
        referrers(conn, book, &names),
        row::known(conn, book, sources),
    );
    let (_, (users, referrals, referrers, known)) = try_join(locked, read).await?;
    let referrals = referrals.into_iter().map(|referral| (referral.facts.referred, referral)).collect();
    let known = known.into_iter().map(|event| (event.source.clone(), event)).collect();
    Ok(SpendScene { users, referrals, referrers, known })
}

#[async_trait]
impl Spending for PgUnit {
    async fn scene(
        &mut self,
        book: BookId,
        users: &[NewUser],
        sources: &[SourceId],
        now: Timestamp,
    ) -> Result<SpendScene, StoreError> {
        call!(self, |conn| scene(conn, book, users, sources, now))
    }

    async fn parked(
        &mut self,
        book: BookId,
        user: UserId,
        since: Timestamp,
    ) -> Result<Vec<SpendEvent>, StoreError> {
        call!(self, |conn| parked(conn, book, user, since))
    }
}
