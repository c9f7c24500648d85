//! The audit log: what use cases tell it, and how it is read.

use referral_domain::audit::{Actor, AuditEntry};
use referral_domain::id::AuditId;
use referral_domain::port::{AuditFilter, AuditItem};
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;
use serde_json::Value;

use crate::app::App;
use crate::failure::{Failure, Never};

/// Entries of the audit log, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditItem>,
    /// Where the next page begins: its `before`.
    pub next: Option<(Timestamp, AuditId)>,
}

/// A change as the audit log is told of it. Apart from who acts, nothing of it may name a person: no host's id, no
/// address, no account.
pub(crate) struct Deed<'a> {
    /// Who.
    pub(crate) by: &'a Actor,
    /// What: `resource.verb`.
    pub(crate) action: &'static str,
    /// To what: its public id.
    pub(crate) subject: String,
    /// What it was, as an object.
    pub(crate) before: Option<Value>,
    /// What it is now, as an object.
    pub(crate) after: Option<Value>,
}

impl App {
    /// A page of a program's audit log. Pages follow one another without overlap or gap, whatever is done meanwhile.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn audit(&self, program: &Slug, filter: &AuditFilter) -> Result<AuditPage, Failure<Never>> {
        let book = self.program::<Never>(program).await?.book;
        let one_more = AuditFilter { limit: filter.limit.saturating_add(1), ..filter.clone() };
        let mut items = self.reports().audit(book, &one_more).await?;
        let more = items.len() > filter.limit as usize;
        items.truncate(filter.limit as usize);
        let next = items.last().filter(|_| more).map(|item| (item.at, item.id));
        Ok(AuditPage { items, next })
    }

    /// The entry of a change, to be recorded with it.
    pub(crate) fn entry(&self, deed: Deed<'_>, now: Timestamp) -> AuditEntry {
        let text = |value: Option<Value>| value.map(|value| value.to_string());
        AuditEntry {
            id: AuditId::from_uuid(self.draw_id()),
            actor: deed.by.clone(),
            action: deed.action,
            subject: deed.subject,
            before: text(deed.before),
            after: text(deed.after),
            at: now,
        }
    }
}
