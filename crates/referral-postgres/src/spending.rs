//! Spend events, and the scene they are decided on.
//!
//! A scene is one flight of four statements, in the order of their locks; each sees what was committed while those
//! before it waited:
//!
//! | statement | locks |
//! |---|---|
//! | `meet_spenders`: the users nobody named yet | the names it makes |
//! | and users without a referral | `FOR SHARE`, by id: whoever would give them one locks them `FOR NO KEY UPDATE` and waits |
//! | users, their referrals with their progress, what is known of the referrers' e-mails | progress `FOR NO KEY UPDATE`, by referred user |
//! | events recorded under the ids | |
//! | refunds of the ids | |
//!
//! `parked` is one range of a partial index.

mod refunds;
mod row;

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join4;
use referral_domain::id::{BookId, UserId};
use referral_domain::port::{NewUser, Spending, StoreError};
use referral_domain::reference::{HostId, SourceId};
use referral_domain::referral::Referral;
use referral_domain::spend::{RefundFact, SpendEvent, SpendScene};
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::referrals::{ReferralRow, ReferralSql};
use crate::statement::{RowSql, fixed};
use crate::unit::{PgUnit, call};
use crate::users::WordsRow;
use crate::{referrals, users};
#[cfg(test)]
pub(crate) use refunds::REFUNDS;
pub(crate) use refunds::of_it as refunds;
#[cfg(test)]
pub(crate) use row::{KNOWN, PARKED};
pub(crate) use row::{fold, insert, insert_details, of_referral, parked, with_its_spend};

/// The users of these names in the order of their ids; with each their referral, locked, and the words on its
/// referrer's e-mail.
pub(crate) const SPENDERS: &str = concat!(
    "SELECT u.host_id, u.id, r.*, p.*, e.* FROM (
      SELECT w.host_id, n.user_id AS id FROM unnest($1) AS w(host_id) CROSS JOIN LATERAL (
        SELECT n.user_id FROM user_names AS n WHERE n.book_id = $2 AND n.host_id = w.host_id LIMIT 1) AS n
      ORDER BY n.user_id OFFSET 0) AS u
    LEFT JOIN LATERAL (SELECT ",
    referrals::facts_columns!(),
    " FROM referrals AS r WHERE r.book_id = $2 AND r.referred_id = u.id LIMIT 1) AS r ON true
    LEFT JOIN LATERAL (SELECT ",
    referrals::progress_columns!(),
    " FROM referral_progress AS p
      WHERE p.book_id = $2 AND p.referral_id = r.referral_id LIMIT 1 FOR NO KEY UPDATE) AS p ON true
    LEFT JOIN LATERAL (SELECT ",
    users::words_columns!(),
    " FROM users AS u WHERE u.book_id = $2 AND u.user_id = r.referrer_id LIMIT 1) AS e ON true"
);

/// A user who spends: their name and id, the referral they came by, the words on its referrer's e-mail.
#[derive(Queryable)]
struct Spender {
    host_id: String,
    user_id: Key,
    referral: Option<ReferralRow>,
    words: WordsRow,
}

type SpenderSql = (sql_types::Text, sql_types::Uuid, sql_types::Nullable<ReferralSql>, RowSql<WordsRow>);

impl Spender {
    fn enter(self, scene: &mut SpendScene) -> Result<(), StoreError> {
        let id = UserId::from(self.user_id);
        let place = Place { table: "user_names", row: &id };
        let host = place.sound("host_id", HostId::parse(&self.host_id), &self.host_id)?;
        scene.users.insert(host, id);
        if let Some(row) = self.referral {
            let referral = Referral::try_from(row)?;
            scene.referrers.insert(referral.facts.referrer, self.words.email_status());
            scene.referrals.insert(id, referral);
        }
        Ok(())
    }
}

async fn spenders(
    mut conn: &AsyncPgConnection,
    book: BookId,
    names: Vec<&str>,
) -> Result<Vec<Spender>, StoreError> {
    fixed::<SpenderSql>(SPENDERS).bind(names).bind(book.0).load(&mut conn).await.told()
}

async fn scene(
    conn: &AsyncPgConnection,
    book: BookId,
    wanted: &[NewUser],
    sources: &[SourceId],
    now: Timestamp,
) -> Result<SpendScene, StoreError> {
    let (names, ids) = users::sorted(wanted);
    let met = users::call(conn, "SELECT meet_spenders($1, $2, $3, $4)", book, &names, ids, now);
    let (spenders, known) = (spenders(conn, book, names.clone()), row::known(conn, book, sources));
    let refunds = refunds::of_spends(conn, book, sources);
    let ((), spenders, known, refunds) = try_join4(met, spenders, known, refunds).await?;
    let mut scene = SpendScene { refunds, ..SpendScene::default() };
    for spender in spenders {
        spender.enter(&mut scene)?;
    }
    scene.known = known.into_iter().map(|event| (event.source.clone(), event)).collect();
    Ok(scene)
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

    async fn refunds_of(
        &mut self,
        book: BookId,
        spends: &[SourceId],
    ) -> Result<BTreeMap<SourceId, Vec<RefundFact>>, StoreError> {
        call!(self, |conn| refunds::of_spends(conn, book, spends))
    }
}
