//! The store against its contract, against forged postings, and against those who tamper with its rows.

mod contract;
mod edges;
mod held;
mod limiter;
mod operated;
mod outage;
mod refusals;
mod story;
mod tampering;
