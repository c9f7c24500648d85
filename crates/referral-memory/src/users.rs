//! Users and what is known of them.

use async_trait::async_trait;
use referral_domain::id::{BookId, UserId};
use referral_domain::identity::Fingerprint;
use referral_domain::port::{NewUser, StoreError, Users};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;
use referral_domain::user::UserFacts;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Users for MemoryUnit {
    async fn lock(
        &mut self,
        book: BookId,
        named: &[NewUser],
        ids: &[UserId],
        now: Timestamp,
    ) -> Result<Vec<UserFacts>, StoreError> {
        self.call(|state| {
            let mut users = state.users_named(book, named, now)?;
            users.extend(ids);
            users.iter().map(|id| state.users.get(&(book, *id)).cloned()).collect()
        })
        .await
    }

    async fn names(&mut self, book: BookId, ids: &[UserId]) -> Result<Vec<HostId>, StoreError> {
        self.call(|state| ids.iter().map(|id| state.host(book, *id)).collect()).await
    }

    async fn email_owners(
        &mut self,
        book: BookId,
        mails: &[(Fingerprint, UserId)],
    ) -> Result<Vec<Option<UserId>>, StoreError> {
        self.call(|state| {
            let owner = |(email, except): &(Fingerprint, UserId)| {
                let owners = state.user_emails.find(&(book, *email)).into_iter().flatten();
                owners.copied().find(|owner| owner != except)
            };
            Ok(mails.iter().map(owner).collect())
        })
        .await
    }
}

impl State {
    /// The host's id of a user who exists.
    pub(crate) fn host(&self, book: BookId, id: UserId) -> Result<HostId, StoreError> {
        self.users.get(&(book, id)).map(|user| user.host.clone())
    }

    /// The users of these names, made where missing, in input order.
    pub(crate) fn users_named(
        &mut self,
        book: BookId,
        named: &[NewUser],
        now: Timestamp,
    ) -> Result<Vec<UserId>, StoreError> {
        self.books.has(&book)?;
        named.iter().map(|user| self.user_named(book, user, now)).collect()
    }

    pub(crate) fn user_named(
        &mut self,
        book: BookId,
        user: &NewUser,
        now: Timestamp,
    ) -> Result<UserId, StoreError> {
        let name = (book, user.host.clone());
        if let Some(known) = self.user_names.find(&name) {
            return Ok(*known);
        }
        self.user_names.add(name, user.fresh)?;
        let facts = UserFacts::first_seen(user.fresh, user.host.clone(), now);
        self.users.add((book, user.fresh), facts)?;
        Ok(user.fresh)
    }

    /// Replaces what is known of a user who exists; whoever had an e-mail once stays its owner.
    pub(crate) fn save_user(&mut self, book: BookId, facts: &UserFacts) -> Result<(), StoreError> {
        let rule = self.users.rule("host_id", "a user keeps their name");
        rule.holds(self.host(book, facts.id)? == facts.host, &facts.id)?;
        self.users.put((book, facts.id), facts.clone());
        if let Some(email) = facts.email {
            self.remember_email(book, email, facts.id);
        }
        Ok(())
    }

    fn remember_email(&mut self, book: BookId, email: Fingerprint, owner: UserId) {
        let mut owners = self.user_emails.find(&(book, email)).cloned().unwrap_or_default();
        if !owners.contains(&owner) {
            owners.push(owner);
            self.user_emails.put((book, email), owners);
        }
    }
}
