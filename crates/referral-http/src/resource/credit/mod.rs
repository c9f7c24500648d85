//! Credits: balances, history, and using them.

pub mod balance;
pub mod export;
pub mod history;
mod item;
pub mod redeem;
pub mod reverse;
pub mod statement;
pub mod summary;

pub use item::{ChangesView, CreditItem};

pub use statement::BalancesView;

pub(super) use history::{kind, kinds};
pub(super) use redeem::{currency_of, money_of};
