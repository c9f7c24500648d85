//! The rules of `referral-domain`, as tables and properties. The crate's header says which test guards which invariant.

mod apply;
mod apply_window;
mod code;
mod commission;
mod credit;
mod header;
mod hold;
mod identity;
mod journal;
mod journal_faults;
mod level;
mod level_refunds;
mod made;
mod money;
mod names;
mod refund;
mod settle;
mod settle_window;
mod spend;
mod time;
mod tracking;
mod user;
mod withdraw;
mod world;
