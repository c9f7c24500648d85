//! Money in a request: a decimal string and a currency, never a number.

use referral_domain::money::{Currency, Money, MoneyFault};

use super::{Fields, Node};

/// An amount greater than zero.
pub fn money(node: Node<'_>) -> Option<Money> {
    bounded(node, |minor| minor > 0, "must be greater than zero")
}

/// An amount that may be nothing.
pub fn money_or_nothing(node: Node<'_>) -> Option<Money> {
    bounded(node, |minor| minor >= 0, "must not be negative")
}

/// An amount that may be negative, but moves something.
pub fn signed_money(node: Node<'_>) -> Option<Money> {
    bounded(node, |minor| minor != 0, "must not be zero")
}

fn bounded(node: Node<'_>, allowed: fn(i64) -> bool, rule: &'static str) -> Option<Money> {
    node.object(|fields| {
        let amount = any_sign(fields)?;
        if allowed(amount.minor()) { Some(amount) } else { fields.fault("amount", "money-sign", rule) }
    })
}

fn any_sign(fields: &mut Fields<'_>) -> Option<Money> {
    let amount = fields.required("amount", amount_text);
    let currency = fields.required("currency", currency);
    match (amount, currency) {
        (Some(amount), Some(currency)) => blame(fields, Money::parse(&amount, currency)),
        (Some(amount), None) => check_shape(fields, &amount),
        (None, _) => None,
    }
}

fn amount_text(node: Node<'_>) -> Option<String> {
    match node.value().as_str() {
        Some(text) => Some(text.to_owned()),
        None => node.wrong_type("money as a string, like \"25.00\""),
    }
}

fn currency(node: Node<'_>) -> Option<Currency> {
    let code = node.text()?;
    match Currency::parse(code) {
        Ok(currency) => Some(currency),
        Err(fault) => node.fault("unknown-currency", fault.to_string()),
    }
}

/// Without a currency the number of digits is not known, but nonsense is nonsense in any.
fn check_shape(fields: &Fields<'_>, amount: &str) -> Option<Money> {
    let widest = Currency::pinned("XXX", 4).ok()?;
    match Money::parse(amount, widest) {
        Err(MoneyFault::Malformed) => blame(fields, Err(MoneyFault::Malformed)),
        _ => None,
    }
}

fn blame(fields: &Fields<'_>, parsed: Result<Money, MoneyFault>) -> Option<Money> {
    match parsed {
        Ok(money) => Some(money),
        Err(fault) => fields.fault("amount", code(fault), fault.to_string()),
    }
}

const fn code(fault: MoneyFault) -> &'static str {
    match fault {
        MoneyFault::TooManyDigits(_) => "money-digits",
        MoneyFault::TooLarge | MoneyFault::Overflow => "money-too-large",
        MoneyFault::UnknownCurrency | MoneyFault::CurrencyMismatch => "unknown-currency",
        MoneyFault::Malformed => "money-format",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::read_json;
    use crate::problem::Place;

    fn read(
        money_json: &str,
        reader: fn(Node<'_>) -> Option<Money>,
    ) -> Result<String, Vec<(String, &'static str)>> {
        let body = format!(r#"{{"amount": {money_json}}}"#);
        let read = read_json(body.as_bytes(), |fields| fields.required("amount", reader));
        let place = |place: &Place| match place {
            Place::Pointer(text) | Place::Parameter(text) => text.clone(),
        };
        read.map(|money| format!("{money:?}"))
            .map_err(|problem| problem.faults().iter().map(|f| (place(&f.place), f.code)).collect())
    }

    #[test]
    fn well_formed_money_is_read() {
        for (json, expected) in [
            (r#"{"amount": "25", "currency": "USD"}"#, "25.00 USD"),
            (r#"{"amount": "25.5", "currency": "USD"}"#, "25.50 USD"),
            (r#"{"amount": "1", "currency": "JPY"}"#, "1 JPY"),
            (r#"{"amount": "0.001", "currency": "KWD"}"#, "0.001 KWD"),
            (r#"{"amount": "9999999999.99", "currency": "USD"}"#, "9999999999.99 USD"),
        ] {
            assert_eq!(read(json, money), Ok(expected.to_owned()), "{json}");
        }
    }

    #[test]
    fn every_bad_amount_has_its_own_fault() {
        for (amount, code) in [
            ("25", "wrong-type"),
            ("1e9", "wrong-type"),
            ("null", "required"),
            (r#""1.234""#, "money-digits"),
            (r#""-1""#, "money-sign"),
            (r#""0""#, "money-sign"),
            (r#""-0""#, "money-format"),
            (r#""1e9""#, "money-format"),
            (r#""1_000""#, "money-format"),
            (r#""1,00""#, "money-format"),
            (r#""NaN""#, "money-format"),
            (r#""+1""#, "money-format"),
            (r#""01""#, "money-format"),
            (r#"".5""#, "money-format"),
            (r#""5.""#, "money-format"),
            (r#"" 5""#, "money-format"),
            (r#""""#, "money-format"),
            (r#""٥""#, "money-format"),
            (r#""10000000000""#, "money-too-large"),
            (r#""99999999999999""#, "money-format"),
        ] {
            let json = format!(r#"{{"amount": {amount}, "currency": "USD"}}"#);
            assert_eq!(read(&json, money), Err(vec![("/amount/amount".to_owned(), code)]), "{amount}");
        }
    }

    #[test]
    fn every_bad_currency_is_refused() {
        for currency in [r#""usd""#, r#""XXX""#, r#""EURO""#, r#""""#, r#""ZZZ""#] {
            let json = format!(r#"{{"amount": "1", "currency": {currency}}}"#);
            assert_eq!(
                read(&json, money),
                Err(vec![("/amount/currency".to_owned(), "unknown-currency")]),
                "{currency}"
            );
        }
    }

    #[test]
    fn both_halves_are_judged_at_once() {
        let expected = vec![
            ("/amount/currency".to_owned(), "unknown-currency"),
            ("/amount/amount".to_owned(), "money-format"),
        ];
        assert_eq!(read(r#"{"amount": "NaN", "currency": "ZZZ"}"#, money), Err(expected));
        let missing =
            vec![("/amount/amount".to_owned(), "required"), ("/amount/currency".to_owned(), "required")];
        assert_eq!(read("{}", money), Err(missing));
        assert_eq!(read("25.00", money), Err(vec![("/amount".to_owned(), "wrong-type")]));
    }

    #[test]
    fn signs_are_read_as_far_as_they_are_allowed() {
        let told =
            |amount: &str, reader| read(&format!(r#"{{"amount": "{amount}", "currency": "USD"}}"#), reader);
        let refused = || Err(vec![("/amount/amount".to_owned(), "money-sign")]);
        assert_eq!(told("-1.50", signed_money), Ok("-1.50 USD".to_owned()));
        assert_eq!(told("0.00", signed_money), refused());
        assert_eq!(told("0.00", money_or_nothing), Ok("0.00 USD".to_owned()));
        assert_eq!(told("-0.01", money_or_nothing), refused());
    }
}
