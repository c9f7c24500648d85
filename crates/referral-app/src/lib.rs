//! The use cases: each loads, decides by a pure call into the domain, and records what was decided.
//!
//! A use case is one file: its command, its receipt, its refusal, one `async fn` on [`App`]. Time, ids and chance are
//! read first thing and handed down; nothing but the unit is touched inside a unit.

mod adjust;
mod api_key;
mod app;
mod apply_code;
mod applying;
mod arrivals;
mod audit;
mod balance;
mod blocks;
mod books;
mod coalesce;
mod code_cache;
mod code_offer;
mod email_verified;
mod explain_event;
mod failure;
mod fallback;
mod grant_budgeted;
mod history;
mod idempotent;
mod ip_limit;
mod lane;
mod manage_codes;
mod my_referrer;
mod payout;
mod people;
mod posting;
mod programs;
mod prove_statement;
mod purse;
mod queues;
mod record_spend;
mod redeem_credits;
mod referral_stats;
mod release_holds;
mod retract_transaction;
mod reverse_redemption;
mod rules;
mod seal_ledger;
mod shared_reads;
mod sign_up;
mod spread;
mod throttle;
mod touched;
mod transact;
mod validate_code;
mod verify_ledger;
mod withdrawing;
mod worker;

pub use adjust::{
    AdjustmentPage, AdjustmentReceipt, AdjustmentRefused, AdjustmentUndecided, DecideAdjustment,
    RequestAdjustment,
};
pub use api_key::{CreateApiKey, MadeByAKey, NewApiKey, NoSuchKey, RevokeApiKey, Revoked};
pub use app::{App, Parts};
pub use apply_code::ApplyCode;
pub use applying::{Application, ApplyReceipt, Refusal as ApplyRefusal};
pub use audit::AuditPage;
pub use balance::BalanceView;
pub use blocks::VerifyTurn;
pub use books::{Found, STATEMENT_LINES_MAX, StatementRefused, UserAccounts};
pub use code_offer::CodeReport;
pub use email_verified::{EmailReceipt, EmailVerified, TimeOutOfRange};
pub use explain_event::{ExplainedEvent, UnknownEvent};
pub use failure::{Failure, Never, Refused};
pub use fallback::{LEFT_ALONE, WithFallback};
pub use history::{HistoryPage, HistoryQuery};
pub use idempotent::{Idempotent, Replayable};
pub use manage_codes::{ChangeCode, CodeBounds, CodePage, CodeTaken, CreateCode, CreatedCode, NoSuchCode};
pub use my_referrer::MyReferrer;
pub use payout::{
    BatchPage, BatchPreview, BatchQuery, BatchReceipt, BatchRefused, BatchView, BuildBatch, ChangePayout,
    ChangeRefused, EmptyBatch, Export, ExportBatch, ExportRefused, MethodView, MoveBatch, PayoutOverview,
    PayoutPage, PayoutQuery, PayoutReceipt, PayoutView, RequestPayout, SetPayoutMethod, SettleBatch,
    SettleReceipt,
};
pub use people::{REFERRAL_LINES_MAX, ReferralPage, USER_LINES_MAX, UserView};
pub use programs::{ChangeProgram, CreateProgram, CreateProgramRefused, CreatedProgram};
pub use prove_statement::{MOST_TRANSFERS, ProveStatement, prove_statement};
pub use record_spend::{RecordSpend, SpendReceipt};
pub use redeem_credits::{RedeemCredits, RedeemReceipt, RedeemRefused};
pub use referral_stats::ReferralStats;
pub use retract_transaction::{RetractReceipt, RetractTransaction, RetractionRefused};
pub use reverse_redemption::{ReversalRefused, ReverseRedemption};
pub use rules::{PublishRules, RulesPreview, RulesReceipt, RulesRefused};
pub use seal_ledger::SealPass;
pub use sign_up::SignUp;
pub use throttle::{Limits, Throttled};
pub use validate_code::{CODE_CHARS_MAX, Offer, Validity};
pub use verify_ledger::{Expected, Verification, verify_ledger};
pub use worker::Swept;
