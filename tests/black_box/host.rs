//! The company's own servers, as they call this API: with a key, for any user.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::http::{Connection, Reply, Request};
use crate::server::Server;

/// Every scope that this API asks for.
pub(crate) const SCOPES: [&str; 4] = ["events:write", "credits:redeem", "users:read", "codes:write"];

/// A host with its key, calling one server.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    address: SocketAddr,
    pub(crate) key: String,
}

/// A referral, as far as a test needs it to go on.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) referrer: String,
    pub(crate) referred: String,
    pub(crate) code: String,
    /// When the code was applied, by the server's clock: spend of this instant counts.
    pub(crate) applied_at: String,
}

impl Host {
    /// A host of this server with a fresh key.
    pub(crate) fn of(server: &Server) -> Self {
        Self::with_key(server, server.home.key(&SCOPES))
    }

    pub(crate) fn with_key(server: &Server, key: String) -> Self {
        Self { address: server.address, key }
    }

    /// The same host, calling another server.
    pub(crate) fn at(&self, server: &Server) -> Self {
        Self::with_key(server, self.key.clone())
    }

    pub(crate) fn send(&self, request: Request) -> Reply {
        let request = request.key(&self.key);
        let sent = Connection::open(self.address).and_then(|mut connection| connection.send(&request));
        sent.unwrap_or_else(|error| panic!("{}: {error}", request.line()))
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.send(Request::get(path)).expect(200)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Request::post(path, body))
    }

    /// `u_ana3` shares her code, `u_ben3` signs up with it and has not verified his e-mail.
    pub(crate) fn unverified_pair(&self, number: usize) -> Pair {
        let (referrer, referred) = (format!("u_ana{number}"), format!("u_ben{number}"));
        let made = self.post("/api/codes", &json!({"user_id": referrer})).expect(200);
        let code = made["code"].as_str().expect("a code").to_owned();
        let signed_up =
            self.post("/api/events/signup", &json!({"user_id": referred, "code": code})).expect(201);
        let applied_at = signed_up["referral"]["applied_at"].as_str().expect("a time").to_owned();
        Pair { referrer, referred, code, applied_at }
    }

    /// The same, verified: the welcome credit is there.
    pub(crate) fn pair(&self, number: usize) -> Pair {
        let pair = self.unverified_pair(number);
        let verified = self.verify(&pair.referred);
        assert_eq!(verified["welcome_credit_granted"], true, "{verified}");
        pair
    }

    /// The host's mail link was followed.
    pub(crate) fn verify(&self, user: &str) -> Value {
        self.post("/api/events/email-verified", &json!({"user_id": user})).expect(200)
    }

    pub(crate) fn available(&self, user: &str) -> String {
        let balance = self.get(&format!("/api/credits/balance?user_id={user}"));
        balance["available"]["amount"].as_str().expect("an amount").to_owned()
    }

    /// Every line of a user's history, oldest first, over all pages.
    pub(crate) fn history(&self, user: &str) -> Vec<Value> {
        let mut lines = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("/api/credits/history?user_id={user}&limit=100{cursor}"));
            lines.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        lines.reverse();
        lines
    }

    /// How many lines of a type a user's history has.
    pub(crate) fn count(&self, user: &str, kind: &str) -> usize {
        self.history(user).iter().filter(|line| line["type"] == kind).count()
    }
}

impl Pair {
    /// Money received from the referred user, in dollars.
    pub(crate) fn spend(&self, source: &str, amount: &str) -> Request {
        Request::post("/api/events/spend", &self.spend_event(source, amount))
    }

    pub(crate) fn spend_event(&self, source: &str, amount: &str) -> Value {
        json!({
            "source_id": source, "user_id": self.referred, "amount": dollars(amount), "occurred_at": self.applied_at,
        })
    }

    /// The referred user uses credits.
    pub(crate) fn redeem(&self, reference: &str, amount: &str) -> Request {
        let body = json!({"user_id": self.referred, "amount": dollars(amount), "reference": reference});
        Request::post("/api/credits/redeem", &body)
    }
}

pub(crate) fn dollars(amount: &str) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

/// `"12.34"` as 1234.
pub(crate) fn cents(amount: &Value) -> i64 {
    let text = amount.as_str().expect("an amount is text");
    let digits = text.replace('.', "");
    assert_eq!(text.len() - digits.len(), 1, "{text} has a point");
    digits.parse().expect("digits")
}

/// 1234 as `"12.34"`.
pub(crate) fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
