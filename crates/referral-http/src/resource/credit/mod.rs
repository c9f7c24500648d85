//! Credits: balances, history, and using them.

pub mod balance;
pub mod export;
pub mod history;
mod item;
pub mod redeem;
pub mod reverse;
pub mod summary;

pub use item::{ChangesView, CreditItem};
pub(super) use redeem::{currency_of, money_of};
