//! The trail of payouts in the audit log: ids and states, nobody's names.

use referral_domain::audit::{Actor, ActorKind, AuditEntry};
use referral_domain::id::{AuditId, UserId};
use referral_domain::payout::{Batch, Payout};
use referral_domain::port::{NewUser, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;
use uuid::Uuid;

/// Who acts, when, and where ids come from.
pub(crate) struct Hand<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) now: Timestamp,
    pub(crate) ids: &'a (dyn Fn() -> Uuid + Send + Sync),
}

impl Hand<'_> {
    /// A change of a payout.
    pub(crate) fn on_payout(
        &self,
        action: &'static str,
        before: Option<&Payout>,
        after: &Payout,
    ) -> AuditEntry {
        let told = |payout: &Payout| {
            let (status, amount) = (payout.status(), payout.amount);
            format!(r#"{{"status":"{status}","amount_minor":{amount}}}"#)
        };
        self.entry(action, after.id.to_string(), before.map(told), Some(told(after)))
    }

    /// A change of a batch.
    pub(crate) fn on_batch(&self, action: &'static str, before: Option<&Batch>, after: &Batch) -> AuditEntry {
        let told = |batch: &Batch| {
            let (status, count) = (batch.status(), batch.items.len());
            let total = batch.total().unwrap_or(i64::MAX);
            format!(r#"{{"status":"{status}","count":{count},"total_minor":{total}}}"#)
        };
        self.entry(action, after.id.to_string(), before.map(told), Some(told(after)))
    }

    /// A change of anything.
    pub(crate) fn entry(
        &self,
        action: &'static str,
        subject: String,
        before: Option<String>,
        after: Option<String>,
    ) -> AuditEntry {
        let (id, actor) = (AuditId::from_uuid((self.ids)()), self.actor.clone());
        AuditEntry { id, actor, action, subject, before, after, at: self.now }
    }

    /// The actor as batches know them: a person by their internal id, so that their name can be erased.
    pub(crate) async fn inside(&self, unit: &mut Unit<'_>, program: &Program) -> Result<Actor, StoreError> {
        let host = match self.actor.kind {
            ActorKind::Staff | ActorKind::User => HostId::parse(&self.actor.id),
            ActorKind::Key | ActorKind::Command => None,
        };
        let Some(host) = host else { return Ok(self.actor.clone()) };
        let named = [NewUser { host, fresh: UserId::from_uuid((self.ids)()) }];
        let known = unit.users().lock(program.book, &named, &[], self.now).await?;
        let id = known.first().map_or_else(|| self.actor.id.clone(), |facts| facts.id.to_string());
        Ok(Actor { kind: self.actor.kind, id })
    }
}
