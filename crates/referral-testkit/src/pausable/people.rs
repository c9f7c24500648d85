//! Questions about people: they know nothing of a pause.

use async_trait::async_trait;
use referral_domain::id::{BookId, ReferralId};
use referral_domain::port::{
    PeopleReports, ReferralFile, ReferralFilter, ReferralReport, StoreError, UserFile,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use crate::pausable::PausableReports;

macro_rules! reported {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl PeopleReports for PausableReports {$(
            async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.inner.$name($($argument),*).await
            }
        )+}
    };
}

reported! {
    referrals(book: BookId, filter: &ReferralFilter) -> Vec<ReferralReport>;
    referral(book: BookId, id: ReferralId, limit: u32) -> Option<ReferralFile>;
    user_file(book: BookId, host: &HostId, aged: Timestamp, limit: u32) -> Option<UserFile>;
}
