//! Where a user is paid: parsed once, shown masked, kept sealed.

use std::fmt;

use super::{Bic, Iban};
use crate::auth::words;
use crate::id::UserId;
use crate::time::{HOUR, Timestamp};

/// How long after a change a method cannot be used yet: whoever took over an account is not paid before its owner can
/// notice.
pub const USABLE_AFTER: i64 = 72 * HOUR;

/// The longest name a payment file takes (EPC rulebook, AT-21).
const NAME_CHARS_MAX: usize = 70;
/// The longest address of a mailbox (RFC 5321).
const EMAIL_BYTES_MAX: usize = 254;
/// The longest reference of a payment made elsewhere.
const REFERENCE_CHARS_MAX: usize = 140;

words! {
    /// How a user is paid.
    MethodKind {
        /// To a PayPal account.
        Paypal = "paypal",
        /// To a bank account in the SEPA area.
        Sepa = "sepa",
        /// Outside, by a reference that means something to whoever pays.
        External = "external",
    }
}

/// Why a text is not part of a payout method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MethodFault {
    /// Not a mailbox.
    #[error("an e-mail address of at most 254 characters")]
    Email,
    /// Not a name.
    #[error("a name of 1 to 70 characters, without control characters")]
    Name,
    /// Not an account number.
    #[error("an IBAN of a SEPA country, with the right length and check digits")]
    Iban,
    /// Not a bank's code.
    #[error("a BIC of 8 or 11 characters")]
    Bic,
    /// Not a reference.
    #[error("a reference of 1 to 140 characters, without control characters")]
    Reference,
}

/// Where money goes. It is personal: its `Debug` shows the kind alone, and what is stored of it is sealed.
///
/// ```
/// use referral_domain::payout::{Destination, MethodKind};
/// let paypal = Destination::paypal("ana@example.com")?;
/// assert_eq!((paypal.kind(), paypal.label()), (MethodKind::Paypal, "a***@e***.com".to_owned()));
/// assert_eq!(Destination::from_bytes(&paypal.to_bytes()), Some(paypal.clone()));
/// assert_eq!(format!("{paypal:?}"), "Destination(paypal, redacted)");
/// # Ok::<(), referral_domain::payout::MethodFault>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Destination {
    /// A PayPal account.
    Paypal {
        /// Its address.
        email: String,
    },
    /// A bank account.
    Sepa {
        /// Whose it is.
        name: String,
        /// Its number.
        iban: Iban,
        /// Its bank.
        bic: Option<Bic>,
    },
    /// Something that whoever pays knows.
    External {
        /// Their reference.
        reference: String,
    },
}

impl Destination {
    /// A PayPal account by its address. It begins with a letter or digit: a payment file has no cell that would run.
    ///
    /// # Errors
    /// [`MethodFault::Email`].
    pub fn paypal(email: &str) -> Result<Self, MethodFault> {
        let legal = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | ',' | ';' | '<' | '>' | '(' | ')');
        let (local, domain) = email.split_once('@').ok_or(MethodFault::Email)?;
        let dotted = domain.split('.').count() > 1 && domain.split('.').all(|part| !part.is_empty());
        let begins = local.starts_with(|c: char| c.is_ascii_alphanumeric());
        let sound = begins && dotted && !domain.contains('@') && email.chars().all(legal);
        let short = email.len() <= EMAIL_BYTES_MAX;
        if sound && short { Ok(Self::Paypal { email: email.to_owned() }) } else { Err(MethodFault::Email) }
    }

    /// A bank account.
    ///
    /// # Errors
    /// The first [`MethodFault`].
    pub fn sepa(name: &str, iban: &str, bic: Option<&str>) -> Result<Self, MethodFault> {
        let name = text(name, NAME_CHARS_MAX).ok_or(MethodFault::Name)?;
        let iban = Iban::parse(iban).ok_or(MethodFault::Iban)?;
        let bic = bic.map(|bic| Bic::parse(bic).ok_or(MethodFault::Bic)).transpose()?;
        Ok(Self::Sepa { name, iban, bic })
    }

    /// A reference of somebody else's.
    ///
    /// # Errors
    /// [`MethodFault::Reference`].
    pub fn external(reference: &str) -> Result<Self, MethodFault> {
        let reference = text(reference, REFERENCE_CHARS_MAX).ok_or(MethodFault::Reference)?;
        Ok(Self::External { reference })
    }

    /// How it is paid.
    #[must_use]
    pub const fn kind(&self) -> MethodKind {
        match self {
            Self::Paypal { .. } => MethodKind::Paypal,
            Self::Sepa { .. } => MethodKind::Sepa,
            Self::External { .. } => MethodKind::External,
        }
    }

    /// What may be shown of it: enough to know it again, too little to pay to it.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Paypal { email } => mask_email(email),
            Self::Sepa { iban, .. } => iban.masked(),
            Self::External { reference } => mask_reference(reference),
        }
    }

    /// Its canonical bytes: what is sealed, and what its digest is of. Each part stands behind its length.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, parts): (_, Vec<&str>) = match self {
            Self::Paypal { email } => ("paypal", vec![email]),
            Self::Sepa { name, iban, bic } => {
                ("sepa", vec![name, iban.as_str(), bic.as_ref().map_or("", Bic::as_str)])
            }
            Self::External { reference } => ("external", vec![reference]),
        };
        let mut bytes = Vec::new();
        for part in std::iter::once(kind).chain(parts) {
            bytes.extend(u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        bytes
    }

    /// Reads [canonical bytes](Self::to_bytes); `None` unless they are exactly what this would write.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let parts = parts(bytes)?;
        let read = match parts.as_slice() {
            ["paypal", email] => Self::paypal(email),
            ["sepa", name, iban, ""] => Self::sepa(name, iban, None),
            ["sepa", name, iban, bic] => Self::sepa(name, iban, Some(bic)),
            ["external", reference] => Self::external(reference),
            _ => return None,
        };
        read.ok()
    }
}

