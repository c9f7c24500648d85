//! Users.

use referral_domain::id::UserId;
use referral_domain::identity::Fingerprint;
use referral_domain::time::{DAY, Timestamp};
use referral_domain::user::{UserFacts, Word};

use super::{host, named_id};
use crate::fake::NOON;

/// A user in the making.
#[derive(Clone, Debug)]
pub struct AUser(UserFacts);

/// A user who signed up a day before noon and of whose e-mail nothing is known. The id follows from the name.
#[must_use]
pub fn a_user(name: &str) -> AUser {
    let id = UserId::from_uuid(named_id(name));
    AUser(UserFacts::first_seen(id, host(name), NOON)).signed_up(NOON.plus_micros(-DAY))
}

impl AUser {
    /// With this id.
    #[must_use]
    pub const fn with_id(mut self, id: UserId) -> Self {
        self.0.id = id;
        self
    }

    /// Who signed up at that time.
    #[must_use]
    pub fn signed_up(mut self, at: Timestamp) -> Self {
        self.0.hear_sign_up(at);
        self
    }

    /// Of whose sign-up nobody told.
    #[must_use]
    pub const fn never_signed_up(mut self) -> Self {
        self.0.signed_up_at = None;
        self
    }

    /// Verified, by an event of that time.
    #[must_use]
    pub fn verified(self, at: Timestamp) -> Self {
        self.told(Word { at, verified: true })
    }

    /// Known not to be verified, by an event of that time.
    #[must_use]
    pub fn unverified(self, at: Timestamp) -> Self {
        self.told(Word { at, verified: false })
    }

    /// Of whom an event told this.
    #[must_use]
    pub fn told(mut self, word: Word) -> Self {
        self.0.hear_event(word);
        self
    }

    /// Whose token says this.
    #[must_use]
    pub fn with_token(mut self, word: Word) -> Self {
        self.0.hear_token(word);
        self
    }

    /// With this e-mail.
    #[must_use]
    pub const fn mailed_at(mut self, email: Fingerprint) -> Self {
        self.0.email = Some(email);
        self
    }

    /// The facts.
    #[must_use]
    pub fn build(self) -> UserFacts {
        self.0
    }
}
