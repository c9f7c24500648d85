//! A SEPA credit transfer: ISO 20022 `pain.001.001.09`, as the EPC's implementation guidelines restrict it.
//!
//! One payment information block, so that its number of transactions and control sum are the group's; charges are shared
//! (`SLEV`). Texts use the rulebook's characters alone, so nothing in them has to be escaped.

use referral_domain::id::BatchId;
use referral_domain::money::{Currency, Money};
use referral_domain::payout::{Bic, Destination, Iban, MethodKind};
use referral_domain::port::{Payment, PaymentOrder, Rail, RailFault};
use referral_domain::time::Timestamp;

use crate::file_name;

/// Who pays: the company's account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Debtor {
    name: String,
    iban: Iban,
    bic: Option<Bic>,
}

impl Debtor {
    /// A debtor; `None` when nothing is left of the name in the rulebook's characters.
    #[must_use]
    pub fn new(name: &str, iban: Iban, bic: Option<Bic>) -> Option<Self> {
        plain(name).map(|name| Self { name, iban, bic })
    }
}

/// `pain.001.001.09` from one debtor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SepaFile {
    debtor: Debtor,
}

impl SepaFile {
    /// Files of this debtor.
    #[must_use]
    pub const fn of(debtor: Debtor) -> Self {
        Self { debtor }
    }
}

impl Rail for SepaFile {
    fn format(&self) -> &'static str {
        "sepa"
    }

    fn content_type(&self) -> &'static str {
        "application/xml"
    }

    fn file_name(&self, batch: BatchId) -> String {
        file_name(batch, "pain.001.xml")
    }

    fn takes(&self, kind: MethodKind, currency: Currency) -> Result<(), RailFault> {
        match (kind, currency.code()) {
            (MethodKind::Sepa, "EUR") => Ok(()),
            (MethodKind::Sepa, other) => Err(RailFault(format!("SEPA moves euros alone, not {other}"))),
            (MethodKind::Paypal | MethodKind::External, _) => {
                Err(RailFault(format!("SEPA pays to bank accounts, not by {kind}")))
            }
        }
    }

    fn render(&self, order: &PaymentOrder) -> Result<Vec<u8>, RailFault> {
        let total = order.payments.iter().try_fold(0_i64, |sum, payment| sum.checked_add(payment.amount));
        let total = total.ok_or_else(|| RailFault("the sum is out of range".to_owned()))?;
        let sums = Sums { count: order.payments.len(), total: Money::of(total, order.currency).to_string() };
        let mut xml = Xml::default();
        xml.within("CstmrCdtTrfInitn", |xml| {
            group(xml, &self.debtor, order, &sums);
            payment_information(xml, &self.debtor, order, &sums)
        })?;
        Ok(xml.document())
    }
}

struct Sums {
    count: usize,
    total: String,
}

/// An id of at most 35 characters: the 32 digits of the UUID in an id's text.
fn short(id: impl std::fmt::Display) -> String {
    id.to_string().chars().skip_while(|c| *c != '_').filter(char::is_ascii_hexdigit).collect()
}

fn group(xml: &mut Xml, debtor: &Debtor, order: &PaymentOrder, sums: &Sums) {
    xml.nested("GrpHdr", |xml| {
        xml.leaf("MsgId", &short(order.batch));
        xml.leaf("CreDtTm", &seconds(order.exported_at));
        xml.leaf("NbOfTxs", &sums.count.to_string());
        xml.leaf("CtrlSum", &sums.total);
        xml.nested("InitgPty", |xml| xml.leaf("Nm", &debtor.name));
    });
}

fn payment_information(
    xml: &mut Xml,
    debtor: &Debtor,
    order: &PaymentOrder,
    sums: &Sums,
) -> Result<(), RailFault> {
    xml.within("PmtInf", |xml| {
        xml.leaf("PmtInfId", &short(order.batch));
        xml.leaf("PmtMtd", "TRF");
        xml.leaf("NbOfTxs", &sums.count.to_string());
        xml.leaf("CtrlSum", &sums.total);
        xml.nested("PmtTpInf", |xml| xml.nested("SvcLvl", |xml| xml.leaf("Cd", "SEPA")));
        let day = order.exported_at.day().to_string();
        xml.nested("ReqdExctnDt", |xml| xml.leaf("Dt", &day));
        xml.nested("Dbtr", |xml| xml.leaf("Nm", &debtor.name));
        account(xml, "DbtrAcct", &debtor.iban);
        match &debtor.bic {
            Some(bic) => agent(xml, "DbtrAgt", bic),
            None => unknown_agent(xml),
        }
        xml.leaf("ChrgBr", "SLEV");
        order.payments.iter().try_for_each(|payment| transaction(xml, order.currency, payment))
    })
}

fn transaction(xml: &mut Xml, currency: Currency, payment: &Payment) -> Result<(), RailFault> {
    let Destination::Sepa { name, iban, bic } = &payment.destination else {
        return Err(RailFault(format!("{} does not go to a bank account", payment.payout)));
    };
    let name = plain(name)
        .ok_or_else(|| RailFault(format!("{}: no letter of the name can be written", payment.payout)))?;
    let (id, amount) = (short(payment.payout), Money::of(payment.amount, currency).to_string());
    xml.nested("CdtTrfTxInf", |xml| {
        xml.nested("PmtId", |xml| xml.leaf("EndToEndId", &id));
        xml.nested("Amt", |xml| xml.amount("InstdAmt", currency, &amount));
        bic.iter().for_each(|bic| agent(xml, "CdtrAgt", bic));
        xml.nested("Cdtr", |xml| xml.leaf("Nm", &name));
        account(xml, "CdtrAcct", iban);
        xml.nested("RmtInf", |xml| xml.leaf("Ustrd", &format!("Payout {id}")));
    });
    Ok(())
}

