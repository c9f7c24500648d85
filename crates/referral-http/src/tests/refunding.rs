//! Refunds: what they take back, what they wait for, what they change nothing of.

use referral_domain::auth::Scope;
use referral_domain::program::{Commission, Terms};
use referral_domain::time::{DAY, HOUR};
use referral_testkit::build::a_program;
use serde_json::{Value, json};

use super::{Speaker, Story, usd};

const REFUND: &str = "/api/events/refund";

/// One refund by the host; answers its result.
async fn refund(story: &Story, source: &str, spend: &str, amount: &str) -> Value {
    story.host.post(REFUND, story.refund_body(source, spend, amount)).await.json(200)["results"][0].clone()
}

async fn referral(story: &Story) -> Value {
    story.verify("u_ben").await.json(200)["referral"].clone()
}

async fn balance(story: &Story, user: &str) -> Value {
    story.app.user(user).get("/api/credits/balance").await.json(200)
}

#[actix_web::test]
async fn a_refund_below_the_threshold_takes_the_reward_back_and_more_spend_grants_it_again() {
    let story = Story::told().await;
    let result = refund(&story, "back_1", "inv_1002", "0.01").await;
    assert_eq!(
        (&result["outcome"], &result["net_spend"], &result["reward"], &result["over_refund"]),
        (&json!("reward_retracted"), &usd("49.99"), &usd("-25.00"), &json!(false))
    );
    assert!(result["transaction_id"].as_str().is_some_and(|id| id.starts_with("txn_")), "{result}");
    assert_eq!(story.available("u_ana").await, "0.00");
    let now = referral(&story).await;
    assert_eq!((&now["status"], &now["completed_at"]), (&json!("active"), &Value::Null));
    assert_eq!((&now["spend"]["gross"], &now["spend"]["refunded"]), (&usd("50.00"), &usd("0.01")));
    let award = json!({"amount": usd("25.00"), "status": "retracted", "reason": null, "available_at": null,
      "granted_at": null, "transaction_id": null});
    assert_eq!(now["reward"], award);
    let again = story.spend("inv_1003", "u_ben", "0.01").await;
    assert_eq!((&again["outcome"], &again["reward"]), (&json!("threshold_crossed"), &usd("25.00")));
    assert_eq!(story.available("u_ana").await, "25.00");
    assert_eq!(referral(&story).await["reward"]["status"], "granted");
}

#[actix_web::test]
async fn a_refund_that_leaves_the_threshold_reached_takes_nothing_back() {
    let story = Story::told().await;
    story.spend("inv_1003", "u_ben", "10.00").await;
    let result = refund(&story, "back_1", "inv_1001", "10.00").await;
    assert_eq!(
        (&result["outcome"], &result["net_spend"], &result["reward"], &result["transaction_id"]),
        (&json!("counted"), &usd("50.00"), &Value::Null, &Value::Null)
    );
    assert_eq!(story.available("u_ana").await, "25.00");
}

#[actix_web::test]
async fn a_reward_that_was_used_is_owed_once_it_is_taken_back_and_the_next_one_repays_it() {
    let story = Story::told().await;
    story.redeem("u_ana", "20.00", "bill_ana").await.json(201);
    refund(&story, "back_1", "inv_1002", "20.00").await;
    let owing = balance(&story, "u_ana").await;
    assert_eq!((&owing["available"], &owing["owed"]), (&usd("0.00"), &usd("20.00")));
    story.spend("inv_1003", "u_ben", "20.00").await;
    let repaid = balance(&story, "u_ana").await;
    assert_eq!((&repaid["available"], &repaid["owed"]), (&usd("5.00"), &usd("0.00")));
    let history = story.app.user("u_ana").get("/api/credits/history").await.json(200);
    let lines = history["items"].as_array().expect("a list").clone();
    assert_eq!(lines.len(), 4, "{history}");
    println!("lines of the history={}", lines.len());
}

#[actix_web::test]
async fn a_refund_that_comes_before_its_spend_waits_for_it() {
    let story = Story::told().await;
    let waiting = refund(&story, "back_1", "inv_1003", "4.00").await;
    assert_eq!(
        (&waiting["outcome"], &waiting["net_spend"], &waiting["reward"]),
        (&json!("awaiting_spend"), &usd("50.00"), &Value::Null)
    );
    assert_eq!(story.spend("inv_1003", "u_ben", "10.00").await["net_spend"], usd("56.00"));
    let again = story.refund_body("back_1", "inv_1003", "4.00");
    let replayed = story.host.post(REFUND, again).await.json(200)["results"][0].clone();
    assert_eq!((&replayed["outcome"], &replayed["replayed"]), (&json!("awaiting_spend"), &json!(true)));
}

