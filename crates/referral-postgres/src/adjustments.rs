//! Adjustments: a row each, and a step or two, each an entry of the audit log.
//!
//! They never change, so no role may lock a row: `lock` is one flight of the adjustment's advisory lock and its
//! look-ups, which see what was committed while the lock was waited for. A page is four statements whatever its size: a
//! walk down the primary key, then the steps, names and lines of what was found.

mod row;

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use referral_domain::adjustment::{AdjustmentFile, AdjustmentStatus};
use referral_domain::id::{AdjustmentId, BookId, TransactionId, UserId};
use referral_domain::port::{AdjustmentFilter, AdjustmentReport, Adjustments, HistoryItem, StoreError};
use referral_domain::reference::{HostId, Reference};

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::ledger::ItemRow;
use crate::lock;
use crate::schema::{
    adjustment_steps as steps, adjustments, audit_log as log, history_lines as lines,
    ledger_transactions as transactions, user_names as names,
};
use crate::unit::{PgUnit, call};
use row::{AdjustmentRow, StepRow, Taken, file};
pub(crate) use row::{insert, insert_steps};

/// The steps of adjustments, by adjustment, the first one first.
async fn taken(
    mut conn: &AsyncPgConnection,
    book: BookId,
    ids: &[Key],
) -> Result<BTreeMap<Key, Vec<Taken>>, StoreError> {
    let found = steps::table
        .inner_join(log::table.on(log::book_id.eq(steps::book_id).and(log::audit_id.eq(steps::audit_id))))
        .left_join(
            names::table.on(names::book_id.eq(log::book_id).and(names::user_id.nullable().eq(log::user_id))),
        )
        .filter(steps::book_id.eq(book.0).and(steps::adjustment_id.eq_any(ids)))
        .order((steps::adjustment_id, steps::n))
        .select((StepRow::as_select(), log::actor_kind, log::actor_id, names::host_id.nullable()))
        .load::<Taken>(&mut conn)
        .await
        .told()?;
    let mut by_adjustment = BTreeMap::<_, Vec<_>>::new();
    for step in found {
        by_adjustment.entry(step.0.adjustment_id).or_default().push(step);
    }
    Ok(by_adjustment)
}

async fn complete(
    conn: &AsyncPgConnection,
    book: BookId,
    rows: Vec<AdjustmentRow>,
) -> Result<Vec<AdjustmentFile>, StoreError> {
    let ids: Vec<_> = rows.iter().map(|row| row.adjustment_id).collect();
    let mut taken = taken(conn, book, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let theirs = taken.remove(&row.adjustment_id).unwrap_or_default();
            file(row, theirs)
        })
        .collect()
}

async fn find(
    mut conn: &AsyncPgConnection,
    book: BookId,
    reference: &Reference,
) -> Result<Option<AdjustmentFile>, StoreError> {
    let same = adjustments::book_id.eq(book.0).and(adjustments::reference.eq(reference.as_str()));
    let rows = adjustments::table.filter(same).select(AdjustmentRow::as_select());
    let rows = rows.load(&mut conn).await.told()?;
    Ok(complete(conn, book, rows).await?.pop())
}

async fn by_id(
    mut conn: &AsyncPgConnection,
    book: BookId,
    id: AdjustmentId,
) -> Result<Option<AdjustmentFile>, StoreError> {
    let query = adjustments::table.find((book.0, Key::from(id))).select(AdjustmentRow::as_select());
    let rows = query.load(&mut conn).await.told()?;
    Ok(complete(conn, book, rows).await?.pop())
}

/// The look-ups begin when the lock is held: they see what was committed while it was waited for.
async fn lock(
    conn: &AsyncPgConnection,
    book: BookId,
    id: AdjustmentId,
) -> Result<Option<AdjustmentFile>, StoreError> {
    lock::hold(conn, &format!("adjustment {} {id}", book.0)).await?;
    by_id(conn, book, id).await
}

