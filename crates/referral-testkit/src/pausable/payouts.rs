//! Payouts of a store that can be paused: they know nothing of it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use referral_domain::id::{BatchId, BookId, PayoutId, UserId};
use referral_domain::payout::{Batch, MethodKind, Payout, PayoutMethod};
use referral_domain::port::{
    BatchFilter, BatchHead, PayoutFilter, PayoutItem, PayoutReports, PayoutSummary, Payouts, StoreError,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use crate::pausable::{PausableReports, PausableUnit};

macro_rules! asked {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl Payouts for PausableUnit {$(
            async fn $name(&mut self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.inner.payouts().$name($($argument),*).await
            }
        )+}
    };
}

asked! {
    method(book: BookId, user: UserId) -> Option<PayoutMethod>;
    methods(book: BookId, versions: &[(UserId, u32)]) -> Vec<PayoutMethod>;
    newest(book: BookId, user: UserId) -> Option<Payout>;
    lock(book: BookId, ids: &[PayoutId]) -> Vec<Payout>;
    approved(book: BookId, kind: MethodKind, limit: u32) -> Vec<PayoutId>;
    lock_batch(book: BookId, id: BatchId) -> Option<Batch>;
    hosts(book: BookId, ids: &[UserId]) -> Vec<Option<HostId>>;
    unverified(book: BookId, ids: &[UserId]) -> BTreeSet<UserId>;
}

macro_rules! reported {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl PayoutReports for PausableReports {$(
            async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.inner.$name($($argument),*).await
            }
        )+}
    };
}

reported! {
    payout_method(book: BookId, host: &HostId) -> Option<PayoutMethod>;
    payouts(book: BookId, filter: &PayoutFilter) -> Vec<PayoutItem>;
    payout(book: BookId, id: PayoutId) -> Option<PayoutItem>;
    payout_summary(book: BookId, host: &HostId, aged: Timestamp) -> PayoutSummary;
    batches(book: BookId, filter: &BatchFilter) -> Vec<BatchHead>;
    batch(book: BookId, id: BatchId) -> Option<(BatchHead, Vec<PayoutItem>)>;
    names(book: BookId, ids: &[UserId]) -> Vec<Option<HostId>>;
}
