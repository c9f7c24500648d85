//! Payouts, their batches and their methods.
//!
//! Their rows never change, so no role may lock them: payouts are locked by advisory locks in the order of their ids, a
//! batch by its own. What was committed while a lock was waited for is seen by the statement after it.

mod read;
mod row;
mod write;

use std::collections::BTreeSet;

use async_trait::async_trait;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use referral_domain::id::{BatchId, BookId, PayoutId, UserId};
use referral_domain::payout::{Batch, MethodKind, Payout, PayoutMethod};
use referral_domain::port::{
    BatchFilter, BatchHead, PayoutFilter, PayoutItem, PayoutReports, PayoutSummary, Payouts, StoreError,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use crate::failure::Told;
use crate::lock;
use crate::reports::{report, snapshot};
use crate::statement::fixed;
use crate::store::PgStore;
use crate::unit::{PgUnit, call};

pub(crate) use read::{batch, method_of, names, newest, summary};
pub(crate) use write::{batch_steps, batches, items, methods, payout_steps, payouts, settlements};

/// In the order of the names, which is that of the ids.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended(u.name, 0)) FROM
  (SELECT DISTINCT u.name FROM unnest($1) AS u(name) ORDER BY u.name) AS u";

async fn hold(mut conn: &AsyncPgConnection, book: BookId, ids: &[PayoutId]) -> Result<(), StoreError> {
    let names = fixed::<()>(LOCK).column(ids, |id| format!("payout {} {id}", book.0));
    names.execute(&mut conn).await.told()?;
    Ok(())
}

async fn lock_payouts(
    conn: &AsyncPgConnection,
    book: BookId,
    ids: &[PayoutId],
) -> Result<Vec<Payout>, StoreError> {
    let ((), found) = try_join(hold(conn, book, ids), read::by_ids(conn, book, ids)).await?;
    Ok(found.into_iter().map(|item| item.payout).collect())
}

async fn lock_batch(
    conn: &AsyncPgConnection,
    book: BookId,
    id: BatchId,
) -> Result<Option<Batch>, StoreError> {
    let name = format!("payout batch {} {id}", book.0);
    let ((), found) = try_join(lock::hold(conn, &name), batch(conn, book, id)).await?;
    Ok(found)
}

#[async_trait]
impl Payouts for PgUnit {
    async fn method(&mut self, book: BookId, user: UserId) -> Result<Option<PayoutMethod>, StoreError> {
        call!(self, |conn| read::method(conn, book, user))
    }

    async fn methods(
        &mut self,
        book: BookId,
        versions: &[(UserId, u32)],
    ) -> Result<Vec<PayoutMethod>, StoreError> {
        call!(self, |conn| read::methods(conn, book, versions))
    }

    async fn newest(&mut self, book: BookId, user: UserId) -> Result<Option<Payout>, StoreError> {
        let found: Result<_, StoreError> = call!(self, |conn| newest(conn, book, user));
        Ok(found?.map(|item| item.payout))
    }

    async fn lock(&mut self, book: BookId, ids: &[PayoutId]) -> Result<Vec<Payout>, StoreError> {
        call!(self, |conn| lock_payouts(conn, book, ids))
    }

    async fn approved(
        &mut self,
        book: BookId,
        kind: MethodKind,
        limit: u32,
    ) -> Result<Vec<PayoutId>, StoreError> {
        call!(self, |conn| read::approved(conn, book, kind, limit))
    }

    async fn lock_batch(&mut self, book: BookId, id: BatchId) -> Result<Option<Batch>, StoreError> {
        call!(self, |conn| lock_batch(conn, book, id))
    }

    async fn hosts(&mut self, book: BookId, ids: &[UserId]) -> Result<Vec<Option<HostId>>, StoreError> {
        call!(self, |conn| names(conn, book, ids))
    }

    async fn unverified(&mut self, book: BookId, ids: &[UserId]) -> Result<BTreeSet<UserId>, StoreError> {
        call!(self, |conn| read::unverified(conn, book, ids))
    }
}

#[async_trait]
impl PayoutReports for PgStore {
    async fn payout_method(&self, book: BookId, host: &HostId) -> Result<Option<PayoutMethod>, StoreError> {
        report!(self, |conn| method_of(conn, book, host))
    }

    async fn payouts(&self, book: BookId, filter: &PayoutFilter) -> Result<Vec<PayoutItem>, StoreError> {
        report!(self, |conn| read::page(conn, book, filter))
    }

    async fn payout(&self, book: BookId, id: PayoutId) -> Result<Option<PayoutItem>, StoreError> {
        let found: Result<Vec<_>, StoreError> = report!(self, |conn| read::by_ids(conn, book, &[id]));
        Ok(found?.pop())
    }

    async fn payout_summary(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
    ) -> Result<PayoutSummary, StoreError> {
        snapshot!(self, |conn| summary(conn, book, host, aged))
    }

    async fn batches(&self, book: BookId, filter: &BatchFilter) -> Result<Vec<BatchHead>, StoreError> {
        report!(self, |conn| read::batch_page(conn, book, filter))
    }

    async fn batch(
        &self,
        book: BookId,
        id: BatchId,
    ) -> Result<Option<(BatchHead, Vec<PayoutItem>)>, StoreError> {
        let both: Result<_, StoreError> = snapshot!(self, |conn| try_join(
            read::batch_head(conn, book, id),
            read::batch_payouts(conn, book, id)
        ));
        let (head, payouts) = both?;
        Ok(head.map(|head| (head, payouts)))
    }

    async fn names(&self, book: BookId, ids: &[UserId]) -> Result<Vec<Option<HostId>>, StoreError> {
        report!(self, |conn| names(conn, book, ids))
    }
}
