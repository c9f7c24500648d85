//! Affiliates in the story: rewards old enough to be paid out, and payouts on every step of their way.

use referral_domain::time::DAY;
use serde_json::{Value, json};

use super::{Ask, Speaker, Story};

/// Where this user is paid.
pub(super) fn external(user: &str) -> Value {
    json!({"kind": "external", "reference": format!("account:{user}")})
}

/// What a settlement file begins with.
pub(super) const HEADER: &str = "payout_id,amount,currency,status,failure";

impl Story {
    /// Somebody who pays people out.
    pub(super) fn finance(&self, name: &str) -> Speaker {
        self.app.user_with(name, json!({"role": "finance"}))
    }

    /// Users with 25.00 that is payable.
    pub(super) async fn affiliates(&self, names: &[&str]) {
        for name in names {
            let (code, friend) = (self.code_of(name).await, format!("friend_of_{name}"));
            assert_eq!(self.sign_up(&friend, &code).await.status, 201);
            self.verify(&friend).await;
            self.spend(&format!("inv_{name}"), &friend, "60.00").await;
            let set = Ask::put("/api/affiliate/payout-method", &external(name));
            assert_eq!(self.app.user(name).ask(&set).await.status, 200);
        }
        self.app.wait(31 * DAY);
    }

    /// All that is payable of a user, asked for.
    pub(super) async fn requested(&self, name: &str) -> String {
        let reply = self.app.user(name).post("/api/affiliate/payouts", json!({})).await.json(201);
        reply["id"].as_str().expect("an id").to_owned()
    }

    pub(super) async fn approved(&self, name: &str) -> String {
        let id = self.requested(name).await;
        let path = format!("/api/admin/payouts/{id}/approve");
        self.finance("u_fin").post(&path, json!({})).await.json(200);
        id
    }

    /// A payout of a new affiliate, given up again.
    pub(super) async fn given_up(&self, name: &str) -> String {
        self.affiliates(&[name]).await;
        let id = self.requested(name).await;
        let path = format!("/api/affiliate/payouts/{id}/cancel");
        self.app.user(name).post(&path, json!({})).await.json(200);
        id
    }

    /// A batch of one approved payout, made by `u_fin`.
    pub(super) async fn drafted(&self, payout: &str) -> String {
        let body = json!({"method": "external", "payout_ids": [payout]});
        let built = self.finance("u_fin").post("/api/admin/payout-batches", body).await.json(201);
        built["id"].as_str().expect("an id").to_owned()
    }

    /// A step of a batch.
    pub(super) async fn moved(&self, batch: &str, step: &str, by: &str) -> Value {
        let path = format!("/api/admin/payout-batches/{batch}/{step}");
        self.finance(by).post(&path, json!({})).await.json(200)
    }

    /// A batch is sealed, and approved by another.
    pub(super) async fn agreed(&self, batch: &str) {
        self.moved(batch, "seal", "u_fin").await;
        self.moved(batch, "approve", "u_bob").await;
    }

    /// A batch sealed, approved by another and exported.
    pub(super) async fn exported(&self, payout: &str) -> String {
        let batch = self.drafted(payout).await;
        self.agreed(&batch).await;
        let path = format!("/api/admin/payout-batches/{batch}/export?format=csv");
        assert_eq!(self.finance("u_fin").get(&path).await.status, 200);
        batch
    }
}