fn parts(mut bytes: &[u8]) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (part, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        parts.push(std::str::from_utf8(part).ok()?);
        bytes = rest;
    }
    bytes.is_empty().then_some(parts)
}

fn text(text: &str, most: usize) -> Option<String> {
    let sound = (1..=most).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(char::is_control);
    sound.then(|| text.to_owned())
}

/// `a***@e***.com`: the first character of each side, and the top-level domain.
fn mask_email(email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    let (host, top) = domain.rsplit_once('.').unwrap_or((domain, ""));
    let first = |text: &str| text.chars().take(1).collect::<String>();
    format!("{}***@{}***.{top}", first(local), first(host))
}

/// The last four characters of a long reference, nothing of a short one.
fn mask_reference(reference: &str) -> String {
    let length = reference.chars().count();
    let shown: String = reference.chars().skip(if length > 8 { length - 4 } else { length }).collect();
    if shown.is_empty() { "****".to_owned() } else { format!("**** {shown}") }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Destination({}, redacted)", self.kind())
    }
}

/// One version of where a user is paid, as it is stored: sealed, until it is erased. A change is a new version, so that
/// a payout goes where its user wanted it when they asked.
///
/// ```
/// use referral_domain::{id::UserId, payout::{MethodKind, PayoutMethod, USABLE_AFTER}, time::Timestamp};
/// let method = PayoutMethod {
///     user: UserId::from_uuid(uuid::Uuid::from_u128(1)), n: 1, kind: MethodKind::Paypal,
///     label: "a***@e***.com".into(), digest: [7; 32], sealed: Some(vec![1]), changed_at: Timestamp::from_micros(0),
/// };
/// let usable = method.usable_from();
/// assert!(method.is_usable(usable) && !method.is_usable(usable.plus_micros(-1)));
/// assert!(!PayoutMethod { sealed: None, ..method }.is_usable(usable), "it was erased");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PayoutMethod {
    /// Whose.
    pub user: UserId,
    /// Which version, from 1 without gaps; the greatest is in force.
    pub n: u32,
    /// How they are paid.
    pub kind: MethodKind,
    /// What may be shown.
    pub label: String,
    /// A keyed hash of the destination: equal destinations have equal ones, and nothing else can be told.
    pub digest: [u8; 32],
    /// The destination, sealed; `None` once it was erased.
    pub sealed: Option<Vec<u8>>,
    /// When it was set.
    pub changed_at: Timestamp,
}

impl PayoutMethod {
    /// From when it can be used.
    #[must_use]
    pub const fn usable_from(&self) -> Timestamp {
        self.changed_at.plus_micros(USABLE_AFTER)
    }

    /// Whether it can be used: it has been as it is for 72 hours, and was not erased.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.sealed.is_some() && self.usable_from() <= now
    }
}

impl fmt::Debug for PayoutMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayoutMethod({} {} of {}, redacted)", self.kind, self.n, self.user)
    }
}
