//! A sound request for every operation of the document, in the world after the story.

use std::collections::BTreeMap;

use actix_web::http::Method;
use referral_domain::auth::{Role, Scope};
use serde_json::{Value, json};

use super::admin;
use crate::openapi::Operation;
use crate::tests::paying::external;
use crate::tests::{Ask, Story, usd};

/// One operation and a request for it that is answered with 2xx.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// `GET /api/..`, as in the document.
    pub(super) name: String,
    /// Its method.
    method: Method,
    /// The path with its parameters filled in.
    pub(super) path: String,
    /// Which query or body says of whom a service speaks.
    body: Option<Value>,
    /// Whether anybody with a token may call it, of themselves.
    pub(super) bearer: bool,
    /// The roles one of which a person needs; empty where none helps.
    pub(super) roles: Vec<Role>,
    /// The scopes one of which a service needs; empty where services may not call it.
    pub(super) scopes: Vec<Scope>,
}

impl Sample {
    fn of(operation: &Operation<'_>, (path, body): (String, Value)) -> Self {
        let security = operation.security();
        let of = |scheme: &'static str| security.iter().filter(move |(name, _)| *name == scheme);
        let roles: Vec<_> =
            of("bearer").flat_map(|(_, roles)| roles.iter().map(|role| a_role(role))).collect();
        let scopes =
            of("api_key").flat_map(|(_, scopes)| scopes.iter().map(|scope| a_scope(scope))).collect();
        Self {
            name: format!("{} {}", operation.method, operation.path),
            method: operation.method.parse().expect("a method"),
            path,
            body: (!body.is_null()).then_some(body),
            bearer: of("bearer").count() > 0 && roles.is_empty(),
            roles,
            scopes,
        }
    }

    /// The request of a user, who speaks of themselves, or of somebody who administers.
    pub(super) fn by_user(&self) -> Ask {
        self.with("")
    }

    /// The request of a service that speaks of this user.
    pub(super) fn by_service(&self, user: &str) -> Ask {
        if self.is_get() && !self.is_admin() { self.with(&format!("?user_id={user}")) } else { self.with("") }
    }

    /// The request with this query.
    pub(super) fn with(&self, query: &str) -> Ask {
        let joined = if self.path.contains('?') { query.replacen('?', "&", 1) } else { query.to_owned() };
        let ask = Ask::new(self.method.clone(), format!("{}{joined}", self.path));
        match &self.body {
            Some(Value::String(file)) => ask.csv(file.clone()),
            Some(body) => ask.json(body.to_string()),
            None => ask,
        }
    }

    pub(super) fn is_get(&self) -> bool {
        self.method == Method::GET
    }

    /// Whether any user may ask it of themselves: what is one user's alone has an id in its path.
    pub(super) fn is_anyones(&self) -> bool {
        self.is_get() && self.bearer && !self.name.contains("{id}")
    }

    /// Whether it is for those who administer.
    pub(super) const fn is_admin(&self) -> bool {
        !self.roles.is_empty()
    }

    pub(super) const fn is_public(&self) -> bool {
        !self.bearer && self.roles.is_empty() && self.scopes.is_empty()
    }
}

fn a_role(word: &str) -> Role {
    Role::parse(word).unwrap_or_else(|| panic!("{word} is no role"))
}

fn a_scope(word: &str) -> Scope {
    Scope::parse(word).unwrap_or_else(|| panic!("{word} is no scope"))
}

/// One sample an operation. Panics when the document has an operation without one, or the table has more.
pub(super) async fn samples(story: &Story) -> Vec<Sample> {
    let mut bodies = bodies(story).await;
    bodies.extend(admin::bodies(story).await);
    let document = story.app.document();
    let operations = document.operations();
    let samples = operations.iter().map(|operation| {
        let name = format!("{} {}", operation.method, operation.path);
        Sample::of(operation, bodies.remove(&name).unwrap_or_else(|| panic!("{name} has no sample")))
    });
    let samples: Vec<_> = samples.collect();
    assert!(bodies.is_empty(), "no operations: {bodies:?}");
    samples
}

/// Those of users and services.
pub(super) async fn user_samples(story: &Story) -> Vec<Sample> {
    samples(story).await.into_iter().filter(|sample| !sample.is_admin()).collect()
}

/// Those of administration.
pub(super) async fn admin_samples(story: &Story) -> Vec<Sample> {
    samples(story).await.into_iter().filter(Sample::is_admin).collect()
}

/// Paths and bodies by operation. What is written is about people who are not in the story yet.
async fn bodies(story: &Story) -> BTreeMap<String, (String, Value)> {
    let code = story.code_of("u_ana").await;
    let redeemed = story.redeem("u_ben", "1.00", "bill_0").await.json(201);
    let redemption = redeemed["redemption_id"].as_str().expect("an id").to_owned();
    let paid = story.given_up("u_carl").await;
    let payout = "/api/affiliate/payouts/{id}";
    let cancel = "/api/affiliate/payouts/{id}/cancel";
    let method = "/api/affiliate/payout-method";
    let get = |path: &str| (format!("GET {path}"), (path.to_owned(), Value::Null));
    let post = |path: &str, body: Value| (format!("POST {path}"), (path.to_owned(), body));
    let reverse = "/api/credits/redemptions/{id}/reverse";
    let validate = "/api/referral/validate/{code}";
    [
        get(method),
        (format!("PUT {method}"), (method.to_owned(), external("u_carl"))),
        get("/api/affiliate/payouts"),
        post("/api/affiliate/payouts", json!({"amount": usd("25.00")})),
        (format!("GET {payout}"), (payout.replace("{id}", &paid), Value::Null)),
        (format!("POST {cancel}"), (cancel.replace("{id}", &paid), Value::Null)),
        get("/api/credits/balance"),
        get("/api/credits/export"),
        get("/api/credits/history"),
        get("/api/credits/statement"),
        get("/api/credits/summary"),
        get("/api/referral/code"),
        get("/api/referral/my-referrer"),
        get("/api/referral/stats"),
        get("/healthz"),
        get("/readyz"),
        (format!("GET {validate}"), (validate.replace("{code}", &code), Value::Null)),
        post("/api/codes", json!({"user_id": "u_ana"})),
        post(
            "/api/credits/redeem",
            json!({"user_id": "u_ben", "amount": usd("2.00"), "reference": "bill_1"}),
        ),
        (format!("POST {reverse}"), (reverse.replace("{id}", &redemption), json!({"reference": "back_1"}))),
        post("/api/events/email-verified", json!({"user_id": "u_dora"})),
        post("/api/events/refund", story.refund_body("back_2001", "inv_2002", "5.00")),
        post("/api/events/signup", json!({"user_id": "u_dora", "code": code})),
        post("/api/events/spend", story.spend_body("inv_2001", "u_ben", "5.00")),
        post("/api/referral/apply", json!({"code": code})),
    ]
    .into()
}
