//! The ports: what the use cases ask of the world, object-safe and batch-first, with one concrete error.
//!
//! Lock order, which every unit obeys: idempotency key, redemption (when one is
//! reversed), users (sorted), codes, the program's graph, a mailbox, referrals (by
//! referred user), the month's budget, account heads (by account), event keys (by source id), day rows (by key).

mod ambient;
mod change;
mod error;
mod limiter;
mod report;
mod unit;

pub use ambient::{Chance, Clock, Ids};
pub use change::{Changes, IdempotencyKey, StoredReply};
pub use error::{BoxError, StoreError};
pub use limiter::{Admission, Demand, JITTER, Limiter, LimiterDown, Quota, Ticket};
pub use report::{
    AccountReport, AuditFilter, AuditItem, BlockFilter, EventReport, HistoryFilter, HistoryItem, KindTotal,
    MyReferralReport, ReferralCounts, ReferralReport, ReferrerReport, Reports, Summary, SummaryReport,
};
pub use unit::{
    ApiKeys, Budgets, CodeClaim, Codes, Idempotency, Inserted, Ledger, Matured, NewUser, Programs, Recorder,
    Redemptions, Referrals, Sealing, Spending, Store, Unit, UnitOfWork, Users,
};
