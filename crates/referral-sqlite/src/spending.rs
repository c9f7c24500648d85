//! Spend events, and the scene they are decided on.
//!
//! A scene is one call: per user one look-up by name (two inserts when missing) and one of their referral, per referrer
//! one of what is known of them, per source id one of its event and one range of the refunds that name it. `parked` is
//! one range of a partial index.

mod row;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use async_trait::async_trait;
use diesel::prelude::*;
use referral_domain::id::{BookId, UserId};
use referral_domain::port::{NewUser, Spending, StoreError};
use referral_domain::reference::{HostId, SourceId};
use referral_domain::spend::{RefundFact, SpendEvent, SpendScene};
use referral_domain::time::Timestamp;
use referral_domain::user::EmailStatus;

use crate::unit::SqliteUnit;
use crate::{referrals, users};
pub(crate) use row::{find, fold, insert, of_referral, parked, refunds};

fn named(
    conn: &mut SqliteConnection,
    book: BookId,
    wanted: &[NewUser],
    now: Timestamp,
) -> Result<BTreeMap<HostId, UserId>, StoreError> {
    let mut ids = BTreeMap::new();
    for user in wanted {
        if ids.contains_key(&user.host) {
            continue;
        }
        let id = match users::id_of(conn, book, &user.host)? {
            Some(id) => id,
            None => users::make(conn, book, user, now)?.id,
        };
        ids.insert(user.host.clone(), id);
    }
    Ok(ids)
}

fn emails(
    conn: &mut SqliteConnection,
    book: BookId,
    of: impl Iterator<Item = UserId>,
) -> Result<BTreeMap<UserId, EmailStatus>, StoreError> {
    let mut known = BTreeMap::new();
    for user in of {
        if let Entry::Vacant(place) = known.entry(user) {
            place.insert(users::by_id(conn, book, user)?.email_status());
        }
    }
    Ok(known)
}

fn scene(
    conn: &mut SqliteConnection,
    book: BookId,
    wanted: &[NewUser],
    sources: &[SourceId],
    now: Timestamp,
) -> Result<SpendScene, StoreError> {
    let users = named(conn, book, wanted, now)?;
    let found = referrals::lock(conn, book, users.values().copied().collect())?;
    let referrers = emails(conn, book, found.iter().map(|referral| referral.facts.referrer))?;
    let referrals = found.into_iter().map(|referral| (referral.facts.referred, referral)).collect();
    let mut known = BTreeMap::new();
    for source in sources {
        known.extend(find(conn, book, source)?.map(|event| (source.clone(), event)));
    }
    let refunds = refunds_of(conn, book, sources)?;
    Ok(SpendScene { users, referrals, referrers, known, refunds })
}

/// What was told to be refunded of these spends; those without any are left out.
fn refunds_of(
    conn: &mut SqliteConnection,
    book: BookId,
    spends: &[SourceId],
) -> Result<BTreeMap<SourceId, Vec<RefundFact>>, StoreError> {
    let mut found = BTreeMap::new();
    for spend in spends {
        let named = refunds(conn, book, spend)?;
        if !named.is_empty() {
            found.insert(spend.clone(), named);
        }
    }
    Ok(found)
}

#[async_trait]
impl Spending for SqliteUnit {
    async fn scene(
        &mut self,
        book: BookId,
        users: &[NewUser],
        sources: &[SourceId],
        now: Timestamp,
    ) -> Result<SpendScene, StoreError> {
        let (users, sources) = (users.to_vec(), sources.to_vec());
        let scene = self.run(move |conn| scene(conn, book, &users, &sources, now)).await?;
        let read = scene.referrals.values().map(|read| (read.facts.id, read.progress.clone()));
        self.stored.extend(read);
        Ok(scene)
    }

    async fn parked(
        &mut self,
        book: BookId,
        user: UserId,
        since: Timestamp,
    ) -> Result<Vec<SpendEvent>, StoreError> {
        self.run(move |conn| parked(conn, book, user, since)).await
    }

    async fn refunds_of(
        &mut self,
        book: BookId,
        spends: &[SourceId],
    ) -> Result<BTreeMap<SourceId, Vec<RefundFact>>, StoreError> {
        let spends = spends.to_vec();
        self.run(move |conn| refunds_of(conn, book, &spends)).await
    }
}
