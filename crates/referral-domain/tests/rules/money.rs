//! Money: what parses, what it prints, and sums that are exact or refused.

use proptest::prelude::*;
use referral_domain::money::{Currency, LARGEST_REQUEST_MINOR, Money, MoneyFault};

use crate::made::usd;

fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("ISO 4217")
}

fn any_currency() -> impl Strategy<Value = Currency> {
    prop_oneof![
        Just(currency("JPY")),
        Just(currency("USD")),
        Just(currency("KWD")),
        Just(currency("CLF")),
        (0_u8..=4).prop_map(|digits| Currency::pinned("ABC", digits).expect("sound")),
    ]
}

#[test]
fn a_currency_has_the_digits_iso_4217_gives_it() {
    for (code, digits) in [("JPY", 0), ("USD", 2), ("EUR", 2), ("KWD", 3), ("CLF", 4)] {
        assert_eq!((currency(code).code(), currency(code).digits()), (code, digits));
    }
}

#[test]
fn a_code_that_iso_4217_gives_no_digits_is_refused() {
    for code in
        ["usd", "Usd", "XXX", "XAU", "XTS", "ZZZ", "", "US", "USDT", " USD", "USD ", "U$D", "€€€", "840"]
    {
        assert_eq!(Currency::parse(code), Err(MoneyFault::UnknownCurrency), "{code:?}");
    }
}

#[test]
fn a_pinned_currency_is_three_capitals_and_at_most_four_digits() {
    assert_eq!(Currency::pinned("USD", 2), Ok(usd()));
    assert_eq!(Currency::pinned("ZZZ", 4).map(|it| it.digits()), Ok(4), "as pinned, whatever ISO 4217 says");
    for (code, digits) in [("USD", 5), ("usd", 2), ("US", 2), ("USDT", 2), ("U1D", 2), ("É1", 2)] {
        assert_eq!(Currency::pinned(code, digits), Err(MoneyFault::UnknownCurrency), "{code} {digits}");
    }
}

#[test]
fn money_of_two_pinned_digits_is_two_currencies() {
    let pinned = Currency::pinned("USD", 3).expect("sound");
    assert_eq!(Money::of(1, usd()).checked_add(Money::of(1, pinned)), Err(MoneyFault::CurrencyMismatch));
}

#[test]
fn an_amount_is_read_exactly() {
    for (code, text, minor, shown) in [
        ("USD", "25.00", 2_500, "25.00"),
        ("USD", "25", 2_500, "25.00"),
        ("USD", "25.5", 2_550, "25.50"),
        ("USD", "0", 0, "0.00"),
        ("USD", "0.00", 0, "0.00"),
        ("USD", "0.01", 1, "0.01"),
        ("USD", "-1", -100, "-1.00"),
        ("USD", "-0.01", -1, "-0.01"),
        ("USD", "9999999999.99", LARGEST_REQUEST_MINOR, "9999999999.99"),
        ("USD", "-9999999999.99", -LARGEST_REQUEST_MINOR, "-9999999999.99"),
        ("JPY", "999999999999", LARGEST_REQUEST_MINOR, "999999999999"),
        ("KWD", "1.234", 1_234, "1.234"),
        ("CLF", "1.2345", 12_345, "1.2345"),
        ("CLF", "0.0001", 1, "0.0001"),
    ] {
        let money = Money::parse(text, currency(code));
        assert_eq!(money, Ok(Money::of(minor, currency(code))), "{text} {code}");
        assert_eq!(money.map(|it| it.to_string()), Ok(shown.to_owned()));
    }
}

