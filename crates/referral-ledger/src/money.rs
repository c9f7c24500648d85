//! Money: whole minor units of one currency, with checked arithmetic and no floats.

use std::fmt;

use iso_currency::Currency as Iso;

/// The most a request or a batch item may name: 999,999,999,999 minor units, so that no sum of a
/// bounded batch can overflow (`schemas.md`, section 1).
pub const LARGEST_REQUEST_MINOR: i64 = 999_999_999_999;

/// The most digits a currency may have here.
const MOST_DIGITS: u8 = 4;

/// A currency: three letters and its number of digits after the point, which never change for a program.
///
/// ```
/// use referral_ledger::money::Currency;
/// let yen = Currency::parse("JPY")?;
/// assert_eq!((yen.code(), yen.digits()), ("JPY", 0));
/// assert!(Currency::parse("usd").is_err());
/// assert!(Currency::parse("XXX").is_err(), "ISO 4217 gives it no digits");
/// # Ok::<(), referral_ledger::money::MoneyFault>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency {
    code: [u8; 3],
    digits: u8,
}

impl Currency {
    /// A currency of ISO 4217 that has a number of digits.
    ///
    /// # Errors
    /// [`MoneyFault::UnknownCurrency`] for anything else, lower case included.
    pub fn parse(code: &str) -> Result<Self, MoneyFault> {
        let digits = Iso::from_code(code)
            .and_then(|iso| iso.exponent())
            .and_then(|digits| u8::try_from(digits).ok())
            .ok_or(MoneyFault::UnknownCurrency)?;
        Self::pinned(code, digits)
    }

    /// A currency as a program pinned it, whatever ISO 4217 says today.
    ///
    /// # Errors
    /// [`MoneyFault::UnknownCurrency`] unless the code is three capital letters and the digits at most 4.
    pub fn pinned(code: &str, digits: u8) -> Result<Self, MoneyFault> {
        let code: [u8; 3] = code.as_bytes().try_into().map_err(|_| MoneyFault::UnknownCurrency)?;
        let sound = code.iter().all(u8::is_ascii_uppercase) && digits <= MOST_DIGITS;
        if sound { Ok(Self { code, digits }) } else { Err(MoneyFault::UnknownCurrency) }
    }

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("???")
    }

    /// How many digits follow the point.
    #[must_use]
    pub const fn digits(&self) -> u8 {
        self.digits
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.code(), self.digits)
    }
}

/// Why a text is not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyFault {
    /// Not a currency of ISO 4217 with a number of digits.
    #[error("not an ISO 4217 currency code with a number of digits")]
    UnknownCurrency,
    /// Not digits with an optional point and minus.
    #[error("an amount is digits with an optional decimal point, like 25.00")]
    Malformed,
    /// More digits after the point than the currency has.
    #[error("{code} has {digits} digits", code = .0.code(), digits = .0.digits())]
    TooManyDigits(Currency),
    /// More than [`LARGEST_REQUEST_MINOR`].
    #[error("at most 999,999,999,999 minor units")]
    TooLarge,
    /// The sum does not fit.
    #[error("the sum is out of range")]
    Overflow,
    /// Two currencies in one sum.
    #[error("two currencies do not add up")]
    CurrencyMismatch,
}

/// An exact amount: never rounded, never a float, never mixed with another currency.
///
/// ```
/// use referral_ledger::money::{Currency, Money};
/// let usd = Currency::parse("USD")?;
/// let price = Money::parse("25", usd)?;
/// assert_eq!(price.to_string(), "25.00");
/// assert_eq!(price.checked_add(Money::of(50, usd))?.minor(), 2550);
/// assert!(Money::parse("1.234", usd).is_err());
/// assert!(Money::parse("1e9", usd).is_err());
/// # Ok::<(), referral_ledger::money::MoneyFault>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// So many minor units (cents for USD).
    #[must_use]
    pub const fn of(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::of(0, currency)
    }

    /// Reads an amount written as `schemas.md` section 1 says: `^-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?$`,
    /// at most the currency's digits, `-0` refused.
    ///
    /// # Errors
    /// The first of [`MoneyFault::Malformed`], [`MoneyFault::TooManyDigits`], [`MoneyFault::TooLarge`].
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, MoneyFault> {
        let (negative, unsigned) = amount.strip_prefix('-').map_or((false, amount), |rest| (true, rest));
        let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(w, f)| (w, Some(f)));
        if !is_whole(whole) || !fraction.is_none_or(is_fraction) {
            return Err(MoneyFault::Malformed);
        }
        let minor = scale(whole, fraction.unwrap_or(""), currency)?;
        match (negative, minor) {
            (true, 0) => Err(MoneyFault::Malformed),
            (true, minor) => Ok(Self::of(-minor, currency)),
            (false, minor) => Ok(Self::of(minor, currency)),
        }
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn minor(&self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The exact sum.
    ///
    /// # Errors
    /// [`MoneyFault::CurrencyMismatch`] or [`MoneyFault::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyFault> {
        if self.currency != other.currency {
            return Err(MoneyFault::CurrencyMismatch);
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyFault::Overflow)?;
        Ok(Self::of(minor, self.currency))
    }
}

fn is_whole(text: &str) -> bool {
    let digits = (1..=13).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0'))
}

fn is_fraction(text: &str) -> bool {
    (1..=usize::from(MOST_DIGITS)).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Both parts are digits: at most 13 and 4 of them, so the number fits well within an `i64`.
fn scale(whole: &str, fraction: &str, currency: Currency) -> Result<i64, MoneyFault> {
    let digits = usize::from(currency.digits);
    if fraction.len() > digits {
        return Err(MoneyFault::TooManyDigits(currency));
    }
    let minor = format!("{whole}{fraction:0<digits$}").parse::<i64>().map_err(|_| MoneyFault::TooLarge)?;
    if minor <= LARGEST_REQUEST_MINOR { Ok(minor) } else { Err(MoneyFault::TooLarge) }
}

impl fmt::Display for Money {
    /// The amount alone, with exactly the currency's digits: `25.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u64.pow(u32::from(self.currency.digits));
        let magnitude = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        write!(f, "{sign}{}", magnitude / unit)?;
        match self.currency.digits {
            0 => Ok(()),
            digits => write!(f, ".{:0width$}", magnitude % unit, width = usize::from(digits)),
        }
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} {}", self.currency.code())
    }
}
