//! Explaining events: paid or not, the first reason why not, by how things stand now.

use serde_json::{Value, json};

use super::{Reply, Story, usd};

async fn asked(story: &Story, source: &str) -> Reply {
    story.host.get(&format!("/api/events/{source}/explain")).await
}

async fn explained(story: &Story, source: &str) -> Value {
    asked(story, source).await.json(200)
}

fn check<'a>(explained: &'a Value, rule: &str) -> &'a Value {
    let checks = explained["checks"].as_array().expect("a list");
    checks.iter().find(|check| check["rule"] == rule).unwrap_or_else(|| panic!("{rule}: {explained}"))
}

fn sum<'a>(explained: &'a Value, label: &str) -> &'a Value {
    let sums = explained["arithmetic"].as_array().expect("a list");
    sums.iter().find(|sum| sum["label"] == label).unwrap_or_else(|| panic!("{label}: {explained}"))
}

#[actix_web::test]
async fn a_spend_that_was_paid_for_passes_every_rule() {
    let story = Story::told().await;
    let paid = explained(&story, "inv_1002").await;
    assert_eq!(paid["first_reason_why_not"], Value::Null, "{paid}");
    assert_eq!(
        (&paid["result"]["outcome"], &paid["result"]["reward"]),
        (&json!("threshold_crossed"), &usd("25.00"))
    );
    assert_eq!((&paid["event"]["kind"], &paid["event"]["user_id"]), (&json!("spend"), &json!("u_ben")));
    let threshold = json!({"net": usd("50.00"), "threshold": usd("50.00")});
    assert_eq!(check(&paid, "threshold-reached")["inputs"], threshold);
    assert_eq!(
        sum(&paid, "net"),
        &json!({"label": "net", "expression": "50.00 - 0.00", "value": usd("50.00")})
    );
}

#[actix_web::test]
async fn a_spend_that_was_not_paid_for_names_the_first_reason() {
    let story = Story::told().await;
    story.spend("inv_zoe", "u_zoe", "60.00").await;
    assert_eq!(explained(&story, "inv_zoe").await["first_reason_why_not"], "referral-exists");
    let mut early = story.spend_body("inv_early", "u_ben", "60.00");
    early["occurred_at"] = json!("2025-12-01T00:00:00Z");
    story.host.post("/api/events/spend", early).await;
    let told = explained(&story, "inv_early").await;
    assert_eq!(
        (&told["first_reason_why_not"], &told["result"]["outcome"]),
        (&json!("after-applying"), &json!("before_referral"))
    );
    story.host.post("/api/events/refund", story.refund_body("back_1", "inv_1001", "10.00")).await.json(200);
    let below = explained(&story, "inv_1002").await;
    assert_eq!(below["first_reason_why_not"], "threshold-reached", "it is told by how things stand now");
}

#[actix_web::test]
async fn what_was_told_beside_an_event_is_told_back_with_it() {
    let story = Story::told().await;
    let beside = json!({"order": 17, "lines": ["a", {"b": null}]});
    let (mut spend, mut refund) =
        (story.spend_body("inv_3", "u_ben", "5.00"), story.refund_body("back_3", "inv_3", "1.00"));
    spend["metadata"] = beside.clone();
    refund["metadata"] = beside.clone();
    story.host.post("/api/events/spend", spend).await.json(200);
    story.host.post("/api/events/refund", refund).await.json(200);
    for (source, told) in [("inv_3", &beside), ("back_3", &beside), ("inv_1001", &Value::Null)] {
        assert_eq!(&explained(&story, source).await["event"]["metadata"], told, "{source}");
    }
}

#[actix_web::test]
async fn a_refund_is_explained_with_what_it_takes_from_its_spend() {
    let story = Story::told().await;
    for (source, amount) in [("back_1", "10.00"), ("back_2", "25.00")] {
        let refund = story.refund_body(source, "inv_1001", amount);
        story.host.post("/api/events/refund", refund).await.json(200);
    }
    let told = explained(&story, "back_2").await;
    assert_eq!(
        (&told["event"]["kind"], &told["event"]["spend_source_id"]),
        (&json!("refund"), &json!("inv_1001"))
    );
    assert_eq!(told["result"]["over_refund"], true);
    let refunded =
        json!({"label": "refunded", "expression": "min(30.00, 10.00 + 25.00)", "value": usd("30.00")});
    assert_eq!(sum(&told, "refunded"), &refunded);
    assert_eq!(check(&told, "refund-weighs")["passed"], true);
    story.host.post("/api/events/refund", story.refund_body("back_3", "inv_later", "1.00")).await.json(200);
    assert_eq!(explained(&story, "back_3").await["first_reason_why_not"], "event-known");
}

#[actix_web::test]
async fn an_event_nobody_told_of_is_not_found() {
    let story = Story::told().await;
    for source in ["inv_9", "a%20b"] {
        asked(&story, source).await.refused(404, "not-found");
    }
    let nobodys = story.app.user("u_ben").get("/api/events/inv_1001/explain").await;
    nobodys.refused(403, "missing-role");
}
