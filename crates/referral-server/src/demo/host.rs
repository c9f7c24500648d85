//! The demo host itself: its accounts, its mail, its tokens.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use referral_domain::port::{Chance, Clock};
use referral_domain::time::Timestamp;

use super::account::{Account, Accounts, Fact};
use super::api::Api;
use super::journal::Journal;
use super::refusal::Refusal;
use crate::config::{Secret, Tokens};
use crate::source::chance::OsChance;
use crate::source::clock::SystemClock;
use crate::token::{Holder, mint};

/// How long a user of the demo host stays signed in: half a day, in seconds.
const TOKEN_SECONDS: i64 = 12 * 3_600;
/// How many random bytes the token of a mail has: too many to guess.
const MAIL_TOKEN_BYTES: usize = 24;

/// What the demo host is told when it is set up.
pub(crate) struct Settings {
    pub(crate) api: Api,
    /// Where links in mails lead; without a trailing slash.
    pub(crate) public_url: String,
    /// What the host charges in: the program's currency.
    pub(crate) currency: String,
    /// Which claims users' tokens have, and the secret they are signed with.
    pub(crate) claims: Tokens,
    pub(crate) secret: Secret,
    /// What verifies them.
    pub(crate) tokens: referral_http::auth::Tokens,
}

/// A small company site.
pub(crate) struct Host {
    pub(super) settings: Settings,
    pub(super) clock: SystemClock,
    journal: Journal,
    accounts: Mutex<Accounts>,
}

impl Host {
    /// The host whose facts are in this file, which is made when missing.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub(crate) fn open(settings: Settings, file: &Path) -> anyhow::Result<Self> {
        let (journal, facts) = Journal::open(file)?;
        Ok(Self { settings, clock: SystemClock, journal, accounts: Mutex::new(Accounts::of(facts)) })
    }

    /// The account of this address.
    pub(super) fn account(&self, email: &str) -> Option<Account> {
        self.accounts().by_email(email).cloned()
    }

    /// The account whose mail had this token.
    pub(super) fn account_of_mail(&self, token: &str) -> Option<Account> {
        self.accounts().by_mail_token(token).cloned()
    }

    /// Keeps an address for who is just signing up, until the seat is taken or dropped.
    ///
    /// # Errors
    /// [`Refusal::EmailTaken`].
    pub(super) fn reserve(self: &Arc<Self>, email: &str) -> Result<Seat, Refusal> {
        let user_id = self.accounts().reserve(email).ok_or(Refusal::EmailTaken)?;
        Ok(Seat { host: self.clone(), email: email.trim().to_owned(), user_id })
    }

    /// Notes that the address was confirmed; the first time stands.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub(super) async fn verify(&self, account: &Account) -> anyhow::Result<Timestamp> {
        if let Some(at) = account.verified_at {
            return Ok(at);
        }
        let now = self.clock.now();
        self.note(Fact::Verified { mail_token: account.mail_token.clone(), at_micros: now.micros() }).await?;
        Ok(self.account(&account.email).and_then(|account| account.verified_at).unwrap_or(now))
    }

    /// A fresh token for the user of an account. Before the address is confirmed it says nothing of it.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub(super) fn token(&self, account: &Account) -> anyhow::Result<String> {
        let holder = Holder {
            sub: account.user_id.clone(),
            email: Some(account.email.clone()),
            email_verified: account.verified_at.map(|_| true),
            role: None,
            program: None,
            created_at: account.signed_up_at,
        };
        mint(&self.settings.claims, &self.settings.secret, &holder, self.clock.now(), TOKEN_SECONDS)
    }

    async fn note(&self, fact: Fact) -> anyhow::Result<()> {
        self.journal.append(&fact).await?;
        self.accounts().hear(fact);
        Ok(())
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An address that is just signing up. Dropping it lets the address go.
pub(super) struct Seat {
    host: Arc<Host>,
    email: String,
    /// The id the user will have.
    pub(super) user_id: String,
}

impl Seat {
    /// Makes the account.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub(super) async fn take(self, password_hash: String, at: Timestamp) -> anyhow::Result<Account> {
        let mut token = [0; MAIL_TOKEN_BYTES];
        OsChance.fill(&mut token);
        let account = Account {
            user_id: self.user_id.clone(),
            email: self.email.clone(),
            password_hash,
            mail_token: URL_SAFE_NO_PAD.encode(token),
            signed_up_at: at,
            verified_at: None,
        };
        self.host.note(signed_up(&account)).await?;
        Ok(account)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.host.accounts().let_go(&self.email);
    }
}

fn signed_up(account: &Account) -> Fact {
    Fact::SignedUp {
        user_id: account.user_id.clone(),
        email: account.email.clone(),
        password_hash: account.password_hash.clone(),
        mail_token: account.mail_token.clone(),
        at_micros: account.signed_up_at.micros(),
    }
}
