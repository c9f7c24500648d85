//! Questions about the books, which no pause changes.

use async_trait::async_trait;
use referral_domain::id::{AdjustmentId, BookId, TransactionId, UserId};
use referral_domain::ledger::{Account, Head, Line};
use referral_domain::money::Currency;
use referral_domain::port::{
    AdjustmentFilter, AdjustmentReport, JournalFilter, JournalItem, LedgerReports, LegReport, StoreError,
    TransactionDetail, TransactionFilter, TransactionReport, TransferFilter,
};
use referral_domain::time::Timestamp;
use referral_domain::trial_balance::Movement;

use crate::pausable::PausableReports;

macro_rules! ledger_reports {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty;)+) => {
        #[async_trait]
        impl LedgerReports for PausableReports {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.inner.$name($($argument),*).await
            })+
        }
    };
}

ledger_reports! {
    fn movements(book: BookId, as_of: Timestamp) -> Vec<Movement>;
    fn line_at(book: BookId, user: UserId, at: Timestamp) -> Option<Line>;
    fn transactions(book: BookId, filter: &TransactionFilter) -> Vec<TransactionReport>;
    fn transaction(book: BookId, id: TransactionId) -> Option<TransactionDetail>;
    fn accounts(book: BookId, currency: Currency, user: UserId) -> Vec<(Account, Head)>;
    fn transfers(book: BookId, filter: &TransferFilter) -> Vec<LegReport>;
    fn journal(book: BookId, filter: &JournalFilter) -> Vec<JournalItem>;
    fn adjustments(book: BookId, filter: &AdjustmentFilter) -> Vec<AdjustmentReport>;
    fn adjustment(book: BookId, id: AdjustmentId) -> Option<AdjustmentReport>;
}