#[actix_web::test]
async fn what_goes_beyond_the_spend_is_recorded_and_changes_nothing() {
    let story = Story::told().await;
    story.spend("inv_1003", "u_ben", "30.00").await;
    assert_eq!(refund(&story, "back_1", "inv_1001", "20.00").await["over_refund"], false);
    let over = refund(&story, "back_2", "inv_1001", "20.00").await;
    assert_eq!(
        (&over["outcome"], &over["over_refund"], &over["net_spend"]),
        (&json!("counted"), &json!(true), &usd("50.00"))
    );
    let beyond = refund(&story, "back_3", "inv_1001", "1.00").await;
    assert_eq!((&beyond["over_refund"], &beyond["net_spend"]), (&json!(true), &usd("50.00")));
}

#[actix_web::test]
async fn a_repeated_refund_gets_the_first_result_byte_for_byte_but_replayed() {
    let story = Story::told().await;
    let mut sent = story.refund_body("back_1", "inv_1001", "10");
    let first = story.host.post(REFUND, sent.clone()).await;
    let expected = first.body.replace("\"replayed\":false", "\"replayed\":true");
    story.app.wait(30 * DAY);
    story.spend("inv_1003", "u_ben", "70.00").await;
    sent["amount"] = usd("10.00");
    sent["reason"] = json!("requested");
    sent["metadata"] = json!({"note": "spelt in another way"});
    assert_eq!(story.host.post(REFUND, sent).await.body, expected, "the spelling is not the body");
}

/// The first body, and bodies that differ from it in what makes a refund that one.
fn other_bodies(story: &Story) -> (Value, Vec<Value>) {
    let first = story.refund_body("back_1", "inv_1001", "1.00");
    let with = |field: &str, value: Value| {
        let mut body = first.clone();
        body[field] = value;
        body
    };
    let others = vec![
        with("amount", usd("1.01")),
        with("user_id", json!("u_carl")),
        with("spend_source_id", json!("inv_1002")),
        with("reason", json!("fraud")),
        with("occurred_at", json!(story.app.now().plus_micros(1).to_string())),
    ];
    (first, others)
}

#[actix_web::test]
async fn another_refund_under_a_known_id_is_a_conflict_and_changes_nothing() {
    let story = Story::told().await;
    let (first, others) = other_bodies(&story);
    story.host.post(REFUND, first.clone()).await.json(200);
    let before = referral(&story).await;
    for other in &others {
        story.host.post(REFUND, other.clone()).await.refused(409, "event-conflict");
    }
    let all = [others, vec![first]].concat();
    let batch = json!({"events": all});
    let results = story.host.post(REFUND, batch).await.json(200)["results"].clone();
    let outcomes: Vec<_> =
        results.as_array().expect("a list").iter().map(|one| one["outcome"].clone()).collect();
    assert_eq!(outcomes, ["conflict", "conflict", "conflict", "conflict", "conflict", "reward_retracted"]);
    assert_eq!(referral(&story).await, before);
}

#[actix_web::test]
async fn a_refund_of_what_is_no_spend_of_that_user_is_a_conflict_and_is_not_stored() {
    let story = Story::told().await;
    story.spend("inv_carl", "u_carl", "5.00").await;
    refund(&story, "back_1", "inv_1001", "1.00").await;
    let stored = story.app.stored();
    for (source, spend) in
        [("back_2", "inv_carl"), ("back_2", "back_1"), ("back_2", "back_2"), ("inv_1001", "inv_1002")]
    {
        let sent = story.refund_body(source, spend, "1.00");
        story.host.post(REFUND, sent).await.refused(409, "event-conflict");
    }
    let mut spent = story.spend_body("back_1", "u_ben", "1.00");
    story.host.post("/api/events/spend", spent.clone()).await.refused(409, "event-conflict");
    spent["source_id"] = json!("back_2");
    assert_eq!(stored, story.app.stored(), "nothing was stored");
    story.host.post("/api/events/spend", spent).await.json(200);
}

