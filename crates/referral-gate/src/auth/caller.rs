//! Whoever was let in.

use referral_domain::auth::{ApiKey, Role, Scope};
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;

use crate::problem::{Problem, ProblemCode};

/// A user, as a verified token tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenIdentity {
    /// The host's id of the user.
    pub user_id: HostId,
    /// The e-mail address, as written.
    pub email: Option<String>,
    /// Whether it is verified; `None` when the token does not say.
    pub email_verified: Option<bool>,
    /// When the user signed up.
    pub created_at: Option<Timestamp>,
    /// The role; `user` unless roles are honoured and the claim is a known one.
    pub role: Role,
    /// The program; `default` for a token of all programs.
    pub program: Slug,
    /// Whether it is a token of all programs (`*`), which only people with a role may have.
    pub every_program: bool,
    /// When the token was issued; never later than now, so that no token can speak from the future.
    pub issued_at: Option<Timestamp>,
    /// When it expires, without the leeway.
    pub expires_at: Timestamp,
}

impl TokenIdentity {
    /// `user:<id>`: what [`Caller::label`] says of them.
    #[must_use]
    pub fn label(&self) -> String {
        format!("user:{}", self.user_id)
    }
}

/// A user or a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A user with a token.
    User(TokenIdentity),
    /// A service with an API key.
    Service(ApiKey),
}

impl Caller {
    /// The program the caller speaks for.
    #[must_use]
    pub const fn program(&self) -> &Slug {
        match self {
            Self::User(identity) => &identity.program,
            Self::Service(key) => &key.program,
        }
    }

    /// Whether the caller administers all programs.
    #[must_use]
    pub const fn reaches_all(&self) -> bool {
        match self {
            Self::User(identity) => identity.every_program,
            Self::Service(_) => false,
        }
    }

    /// `user:<id>` or `key:<id>`: scopes idempotency keys and cursors, and stands in logs.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::User(identity) => identity.label(),
            Self::Service(key) => format!("key:{}", key.id),
        }
    }

    /// The user, when it is one.
    ///
    /// # Errors
    /// `missing-role` for a service: it is known, but it is nobody's friend.
    pub fn user(self) -> Result<TokenIdentity, Problem> {
        match self {
            Self::User(identity) => Ok(identity),
            Self::Service(_) => {
                Err(Problem::new(ProblemCode::MissingRole).detail("this needs a user's token"))
            }
        }
    }

    /// The service, when it holds `scope`.
    ///
    /// # Errors
    /// `missing-scope`.
    pub fn service(self, scope: Scope) -> Result<ApiKey, Problem> {
        match self {
            Self::Service(key) if key.may(scope) => Ok(key),
            Self::User(_) | Self::Service(_) => Err(missing(scope)),
        }
    }
}

fn missing(scope: Scope) -> Problem {
    Problem::new(ProblemCode::MissingScope).detail(format!("this needs an API key with the scope {scope}"))
}
