//! Payouts in the hands of people.

pub mod approve;
pub mod list;
pub mod reject;
pub mod view;
