//! Bank accounts: IBAN (ISO 13616) and BIC (ISO 9362), read as strictly as a payment file must be.

use std::fmt;

/// The countries of the SEPA scheme (EPC409-09) and the length of an account number there (SWIFT IBAN Registry).
const LENGTHS: [(&str, usize); 42] = [
    ("AD", 24),
    ("AL", 28),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GI", 23),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("RS", 22),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("VA", 22),
];

/// An account number of a SEPA country, without blanks. Its country, length and check digits are right; its `Debug`
/// never shows it.
///
/// ```
/// use referral_domain::payout::Iban;
/// let iban = Iban::parse("de89 3704 0044 0532 0130 00").expect("the registry's own example");
/// assert_eq!(iban.as_str(), "DE89370400440532013000");
/// assert_eq!(iban.masked(), "DE** **** 3000");
/// assert!(Iban::parse("DE88370400440532013000").is_none(), "a wrong check digit");
/// assert!(!format!("{iban:?}").contains("3000"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Iban(String);

impl Iban {
    /// Reads it, in any case and with blanks between; `None` unless country, length and check digits are right.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
        let legal = plain.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        let country = plain.get(..2).filter(|_| legal)?;
        let expected = LENGTHS.iter().find(|(code, _)| *code == country).map(|(_, length)| *length)?;
        let digits = plain.bytes().skip(2).take(2).all(|byte| byte.is_ascii_digit());
        (plain.len() == expected && digits && remainder(&plain) == 1).then_some(Self(plain))
    }

    /// The number, without blanks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What may be shown: the country and the last four characters.
    #[must_use]
    pub fn masked(&self) -> String {
        let last = self.0.len().saturating_sub(4);
        format!("{}** **** {}", self.0.get(..2).unwrap_or("**"), self.0.get(last..).unwrap_or("****"))
    }
}

/// The number modulo 97 with its first four characters moved to the end and letters as 10 to 35 (ISO 7064): 1 when the
/// check digits are right.
fn remainder(iban: &str) -> u32 {
    let (front, rest) = iban.split_at(4);
    rest.chars().chain(front.chars()).filter_map(|c| c.to_digit(36)).fold(0, |sum, digit| {
        let shift = if digit > 9 { 100 } else { 10 };
        (sum * shift + digit) % 97
    })
}

impl fmt::Debug for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iban(redacted)")
    }
}

/// A bank's code in the form that every version of the payment file takes: 8 or 11 characters.
///
/// ```
/// use referral_domain::payout::Bic;
/// assert_eq!(Bic::parse("cobadeffxxx").expect("a code").as_str(), "COBADEFFXXX");
/// assert!(Bic::parse("COBADEF").is_none());
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bic(String);

impl Bic {
    /// Reads it, in any case; `None` when the form is wrong.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.to_ascii_uppercase();
        let bytes = plain.as_bytes();
        let letters = bytes.get(..6)?.iter().all(u8::is_ascii_uppercase);
        let seventh = bytes.get(6).is_some_and(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'9'));
        let eighth = bytes.get(7).is_some_and(|byte| matches!(byte, b'A'..=b'N' | b'P'..=b'Z' | b'0'..=b'9'));
        let branch = bytes.iter().skip(8).all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        let whole = bytes.len() == 8 || bytes.len() == 11;
        (letters && seventh && eighth && branch && whole).then_some(Self(plain))
    }

    /// The code, upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
