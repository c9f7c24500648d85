//! Redemptions and their reversals: one look-up by key each; what remains is the last reversal's.
//!
//! A redemption never changes, so no role may lock its row: `lock` is one flight of its advisory lock and two look-ups,
//! which see what was committed while the lock was waited for.

mod row;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join3;
use referral_domain::credit::{Redemption, Reversal};
use referral_domain::id::{BookId, RedemptionId};
use referral_domain::port::{Redemptions, StoreError};
use referral_domain::reference::Reference;

use crate::column::Key;
use crate::failure::Told;
use crate::lock;
use crate::schema::{redemption_reversals as reversals, redemptions};
use crate::unit::{PgUnit, call};
use row::{RedemptionRow, ReversalRow};
pub(crate) use row::{insert, insert_reversals};

async fn find(
    mut conn: &AsyncPgConnection,
    book: BookId,
    reference: &Reference,
) -> Result<Option<Redemption>, StoreError> {
    let same = redemptions::book_id.eq(book.0).and(redemptions::reference.eq(reference.as_str()));
    let query = redemptions::table.filter(same).select(RedemptionRow::as_select());
    query.get_result(&mut conn).await.optional().told()?.map(Redemption::try_from).transpose()
}

async fn by_id(
    mut conn: &AsyncPgConnection,
    book: BookId,
    id: RedemptionId,
) -> Result<Option<Redemption>, StoreError> {
    let query = redemptions::table.find((book.0, Key::from(id))).select(RedemptionRow::as_select());
    query.get_result(&mut conn).await.optional().told()?.map(Redemption::try_from).transpose()
}

/// What remained of a redemption after its last reversal.
async fn remaining(
    mut conn: &AsyncPgConnection,
    book: BookId,
    id: RedemptionId,
) -> Result<Option<i64>, StoreError> {
    let of_it = reversals::book_id.eq(book.0).and(reversals::redemption_id.eq(Key::from(id)));
    let newest = reversals::table.filter(of_it).order(reversals::n.desc());
    newest.select(reversals::remaining).first(&mut conn).await.optional().told()
}

async fn lock(
    conn: &AsyncPgConnection,
    book: BookId,
    id: RedemptionId,
) -> Result<Option<(Redemption, i64)>, StoreError> {
    let name = format!("redemption {} {id}", book.0);
    let locked = try_join3(lock::hold(conn, &name), by_id(conn, book, id), remaining(conn, book, id));
    let ((), found, remaining) = locked.await?;
    Ok(found.map(|redemption| {
        let remaining = remaining.unwrap_or(redemption.redeemed);
        (redemption, remaining)
    }))
}

async fn find_reversal(
    mut conn: &AsyncPgConnection,
    book: BookId,
    reference: &Reference,
) -> Result<Option<Reversal>, StoreError> {
    let same = reversals::book_id.eq(book.0).and(reversals::reference.eq(reference.as_str()));
    let query = reversals::table.filter(same).select(ReversalRow::as_select());
    query.get_result(&mut conn).await.optional().told()?.map(Reversal::try_from).transpose()
}

#[async_trait]
impl Redemptions for PgUnit {
    async fn find(&mut self, book: BookId, reference: &Reference) -> Result<Option<Redemption>, StoreError> {
        call!(self, |conn| find(conn, book, reference))
    }

    async fn lock(
        &mut self,
        book: BookId,
        id: RedemptionId,
    ) -> Result<Option<(Redemption, i64)>, StoreError> {
        call!(self, |conn| lock(conn, book, id))
    }

    async fn find_reversal(
        &mut self,
        book: BookId,
        reference: &Reference,
    ) -> Result<Option<Reversal>, StoreError> {
        call!(self, |conn| find_reversal(conn, book, reference))
    }
}
