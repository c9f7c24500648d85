//! Questions about the books, none of which is shared.

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

use super::SharedReads;

#[async_trait]
impl LedgerReports for SharedReads {
    async fn movements(&self, book: BookId, as_of: Timestamp) -> Result<Vec<Movement>, StoreError> {
        self.reports.movements(book, as_of).await
    }

    async fn line_at(&self, book: BookId, user: UserId, at: Timestamp) -> Result<Option<Line>, StoreError> {
        self.reports.line_at(book, user, at).await
    }

    async fn transactions(
        &self,
        book: BookId,
        filter: &TransactionFilter,
    ) -> Result<Vec<TransactionReport>, StoreError> {
        self.reports.transactions(book, filter).await
    }

    async fn transaction(
        &self,
        book: BookId,
        id: TransactionId,
    ) -> Result<Option<TransactionDetail>, StoreError> {
        self.reports.transaction(book, id).await
    }

    async fn accounts(
        &self,
        book: BookId,
        currency: Currency,
        user: UserId,
    ) -> Result<Vec<(Account, Head)>, StoreError> {
        self.reports.accounts(book, currency, user).await
    }

    async fn transfers(&self, book: BookId, filter: &TransferFilter) -> Result<Vec<LegReport>, StoreError> {
        self.reports.transfers(book, filter).await
    }

    async fn journal(&self, book: BookId, filter: &JournalFilter) -> Result<Vec<JournalItem>, StoreError> {
        self.reports.journal(book, filter).await
    }

    async fn adjustments(
        &self,
        book: BookId,
        filter: &AdjustmentFilter,
    ) -> Result<Vec<AdjustmentReport>, StoreError> {
        self.reports.adjustments(book, filter).await
    }

    async fn adjustment(
        &self,
        book: BookId,
        id: AdjustmentId,
    ) -> Result<Option<AdjustmentReport>, StoreError> {
        self.reports.adjustment(book, id).await
    }
}
