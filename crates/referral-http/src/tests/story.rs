//! The story that most tests begin with, told through the API as a host would.

use referral_domain::time::HOUR;
use serde_json::{Value, json};

use super::{Reply, Speaker, TestApp};

/// Money, in US dollars.
pub(super) fn usd(amount: &str) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

/// A server with the host's own key and the clock it runs on.
pub(super) struct Story {
    pub(super) app: TestApp,
    pub(super) host: Speaker,
}

impl Story {
    /// Nothing has happened yet.
    pub(super) async fn begin() -> Self {
        Self::on(TestApp::start().await).await
    }

    pub(super) async fn on(app: TestApp) -> Self {
        let host = app.host().await;
        Self { app, host }
    }

    /// The user's own code, made when there is none.
    pub(super) async fn code_of(&self, user: &str) -> String {
        let code = self.app.user(user).get("/api/referral/code").await.json(200);
        code["code"].as_str().expect("a code").to_owned()
    }

    /// The host tells of a sign-up with this code.
    pub(super) async fn sign_up(&self, user: &str, code: &str) -> Reply {
        self.host.post("/api/events/signup", json!({"user_id": user, "code": code})).await
    }

    pub(super) async fn verify(&self, user: &str) -> Reply {
        self.host.post("/api/events/email-verified", json!({"user_id": user})).await
    }

    /// The body of a spend event that happens now.
    pub(super) fn spend_body(&self, source: &str, user: &str, amount: &str) -> Value {
        let now = self.app.now().to_string();
        json!({"source_id": source, "user_id": user, "amount": usd(amount), "occurred_at": now})
    }

    /// The body of a refund of one of Ben's spends that happens now.
    pub(super) fn refund_body(&self, source: &str, spend: &str, amount: &str) -> Value {
        let mut body = self.spend_body(source, "u_ben", amount);
        body["spend_source_id"] = json!(spend);
        body
    }

    /// One spend event; answers its result.
    pub(super) async fn spend(&self, source: &str, user: &str, amount: &str) -> Value {
        let reply = self.host.post("/api/events/spend", self.spend_body(source, user, amount)).await;
        reply.json(200)["results"][0].clone()
    }

    pub(super) async fn redeem(&self, user: &str, amount: &str, reference: &str) -> Reply {
        let body = json!({"user_id": user, "amount": usd(amount), "reference": reference});
        self.host.post("/api/credits/redeem", body).await
    }

    /// What a user has available, as text.
    pub(super) async fn available(&self, user: &str) -> String {
        let balance = self.app.user(user).get("/api/credits/balance").await.json(200);
        balance["available"]["amount"].as_str().expect("an amount").to_owned()
    }

    /// Ben came by Ana's code, verified, and spent 30.00 and 20.00, an hour apart each: Ana has 25.00, Ben 10.00.
    pub(super) async fn told() -> Self {
        let story = Self::begin().await;
        story.tell().await;
        story
    }

    pub(super) async fn tell(&self) {
        let code = self.code_of("u_ana").await;
        assert_eq!(self.sign_up("u_ben", &code).await.status, 201);
        self.app.wait(HOUR);
        assert_eq!(self.verify("u_ben").await.status, 200);
        for (source, amount) in [("inv_1001", "30.00"), ("inv_1002", "20.00")] {
            self.app.wait(HOUR);
            self.spend(source, "u_ben", amount).await;
        }
        let (ana, ben) = (self.available("u_ana").await, self.available("u_ben").await);
        assert_eq!((ana.as_str(), ben.as_str()), ("25.00", "10.00"));
    }
}