#[actix_web::test]
async fn every_refund_is_told_what_it_counted_for() {
    let story = Story::begin().await;
    let code = story.code_of("u_ana").await;
    let early = story.spend_body("early", "u_ben", "5.00");
    story.app.wait(HOUR);
    story.sign_up("u_ben", &code).await.json(201);
    story.verify("u_ben").await.json(200);
    story.host.post("/api/events/spend", early).await.json(200);
    let mut euros = story.spend_body("euros", "u_ben", "5.00");
    euros["amount"] = json!({"amount": "5.00", "currency": "EUR"});
    story.host.post("/api/events/spend", euros).await.json(200);
    story.spend("dollars", "u_ben", "5.00").await;
    story.app.wait(90 * DAY);
    story.spend("late", "u_ben", "5.00").await;
    let outcome =
        async |source: &str, spend: &str| refund(&story, source, spend, "1.00").await["outcome"].clone();
    assert_eq!(outcome("r1", "early").await, "before_referral");
    assert_eq!(outcome("r2", "late").await, "after_window");
    assert_eq!(outcome("r3", "euros").await, "currency_mismatch");
    assert_eq!(outcome("r4", "never").await, "awaiting_spend");
    let mut of_euros = story.refund_body("r5", "dollars", "1.00");
    of_euros["amount"] = json!({"amount": "1.00", "currency": "EUR"});
    let mixed = story.host.post(REFUND, of_euros).await.json(200)["results"][0].clone();
    assert_eq!((&mixed["outcome"], &mixed["net_spend"]), (&json!("currency_mismatch"), &usd("5.00")));
    let mut nobody = story.spend_body("inv_carl", "u_carl", "5.00");
    story.host.post("/api/events/spend", nobody.clone()).await.json(200);
    nobody["source_id"] = json!("r6");
    nobody["spend_source_id"] = json!("inv_carl");
    let nobody = story.host.post(REFUND, nobody).await.json(200)["results"][0].clone();
    assert_eq!((&nobody["outcome"], &nobody["referral_id"]), (&json!("not_referred"), &Value::Null));
}

#[actix_web::test]
async fn after_the_clawback_window_only_a_chargeback_or_fraud_weighs() {
    let story = Story::told().await;
    story.app.wait(61 * DAY);
    let late = refund(&story, "back_1", "inv_1001", "1.00").await;
    assert_eq!(
        (&late["outcome"], &late["net_spend"], &late["reward"], &late["over_refund"]),
        (&json!("counted"), &usd("50.00"), &Value::Null, &json!(false))
    );
    let mut charged = story.refund_body("back_2", "inv_1001", "1.00");
    charged["reason"] = json!("chargeback");
    let charged = story.host.post(REFUND, charged).await.json(200)["results"][0].clone();
    assert_eq!((&charged["outcome"], &charged["net_spend"]), (&json!("reward_retracted"), &usd("49.00")));
}

/// A program of its own, where rewards are held for two weeks and a tenth of the spend of a year is a commission.
async fn holding(story: &Story) -> Speaker {
    let commission = Commission::of_millionths(100_000, 12, None);
    let terms = Terms { hold_days: 14, commission, ..Terms::default() };
    story.app.insert(&a_program().named("holding").terms(terms).build()).await;
    story.app.service_of("holding", Scope::ALL).await
}

#[actix_web::test]
async fn a_held_reward_and_a_commission_are_told_and_taken_back_out_of_what_is_held() {
    let story = Story::begin().await;
    let host = holding(&story).await;
    let ana = story.app.user_with("u_ana", json!({"program": "holding"}));
    let code = ana.get("/api/referral/code").await.json(200)["code"].clone();
    let sign_up = json!({"user_id": "u_ben", "code": code, "email_verified": true});
    host.post("/api/events/signup", sign_up.clone()).await.json(201);
    let spent = story.spend_body("inv_1", "u_ben", "60.00");
    let spent = host.post("/api/events/spend", spent).await.json(200)["results"][0].clone();
    assert_eq!((&spent["reward"], &spent["commission"]), (&usd("25.00"), &usd("6.00")));
    let balance = ana.get("/api/credits/balance").await.json(200);
    assert_eq!((&balance["available"], &balance["held"]), (&usd("0.00"), &usd("31.00")));
    let held = host.post("/api/events/signup", sign_up.clone()).await.json(200)["referral"].clone();
    let until = story.app.now().plus_days(14).to_string();
    assert_eq!((&held["reward"]["status"], &held["reward"]["available_at"]), (&json!("held"), &json!(until)));
    assert_eq!(held["commission"], json!({"due": usd("6.00"), "posted": usd("6.00")}));
    let back = story.refund_body("back_1", "inv_1", "15.00");
    let back = host.post(REFUND, back).await.json(200)["results"][0].clone();
    assert_eq!(
        (&back["outcome"], &back["reward"], &back["commission"]),
        (&json!("reward_retracted"), &usd("-25.00"), &usd("-1.50"))
    );
    let balance = ana.get("/api/credits/balance").await.json(200);
    assert_eq!((&balance["held"], &balance["owed"]), (&usd("4.50"), &usd("0.00")));
    let taken = host.post("/api/events/signup", sign_up).await.json(200)["referral"].clone();
    assert_eq!(taken["reward"]["status"], "retracted");
    assert_eq!(taken["commission"], json!({"due": usd("4.50"), "posted": usd("4.50")}));
}
