//! Variants of the story about spend: order, repetition, conflict.

use referral_domain::time::{DAY, HOUR};
use serde_json::{Value, json};

use super::{Story, usd};

#[actix_web::test]
async fn what_was_spent_before_verifying_is_rewarded_on_verifying() {
    let story = Story::begin().await;
    let code = story.code_of("u_ana").await;
    story.sign_up("u_ben", &code).await.json(201);
    let spent = story.spend("inv_1", "u_ben", "60.00").await;
    assert_eq!(spent["outcome"], "threshold_crossed");
    assert_eq!(spent["reward"], Value::Null);
    assert_eq!(spent["withheld"], json!({"amount": usd("25.00"), "reason": "email-not-verified"}));
    assert_eq!(story.available("u_ana").await, "0.00");
    let stats = story.app.user("u_ana").get("/api/referral/stats").await.json(200);
    assert_eq!((&stats["pending"], &stats["potential_earnings"]), (&json!(1), &usd("25.00")));
    let verified = story.verify("u_ben").await.json(200);
    assert_eq!((&verified["welcome_credit_granted"], &verified["reward"]), (&json!(true), &usd("25.00")));
    assert_eq!(verified["referral"]["status"], "completed");
    assert_eq!(
        (story.available("u_ana").await, story.available("u_ben").await),
        ("25.00".into(), "10.00".into())
    );
}

#[actix_web::test]
async fn being_verified_again_later_gives_the_same() {
    let story = Story::told().await;
    let first = story.verify("u_ben").await.json(200);
    for _ in 0..3 {
        story.app.wait(DAY);
        assert_eq!(story.verify("u_ben").await.json(200), first);
    }
    let again = json!({"user_id": "u_ben", "code": story.code_of("u_ana").await, "email_verified": false});
    assert_eq!(story.host.post("/api/events/signup", again).await.json(200)["referral"], first["referral"]);
}

#[actix_web::test]
async fn a_repeated_event_gets_the_first_result_byte_for_byte_but_replayed() {
    let story = Story::begin().await;
    let code = story.code_of("u_ana").await;
    story.sign_up("u_ben", &code).await.json(201);
    story.verify("u_ben").await.json(200);
    let mut body = story.spend_body("inv_1", "u_ben", "50");
    let first = story.host.post("/api/events/spend", body.clone()).await;
    story.app.wait(30 * DAY);
    story.spend("inv_2", "u_ben", "70.00").await;
    let expected = first.body.replace("\"replayed\":false", "\"replayed\":true");
    assert_eq!(story.host.post("/api/events/spend", body.clone()).await.body, expected);
    body["amount"] = usd("50.00");
    body["occurred_at"] = json!("2026-01-31T13:00:00.0000009+01:00");
    body["metadata"] = json!({"note": "spelt in another way"});
    assert_eq!(
        story.host.post("/api/events/spend", body).await.body,
        expected,
        "the spelling is not the body"
    );
    assert_eq!(story.available("u_ana").await, "25.00");
}

#[actix_web::test]
async fn a_known_event_is_answered_however_old_it_has_become() {
    let story = Story::told().await;
    let body = story.spend_body("inv_9", "u_ben", "1.00");
    story.host.post("/api/events/spend", body.clone()).await.json(200);
    story.app.wait(500 * DAY);
    assert_eq!(
        story.host.post("/api/events/spend", body.clone()).await.json(200)["results"][0]["replayed"],
        true
    );
    let mut unknown = body;
    unknown["source_id"] = json!("inv_10");
    story.host.post("/api/events/spend", unknown).await.refused(422, "time-out-of-range");
}

/// The first body, and bodies that differ from it in what makes an event that one.
fn other_bodies(story: &Story) -> (Value, Vec<Value>) {
    let first = story.spend_body("inv_9", "u_ben", "1.00");
    let with = |field: &str, value: Value| {
        let mut body = first.clone();
        body[field] = value;
        body
    };
    let later = story.app.now().plus_micros(1).to_string();
    let others = vec![
        with("amount", usd("1.01")),
        with("amount", json!({"amount": "1.00", "currency": "EUR"})),
        with("user_id", json!("u_carl")),
        with("user_id", json!("u_BEN")),
        with("occurred_at", json!(later)),
        with("payment_fingerprint", json!("0123456789abcdef")),
    ];
    (first, others)
}

