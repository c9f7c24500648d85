//! Rails: how a batch leaves. Each is a file format that a bank or a payment service takes.

use crate::id::{BatchId, PayoutId};
use crate::money::Currency;
use crate::payout::{Destination, MethodKind};
use crate::time::Timestamp;

/// One payment of an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payment {
    /// Which payout it is: the reference that comes back.
    pub payout: PayoutId,
    /// How much, in minor units; positive.
    pub amount: i64,
    /// Where to.
    pub destination: Destination,
}

/// An approved batch with its destinations opened, on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaymentOrder {
    /// The batch.
    pub batch: BatchId,
    /// How all of it is paid.
    pub kind: MethodKind,
    /// In which currency.
    pub currency: Currency,
    /// When it was exported, the first time: the same order makes the same bytes.
    pub exported_at: Timestamp,
    /// By payout; never empty.
    pub payments: Vec<Payment>,
}

/// A file that cannot be made of an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RailFault(pub String);

/// Makes the file of an order. It is pure: the same order makes the same bytes.
pub trait Rail: Send + Sync {
    /// Its name, as `?format=` has it.
    fn format(&self) -> &'static str;

    /// The media type of its files.
    fn content_type(&self) -> &'static str;

    /// What a file is called.
    fn file_name(&self, batch: BatchId) -> String;

    /// Whether it takes orders like this.
    ///
    /// # Errors
    /// Why not, for a person.
    fn takes(&self, kind: MethodKind, currency: Currency) -> Result<(), RailFault>;

    /// The file's bytes.
    ///
    /// # Errors
    /// [`RailFault`] when the order does not fit the format.
    fn render(&self, order: &PaymentOrder) -> Result<Vec<u8>, RailFault>;
}
