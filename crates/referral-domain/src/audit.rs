//! The audit log: every change by a person or a key, append-only by the same means as the ledger.

use crate::auth::words;
use crate::id::AuditId;
use crate::time::Timestamp;

words! {
    /// What kind of caller made a change.
    ActorKind {
        /// A user of the host, about themselves.
        User = "user",
        /// A host's server, by its API key.
        Key = "key",
        /// A person of the company, by a token with a role.
        Staff = "staff",
        /// Somebody at the command line of the server.
        Command = "command",
    }
}

/// Who made a change. Two actors are the same person when both fields are equal: that is what a rule about a second
/// person compares.
///
/// ```
/// use referral_domain::audit::{Actor, ActorKind};
/// let ada = Actor { kind: ActorKind::Staff, id: "u_ada".into() };
/// assert_eq!(ada.to_string(), "staff:u_ada");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Actor {
    /// What kind of caller.
    pub kind: ActorKind,
    /// The host's id of the person, or the key's id.
    pub id: String,
}

impl Actor {
    /// Whoever is at the command line of the server: who that is, the system knows.
    #[must_use]
    pub fn command_line() -> Self {
        Self { kind: ActorKind::Command, id: "referral-server".to_owned() }
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

/// One change: who, what, before and after, when. It is recorded in the unit that makes the change, and never changes.
///
/// ```
/// use referral_domain::{audit::*, id::AuditId, time::Timestamp};
/// let entry = AuditEntry {
///     id: AuditId::from_uuid(uuid::Uuid::from_u128(1)),
///     actor: Actor { kind: ActorKind::Staff, id: "u_ada".into() },
///     action: "program.update",
///     subject: "default".into(),
///     before: Some(r#"{"status":"active"}"#.into()),
///     after: Some(r#"{"status":"paused"}"#.into()),
///     at: Timestamp::from_micros(1),
/// };
/// assert_eq!(entry.action, "program.update");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditEntry {
    /// Its id; later ones are greater.
    pub id: AuditId,
    /// Who.
    pub actor: Actor,
    /// What, as `resource.verb`: `program.update`, `rules.publish`, `payout.approve`, `adjustment.create`.
    pub action: &'static str,
    /// To what: its public id.
    pub subject: String,
    /// What it was before, as a JSON object; `None` when it did not exist.
    pub before: Option<String>,
    /// What it is after, as a JSON object; `None` when it no longer exists.
    pub after: Option<String>,
    /// When.
    pub at: Timestamp,
}