#[actix_web::test]
async fn another_body_under_a_known_id_is_a_conflict_and_changes_nothing() {
    let story = Story::told().await;
    let (first, others) = other_bodies(&story);
    story.host.post("/api/events/spend", first.clone()).await.json(200);
    let net = |value: Value| value["referral"]["spend"]["net"].clone();
    let before = net(story.verify("u_ben").await.json(200));
    for other in &others {
        story.host.post("/api/events/spend", other.clone()).await.refused(409, "event-conflict");
    }
    let mut batch = others.clone();
    batch.insert(3, first.clone());
    batch.push(story.spend_body("inv_10", "u_ben", "1.00"));
    let results =
        story.host.post("/api/events/spend", json!({"events": batch})).await.json(200)["results"].clone();
    let outcomes: Vec<_> =
        results.as_array().expect("a list").iter().map(|one| one["outcome"].clone()).collect();
    assert_eq!(
        outcomes,
        ["conflict", "conflict", "conflict", "counted", "conflict", "conflict", "conflict", "counted"]
    );
    let conflict = &results[0];
    assert_eq!(
        (&conflict["event_id"], &conflict["net_spend"], &conflict["replayed"]),
        (&Value::Null, &Value::Null, &json!(false))
    );
    assert_eq!((before, net(story.verify("u_ben").await.json(200))), (usd("51.00"), usd("52.00")));
}

#[actix_web::test]
async fn the_same_event_twice_in_a_batch_counts_once() {
    let story = Story::told().await;
    let body = story.spend_body("inv_9", "u_ben", "1.00");
    let batch = json!({"events": [body.clone(), body.clone(), body]});
    let results = story.host.post("/api/events/spend", batch).await.json(200)["results"].clone();
    let replayed: Vec<_> =
        results.as_array().expect("a list").iter().map(|one| one["replayed"].clone()).collect();
    assert_eq!(replayed, [false, true, true]);
    assert_eq!(results[2]["net_spend"], usd("51.00"));
}

#[actix_web::test]
async fn every_event_is_told_what_it_counted_for() {
    let story = Story::begin().await;
    let code = story.code_of("u_ana").await;
    let early = story.spend_body("inv_1", "u_ben", "5.00");
    story.app.wait(HOUR);
    story.sign_up("u_ben", &code).await.json(201);
    assert_eq!(
        story.host.post("/api/events/spend", early).await.json(200)["results"][0]["outcome"],
        "before_referral"
    );
    let mut euros = story.spend_body("inv_2", "u_ben", "5.00");
    euros["amount"] = json!({"amount": "5.00", "currency": "EUR"});
    let euros = story.host.post("/api/events/spend", euros).await.json(200)["results"][0].clone();
    assert_eq!((&euros["outcome"], &euros["net_spend"]), (&json!("currency_mismatch"), &usd("0.00")));
    let nobody = story.spend("inv_3", "u_carl", "5.00").await;
    assert_eq!(
        (&nobody["outcome"], &nobody["referral_id"], &nobody["threshold"]),
        (&json!("not_referred"), &Value::Null, &Value::Null)
    );
    story.app.wait(90 * DAY);
    assert_eq!(story.spend("inv_4", "u_ben", "5.00").await["outcome"], "after_window");
}

#[actix_web::test]
async fn what_was_spent_before_the_sign_up_was_told_counts_when_it_is() {
    let story = Story::begin().await;
    let (code, applied_at) = (story.code_of("u_ana").await, story.app.now().to_string());
    story.app.wait(HOUR);
    assert_eq!(story.spend("inv_1", "u_ben", "60.00").await["outcome"], "not_referred");
    story.app.wait(HOUR);
    let body = json!({"user_id": "u_ben", "code": code, "email_verified": true, "created_at": applied_at, "applied_at": applied_at});
    let referral = story.host.post("/api/events/signup", body).await.json(201)["referral"].clone();
    assert_eq!((&referral["status"], &referral["spend"]["net"]), (&json!("completed"), &usd("60.00")));
    assert_eq!(story.available("u_ana").await, "25.00");
}
