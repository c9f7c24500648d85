//! Batches of spend: one bad item refuses all, with its pointer; nothing of the batch counts.

use referral_domain::time::{DAY, SECOND};
use serde_json::{Value, json};

use super::{case, invalid, see_refused, told};
use crate::tests::{Ask, Story};

const SPEND: &str = "/api/events/spend";

fn batch(story: &Story, length: usize) -> Value {
    let events: Vec<_> =
        (0..length).map(|n| story.spend_body(&format!("bat_{n}"), "u_ben", "1.00")).collect();
    json!({"events": events})
}

#[actix_web::test]
async fn a_malformed_item_refuses_the_whole_batch_with_its_pointer() {
    let story = told().await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = batch(&story, 20);
        change(&mut body["events"][17]);
        body
    };
    let cases = vec![
        invalid(
            "digits",
            SPEND,
            &with(&|item| item["amount"]["amount"] = json!("1.234")),
            &[("/events/17/amount/amount", "money-digits")],
        ),
        invalid(
            "a typo",
            SPEND,
            &with(&|item| item["currrency"] = json!("USD")),
            &[("/events/17/currrency", "unknown-field")],
        ),
        invalid(
            "a time",
            SPEND,
            &with(&|item| item["occurred_at"] = json!("now")),
            &[("/events/17/occurred_at", "time-format")],
        ),
        invalid(
            "nobody",
            SPEND,
            &with(&|item| item["user_id"] = Value::Null),
            &[("/events/17/user_id", "required")],
        ),
        invalid("no object", SPEND, &with(&|item| *item = json!(17)), &[("/events/17", "wrong-type")]),
        invalid(
            "a nul",
            SPEND,
            &with(&|item| item["metadata"] = json!({"a": "\u{0}"})),
            &[("/events/17/metadata/a", "nul-character")],
        ),
    ];
    see_refused(&story.app, &story.host, cases).await;
}

#[actix_web::test]
async fn a_batch_has_one_to_a_thousand_events_and_nothing_beside_them() {
    let story = told().await;
    let mut both = story.spend_body("inv_9", "u_ben", "1.00");
    both["events"] = batch(&story, 1)["events"].clone();
    let names =
        ["amount", "occurred_at", "source_id", "user_id"].map(|name| (format!("/{name}"), "unknown-field"));
    let beside: Vec<_> = names.iter().map(|(at, code)| (at.as_str(), *code)).collect();
    let cases = vec![
        invalid("empty", SPEND, &json!({"events": []}), &[("/events", "too-few-items")]),
        invalid("1001", SPEND, &batch(&story, 1001), &[("/events", "too-many-items")]),
        invalid(
            "null, which is nothing",
            SPEND,
            &json!({"events": null}),
            &[
                ("/source_id", "required"),
                ("/user_id", "required"),
                ("/amount", "required"),
                ("/occurred_at", "required"),
            ],
        ),
        invalid("an object", SPEND, &json!({"events": {}}), &[("/events", "wrong-type")]),
        invalid("both forms", SPEND, &both, &beside),
    ];
    see_refused(&story.app, &story.host, cases).await;
    let thousand = story.host.post(SPEND, batch(&story, 1000)).await.json(200);
    assert_eq!(thousand["results"].as_array().map(Vec::len), Some(1000));
}

#[actix_web::test]
async fn an_event_out_of_time_refuses_its_batch_and_is_pointed_at() {
    let story = told().await;
    let at = |micros: i64| {
        let mut body = story.spend_body("inv_9", "u_ben", "1.00");
        body["occurred_at"] = json!(story.app.now().plus_micros(micros).to_string());
        body
    };
    let mut many = batch(&story, 3);
    many["events"][2] = at(301 * SECOND);
    let mut refund = at(300 * SECOND + 1);
    refund["spend_source_id"] = json!("inv_1001");
    let late = [("/occurred_at", "time-out-of-range")];
    let refused = |what: &str, body: &Value, pointer: &str| {
        case(what, Ask::post(SPEND, body), 422, "time-out-of-range", &[(pointer, "time-out-of-range")])
    };
    let cases = vec![
        refused("ahead", &at(300 * SECOND + 1), "/occurred_at"),
        refused("too old", &at(-400 * DAY - 1), "/occurred_at"),
        refused("in a batch", &many, "/events/2/occurred_at"),
        case("a refund", Ask::post("/api/events/refund", &refund), 422, "time-out-of-range", &late),
    ];
    see_refused(&story.app, &story.host, cases).await;
    let edge = story.host.post(SPEND, at(300 * SECOND)).await;
    assert_eq!(edge.status, 200, "five minutes ahead are still fine: {}", edge.body);
}
