//! The scalars of replies: how money and instants are written, and what the document says of them.

use referral_domain::money::Money;
use referral_domain::time::{Day, Timestamp};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// An exact amount of money, always with exactly the currency's number of digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Money, examples(json!({"amount": "25.00", "currency": "USD"})))]
pub struct MoneyView {
    /// A decimal string; a JSON number is refused. In requests fewer digits are allowed, and it must be greater
    /// than zero unless the field says that it is signed.
    #[schema(pattern = r"^-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?$")]
    pub amount: String,
    /// An ISO 4217 code that has a number of digits.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self { amount: money.to_string(), currency: money.currency().code().to_owned() }
    }
}

/// An instant: RFC 3339 in UTC with six digits. In requests any offset and up to nine digits are accepted,
/// truncated to microseconds, of the years 2000 to 2100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(as = Timestamp, value_type = String, format = DateTime, examples("2026-01-31T12:34:56.123456Z"))]
pub struct TimeView(pub Timestamp);

impl From<Timestamp> for TimeView {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl Serialize for TimeView {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0)
    }
}

/// A UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(as = Date, value_type = String, format = Date, examples("2026-01-31"))]
pub struct DateView(pub Day);

impl From<Day> for DateView {
    fn from(day: Day) -> Self {
        Self(day)
    }
}

impl Serialize for DateView {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use referral_domain::money::Currency;
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_are_written_as_the_contract_says() {
        let money = |minor, code| {
            let currency = Currency::parse(code).expect("a currency");
            serde_json::to_value(MoneyView::from(Money::of(minor, currency))).expect("JSON")
        };
        assert_eq!(money(2500, "USD"), json!({"amount": "25.00", "currency": "USD"}));
        assert_eq!(money(-5, "USD"), json!({"amount": "-0.05", "currency": "USD"}));
        assert_eq!(money(7, "JPY"), json!({"amount": "7", "currency": "JPY"}));
        let at = Timestamp::parse("2026-01-31T13:34:56.5+01:00").expect("a time");
        assert_eq!(serde_json::to_value(TimeView(at)).expect("JSON"), json!("2026-01-31T12:34:56.500000Z"));
        assert_eq!(serde_json::to_value(DateView(at.day())).expect("JSON"), json!("2026-01-31"));
    }
}
