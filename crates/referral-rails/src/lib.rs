//! Rails: the file formats by which a batch of payouts leaves. Each is pure: the same order makes the same bytes.
//!
//! | format | takes | what it is |
//! |---|---|---|
//! | `csv` | everything | a table for people and for programs of the company's own |
//! | `paypal` | PayPal | a payments file of PayPal Payouts: one line a payment, no header |
//! | `sepa` | bank accounts, euros | ISO 20022 `pain.001.001.09`, a SEPA credit transfer |

mod paypal;
mod sepa;
mod table;

pub use paypal::PaypalFile;
pub use sepa::{Debtor, SepaFile};
pub use table::CsvTable;

use referral_domain::id::BatchId;
use referral_domain::port::RailFault;

/// A file's name: the batch and what it is.
fn file_name(batch: BatchId, ending: &str) -> String {
    format!("payouts-{batch}.{ending}")
}

/// A table as bytes, by RFC 4180.
fn lines(records: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>, RailFault> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(Vec::new());
    for record in records {
        writer.write_record(record).map_err(|error| RailFault(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| RailFault(error.error().to_string()))
}

#[cfg(test)]
mod orders {
    //! Orders for the tests.

    use referral_domain::id::{BatchId, PayoutId};
    use referral_domain::money::Currency;
    use referral_domain::payout::{Destination, MethodKind};
    use referral_domain::port::{Payment, PaymentOrder};
    use referral_domain::time::Timestamp;
    use uuid::Uuid;

    pub(crate) fn order(kind: MethodKind, currency: &str, payments: Vec<(i64, Destination)>) -> PaymentOrder {
        let payment = |((amount, destination), n)| Payment {
            payout: PayoutId::from_uuid(Uuid::from_u128(0x018f_2b7c_0000_7000_8000_0000_0000_0000 + n)),
            amount,
            destination,
        };
        PaymentOrder {
            batch: BatchId::from_uuid(Uuid::from_u128(0x018f_2b7c_0000_7000_8000_0000_0000_00ff)),
            kind,
            currency: Currency::parse(currency).expect("a currency"),
            exported_at: Timestamp::parse("2026-11-26T21:35:52.123456Z").expect("an instant"),
            payments: payments.into_iter().zip(1_u128..).map(payment).collect(),
        }
    }
}
