//! Referrals, for operators.

pub mod list;
pub mod show;
pub mod timeline;
