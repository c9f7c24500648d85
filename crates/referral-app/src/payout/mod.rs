//! Payouts: users ask, persons agree, batches carry them out.

mod batch;
mod build_batch;
mod change;
mod export_batch;
mod method;
mod request;
mod settle_batch;
mod trail;
mod vault;
mod view;

pub use batch::{BatchReceipt, BatchRefused, MoveBatch};
pub use build_batch::{BatchPreview, BuildBatch, EmptyBatch};
pub use change::{ChangePayout, ChangeRefused};
pub use export_batch::{Export, ExportBatch, ExportRefused};
pub use method::{MethodView, SetPayoutMethod};
pub use request::{PayoutReceipt, RequestPayout};
pub use settle_batch::{SettleBatch, SettleReceipt};
pub use view::{BatchPage, BatchQuery, BatchView, PayoutOverview, PayoutPage, PayoutQuery, PayoutView};
