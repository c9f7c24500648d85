//! The audit log. A person stands in it as the user they are, and as nothing else.

use std::cmp::Reverse;

use referral_domain::audit::{ActorKind, AuditEntry};
use referral_domain::id::{BookId, UserId};
use referral_domain::port::{AuditFilter, AuditItem, NewUser, StoreError};
use referral_domain::reference::HostId;

use crate::state::State;

/// Who acted: a user of the book, or what is no person.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Who {
    Person(UserId),
    Other(String),
}

/// An entry as it is kept: the actor's name is not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Audited {
    who: Who,
    item: AuditItem,
}

impl State {
    /// Adds an entry; a person who acts is a user of the book from then on.
    pub(crate) fn add_audit(&mut self, book: BookId, entry: &AuditEntry) -> Result<(), StoreError> {
        let who = self.who(book, entry)?;
        let item = AuditItem {
            id: entry.id,
            kind: entry.actor.kind,
            actor: None,
            action: entry.action.to_owned(),
            subject: entry.subject.clone(),
            before: entry.before.clone(),
            after: entry.after.clone(),
            at: entry.at,
        };
        self.audit_log.add((book, entry.id), Audited { who, item })
    }

    fn who(&mut self, book: BookId, entry: &AuditEntry) -> Result<Who, StoreError> {
        match entry.actor.kind {
            ActorKind::Key | ActorKind::Command => Ok(Who::Other(entry.actor.id.clone())),
            ActorKind::User | ActorKind::Staff => self.person(book, entry).map(Who::Person),
        }
    }

    fn person(&mut self, book: BookId, entry: &AuditEntry) -> Result<UserId, StoreError> {
        let says = "a person acts under the host's id";
        let host = HostId::parse(&entry.actor.id);
        let host = host.ok_or_else(|| StoreError::corrupt("audit_log", "user_id", entry.id, says))?;
        let user = NewUser { host, fresh: UserId::from_uuid(entry.id.uuid()) };
        self.user_named(book, &user, entry.at)
    }

    /// Entries of a book, newest first.
    pub(crate) fn audit(&self, book: BookId, filter: &AuditFilter) -> Result<Vec<AuditItem>, StoreError> {
        let all = self.audit_log.iter().filter(|((of, _), _)| *of == book);
        let mut found = all.map(|(_, entry)| self.audited(book, entry)).collect::<Result<Vec<_>, _>>()?;
        found.retain(|item| lets_pass(filter, item));
        found.sort_by_key(|item| Reverse((item.at, item.id)));
        found.truncate(filter.limit as usize);
        Ok(found)
    }

    fn audited(&self, book: BookId, entry: &Audited) -> Result<AuditItem, StoreError> {
        let actor = match &entry.who {
            Who::Person(user) => self.host(book, *user)?.to_string(),
            Who::Other(id) => id.clone(),
        };
        Ok(AuditItem { actor: Some(actor), ..entry.item.clone() })
    }
}

fn lets_pass(filter: &AuditFilter, item: &AuditItem) -> bool {
    let AuditFilter { kind, actor, action, subject, from, until, before, limit: _ } = filter;
    let who = kind.is_none_or(|kind| kind == item.kind) && (actor.is_none() || *actor == item.actor);
    let what = action.as_ref().is_none_or(|action| *action == item.action)
        && subject.as_ref().is_none_or(|subject| *subject == item.subject);
    let when = from.is_none_or(|from| from <= item.at) && until.is_none_or(|until| item.at < until);
    who && what && when && before.is_none_or(|before| (item.at, item.id) < before)
}
