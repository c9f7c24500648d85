//! Questions about people that fail as a plan says.

use async_trait::async_trait;
use referral_domain::id::{BookId, ReferralId};
use referral_domain::port::{
    PeopleReports, ReferralFile, ReferralFilter, ReferralReport, StoreError, UserFile,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use super::plan::through;
use super::reports::{FaultyReports, faulty};

faulty! {
    PeopleReports:
    fn referrals(book: BookId, filter: &ReferralFilter) -> Vec<ReferralReport>;
    fn referral(book: BookId, id: ReferralId, limit: u32) -> Option<ReferralFile>;
    fn user_file(book: BookId, host: &HostId, aged: Timestamp, limit: u32) -> Option<UserFile>;
}
