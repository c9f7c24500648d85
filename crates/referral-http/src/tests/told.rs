//! The story as each of those in it reads it, word by word: every line of a history says why.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use referral_domain::time::HOUR;
use serde_json::{Value, json};

use super::{Reply, Story, TestApp, usd};

/// A reply for a snapshot: the ids by number in the order in which they turn up, everything else as it stands.
#[derive(Default)]
struct Tame {
    seen: BTreeMap<String, usize>,
}

impl Tame {
    fn json(&mut self, reply: &Reply) -> String {
        let mut value = reply.value();
        self.walk(&mut value);
        format!("{} {value:#}", reply.status)
    }

    fn walk(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.walk(field)),
            Value::String(text) => *text = self.text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// `ref_` and 36 characters become `ref_#1`; anything else stays.
    fn text(&mut self, text: &str) -> String {
        let Some((prefix, rest)) = text.split_once('_') else { return text.to_owned() };
        if rest.len() != 36 || rest.matches('-').count() != 4 {
            return text.to_owned();
        }
        let next = self.seen.len() + 1;
        format!("{prefix}_#{}", self.seen.entry(text.to_owned()).or_insert(next))
    }

    fn csv(&mut self, reply: &Reply) -> String {
        let cells = reply
            .body
            .split("\r\n")
            .map(|line| line.split(',').map(|cell| self.text(cell)).collect::<Vec<_>>());
        let lines: Vec<_> = cells.map(|cells| cells.join(",")).collect();
        format!(
            "{}\n{}\n{}",
            reply.header("content-type"),
            reply.header("content-disposition"),
            lines.join("\n")
        )
    }
}

#[actix_web::test]
async fn the_story_as_the_host_is_told_it() {
    let (story, mut tame) = (Story::begin().await, Tame::default());
    let code = story.code_of("u_ana").await;
    let attribution = json!({"source": "link", "sub_id": "blog"});
    let body =
        json!({"user_id": "u_ben", "code": code, "email": "ben@example.com", "attribution": attribution});
    assert_snapshot!("signup", tame.json(&story.host.post("/api/events/signup", body).await));
    story.app.wait(HOUR);
    assert_snapshot!("email_verified", tame.json(&story.verify("u_ben").await));
    for (name, source, amount) in
        [("spend_below", "inv_1001", "30.00"), ("spend_reaching", "inv_1002", "20.00")]
    {
        story.app.wait(HOUR);
        let body = story.spend_body(source, "u_ben", amount);
        assert_snapshot!(name, tame.json(&story.host.post("/api/events/spend", body).await));
    }
    story.app.wait(HOUR);
    assert_snapshot!("redeem", tame.json(&story.redeem("u_ben", "4.00", "bill_1").await));
    let nobody = json!({"user_id": "u_carl", "code": null});
    assert_snapshot!(
        "signup_without_a_code",
        tame.json(&story.host.post("/api/events/signup", nobody).await)
    );
}

#[actix_web::test]
async fn the_story_as_ana_reads_it() {
    let (story, mut tame) = (Story::told().await, Tame::default());
    let ana = story.app.user("u_ana");
    for (name, path) in [
        ("ana_code", "/api/referral/code"),
        ("ana_stats", "/api/referral/stats"),
        ("ana_my_referrer", "/api/referral/my-referrer"),
        ("ana_balance", "/api/credits/balance"),
        ("ana_history", "/api/credits/history"),
        ("ana_summary", "/api/credits/summary"),
    ] {
        assert_snapshot!(name, tame.json(&ana.get(path).await));
    }
}

#[actix_web::test]
async fn the_story_as_ben_reads_it() {
    let (story, mut tame) = (Story::told().await, Tame::default());
    story.app.wait(HOUR);
    let redeemed = story.redeem("u_ben", "4.00", "bill_1").await.json(201);
    let reverse =
        format!("/api/credits/redemptions/{}/reverse", redeemed["redemption_id"].as_str().expect("an id"));
    let back = json!({"reference": "back_1", "amount": usd("1.50"), "reason": "=2+3, one article came back"});
    assert_snapshot!("ben_reversal", tame.json(&story.host.post(&reverse, back).await));
    let ben = story.app.user("u_ben");
    for (name, path) in [
        ("ben_stats", "/api/referral/stats"),
        ("ben_my_referrer", "/api/referral/my-referrer"),
        ("ben_balance", "/api/credits/balance"),
        ("ben_history", "/api/credits/history"),
        ("ben_summary", "/api/credits/summary"),
    ] {
        assert_snapshot!(name, tame.json(&ben.get(path).await));
    }
    assert_snapshot!(
        "ben_export",
        tame.csv(&ben.get("/api/credits/export?from=2026-01-01&to=2026-01-31").await)
    );
}

#[actix_web::test]
async fn what_a_visitor_and_a_friend_are_told() {
    let (story, mut tame) = (Story::told().await, Tame::default());
    let code = story.code_of("u_ana").await;
    let spelt = format!("/api/referral/validate/{}-{}", code[..4].to_lowercase(), &code[4..]);
    assert_snapshot!("validate", tame.json(&story.app.anonymous().get(&spelt).await));
    assert_snapshot!(
        "validate_unknown",
        tame.json(&story.app.anonymous().get("/api/referral/validate/NOBODY").await)
    );
    let friend = story.app.user_with("u_carl", json!({"email": "carl@example.com", "email_verified": false}));
    assert_snapshot!("apply", tame.json(&friend.post("/api/referral/apply", json!({"code": code})).await));
}

#[actix_web::test]
async fn a_refusal_says_what_is_wrong_and_where() {
    let (story, mut tame) = (Story::on(TestApp::start().await).await, Tame::default());
    let item = json!({"source_id": "a b", "user_id": "u_ben", "amount": usd("1.234"), "currrency": "USD"});
    let mut refused = story.host.post("/api/events/spend", json!({"events": [item]})).await;
    refused.body = refused.body.replace(refused.header("x-request-id"), "req_1");
    assert_snapshot!("refusal", tame.json(&refused));
}