#[test]
fn whatever_is_not_plainly_an_amount_is_refused() {
    let list = "| |-|.|+1|--1|-+1|1-|.5|-.5|5.|1.2.3|1..2|01|00|00.1|-01|-0|-0.0|-0.00|1e9|1E9|1_000|1,000|\
        1.000,00|1 000| 1|1 |1\n|\t1|1\0|NaN|nan|inf|Infinity|-inf|0x10|1f|$1|1.00 USD|١|１|1.０0|\
        1.23456|−1|12345678901234|0.00000|1.-1|1.+1|½|1/2|1'000|null|true|1.0e0";
    for text in list.split('|') {
        assert_eq!(Money::parse(text, usd()), Err(MoneyFault::Malformed), "{text:?}");
    }
    let endless = "9".repeat(100_000);
    assert_eq!(Money::parse(&endless, usd()), Err(MoneyFault::Malformed));
}

#[test]
fn more_digits_than_the_currency_has_are_refused_even_when_they_are_zero() {
    for (code, text) in [("USD", "1.234"), ("USD", "1.000"), ("JPY", "1.0"), ("KWD", "1.2345")] {
        assert_eq!(
            Money::parse(text, currency(code)),
            Err(MoneyFault::TooManyDigits(currency(code))),
            "{text}"
        );
    }
    assert_eq!(MoneyFault::TooManyDigits(usd()).to_string(), "USD has 2 digits");
}

#[test]
fn an_amount_beyond_the_largest_is_refused() {
    for (code, text) in [
        ("USD", "10000000000.00"),
        ("USD", "9999999999999.99"),
        ("USD", "-10000000000"),
        ("JPY", "1000000000000"),
        ("CLF", "9999999999999.9999"),
    ] {
        assert_eq!(Money::parse(text, currency(code)), Err(MoneyFault::TooLarge), "{text} {code}");
    }
}

#[test]
fn the_extremes_of_64_bits_print_exactly() {
    assert_eq!(Money::of(i64::MIN, usd()).to_string(), "-92233720368547758.08");
    assert_eq!(Money::of(i64::MAX, currency("JPY")).to_string(), "9223372036854775807");
}

#[test]
fn a_sum_that_does_not_fit_and_a_sum_of_two_currencies_are_refused() {
    let one = Money::of(1, usd());
    assert_eq!(Money::of(i64::MAX, usd()).checked_add(one), Err(MoneyFault::Overflow));
    assert_eq!(Money::of(i64::MIN, usd()).checked_add(Money::of(-1, usd())), Err(MoneyFault::Overflow));
    assert_eq!(one.checked_add(Money::of(1, currency("EUR"))), Err(MoneyFault::CurrencyMismatch));
    assert_eq!(Money::zero(usd()).checked_add(one), Ok(one));
}

proptest! {
    #[test]
    fn every_amount_reads_back_as_it_was_printed(
        minor in -LARGEST_REQUEST_MINOR..=LARGEST_REQUEST_MINOR, currency in any_currency(),
    ) {
        let money = Money::of(minor, currency);
        prop_assert_eq!(Money::parse(&money.to_string(), currency), Ok(money));
    }

    #[test]
    fn what_parses_matches_the_documented_pattern_and_nothing_else_does(
        text in "-?[0-9]{0,3}\\.?[0-9]{0,5}|\\PC{0,6}|[-+.0-9eE_, ]{0,8}", currency in any_currency(),
    ) {
        let unsigned = text.strip_prefix('-').unwrap_or(&text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        let zero = unsigned.chars().all(|c| matches!(c, '0' | '.'));
        let given = unsigned.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let expected = digits(whole) && digits(fraction) && (whole == "0" || !whole.starts_with('0'))
            && given <= usize::from(currency.digits()) && !(zero && text.starts_with('-'));
        prop_assert_eq!(Money::parse(&text, currency).is_ok(), expected, "{:?}", text);
    }

    #[test]
    fn a_sum_is_exact_or_refused(a in any::<i64>(), b in any::<i64>(), currency in any_currency()) {
        let sum = Money::of(a, currency).checked_add(Money::of(b, currency));
        let exact = i128::from(a) + i128::from(b);
        match i64::try_from(exact) {
            Ok(minor) => prop_assert_eq!(sum, Ok(Money::of(minor, currency))),
            Err(_) => prop_assert_eq!(sum, Err(MoneyFault::Overflow)),
        }
    }
}
