//! The rules of `referral-domain`, as tables and properties. The crate's header says which test guards which invariant.

mod code;
mod identity;
mod level;
mod made;
mod money;
mod names;
mod spend;
mod time;
mod user;
mod world;