/// The names of users that were not erased.
async fn named(
    mut conn: &AsyncPgConnection,
    book: BookId,
    users: &[Key],
) -> Result<BTreeMap<UserId, HostId>, StoreError> {
    let theirs = names::book_id.eq(book.0).and(names::user_id.eq_any(users));
    let query = names::table.filter(theirs).select((names::user_id, names::host_id));
    let found = query.load::<(Key, String)>(&mut conn).await.told()?;
    let sound = |(user, name): (Key, String)| {
        let user = UserId::from(user);
        let place = Place { table: "user_names", row: &user };
        Ok((user, place.sound("host_id", HostId::parse(&name), &name)?))
    };
    found.into_iter().map(sound).collect()
}

/// The history lines of transactions.
async fn items(
    mut conn: &AsyncPgConnection,
    book: BookId,
    ids: &[Key],
) -> Result<BTreeMap<TransactionId, HistoryItem>, StoreError> {
    let of_line =
        transactions::book_id.eq(lines::book_id).and(transactions::transaction_id.eq(lines::transaction_id));
    let found = lines::table
        .inner_join(transactions::table.on(of_line))
        .filter(lines::book_id.eq(book.0).and(lines::transaction_id.eq_any(ids)))
        .select(ItemRow::as_select())
        .load(&mut conn)
        .await
        .told()?;
    let item = |row| HistoryItem::try_from(row).map(|item| (item.transaction.id, item));
    found.into_iter().map(item).collect()
}

async fn reports(
    conn: &AsyncPgConnection,
    book: BookId,
    files: Vec<AdjustmentFile>,
) -> Result<Vec<AdjustmentReport>, StoreError> {
    let users: Vec<_> = files.iter().map(|file| Key::from(file.adjustment.user)).collect();
    let posted: Vec<_> = files.iter().filter_map(|file| file.transaction().map(Key::from)).collect();
    let (names, mut items) = try_join(named(conn, book, &users), items(conn, book, &posted)).await?;
    let report = |file: AdjustmentFile| {
        let user = names.get(&file.adjustment.user).cloned();
        let item = file.transaction().and_then(|id| items.remove(&id));
        AdjustmentReport { file, user, item }
    };
    Ok(files.into_iter().map(report).collect())
}

/// One adjustment as it stands.
pub(crate) async fn one(
    conn: &AsyncPgConnection,
    book: BookId,
    id: AdjustmentId,
) -> Result<Option<AdjustmentReport>, StoreError> {
    let file = by_id(conn, book, id).await?;
    Ok(reports(conn, book, file.into_iter().collect()).await?.pop())
}

/// Adjustments, newest first.
pub(crate) async fn page(
    mut conn: &AsyncPgConnection,
    book: BookId,
    filter: &AdjustmentFilter,
) -> Result<Vec<AdjustmentReport>, StoreError> {
    let before = filter.after.map_or(Key(uuid::Uuid::max()), Key::from);
    let of_it =
        steps::book_id.eq(adjustments::book_id).and(steps::adjustment_id.eq(adjustments::adjustment_id));
    let mut query = adjustments::table
        .filter(adjustments::book_id.eq(book.0).and(adjustments::adjustment_id.lt(before)))
        .order(adjustments::adjustment_id.desc())
        .limit(i64::from(filter.limit))
        .select(AdjustmentRow::as_select())
        .into_boxed();
    if let Some(user) = filter.user {
        query = query.filter(adjustments::user_id.eq(Key::from(user)));
    }
    if let Some(status) = filter.status {
        let so = steps::table.filter(of_it.and(steps::status.eq(status.as_str())));
        query = query.filter(diesel::dsl::exists(so));
        if status == AdjustmentStatus::Waiting {
            let decided = steps::table.filter(of_it.and(steps::n.eq(2)));
            query = query.filter(diesel::dsl::not(diesel::dsl::exists(decided)));
        }
    }
    let rows = query.load(&mut conn).await.told()?;
    let files = complete(conn, book, rows).await?;
    reports(conn, book, files).await
}

#[async_trait]
impl Adjustments for PgUnit {
    async fn find(
        &mut self,
        book: BookId,
        reference: &Reference,
    ) -> Result<Option<AdjustmentFile>, StoreError> {
        call!(self, |conn| find(conn, book, reference))
    }

    async fn lock(&mut self, book: BookId, id: AdjustmentId) -> Result<Option<AdjustmentFile>, StoreError> {
        call!(self, |conn| lock(conn, book, id))
    }
}
