//! What is asked of a token beyond its signature.

use super::ClaimNames;

/// How tokens are judged; the keys are [`super::KeySource`].
#[derive(Debug, Clone, Default)]
pub struct TokenPolicy {
    /// What `iss` must be, when anything. Required with public keys.
    pub issuer: Option<String>,
    /// What `aud` must contain, when anything. Required with public keys.
    pub audience: Option<String>,
    /// Which claim says what.
    pub claims: ClaimNames,
    /// Whether `role` is honoured; otherwise everybody is a `user`.
    pub honour_roles: bool,
}
