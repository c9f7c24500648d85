//! A sound request for every operation of the document, in the world after the story.

use std::collections::BTreeMap;

use referral_domain::auth::Scope;
use serde_json::{Value, json};

use crate::tests::{Ask, Story, usd};

/// One operation and a request for it that is answered with 2xx.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// `GET /api/..`, as in the document.
    pub(super) name: String,
    /// The path with its parameters filled in.
    pub(super) path: String,
    /// Which query or body says of whom a service speaks.
    body: Option<Value>,
    /// Whether users with a token may call it.
    pub(super) bearer: bool,
    /// The scope a service needs; `None` where services may not call it.
    pub(super) scope: Option<Scope>,
}

impl Sample {
    /// The request of a user, who speaks of themselves.
    pub(super) fn by_user(&self) -> Ask {
        self.with("")
    }

    /// The request of a service that speaks of this user.
    pub(super) fn by_service(&self, user: &str) -> Ask {
        if self.is_get() { self.with(&format!("?user_id={user}")) } else { self.with("") }
    }

    /// The request with this query.
    pub(super) fn with(&self, query: &str) -> Ask {
        let uri = format!("{}{query}", self.path);
        match &self.body {
            Some(body) => Ask::post(uri, body),
            None => Ask::get(uri),
        }
    }

    pub(super) fn is_get(&self) -> bool {
        self.body.is_none()
    }

    pub(super) fn is_public(&self) -> bool {
        !self.bearer && self.scope.is_none()
    }
}

/// One sample an operation. Panics when the document has an operation without one, or the table has more.
pub(super) async fn samples(story: &Story) -> Vec<Sample> {
    let mut bodies = bodies(story).await;
    let document = story.app.document();
    let operations = document.operations();
    let samples = operations.iter().map(|operation| {
        let name = format!("{} {}", operation.method, operation.path);
        let (path, body) = bodies.remove(&name).unwrap_or_else(|| panic!("{name} has no sample"));
        let security = operation.security();
        let scopes =
            security.iter().find(|(scheme, _)| *scheme == "api_key").map(|(_, scopes)| scopes.as_slice());
        Sample {
            path,
            body: (operation.method != "GET").then_some(body),
            bearer: security.iter().any(|(scheme, _)| *scheme == "bearer"),
            scope: scopes.map(|scopes| Scope::parse(scopes[0]).expect("a scope")),
            name,
        }
    });
    let samples: Vec<_> = samples.collect();
    assert!(bodies.is_empty(), "no operations: {bodies:?}");
    samples
}

/// Paths and bodies by operation. What is written is about people who are not in the story yet.
async fn bodies(story: &Story) -> BTreeMap<String, (String, Value)> {
    let code = story.code_of("u_ana").await;
    let redeemed = story.redeem("u_ben", "1.00", "bill_0").await.json(201);
    let redemption = redeemed["redemption_id"].as_str().expect("an id").to_owned();
    let get = |path: &str| (format!("GET {path}"), (path.to_owned(), Value::Null));
    let post = |path: &str, body: Value| (format!("POST {path}"), (path.to_owned(), body));
    let reverse = "/api/credits/redemptions/{id}/reverse";
    let validate = "/api/referral/validate/{code}";
    [
        get("/api/credits/balance"),
        get("/api/credits/export"),
        get("/api/credits/history"),
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