fn account(xml: &mut Xml, tag: &str, iban: &Iban) {
    xml.nested(tag, |xml| xml.nested("Id", |xml| xml.leaf("IBAN", iban.as_str())));
}

fn agent(xml: &mut Xml, tag: &str, bic: &Bic) {
    xml.nested(tag, |xml| xml.nested("FinInstnId", |xml| xml.leaf("BICFI", bic.as_str())));
}

/// The rulebook's word where the debtor's bank is known by the account alone.
fn unknown_agent(xml: &mut Xml) {
    xml.nested("DbtrAgt", |xml| {
        xml.nested("FinInstnId", |xml| xml.nested("Othr", |xml| xml.leaf("Id", "NOTPROVIDED")));
    });
}

/// `2026-01-31T12:34:56Z`: the guidelines know no fractions.
fn seconds(at: Timestamp) -> String {
    at.to_string().split('.').next().map(|whole| format!("{whole}Z")).unwrap_or_default()
}

/// A text of at most 70 of the rulebook's characters (EPC217-08): letters without marks, digits, `/-?:().,'+` and blank;
/// no slash at an end, nor two of them. `None` when nothing is left.
fn plain(text: &str) -> Option<String> {
    let mut plain = String::new();
    for c in text.chars() {
        plain.push_str(&in_latin(c));
    }
    while plain.contains("//") {
        plain = plain.replace("//", "/");
    }
    let words: Vec<_> = plain.split_whitespace().collect();
    let joined: String = words.join(" ").chars().take(70).collect();
    let trimmed = joined.trim_matches(|c| c == '/' || c == ' ');
    trimmed.chars().any(|c| c.is_ascii_alphanumeric()).then(|| trimmed.to_owned())
}

/// A character as the rulebook writes it; what it has no letter for becomes a dot.
fn in_latin(c: char) -> String {
    let kept = c.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(c);
    if kept {
        return c.to_string();
    }
    let found = LETTERS.iter().find(|(marked, _)| marked.contains(c)).map(|(_, letter)| *letter);
    found.map_or_else(|| if c.is_whitespace() { " " } else { "." }.to_owned(), ToOwned::to_owned)
}

/// Letters with marks and what they are without.
const LETTERS: [(&str, &str); 56] = [
    ("Ä", "Ae"),
    ("Ö", "Oe"),
    ("Ü", "Ue"),
    ("ä", "ae"),
    ("ö", "oe"),
    ("ü", "ue"),
    ("ß", "ss"),
    ("Æ", "AE"),
    ("æ", "ae"),
    ("Œ", "OE"),
    ("œ", "oe"),
    ("Þ", "Th"),
    ("þ", "th"),
    ("ÀÁÂÃÅĀĂĄ", "A"),
    ("àáâãåāăą", "a"),
    ("ÇĆĈĊČ", "C"),
    ("çćĉċč", "c"),
    ("ÐĎĐ", "D"),
    ("ðďđ", "d"),
    ("ÈÉÊËĒĔĖĘĚ", "E"),
    ("èéêëēĕėęě", "e"),
    ("ĜĞĠĢ", "G"),
    ("ĝğġģ", "g"),
    ("ĤĦ", "H"),
    ("ĥħ", "h"),
    ("ÌÍÎÏĨĪĬĮİ", "I"),
    ("ìíîïĩīĭįı", "i"),
    ("Ĵ", "J"),
    ("ĵ", "j"),
    ("Ķ", "K"),
    ("ķ", "k"),
    ("ĹĻĽĿŁ", "L"),
    ("ĺļľŀł", "l"),
    ("ÑŃŅŇ", "N"),
    ("ñńņň", "n"),
    ("ÒÓÔÕØŌŎŐ", "O"),
    ("òóôõøōŏő", "o"),
    ("ŔŖŘ", "R"),
    ("ŕŗř", "r"),
    ("ŚŜŞŠȘ", "S"),
    ("śŝşšș", "s"),
    ("ŢŤŦȚ", "T"),
    ("ţťŧț", "t"),
    ("ÙÚÛŨŪŬŮŰŲ", "U"),
    ("ùúûũūŭůűų", "u"),
    ("Ŵ", "W"),
    ("ŵ", "w"),
    ("ÝŶŸ", "Y"),
    ("ýŷÿ", "y"),
    ("ŹŻŽ", "Z"),
    ("źżž", "z"),
    ("&", "+"),
    ("’‘`´", "'"),
    ("–—", "-"),
    ("_", "-"),
    ("*", "."),
];

/// XML in the making: elements alone, and texts in which nothing has to be escaped.
#[derive(Default)]
struct Xml(String);

impl Xml {
    fn leaf(&mut self, tag: &str, text: &str) {
        self.0 += &format!("<{tag}>{text}</{tag}>");
    }

    fn amount(&mut self, tag: &str, currency: Currency, text: &str) {
        self.0 += &format!("<{tag} Ccy=\"{}\">{text}</{tag}>", currency.code());
    }

    fn nested(&mut self, tag: &str, inside: impl FnOnce(&mut Self)) {
        self.0 += &format!("<{tag}>");
        inside(self);
        self.0 += &format!("</{tag}>");
    }

    fn within<E>(&mut self, tag: &str, inside: impl FnOnce(&mut Self) -> Result<(), E>) -> Result<(), E> {
        self.0 += &format!("<{tag}>");
        inside(self)?;
        self.0 += &format!("</{tag}>");
        Ok(())
    }

    fn document(self) -> Vec<u8> {
        let space = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        format!("{head}<Document xmlns=\"{space}\">{}</Document>\n", self.0).into_bytes()
    }
}

#[cfg(test)]
#[path = "sepa_tests.rs"]
mod tests;
