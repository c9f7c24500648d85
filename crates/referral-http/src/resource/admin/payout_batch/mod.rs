//! Batches of payouts.

pub mod approve;
pub mod build;
pub mod discard;
pub mod export;
pub mod list;
pub mod preview;
pub mod seal;
pub mod settle;
pub mod show;
pub mod view;
