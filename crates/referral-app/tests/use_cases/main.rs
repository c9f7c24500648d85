//! Every use case on the memory store, with a clock, ids and chance that a test can foresee.

mod stage;
mod watch;

mod address;
mod apply;
mod at_once;
mod balance;
mod budget;
mod code;
mod code_cache;
mod fallback;
mod faults;
mod governing;
mod history;
mod holds;
mod keys;
mod limiter_down;
mod money_document;
mod payout_runs;
mod payouts;
mod programs;
mod proofs;
mod random;
mod redeem;
mod referral_views;
mod reverse;
mod round_trips;
mod spend;
mod story;
mod together;
mod user_facts;
mod withdraw;
mod workers;
