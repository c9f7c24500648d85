//! Adjustments: a row each, and a step or two, each an entry of the audit log. The writer is the lock.
//!
//! A page is one walk down the primary key, by two look-ups an adjustment.

mod row;

use async_trait::async_trait;
use diesel::prelude::*;
use referral_domain::adjustment::{AdjustmentFile, AdjustmentStatus};
use referral_domain::id::{AdjustmentId, BookId};
use referral_domain::port::{AdjustmentFilter, AdjustmentReport, Adjustments, HistoryItem, StoreError};
use referral_domain::reference::{HostId, Reference};

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::ledger;
use crate::schema::{adjustment_steps as steps, adjustments, audit_log as log, user_names as names};
use crate::unit::SqliteUnit;
use row::{AdjustmentRow, StepRow, file};
pub(crate) use row::{insert, insert_step};

/// An adjustment with its steps.
fn complete(
    conn: &mut SqliteConnection,
    book: BookId,
    row: Option<AdjustmentRow>,
) -> Result<Option<AdjustmentFile>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    let taken = steps::table
        .inner_join(log::table.on(log::book_id.eq(steps::book_id).and(log::audit_id.eq(steps::audit_id))))
        .left_join(
            names::table.on(names::book_id.eq(log::book_id).and(names::user_id.nullable().eq(log::user_id))),
        )
        .filter(steps::book_id.eq(book.0).and(steps::adjustment_id.eq(row.id())))
        .order(steps::n)
        .select((StepRow::as_select(), log::actor_kind, log::actor_id, names::host_id.nullable()))
        .load::<row::Taken>(conn)
        .told()?;
    file(row, taken).map(Some)
}

fn find(
    conn: &mut SqliteConnection,
    book: BookId,
    reference: &Reference,
) -> Result<Option<AdjustmentFile>, StoreError> {
    let same = adjustments::book_id.eq(book.0).and(adjustments::reference.eq(reference.as_str()));
    let query = adjustments::table.filter(same).select(AdjustmentRow::as_select());
    let row = query.first(conn).optional().told()?;
    complete(conn, book, row)
}

fn by_id(
    conn: &mut SqliteConnection,
    book: BookId,
    id: AdjustmentId,
) -> Result<Option<AdjustmentFile>, StoreError> {
    let query = adjustments::table.find((book.0, Key::from(id))).select(AdjustmentRow::as_select());
    let row = query.first(conn).optional().told()?;
    complete(conn, book, row)
}

fn report(
    conn: &mut SqliteConnection,
    book: BookId,
    file: AdjustmentFile,
) -> Result<AdjustmentReport, StoreError> {
    let user = file.adjustment.user;
    let named = names::book_id.eq(book.0).and(names::user_id.eq(Key::from(user)));
    let name: Option<String> =
        names::table.filter(named).select(names::host_id).first(conn).optional().told()?;
    let place = Place { table: "user_names", row: &user };
    let sound = |name: String| place.sound("host_id", HostId::parse(&name), &name);
    let user = name.map(sound).transpose()?;
    let item: Option<Option<HistoryItem>> =
        file.transaction().map(|id| ledger::item(conn, book, id)).transpose()?;
    Ok(AdjustmentReport { file, user, item: item.flatten() })
}

/// One adjustment as it stands.
pub(crate) fn one(
    conn: &mut SqliteConnection,
    book: BookId,
    id: AdjustmentId,
) -> Result<Option<AdjustmentReport>, StoreError> {
    let file = by_id(conn, book, id)?;
    file.map(|file| report(conn, book, file)).transpose()
}

/// Adjustments, newest first.
pub(crate) fn page(
    conn: &mut SqliteConnection,
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
    let mut found = Vec::new();
    for row in query.load(conn).told()? {
        let Some(file) = complete(conn, book, Some(row))? else { continue };
        found.push(report(conn, book, file)?);
    }
    Ok(found)
}

#[async_trait]
impl Adjustments for SqliteUnit {
    async fn find(
        &mut self,
        book: BookId,
        reference: &Reference,
    ) -> Result<Option<AdjustmentFile>, StoreError> {
        let reference = reference.clone();
        self.run(move |conn| find(conn, book, &reference)).await
    }

    async fn lock(&mut self, book: BookId, id: AdjustmentId) -> Result<Option<AdjustmentFile>, StoreError> {
        self.run(move |conn| by_id(conn, book, id)).await
    }
}
