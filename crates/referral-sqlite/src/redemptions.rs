//! Redemptions and their reversals: one look-up by key each; what remains is the last reversal's.

mod row;

use async_trait::async_trait;
use diesel::prelude::*;
use referral_domain::credit::{Redemption, Reversal};
use referral_domain::id::{BookId, RedemptionId};
use referral_domain::port::{Redemptions, StoreError};
use referral_domain::reference::Reference;

use crate::column::Key;
use crate::failure::Told;
use crate::schema::{redemption_reversals as reversals, redemptions};
use crate::unit::SqliteUnit;
use row::{RedemptionRow, ReversalRow};
pub(crate) use row::{insert, insert_reversal};

fn find(
    conn: &mut SqliteConnection,
    book: BookId,
    reference: &Reference,
) -> Result<Option<Redemption>, StoreError> {
    let same = redemptions::book_id.eq(book.0).and(redemptions::reference.eq(reference.as_str()));
    let query = redemptions::table.filter(same).select(RedemptionRow::as_select());
    query.get_result(conn).optional().told()?.map(Redemption::try_from).transpose()
}

fn lock(
    conn: &mut SqliteConnection,
    book: BookId,
    id: RedemptionId,
) -> Result<Option<(Redemption, i64)>, StoreError> {
    let query = redemptions::table.find((book.0, Key::from(id))).select(RedemptionRow::as_select());
    let Some(row) = query.get_result(conn).optional().told()? else { return Ok(None) };
    let redemption = Redemption::try_from(row)?;
    let last = last_reversal(conn, book, id)?;
    let remaining = last.map_or(redemption.redeemed, |(_, remaining)| remaining);
    Ok(Some((redemption, remaining)))
}

/// Number of the last reversal of a redemption, and what remained after it.
fn last_reversal(
    conn: &mut SqliteConnection,
    book: BookId,
    id: RedemptionId,
) -> Result<Option<(i64, i64)>, StoreError> {
    let of_it = reversals::book_id.eq(book.0).and(reversals::redemption_id.eq(Key::from(id)));
    let newest = reversals::table.filter(of_it).order(reversals::n.desc());
    newest.select((reversals::n, reversals::remaining)).first(conn).optional().told()
}

fn find_reversal(
    conn: &mut SqliteConnection,
    book: BookId,
    reference: &Reference,
) -> Result<Option<Reversal>, StoreError> {
    let same = reversals::book_id.eq(book.0).and(reversals::reference.eq(reference.as_str()));
    let query = reversals::table.filter(same).select(ReversalRow::as_select());
    query.get_result(conn).optional().told()?.map(Reversal::try_from).transpose()
}

#[async_trait]
impl Redemptions for SqliteUnit {
    async fn find(&mut self, book: BookId, reference: &Reference) -> Result<Option<Redemption>, StoreError> {
        let reference = reference.clone();
        self.run(move |conn| find(conn, book, &reference)).await
    }

    async fn lock(
        &mut self,
        book: BookId,
        id: RedemptionId,
    ) -> Result<Option<(Redemption, i64)>, StoreError> {
        self.run(move |conn| lock(conn, book, id)).await
    }

    async fn find_reversal(
        &mut self,
        book: BookId,
        reference: &Reference,
    ) -> Result<Option<Reversal>, StoreError> {
        let reference = reference.clone();
        self.run(move |conn| find_reversal(conn, book, &reference)).await
    }
}
