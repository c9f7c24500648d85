//! The ports: what the use cases ask of the world, object-safe and batch-first, with one concrete error.
//!
//! Lock order, which every unit obeys: program (when it is changed), idempotency key, redemption (when one is
//! reversed), users (sorted), codes, the program's graph, a mailbox, referrals (by
//! referred user), a payout batch, payouts (by id), the month's budget, account heads (by account), event keys (by
//! source id), day rows (by key).

mod adjusting;
mod ambient;
mod change;
mod error;
mod ledger_report;
mod limiter;
mod payouts;
mod people;
mod rail;
mod report;
mod unit;

pub use adjusting::Adjustments;
pub use ambient::{Chance, Clock, Ids};
pub use change::{Changes, IdempotencyKey, StoredReply};
pub use error::{BoxError, StoreError, chain};
pub use ledger_report::{
    AdjustmentFilter, AdjustmentReport, JournalFilter, JournalItem, LedgerReports, LegReport,
    TransactionDetail, TransactionFilter, TransactionReport, TransferFilter,
};
pub use limiter::{Admission, Demand, JITTER, Limiter, LimiterDown, Quota, Ticket};
pub use payouts::{BatchFilter, BatchHead, PayoutFilter, PayoutItem, PayoutReports, PayoutSummary, Payouts};
pub use people::{PeopleReports, ReferralFile, ReferralFilter, ReferralReport, UserFile};
pub use rail::{Payment, PaymentOrder, Rail, RailFault};
pub use report::{
    AccountReport, AuditFilter, AuditItem, BlockFilter, CodeFilter, CodeItem, EventReport, HistoryFilter,
    HistoryItem, KindTotal, MyReferralReport, ReferralCounts, ReferrerReport, Reports, Summary,
    SummaryReport,
};
pub use unit::{
    ApiKeys, Budgets, CodeClaim, Codes, Idempotency, Inserted, Ledger, Matured, NewUser, Programs, Recorder,
    Redemptions, Referrals, Sealing, Spending, Store, Unit, UnitOfWork, Users,
};
