//! Payouts: money that leaves. A user sets a [`PayoutMethod`], asks for a [`Payout`], and a [`Batch`] carries it out.
//!
//! What is asked for is reserved at once, so that nothing can be promised twice. Each step follows the one before and
//! is never taken back; money moves in three of them alone: requesting reserves it, paying settles it, cancelling and
//! failing give it back, and what the user owes is repaid first.

mod bank;
mod batch;
mod life;
mod method;
mod movement;
mod selection;
mod settlement;
mod status;

pub use bank::{Bic, Iban};
pub use batch::{Batch, BatchItem, BatchRefusal, BatchStage, BatchStatus, BatchStep, MOST_ITEMS};
pub use life::{CancelledBy, Failure, Payout, PayoutStage, PayoutStep, WrongState};
pub use method::{Destination, MethodFault, MethodKind, PayoutMethod, USABLE_AFTER};
pub use movement::{Movement, RequestRefusal, heading, missing, requestable};
pub use selection::{Circumstances, LeftOut, Selection};
pub use settlement::{Exception, ExceptionCode, Outcome, Row, Settlement, SettlementLine, judge};
pub use status::PayoutStatus;
