//! A table for people and for programs of the company's own.

use referral_domain::id::BatchId;
use referral_domain::money::{Currency, Money};
use referral_domain::payout::{Bic, Destination, MethodKind};
use referral_domain::port::{Payment, PaymentOrder, Rail, RailFault};

use crate::{file_name, lines};

/// One line a payout: `payout_id,amount,currency,method,name,iban,bic,email,reference`. A text that a spreadsheet would
/// run is made inert; amounts are never touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CsvTable;

const COLUMNS: [&str; 9] =
    ["payout_id", "amount", "currency", "method", "name", "iban", "bic", "email", "reference"];

impl Rail for CsvTable {
    fn format(&self) -> &'static str {
        "csv"
    }

    fn content_type(&self) -> &'static str {
        "text/csv; charset=utf-8; header=present"
    }

    fn file_name(&self, batch: BatchId) -> String {
        file_name(batch, "csv")
    }

    fn takes(&self, _: MethodKind, _: Currency) -> Result<(), RailFault> {
        Ok(())
    }

    fn render(&self, order: &PaymentOrder) -> Result<Vec<u8>, RailFault> {
        let header = COLUMNS.map(str::to_owned).to_vec();
        let records = order.payments.iter().map(|payment| record(order, payment));
        lines(std::iter::once(header).chain(records))
    }
}

fn record(order: &PaymentOrder, payment: &Payment) -> Vec<String> {
    let amount = Money::of(payment.amount, order.currency).to_string();
    let facts =
        [payment.payout.to_string(), amount, order.currency.code().to_owned(), order.kind.to_string()];
    let [name, iban, bic, email, reference]: [&str; 5] = match &payment.destination {
        Destination::Paypal { email } => ["", "", "", email, ""],
        Destination::Sepa { name, iban, bic } => {
            [name, iban.as_str(), bic.as_ref().map_or("", Bic::as_str), "", ""]
        }
        Destination::External { reference } => ["", "", "", "", reference],
    };
    facts.into_iter().chain([name, iban, bic, email, reference].map(inert)).collect()
}

/// A cell that a spreadsheet would run gets a leading apostrophe (`schemas.md`, section 16).
fn inert(text: &str) -> String {
    let runs = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠');
    let first = text.chars().find(|c| *c == '\t' || *c == '\r' || !c.is_whitespace());
    if first.is_some_and(runs) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::order;

    #[test]
    fn each_payout_is_a_line_and_no_cell_runs() {
        let ana = Destination::sepa("=Ana, \"A\"", "DE89370400440532013000", Some("COBADEFFXXX"));
        let (ana, ben) = (ana.expect("an account"), Destination::external("@ben").expect("a reference"));
        let made = CsvTable.render(&order(MethodKind::Sepa, "EUR", vec![(2_500, ana), (100, ben)]));
        let text = String::from_utf8(made.expect("a table")).expect("text");
        let lines: Vec<_> = text.split("\r\n").collect();
        assert_eq!(lines[0], "payout_id,amount,currency,method,name,iban,bic,email,reference");
        let expected = "pay_018f2b7c-0000-7000-8000-000000000001,25.00,EUR,sepa,\"'=Ana, \"\"A\"\"\",DE89370400440532013000,COBADEFFXXX,,";
        assert_eq!(lines[1], expected);
        assert_eq!(lines[2], "pay_018f2b7c-0000-7000-8000-000000000002,1.00,EUR,sepa,,,,,'@ben");
        assert_eq!((lines.len(), lines[3]), (4, ""), "each line is ended");
    }
}
