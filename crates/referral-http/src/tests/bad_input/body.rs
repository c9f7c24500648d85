//! Bodies that are no JSON, too large, of another type, or with fields nobody knows: the same at every write.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::{Case, case, invalid, see_refused, told};
use crate::tests::{Ask, Story, usd};

/// Every write of a service, with a sound body and a name to mistype in it.
async fn writes(story: &Story) -> Vec<(String, Value, &'static str)> {
    let redeemed = story.redeem("u_ben", "1.00", "bill_0").await.json(201);
    let reverse =
        format!("/api/credits/redemptions/{}/reverse", redeemed["redemption_id"].as_str().expect("an id"));
    let redeem = json!({"user_id": "u_ben", "amount": usd("1.00"), "reference": "bill_1"});
    [
        ("/api/codes".to_owned(), json!({"user_id": "u_new"}), "user_id"),
        ("/api/credits/redeem".to_owned(), redeem, "reference"),
        (reverse, json!({"reference": "back_1"}), "reference"),
        ("/api/events/email-verified".to_owned(), json!({"user_id": "u_new"}), "user_id"),
        ("/api/events/refund".to_owned(), story.refund_body("back_9", "inv_1001", "1.00"), "source_id"),
        ("/api/events/signup".to_owned(), json!({"user_id": "u_new", "code": null}), "user_id"),
        ("/api/events/spend".to_owned(), story.spend_body("inv_9", "u_new", "1.00"), "source_id"),
    ]
    .into()
}

fn post(path: &str) -> Ask {
    Ask::new(Method::POST, path)
}

/// What no endpoint takes, whatever it is for.
fn unreadable(path: &str) -> Vec<Case> {
    let json = |what: &str, body: &[u8]| {
        case(format!("{path}: {what}"), post(path).json(body), 400, "invalid-json", &[])
    };
    let whole = |what: &str, body: &str| {
        case(format!("{path}: {what}"), post(path).json(body), 400, "invalid-body", &[("", "wrong-type")])
    };
    vec![
        json("nothing", b""),
        json("half an object", b"{\"user_id\": "),
        json("an apostrophe", b"{'user_id': 1}"),
        json("two values", b"{} {}"),
        json("a comma too many", b"{\"a\": 1,}"),
        json("no number", b"{\"a\": NaN}"),
        json("a number out of range", b"{\"a\": 1e999}"),
        json("half a character", b"{\"a\": \"\\ud800\"}"),
        json("bytes that are no UTF-8", b"{\"a\": \"\xff\xfe\"}"),
        json("deep nesting", "[".repeat(200_000).as_bytes()),
        json("deep nesting of objects", "{\"a\":".repeat(100_000).as_bytes()),
        whole("a list", "[]"),
        whole("null", "null"),
        whole("a text", "\"x\""),
        whole("a number", "7"),
    ]
}

fn of_another_type(path: &str, sound: &Value) -> Vec<Case> {
    let refused =
        |what: &str, ask: Ask| case(format!("{path}: {what}"), ask, 415, "unsupported-media-type", &[]);
    let body = || post(path).body(sound.to_string());
    let huge = post(path).json(" ".repeat(1024 * 1024 + 1));
    vec![
        refused("no type", body()),
        refused("text", body().header("content-type", "text/plain")),
        refused("a form", body().header("content-type", "application/x-www-form-urlencoded")),
        refused("another charset", body().header("content-type", "application/json; charset=latin1")),
        refused(
            "compressed",
            body().header("content-type", "application/json").header("content-encoding", "gzip"),
        ),
        case(format!("{path}: huge"), huge, 413, "too-large", &[]),
    ]
}

fn with_unknown_fields(path: &str, sound: &Value, name: &str) -> Vec<Case> {
    let with = |change: Value| {
        let mut body = sound.clone();
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        body
    };
    let doubled = format!("{{\"{name}\": \"x\", {}", &sound.to_string()[1..]);
    let unknown = |field: &str| format!("/{field}");
    let typo = format!("{name}x");
    vec![
        invalid(
            format!("{path}: a typo"),
            path,
            &with(json!({typo.as_str(): 1})),
            &[(&unknown(&typo), "unknown-field")],
        ),
        invalid(
            format!("{path}: a stranger"),
            path,
            &with(json!({"a/b~c": 1})),
            &[("/a~1b~0c", "unknown-field")],
        ),
        case(
            format!("{path}: a field twice"),
            post(path).json(doubled),
            400,
            "invalid-body",
            &[(&unknown(name), "duplicate-field")],
        ),
    ]
}

#[actix_web::test]
async fn no_write_takes_a_body_that_is_not_what_it_says() {
    let story = told().await;
    for (path, sound, name) in writes(&story).await {
        let mut cases = unreadable(&path);
        cases.extend(of_another_type(&path, &sound));
        cases.extend(with_unknown_fields(&path, &sound, name));
        see_refused(&story.app, &story.host, cases).await;
    }
}

#[actix_web::test]
async fn no_application_of_a_code_takes_a_body_that_is_not_what_it_says() {
    let story = told().await;
    let (path, sound) = ("/api/referral/apply", json!({"code": story.code_of("u_ana").await}));
    let mut cases = unreadable(path);
    cases.extend(of_another_type(path, &sound));
    cases.extend(with_unknown_fields(path, &sound, "code"));
    see_refused(&story.app, &story.app.user("u_new"), cases).await;
}

#[actix_web::test]
async fn a_mistyped_field_is_answered_with_the_one_that_was_meant() {
    let story = told().await;
    let mut body = story.spend_body("inv_9", "u_ben", "1.00");
    body["amount"]["currrency"] = json!("USD");
    body["occured_at"] = json!("now");
    let errors = story.host.post("/api/events/spend", body).await.json(400)["errors"].clone();
    let advice: Vec<_> =
        errors.as_array().expect("a list").iter().map(|fault| fault["detail"].clone()).collect();
    assert_eq!(advice, ["did you mean currency?", "did you mean occurred_at?"]);
}

#[actix_web::test]
async fn at_most_twenty_faults_are_listed_and_all_are_counted() {
    let story = told().await;
    let body: Value =
        (0..50).map(|n| (format!("field_{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
    let refused = story.host.post("/api/codes", body).await.json(400);
    assert_eq!(refused["errors"].as_array().map(Vec::len), Some(20));
    assert_eq!(refused["detail"], "51 fields are wrong; the first 20 are listed");
}
