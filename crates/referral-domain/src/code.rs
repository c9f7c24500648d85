//! Referral codes: what they look like, how two spellings compare, and when one may be used.

use std::fmt;

use crate::id::{BookId, CodeId, UserId};
use crate::port::Chance;
use crate::time::Timestamp;

/// Crockford's letters and digits without vowels and without anything read as one, so that no word can be spelt.
pub const ALPHABET: &[u8; 25] = b"256789BCDFGHJKMNPQRSTWXYZ";

/// The usual length of a drawn code: 25^8 is 1.5 * 10^11.
pub const SHORTEST: usize = 8;

/// The longest a drawn code grows when shorter ones keep colliding.
pub const LONGEST: usize = 12;

/// Abbreviations that need no vowel to offend; a draw that holds one is drawn again.
pub const ABBREVIATIONS: [&str; 37] = [
    "BCT", "BDSM", "BTCH", "CNT", "CRJ", "CSM", "CTM", "DCK", "FCK", "FDP", "FDS", "FFS", "FGT", "FKK",
    "GYP", "HDP", "HJD", "JDR", "KCT", "KKK", "KYS", "MRD", "NGGR", "NGR", "NSFW", "PNC", "PQP", "PRN",
    "PRR", "PSY", "PTM", "PTQP", "PTS", "SHT", "TNC", "WTF", "XXX",
];

/// A code as people see it: 4 to 24 characters that count, of `A-Z`, `0-9`, with hyphens between.
///
/// ```
/// use referral_domain::code::CodeText;
/// let code = CodeText::parse("ana-2026").expect("a vanity code");
/// assert_eq!(code.as_str(), "ANA-2026");
/// assert_eq!(code.folded(), CodeText::parse("ANA 2O26").expect("typed by ear").folded());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CodeText(String);

impl CodeText {
    /// Reads a code in any spelling; `None` unless 4 to 24 characters remain after folding.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let folded = FoldedCode::fold(text)?;
        let shown: String = text.trim().to_ascii_uppercase().split_whitespace().collect();
        (4..=24).contains(&folded.0.len()).then_some(Self(shown))
    }

    /// Draws a code of `length` characters, evenly over [`ALPHABET`] and without an abbreviation of [`ABBREVIATIONS`].
    pub fn draw(chance: &dyn Chance, length: usize) -> Self {
        loop {
            let text = draw_letters(chance, length.clamp(SHORTEST, LONGEST));
            if !ABBREVIATIONS.iter().any(|word| text.contains(word)) {
                return Self(text);
            }
        }
    }

    /// The canonical spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that is compared and is unique within a program.
    #[must_use]
    pub fn folded(&self) -> FoldedCode {
        FoldedCode(fold_characters(&self.0).unwrap_or_default())
    }
}

impl fmt::Display for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes of 250 and above are thrown away, so that each of the 25 letters is equally likely.
fn draw_letters(chance: &dyn Chance, length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut pool = [0_u8; 16];
    while text.len() < length {
        chance.fill(&mut pool);
        let letters =
            pool.iter().filter(|byte| **byte < 250).map(|byte| char::from(ALPHABET[usize::from(byte % 25)]));
        text.extend(letters.take(length - text.len()));
    }
    text
}

/// The form in which codes are compared: upper case, no blanks or hyphens, `O` as `0`, `I` and `L` as `1`.
///
/// ```
/// use referral_domain::code::FoldedCode;
/// assert_eq!(FoldedCode::fold(" k7wq-2m9x "), FoldedCode::fold("K7WQ2M9X"));
/// assert_eq!(FoldedCode::fold("OIL-1234"), FoldedCode::fold("0111234"));
/// assert_eq!(FoldedCode::fold("ça va"), None);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FoldedCode(String);

impl FoldedCode {
    /// Folds any text a person typed; `None` when nothing remains, more than 24 characters do, or one is foreign.
    #[must_use]
    pub fn fold(text: &str) -> Option<Self> {
        let folded = fold_characters(text)?;
        (1..=24).contains(&folded.len()).then_some(Self(folded))
    }

    /// The folded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn fold_characters(text: &str) -> Option<String> {
    text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(fold_character).collect()
}

fn fold_character(character: char) -> Option<char> {
    match character.to_ascii_uppercase() {
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        plain @ ('A'..='Z' | '0'..='9') => Some(plain),
        _ => None,
    }
}

/// A code someone may share.
///
/// ```
/// use referral_domain::{code::{Code, CodeText, Unusable}, id::*, time::Timestamp};
/// use uuid::Uuid;
/// let (id, ana) = (CodeId::from_uuid(Uuid::from_u128(1)), UserId::from_uuid(Uuid::from_u128(2)));
/// let (text, at) = (CodeText::parse("K7WQ2M9X").expect("a code"), Timestamp::from_micros);
/// let code = Code { expires_at: Some(at(100)), ..Code::primary(BookId(7), id, ana, text, at(0)) };
/// assert_eq!((code.usable(at(99)), code.usable(at(100))), (Ok(()), Err(Unusable::Expired)));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Code {
    /// The program's book.
    pub book: BookId,
    /// Its id.
    pub id: CodeId,
    /// Who shares it.
    pub owner: UserId,
    /// Its canonical spelling; unique within the program once folded.
    pub text: CodeText,
    /// Whether it is the one code a user gets on first ask.
    pub primary: bool,
    /// Switched off by an operator when false.
    pub active: bool,
    /// From when it may not be used.
    pub expires_at: Option<Timestamp>,
    /// How many referrals it may make in all.
    pub max_uses: Option<u32>,
    /// Overrides the program's limit of referrals per referrer in 24 hours.
    pub daily_limit: Option<u32>,
    /// How many referrals it made.
    pub uses: u32,
    /// When it last made one.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Code {
    /// A user's first code.
    #[must_use]
    pub fn primary(book: BookId, id: CodeId, owner: UserId, text: CodeText, now: Timestamp) -> Self {
        Self {
            book,
            id,
            owner,
            text,
            primary: true,
            active: true,
            expires_at: None,
            max_uses: None,
            daily_limit: None,
            uses: 0,
            last_used_at: None,
            created_at: now,
        }
    }

    /// Whether the code by itself may be used at `now`; limits of its owner and program are asked elsewhere.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn usable(&self, now: Timestamp) -> Result<(), Unusable> {
        if !self.active {
            Err(Unusable::Inactive)
        } else if self.expires_at.is_some_and(|end| now >= end) {
            Err(Unusable::Expired)
        } else if self.max_uses.is_some_and(|most| self.uses >= most) {
            Err(Unusable::Exhausted)
        } else {
            Ok(())
        }
    }
}

/// Why a code that exists may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Switched off.
    #[error("the code is not active")]
    Inactive,
    /// Its time is over.
    #[error("the code has expired")]
    Expired,
    /// It made all the referrals it may.
    #[error("the code has been used as often as it may")]
    Exhausted,
}
