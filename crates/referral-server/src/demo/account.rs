//! What the demo host knows: who signed up, and which mail it sent them. Pure: facts in, state out.

use std::collections::{HashMap, HashSet};

use referral_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that happened at the host; all it knows follows from these, in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub(super) enum Fact {
    /// Somebody made an account, and was sent a mail with this token.
    SignedUp { user_id: String, email: String, password_hash: String, mail_token: String, at_micros: i64 },
    /// Somebody used the token of their mail.
    Verified { mail_token: String, at_micros: i64 },
}

/// An account at the host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Account {
    pub(super) user_id: String,
    pub(super) email: String,
    pub(super) password_hash: String,
    pub(super) mail_token: String,
    pub(super) signed_up_at: Timestamp,
    pub(super) verified_at: Option<Timestamp>,
}

/// All accounts, and the addresses that are just signing up.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    by_email: HashMap<String, Account>,
    reserved: HashMap<String, String>,
}

impl Accounts {
    /// What these facts, in order, amount to.
    pub(super) fn of(facts: impl IntoIterator<Item = Fact>) -> Self {
        let mut accounts = Self::default();
        facts.into_iter().for_each(|fact| accounts.hear(fact));
        accounts
    }

    /// Takes note of a fact. The same address twice keeps the first account.
    pub(super) fn hear(&mut self, fact: Fact) {
        match fact {
            Fact::SignedUp { user_id, email, password_hash, mail_token, at_micros } => {
                let signed_up_at = Timestamp::from_micros(at_micros);
                let account =
                    Account { user_id, email, password_hash, mail_token, signed_up_at, verified_at: None };
                self.by_email.entry(fold(&account.email)).or_insert(account);
            }
            Fact::Verified { mail_token, at_micros } => {
                let account = self.by_email.values_mut().find(|account| account.mail_token == mail_token);
                if let Some(account) = account {
                    account.verified_at.get_or_insert(Timestamp::from_micros(at_micros));
                }
            }
        }
    }

    /// The account of this address.
    pub(super) fn by_email(&self, email: &str) -> Option<&Account> {
        self.by_email.get(&fold(email))
    }

    /// The account whose mail had this token.
    pub(super) fn by_mail_token(&self, token: &str) -> Option<&Account> {
        self.by_email.values().find(|account| account.mail_token == token)
    }

    /// Keeps an address and a fresh user id for who is just signing up; `None` when the address is taken.
    pub(super) fn reserve(&mut self, email: &str) -> Option<String> {
        let email = fold(email);
        if self.by_email.contains_key(&email) || self.reserved.contains_key(&email) {
            return None;
        }
        let user_id = self.free_id(&email);
        self.reserved.insert(email, user_id.clone());
        Some(user_id)
    }

    /// Lets a reserved address go.
    pub(super) fn let_go(&mut self, email: &str) {
        self.reserved.remove(&fold(email));
    }

    /// `u_ana` for ana@example.com, `u_ana_2` for the next ana.
    fn free_id(&self, email: &str) -> String {
        let taken: HashSet<&str> = self.by_email.values().map(|account| account.user_id.as_str()).collect();
        let is_free =
            |id: &String| !taken.contains(id.as_str()) && !self.reserved.values().any(|other| other == id);
        let first = format!("u_{}", plain(email));
        let numbered = (2_u32..).map(|number| format!("{first}_{number}"));
        std::iter::once(first.clone()).chain(numbered).find(is_free).unwrap_or(first)
    }
}

/// One mailbox has one spelling here: letters of any case.
fn fold(email: &str) -> String {
    email.trim().to_lowercase()
}

/// What stands before the @, as far as it is letters and digits; at most 40 characters.
fn plain(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let plain: String = local.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    if plain.is_empty() { "user".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed_up(user_id: &str, email: &str, token: &str) -> Fact {
        let (user_id, email, mail_token) = (user_id.to_owned(), email.to_owned(), token.to_owned());
        Fact::SignedUp { user_id, email, password_hash: "hash".to_owned(), mail_token, at_micros: 1 }
    }

    #[test]
    fn facts_in_order_give_the_accounts() {
        let verified = |at_micros| Fact::Verified { mail_token: "one".to_owned(), at_micros };
        let accounts = Accounts::of([signed_up("u_ana", "Ana@example.com", "one"), verified(5), verified(9)]);
        let ana = accounts.by_email("ana@EXAMPLE.com").expect("she signed up");
        assert_eq!(ana.verified_at, Some(Timestamp::from_micros(5)), "the first verification stands");
        assert_eq!(accounts.by_mail_token("one"), Some(ana));
        assert_eq!(accounts.by_mail_token("two"), None);
    }

    #[test]
    fn an_address_can_be_had_once_and_two_people_never_share_an_id() {
        let mut accounts = Accounts::of([signed_up("u_ana", "ana@example.com", "one")]);
        assert_eq!(accounts.reserve("ANA@example.com"), None);
        assert_eq!(accounts.reserve("ana@example.org").as_deref(), Some("u_ana_2"));
        assert_eq!(accounts.reserve("ana@example.org"), None);
        assert_eq!(accounts.reserve("ana@example.net").as_deref(), Some("u_ana_3"));
        accounts.let_go("ana@example.org");
        assert_eq!(accounts.reserve("a.na@example.org").as_deref(), Some("u_ana_2"));
        assert_eq!(accounts.reserve("+@example.org").as_deref(), Some("u_user"));
    }
}
