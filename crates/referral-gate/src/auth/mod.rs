//! Who is calling: a user by a JSON Web Token, or a service by an API key. Never both: a request that brings
//! both is refused, because it does not say for whom it speaks.
//!
//! Every failure is the same 401: [`Refused`] has no content, so that no caller can be told which check it was.

mod api_key;
mod caller;
mod claims;
mod extract;
mod gate;
mod jwks;
mod keys;
mod names;
mod policy;
mod staff;
mod token;

#[cfg(test)]
pub(crate) mod test_support;

pub use api_key::hash_key;
pub use caller::{Caller, TokenIdentity};
pub use extract::{AnyUser, CodesWrite, CreditsRedeem, EventsWrite, ScopeOf, Scoped, Subject, UsersRead};
pub use gate::{Gate, KeyDirectory};
pub use keys::{KeyFault, KeySource};
pub use names::ClaimNames;
pub use policy::TokenPolicy;
pub use staff::{Adjusts, Anywhere, Duty, Governs, Pays, Reads, Reviews, Staff};
pub use token::Tokens;

/// The credentials do not hold. Which check failed is known to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;
