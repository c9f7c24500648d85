//! A payments file of PayPal Payouts, as its web page takes it: no header; recipient, amount, currency, an id of at most
//! 30 characters, a note of at most 400, the wallet. One currency a file, at most 5,000 lines.

use referral_domain::id::BatchId;
use referral_domain::money::{Currency, Money};
use referral_domain::payout::{Destination, MethodKind};
use referral_domain::port::{Payment, PaymentOrder, Rail, RailFault};

use crate::{file_name, lines};

/// PayPal's own format. The note carries the payout's id, which a settlement file names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PaypalFile;

impl Rail for PaypalFile {
    fn format(&self) -> &'static str {
        "paypal"
    }

    fn content_type(&self) -> &'static str {
        "text/csv; charset=utf-8; header=absent"
    }

    fn file_name(&self, batch: BatchId) -> String {
        file_name(batch, "paypal.csv")
    }

    fn takes(&self, kind: MethodKind, _: Currency) -> Result<(), RailFault> {
        match kind {
            MethodKind::Paypal => Ok(()),
            MethodKind::Sepa | MethodKind::External => {
                Err(RailFault(format!("PayPal pays to PayPal accounts, not by {kind}")))
            }
        }
    }

    fn render(&self, order: &PaymentOrder) -> Result<Vec<u8>, RailFault> {
        let records: Result<Vec<_>, _> =
            order.payments.iter().map(|payment| record(order, payment)).collect();
        lines(records?.into_iter())
    }
}

fn record(order: &PaymentOrder, payment: &Payment) -> Result<Vec<String>, RailFault> {
    let Destination::Paypal { email } = &payment.destination else {
        return Err(RailFault(format!("{} does not go to a PayPal account", payment.payout)));
    };
    let amount = Money::of(payment.amount, order.currency).to_string();
    // 30 characters are allowed; the first two of 32 say in which years it was made.
    let id: String = payment.payout.uuid().as_simple().to_string().chars().skip(2).collect();
    let note = format!("Payout {}", payment.payout);
    Ok(vec![email.clone(), amount, order.currency.code().to_owned(), id, note, "PAYPAL".to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::order;

    #[test]
    fn each_payment_is_a_line_as_paypal_takes_it() {
        let ana = Destination::paypal("ana@example.com").expect("an address");
        let made = PaypalFile.render(&order(MethodKind::Paypal, "USD", vec![(10_050, ana)]));
        let text = String::from_utf8(made.expect("a file")).expect("text");
        let expected = "ana@example.com,100.50,USD,8f2b7c000070008000000000000001,\
                        Payout pay_018f2b7c-0000-7000-8000-000000000001,PAYPAL\r\n";
        assert_eq!(text, expected);
        assert_eq!(text.split(',').nth(3).map(str::len), Some(30), "an id has at most 30 characters");
    }

    #[test]
    fn another_kind_is_not_taken() {
        let usd = Currency::parse("USD").expect("dollars");
        assert!(PaypalFile.takes(MethodKind::Paypal, usd).is_ok());
        assert!(PaypalFile.takes(MethodKind::Sepa, usd).is_err());
        let bank = Destination::external("x").expect("a reference");
        assert!(PaypalFile.render(&order(MethodKind::Paypal, "USD", vec![(1, bank)])).is_err());
    }
}
