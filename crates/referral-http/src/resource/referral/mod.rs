//! Referrals: applying a code, what a referrer sees, what a referred user sees.

pub mod apply;
pub mod attribution;
pub mod my_referrer;
pub mod stats;
mod view;

pub use view::{AwardView, MyReferral, ReferralView, SpendView};
