//! Injected faults: the n-th port call fails, and whatever runs on the ports must neither change anything nor break.

mod ledger_reports;
mod payout_reports;
mod people_reports;
mod plan;
mod reports;
mod store;
mod sweep;

pub use plan::{Fault, Fired, Plan};
pub use reports::FaultyReports;
pub use store::FaultyStore;
pub use sweep::{Sweep, Swept};
