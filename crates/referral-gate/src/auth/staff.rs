//! Who may administer: a person by the role of their token, a service by a scope of its key.

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use referral_domain::audit::{Actor, ActorKind};
use referral_domain::auth::{Role, Scope};
use referral_domain::program::FIRST_PROGRAM;
use referral_domain::reference::Slug;

use super::Caller;
use crate::form::Query;
use crate::problem::{Problem, ProblemCode};

/// What an operation of administration does, as a type: it says who may.
pub trait Duty: 'static {
    /// The roles of people who may.
    const ROLES: &'static [Role];
    /// The scopes of keys that may, any one of them.
    const SCOPES: &'static [Scope];
}

macro_rules! duties {
    ($($(#[$doc:meta])* $name:ident = [$($role:ident),+] or [$($scope:ident),+];)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Duty for $name {
            const ROLES: &'static [Role] = &[$(Role::$role),+];
            const SCOPES: &'static [Scope] = &[$(Scope::$scope),+];
        }
    )+};
}

duties! {
    /// Looks, and changes nothing.
    Reads = [Operator, Finance, Admin] or [AdminRead, AdminWrite];
    /// Asks why an event was paid or was not, as the host's servers may that send events.
    Explains = [Operator, Finance, Admin] or [EventsWrite, AdminRead, AdminWrite];
    /// Pays people out.
    Pays = [Finance, Admin] or [PayoutsWrite];
    /// Moves money by hand.
    Adjusts = [Finance, Admin] or [AdminWrite];
    /// Sets rules, keys and codes.
    Governs = [Admin] or [AdminWrite];
    /// Decides cases.
    Reviews = [Operator, Admin] or [AdminWrite];
}

/// Somebody who may do `D`, in one program: their own, or for a token of all programs the one named by `?program=`.
#[derive(Debug, Clone)]
pub struct Staff<D> {
    /// Who it is, for the audit log. As text it scopes cursors and idempotency keys.
    pub actor: Actor,
    /// The program they work in. It may not exist.
    pub program: Slug,
    /// Whether they reach all programs, of which this is the one they named.
    pub reaches_all: bool,
    /// What else stands in the query; read it or refuse it.
    pub query: Query,
    duty: PhantomData<D>,
}

/// Somebody who may do `D`, wherever their credentials reach: for endpoints that name a program by themselves, or
/// answer for all of them.
#[derive(Debug, Clone)]
pub struct Anywhere<D> {
    /// Who it is.
    pub actor: Actor,
    /// The one program they reach; `None` for all.
    pub reach: Option<Slug>,
    /// The query; read it or refuse it.
    pub query: Query,
    duty: PhantomData<D>,
}

impl<D: Duty> Anywhere<D> {
    fn new(caller: Caller, query: Query) -> Result<Self, Problem> {
        let reach = (!caller.reaches_all()).then(|| caller.program().clone());
        Ok(Self { actor: actor(caller, D::ROLES, D::SCOPES)?, reach, query, duty: PhantomData })
    }

    /// The program of this name, when they reach it.
    ///
    /// # Errors
    /// `not-found` for another's, and for what is no name of a program.
    pub fn at(&self, name: &str) -> Result<Slug, Problem> {
        let named = Slug::parse(name).ok_or_else(Problem::not_found)?;
        if self.reach.as_ref().is_none_or(|own| *own == named) {
            Ok(named)
        } else {
            Err(Problem::not_found())
        }
    }

    /// Whether they may make programs: who reaches all, and who administers the first one.
    ///
    /// # Errors
    /// `missing-role`.
    pub fn founds(&self) -> Result<(), Problem> {
        let may = self.reach.as_ref().is_none_or(|own| own.as_str() == FIRST_PROGRAM);
        let detail = "programs are made by whoever administers all of them, or the program default";
        if may { Ok(()) } else { Err(Problem::new(ProblemCode::MissingRole).detail(detail)) }
    }

    /// The same in one program.
    fn within(mut self) -> Result<Staff<D>, Problem> {
        let named = self.query.take("program")?;
        let program = match (self.reach.clone(), named.as_slice()) {
            (Some(own), []) => own,
            (None, []) => return Err(blame("required", "this token is of all programs; name one")),
            (_, [name]) => self.at(Slug::parse(name).ok_or_else(malformed)?.as_str())?,
            (_, [_, _, ..]) => return Err(blame("repeated", "this parameter may be given once")),
        };
        let reaches_all = self.reach.is_none();
        Ok(Staff { actor: self.actor, program, reaches_all, query: self.query, duty: PhantomData })
    }
}

/// A wrong role and a missing scope are told apart by who asks: a person or a service.
fn actor(caller: Caller, roles: &[Role], scopes: &[Scope]) -> Result<Actor, Problem> {
    match caller {
        Caller::User(identity) if roles.contains(&identity.role) => {
            Ok(Actor { kind: ActorKind::Staff, id: identity.user_id.to_string() })
        }
        Caller::Service(key) if scopes.iter().any(|scope| key.may(*scope)) => {
            Ok(Actor { kind: ActorKind::Key, id: key.id.to_string() })
        }
        Caller::User(_) => Err(lacks(ProblemCode::MissingRole, "a token with the role", roles)),
        Caller::Service(_) => Err(lacks(ProblemCode::MissingScope, "an API key with the scope", scopes)),
    }
}

fn lacks(code: ProblemCode, what: &str, any: &[impl ToString]) -> Problem {
    let any: Vec<_> = any.iter().map(ToString::to_string).collect();
    Problem::new(code).detail(format!("this needs {what} {}", any.join(" or ")))
}

fn malformed() -> Problem {
    blame("bad-format", "1 to 40 of a-z, 0-9 and -")
}

fn blame(code: &'static str, detail: &'static str) -> Problem {
    Problem::parameter("program", code, detail)
}

impl<D: Duty> FromRequest for Anywhere<D> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let query = Query::parse(request.query_string());
        let caller = Caller::from_request(request, payload);
        Box::pin(async move { Self::new(caller.await?, query) })
    }
}

impl<D: Duty> FromRequest for Staff<D> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let anywhere = Anywhere::<D>::from_request(request, payload);
        Box::pin(async move { anywhere.await?.within() })
    }
}

#[cfg(test)]
#[path = "staff_tests.rs"]
mod tests;
