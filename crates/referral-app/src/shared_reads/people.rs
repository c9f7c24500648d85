//! Questions about people, none of which is shared.

use async_trait::async_trait;
use referral_domain::id::{BookId, ReferralId};
use referral_domain::port::{
    PeopleReports, ReferralFile, ReferralFilter, ReferralReport, StoreError, UserFile,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use super::SharedReads;

#[async_trait]
impl PeopleReports for SharedReads {
    async fn referrals(
        &self,
        book: BookId,
        filter: &ReferralFilter,
    ) -> Result<Vec<ReferralReport>, StoreError> {
        self.reports.referrals(book, filter).await
    }

    async fn referral(
        &self,
        book: BookId,
        id: ReferralId,
        limit: u32,
    ) -> Result<Option<ReferralFile>, StoreError> {
        self.reports.referral(book, id, limit).await
    }

    async fn user_file(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
        limit: u32,
    ) -> Result<Option<UserFile>, StoreError> {
        self.reports.user_file(book, host, aged, limit).await
    }
}
