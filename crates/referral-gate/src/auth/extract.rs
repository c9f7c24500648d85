//! Extractors: a handler says in its arguments who may call it.

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use referral_domain::auth::{ApiKey, Scope};
use referral_domain::reference::{HostId, Slug};

use super::gate::{Credentials, Gate};
use super::{Caller, TokenIdentity};
use crate::form::Query;
use crate::problem::{FieldFault, Problem, ProblemCode};

type Extracted<T> = LocalBoxFuture<'static, Result<T, Problem>>;

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let gate = request.app_data::<web::Data<Gate>>().cloned();
        let credentials = Credentials::of(request.headers());
        Box::pin(async move {
            let gate = gate.ok_or_else(|| Problem::new(ProblemCode::Internal))?;
            let caller = gate.admit_with(credentials).await?;
            tracing::Span::current().record("caller", caller.label());
            Ok(caller)
        })
    }
}

/// Any user with a token, whatever their role; a service is refused with `missing-role`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyUser(pub TokenIdentity);

impl FromRequest for AnyUser {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        Box::pin(async move { Ok(Self(caller.await?.user()?)) })
    }
}

/// A scope as a type.
pub trait ScopeOf: 'static {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl ScopeOf for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )+};
}

scopes! {
    /// `events:write`.
    EventsWrite;
    /// `credits:redeem`.
    CreditsRedeem;
    /// `users:read`.
    UsersRead;
    /// `codes:write`.
    CodesWrite;
}

/// A service whose API key holds the scope `S`; anybody else that is known is refused with `missing-scope`.
#[derive(Debug, Clone)]
pub struct Scoped<S> {
    /// The service's key.
    pub key: ApiKey,
    scope: PhantomData<S>,
}

impl<S: ScopeOf> FromRequest for Scoped<S> {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        Box::pin(async move { Ok(Self { key: caller.await?.service(S::SCOPE)?, scope: PhantomData }) })
    }
}

/// The user a question is about: the one whose token it is, or the one a service with `users:read` names by
/// `?user_id=`. What else stands in the query is in `query`; read it or refuse it.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Who asks.
    pub caller: Caller,
    /// About whom.
    pub user_id: HostId,
    /// The query without `user_id`.
    pub query: Query,
}

impl Subject {
    /// The program the question is about.
    #[must_use]
    pub const fn program(&self) -> &Slug {
        self.caller.program()
    }

    /// The token's claims, when the user asks themselves.
    #[must_use]
    pub const fn identity(&self) -> Option<&TokenIdentity> {
        match &self.caller {
            Caller::User(identity) => Some(identity),
            Caller::Service(_) => None,
        }
    }

    fn new(caller: Caller, mut query: Query) -> Result<Self, Problem> {
        let named = query.take("user_id")?;
        let user_id = match &caller {
            Caller::User(identity) => own(identity, &named)?,
            Caller::Service(key) => other(key.clone(), &named)?,
        };
        Ok(Self { caller, user_id, query })
    }
}

fn own(identity: &TokenIdentity, named: &[String]) -> Result<HostId, Problem> {
    if named.is_empty() {
        return Ok(identity.user_id.clone());
    }
    Err(blame("not-for-users", "a user's token speaks for its own user; leave user_id out"))
}

fn other(key: ApiKey, named: &[String]) -> Result<HostId, Problem> {
    Caller::Service(key).service(Scope::UsersRead)?;
    match named {
        [one] => HostId::parse(one).ok_or_else(|| blame("bad-format", "1 to 100 characters, no blank ends")),
        [] => Err(blame("required", "a service names the user")),
        _ => Err(blame("repeated", "this parameter may be given once")),
    }
}

fn blame(code: &'static str, detail: &'static str) -> Problem {
    let fault = FieldFault::parameter("user_id", code, detail);
    Problem::new(ProblemCode::InvalidQuery).detail("1 parameter is wrong").errors(vec![fault])
}

impl FromRequest for Subject {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let query = Query::parse(request.query_string());
        let caller = Caller::from_request(request, payload);
        Box::pin(async move { Self::new(caller.await?, query) })
    }
}

#[cfg(test)]
#[path = "extract_tests.rs"]
mod tests;
