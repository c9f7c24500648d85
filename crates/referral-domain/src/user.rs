//! What the service knows of a user of the company's product.

use crate::id::UserId;
use crate::identity::Fingerprint;
use crate::reference::HostId;
use crate::time::Timestamp;

/// Somebody's word on whether an e-mail is verified, and the instant it speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word {
    /// When it was so, by the teller's clock.
    pub at: Timestamp,
    /// What it says.
    pub verified: bool,
}

impl Word {
    /// The newer word; at one instant "not verified" wins, whichever came first, so that order does not matter.
    #[must_use]
    fn newer(self, other: Option<Self>) -> Self {
        match other {
            Some(old) if (old.at, !old.verified) >= (self.at, !self.verified) => old,
            _ => self,
        }
    }
}

/// Whether a user's e-mail is verified, as far as anybody told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EmailStatus {
    /// Nobody said anything.
    #[default]
    Unknown,
    /// Verified, since the earliest instant told.
    Verified(Timestamp),
    /// Known not to be verified.
    Unverified,
}

impl EmailStatus {
    /// What these words come to: the newest event's, else the newest token's; if verified, since the first time.
    #[must_use]
    pub fn of(event: Option<Word>, token: Option<Word>, first_verified_at: Option<Timestamp>) -> Self {
        match event.or(token) {
            None => Self::Unknown,
            Some(Word { at, verified: true }) => Self::Verified(first_verified_at.unwrap_or(at)),
            Some(Word { verified: false, .. }) => Self::Unverified,
        }
    }
}

/// The facts of one user in one program. They can be told in any order, and repeated, with the same result.
///
/// ```
/// use referral_domain::{id::UserId, reference::HostId, time::Timestamp, user::{EmailStatus, UserFacts, Word}};
/// let at = Timestamp::from_micros;
/// let host = HostId::parse("u_ben").expect("an id");
/// let mut ben = UserFacts::first_seen(UserId::from_uuid(uuid::Uuid::from_u128(1)), host, at(1));
/// ben.hear_event(Word { at: at(20), verified: true });
/// ben.hear_event(Word { at: at(10), verified: false });
/// assert_eq!(ben.email_status(), EmailStatus::Verified(at(20)), "the newest event decides");
/// ben.hear_event(Word { at: at(15), verified: true });
/// assert_eq!(ben.email_status(), EmailStatus::Verified(at(15)), "verified since the earliest instant told");
/// ben.hear_sign_up(at(9));
/// ben.hear_sign_up(at(30));
/// assert_eq!(ben.signed_up_at, Some(at(9)), "the earliest ever told");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserFacts {
    /// The id the ledger knows.
    pub id: UserId,
    /// The id the host gave; it stands in one erasable table.
    pub host: HostId,
    /// The earliest sign-up time ever told.
    pub signed_up_at: Option<Timestamp>,
    /// The newest word by event.
    pub event_word: Option<Word>,
    /// The newest word by token, by the token's `iat`; it counts while no event spoke.
    pub token_word: Option<Word>,
    /// The earliest instant at which anybody said the e-mail was verified. It decides whether that was in time,
    /// whatever order the words came in.
    pub first_verified_at: Option<Timestamp>,
    /// Keyed hash of the newest folded e-mail.
    pub email: Option<Fingerprint>,
    /// When the service first heard of the user.
    pub first_seen_at: Timestamp,
}

impl UserFacts {
    /// A user nothing is known of.
    #[must_use]
    pub const fn first_seen(id: UserId, host: HostId, now: Timestamp) -> Self {
        Self {
            id,
            host,
            signed_up_at: None,
            event_word: None,
            token_word: None,
            first_verified_at: None,
            email: None,
            first_seen_at: now,
        }
    }

    /// Takes note of a sign-up time. It never moves later.
    pub fn hear_sign_up(&mut self, at: Timestamp) {
        self.signed_up_at = Some(self.signed_up_at.map_or(at, |known| known.min(at)));
    }

    /// Takes note of an event's word.
    pub fn hear_event(&mut self, word: Word) {
        self.hear(word);
        self.event_word = Some(word.newer(self.event_word));
    }

    /// Takes note of a token's word, whose instant is the token's `iat`.
    pub fn hear_token(&mut self, word: Word) {
        self.hear(word);
        self.token_word = Some(word.newer(self.token_word));
    }

    fn hear(&mut self, word: Word) {
        let earliest = self.first_verified_at.map_or(word.at, |known| known.min(word.at));
        self.first_verified_at = if word.verified { Some(earliest) } else { self.first_verified_at };
    }

    /// What is known: by the newest event, else by the newest token; if verified, since the earliest instant told.
    #[must_use]
    pub fn email_status(&self) -> EmailStatus {
        EmailStatus::of(self.event_word, self.token_word, self.first_verified_at)
    }
}
