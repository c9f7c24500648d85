//! Payouts, their batches and their methods. The writer is the lock of all of them.

mod read;
mod row;
mod write;

use std::collections::BTreeSet;

use async_trait::async_trait;
use referral_domain::id::{BatchId, BookId, PayoutId, UserId};
use referral_domain::payout::{Batch, MethodKind, Payout, PayoutMethod};
use referral_domain::port::{
    BatchFilter, BatchHead, PayoutFilter, PayoutItem, PayoutReports, PayoutSummary, Payouts, StoreError,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use crate::store::SqliteStore;
use crate::unit::SqliteUnit;
use crate::users;

pub(crate) use read::{batch, by_id, method as method_in_force, names, summary};
pub(crate) use write::record;

#[async_trait]
impl Payouts for SqliteUnit {
    async fn method(&mut self, book: BookId, user: UserId) -> Result<Option<PayoutMethod>, StoreError> {
        self.run(move |conn| read::method(conn, book, user)).await
    }

    async fn methods(
        &mut self,
        book: BookId,
        versions: &[(UserId, u32)],
    ) -> Result<Vec<PayoutMethod>, StoreError> {
        let versions = versions.to_vec();
        self.run(move |conn| read::methods(conn, book, &versions)).await
    }

    async fn newest(&mut self, book: BookId, user: UserId) -> Result<Option<Payout>, StoreError> {
        self.run(move |conn| Ok(read::newest(conn, book, user)?.map(|item| item.payout))).await
    }

    async fn lock(&mut self, book: BookId, ids: &[PayoutId]) -> Result<Vec<Payout>, StoreError> {
        let ids: BTreeSet<_> = ids.iter().copied().collect();
        self.run(move |conn| {
            let found = ids.into_iter().filter_map(|id| by_id(conn, book, id).transpose());
            found.map(|item| item.map(|item| item.payout)).collect()
        })
        .await
    }

    async fn approved(
        &mut self,
        book: BookId,
        kind: MethodKind,
        limit: u32,
    ) -> Result<Vec<PayoutId>, StoreError> {
        self.run(move |conn| read::approved(conn, book, kind, limit)).await
    }

    async fn lock_batch(&mut self, book: BookId, id: BatchId) -> Result<Option<Batch>, StoreError> {
        self.run(move |conn| batch(conn, book, id)).await
    }

    async fn hosts(&mut self, book: BookId, ids: &[UserId]) -> Result<Vec<Option<HostId>>, StoreError> {
        let ids = ids.to_vec();
        self.run(move |conn| names(conn, book, &ids)).await
    }

    async fn unverified(&mut self, book: BookId, ids: &[UserId]) -> Result<BTreeSet<UserId>, StoreError> {
        let ids: BTreeSet<_> = ids.iter().copied().collect();
        self.run(move |conn| read::unverified(conn, book, ids)).await
    }
}

#[async_trait]
impl PayoutReports for SqliteStore {
    async fn payout_method(&self, book: BookId, host: &HostId) -> Result<Option<PayoutMethod>, StoreError> {
        let host = host.clone();
        self.readers
            .read(move |conn| match users::id_of(conn, book, &host)? {
                Some(user) => read::method(conn, book, user),
                None => Ok(None),
            })
            .await
    }

    async fn payouts(&self, book: BookId, filter: &PayoutFilter) -> Result<Vec<PayoutItem>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |conn| read::page(conn, book, &filter)).await
    }

    async fn payout(&self, book: BookId, id: PayoutId) -> Result<Option<PayoutItem>, StoreError> {
        self.readers.read(move |conn| by_id(conn, book, id)).await
    }

    async fn payout_summary(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
    ) -> Result<PayoutSummary, StoreError> {
        let host = host.clone();
        self.readers.read(move |conn| summary(conn, book, &host, aged)).await
    }

    async fn batches(&self, book: BookId, filter: &BatchFilter) -> Result<Vec<BatchHead>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |conn| read::batch_page(conn, book, &filter)).await
    }

    async fn batch(
        &self,
        book: BookId,
        id: BatchId,
    ) -> Result<Option<(BatchHead, Vec<PayoutItem>)>, StoreError> {
        self.readers
            .read(move |conn| match read::batch_head(conn, book, id)? {
                Some(head) => Ok(Some((head, read::batch_payouts(conn, book, id)?))),
                None => Ok(None),
            })
            .await
    }

    async fn names(&self, book: BookId, ids: &[UserId]) -> Result<Vec<Option<HostId>>, StoreError> {
        let ids = ids.to_vec();
        self.readers.read(move |conn| names(conn, book, &ids)).await
    }
}
