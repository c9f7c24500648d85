//! Who may do what: roles of people, scopes of keys.

use crate::id::{ApiKeyId, BookId};
use crate::reference::Slug;
use crate::time::Timestamp;

pub(crate) use referral_ledger::words;

words! {
    /// The role a user's token claims.
    ///
    /// ```
    /// use referral_domain::auth::Role;
    /// assert_eq!(Role::parse("finance"), Some(Role::Finance));
    /// assert_eq!(Role::Finance.as_str(), "finance");
    /// assert_eq!(Role::parse("root"), None);
    /// ```
    Role {
        /// Anybody.
        User = "user",
        /// Reviews fraud.
        Operator = "operator",
        /// Pays and adjusts.
        Finance = "finance",
        /// Everything.
        Admin = "admin",
    }
}

words! {
    /// What an API key may do.
    Scope {
        /// Send events.
        EventsWrite = "events:write",
        /// Redeem credits.
        CreditsRedeem = "credits:redeem",
        /// Read for any user.
        UsersRead = "users:read",
        /// Make codes.
        CodesWrite = "codes:write",
        /// Read administration.
        AdminRead = "admin:read",
        /// Change anything.
        AdminWrite = "admin:write",
        /// Work on payouts.
        PayoutsWrite = "payouts:write",
    }
}

impl Scope {
    /// Whether it lets a key approve what somebody asked for. Such a key is made by a person: one that makes another of its
    /// kind could ask with the one and approve with the other.
    ///
    /// ```
    /// use referral_domain::auth::Scope;
    /// assert!(Scope::PayoutsWrite.decides() && !Scope::CreditsRedeem.decides());
    /// ```
    #[must_use]
    pub const fn decides(self) -> bool {
        matches!(self, Self::AdminWrite | Self::PayoutsWrite)
    }
}

/// An API key as it is stored: never the key, only its SHA-256.
///
/// ```
/// use referral_domain::{auth::{ApiKey, Scope}, id::{ApiKeyId, BookId}, reference::Slug, time::Timestamp};
/// let at = Timestamp::from_micros;
/// let key = ApiKey {
///     id: ApiKeyId::from_uuid(uuid::Uuid::from_u128(1)), book: BookId(7),
///     program: Slug::parse("default").expect("a slug"), name: "shop".into(), prefix: "rk_4f9c".into(),
///     hash: [0; 32], scopes: vec![Scope::EventsWrite], created_at: at(0), last_used_at: None,
///     expires_at: Some(at(100)), revoked_at: None,
/// };
/// assert!(key.is_live(at(99)) && !key.is_live(at(100)));
/// assert!(key.may(Scope::EventsWrite) && !key.may(Scope::AdminWrite));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The program it speaks for.
    pub book: BookId,
    /// That program's public id.
    pub program: Slug,
    /// What its maker called it.
    pub name: String,
    /// The first characters, to tell keys apart.
    pub prefix: String,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// From when it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it opens anything at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it has a scope.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}
