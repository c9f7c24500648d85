//! Questions about payouts that fail as a plan says.

use async_trait::async_trait;
use referral_domain::id::{BatchId, BookId, PayoutId, UserId};
use referral_domain::payout::PayoutMethod;
use referral_domain::port::{
    BatchFilter, BatchHead, PayoutFilter, PayoutItem, PayoutReports, PayoutSummary, StoreError,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use super::plan::through;
use super::reports::FaultyReports;

macro_rules! faulty {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty;)+) => {
        #[async_trait]
        impl PayoutReports for FaultyReports {$(
            async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                let fault = self.plan.next(concat!("reports.", stringify!($name)));
                through(fault, self.inner.$name($($argument),*)).await
            }
        )+}
    };
}

faulty! {
    fn payout_method(book: BookId, host: &HostId) -> Option<PayoutMethod>;
    fn payouts(book: BookId, filter: &PayoutFilter) -> Vec<PayoutItem>;
    fn payout(book: BookId, id: PayoutId) -> Option<PayoutItem>;
    fn payout_summary(book: BookId, host: &HostId, aged: Timestamp) -> PayoutSummary;
    fn batches(book: BookId, filter: &BatchFilter) -> Vec<BatchHead>;
    fn batch(book: BookId, id: BatchId) -> Option<(BatchHead, Vec<PayoutItem>)>;
    fn names(book: BookId, ids: &[UserId]) -> Vec<Option<HostId>>;
}
