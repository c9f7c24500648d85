//! `Idempotency-Key`: the first reply again, for the same caller, path and body.

use actix_web::http::Method;
use referral_domain::auth::Scope;
use referral_domain::time::DAY;
use serde_json::{Value, json};

use super::{Ask, Reply, Story};

fn keyed(path: &str, body: &Value, key: &str) -> Ask {
    Ask::post(path, body).header("idempotency-key", key)
}

fn replays(first: &Reply, second: &Reply) {
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), ("", "true"));
    assert_eq!(first.header("content-type"), second.header("content-type"));
    assert_eq!(first.header("cache-control"), second.header("cache-control"));
}

const APPLY: &str = "/api/referral/apply";

#[actix_web::test]
async fn the_same_key_and_body_replays_the_first_reply() {
    let story = Story::begin().await;
    let body = json!({"code": story.code_of("u_ana").await});
    let ben = story.app.user("u_ben");
    let first = ben.ask(&keyed(APPLY, &body, "k1")).await;
    assert_eq!(first.status, 201);
    story.app.wait(DAY);
    story.verify("u_ben").await.json(200);
    replays(&first, &story.app.user("u_ben").ask(&keyed(APPLY, &body, "k1")).await);
    let without = story.app.user("u_ben").post(APPLY, body.clone()).await.json(200);
    assert_eq!(without["referral"]["status"], "active", "without the key it is as it is now");
    let another = story.app.user("u_ben").ask(&keyed(APPLY, &body, "k2")).await;
    assert_eq!(
        (another.status, another.header("idempotent-replayed")),
        (200, ""),
        "another key is another command"
    );
}

#[actix_web::test]
async fn the_same_key_with_another_body_is_refused_and_changes_nothing() {
    let story = Story::begin().await;
    let (ana, carl) = (story.code_of("u_ana").await, story.code_of("u_carl").await);
    let ben = story.app.user("u_ben");
    ben.ask(&keyed(APPLY, &json!({"code": ana}), "k")).await.json(201);
    let before = story.app.stored();
    ben.ask(&keyed(APPLY, &json!({"code": carl}), "k")).await.refused(422, "idempotency-key-reused");
    let spelt = Ask::new(Method::POST, APPLY)
        .json(format!("{{\"code\":  \"{ana}\"}}"))
        .header("idempotency-key", "k");
    ben.ask(&spelt).await.refused(422, "idempotency-key-reused");
    assert_eq!(before, story.app.stored());
}

#[actix_web::test]
async fn a_key_is_another_one_for_another_caller() {
    let story = Story::begin().await;
    let body = json!({"code": story.code_of("u_ana").await});
    for user in ["u_ben", "u_carl"] {
        let reply = story.app.user(user).ask(&keyed(APPLY, &body, "k")).await;
        assert_eq!((reply.status, reply.header("idempotent-replayed")), (201, ""), "{user}");
    }
}

#[actix_web::test]
async fn a_refusal_is_judged_afresh() {
    let story = Story::begin().await;
    let unknown = story.app.user_with("u_ben", json!({"created_at": null}));
    let body = json!({"code": story.code_of("u_ana").await});
    unknown.ask(&keyed(APPLY, &body, "k")).await.refused(422, "signup-time-unknown");
    story.host.post("/api/events/signup", json!({"user_id": "u_ben", "code": null})).await.json(200);
    let reply = unknown.ask(&keyed(APPLY, &body, "k")).await;
    assert_eq!((reply.status, reply.header("idempotent-replayed")), (201, ""));
    unknown.ask(&keyed(APPLY, &json!({"code": "x"}), "k")).await.refused(422, "idempotency-key-reused");
}

#[actix_web::test]
async fn a_code_made_under_a_key_is_answered_as_it_was_made() {
    let story = Story::begin().await;
    let (path, body) = ("/api/codes", json!({"user_id": "u_ana"}));
    let first = story.host.ask(&keyed(path, &body, "k")).await;
    let code = first.json(200)["code"].as_str().expect("a code").to_owned();
    story.sign_up("u_ben", &code).await.json(201);
    replays(&first, &story.host.ask(&keyed(path, &body, "k")).await);
    assert_eq!(first.value()["uses"], 0);
    let now = story.host.post(path, body.clone()).await.json(200);
    assert_eq!((&now["code"], &now["uses"], &now["stats"]["total"]), (&json!(code), &json!(1), &json!(1)));
    let other = json!({"user_id": "u_carl"});
    let before = story.app.stored();
    story.host.ask(&keyed(path, &other, "k")).await.refused(422, "idempotency-key-reused");
    assert_eq!(before, story.app.stored());
    let another = story.app.service(&[Scope::CodesWrite]).await.ask(&keyed(path, &other, "k")).await;
    assert_eq!((another.status, another.header("idempotent-replayed")), (200, ""), "another key's caller");
    let known = story.host.ask(&keyed(path, &body, "k2")).await.json(200);
    assert_eq!(known, now, "a code that was there is answered with its stats");
}
