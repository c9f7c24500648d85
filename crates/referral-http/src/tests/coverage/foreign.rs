//! Every operation in the hands of another user, and of another program.

use referral_domain::auth::Scope;
use referral_testkit::build::a_program;
use serde_json::json;

use super::user_samples as samples;
use crate::tests::{Ask, Reply, Story, usd};

/// What only Ana, Ben and their host may read.
async fn secrets(story: &Story) -> Vec<String> {
    let mut secrets = vec!["u_ana".to_owned(), "u_ben".to_owned(), story.code_of("u_ana").await];
    let referral = story.verify("u_ben").await.json(200)["referral"]["id"].clone();
    secrets.extend(referral.as_str().map(str::to_owned));
    for user in ["u_ana", "u_ben"] {
        let items = story.app.user(user).get("/api/credits/history").await.json(200)["items"].clone();
        secrets.extend(
            items
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(|item| item["id"].as_str().map(str::to_owned)),
        );
    }
    assert!(secrets.len() >= 6, "{secrets:?}");
    secrets
}

fn tells(reply: &Reply, secrets: &[String]) -> bool {
    secrets.iter().any(|secret| reply.body.contains(secret.as_str()))
}

/// The amounts are secrets too: a stranger's own are all zero.
fn is_rich(reply: &Reply) -> bool {
    ["25.00", "10.00"].iter().any(|amount| reply.body.contains(amount))
        && !reply.body.contains("referrer_reward")
        && !reply.body.contains("\"minimum\"")
}

/// Writes of a user's own; each has a test here of what it does in the hands of another.
const USER_WRITES: [&str; 4] = [
    "PUT /api/affiliate/payout-method",
    "POST /api/affiliate/payouts",
    "POST /api/affiliate/payouts/{id}/cancel",
    "POST /api/referral/apply",
];

/// Writes of services; each is tried below by the service of another program.
const SERVICE_WRITES: [&str; 7] = [
    "POST /api/codes",
    "POST /api/credits/redeem",
    "POST /api/credits/redemptions/{id}/reverse",
    "POST /api/events/email-verified",
    "POST /api/events/refund",
    "POST /api/events/signup",
    "POST /api/events/spend",
];

#[actix_web::test]
async fn every_write_stands_in_the_tables_of_this_file() {
    let story = Story::told().await;
    let samples = samples(&story).await;
    let of = |user: bool| {
        let writes = samples.iter().filter(move |sample| !sample.is_get() && sample.bearer == user);
        writes.map(|sample| sample.name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!((of(true), of(false)), (USER_WRITES.to_vec(), SERVICE_WRITES.to_vec()));
}

#[actix_web::test]
async fn a_user_reads_nothing_of_another() {
    let story = Story::told().await;
    let (samples, secrets) = (samples(&story).await, secrets(&story).await);
    let (eve, mut asked, mut leaks) = (story.app.user("u_eve"), 0, Vec::new());
    for sample in samples.iter().filter(|sample| sample.is_anyones()) {
        let own = eve.ask(&sample.by_user()).await;
        assert_eq!(own.status, 200, "{}", sample.name);
        let csv = own.header("content-type").starts_with("text/csv");
        let leak = if csv { own.body.lines().count() != 1 } else { tells(&own, &secrets) || is_rich(&own) };
        leaks.extend(leak.then(|| format!("{}: {}", sample.name, own.body)));
        for other in ["?user_id=u_ana", "?user_id=u_eve", "?user_id=", "?user_id=u_eve&user_id=u_ana"] {
            let reply = eve.ask(&sample.with(other)).await;
            assert_eq!(reply.refusal(), (400, "invalid-query".to_owned()), "{} {other}", sample.name);
            assert_eq!(reply.faults(), [("user_id".to_owned(), "not-for-users".to_owned())]);
            asked += 1;
        }
    }
    println!("operations={} asked={asked} leaks={}", samples.len(), leaks.len());
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[actix_web::test]
async fn a_service_must_say_of_whom_it_speaks() {
    let story = Story::told().await;
    for sample in samples(&story).await.iter().filter(|sample| sample.is_get() && !sample.scopes.is_empty()) {
        for (query, code) in [
            ("", "required"),
            ("?user_id=", "bad-format"),
            ("?user_id=%20u_ana", "bad-format"),
            ("?user_id=a%00b", "bad-format"),
            ("?user_id=u_ana&user_id=u_ana", "repeated"),
        ] {
            let reply = story.host.ask(&sample.with(query)).await;
            assert_eq!(reply.refusal(), (400, "invalid-query".to_owned()), "{} {query}", sample.name);
            assert_eq!(reply.faults(), [("user_id".to_owned(), code.to_owned())], "{} {query}", sample.name);
        }
    }
}

#[actix_web::test]
async fn a_user_cannot_speak_for_another_when_applying_a_code() {
    let story = Story::told().await;
    let code = story.code_of("u_ana").await;
    let before = story.app.stored();
    let eve = story.app.user("u_eve");
    let reply = eve.post("/api/referral/apply", json!({"code": code, "user_id": "u_dora"})).await;
    assert_eq!(reply.faults(), [("/user_id".to_owned(), "unknown-field".to_owned())]);
    let reply = eve.post("/api/referral/apply?user_id=u_dora", json!({"code": code})).await;
    assert_eq!(reply.faults(), [("user_id".to_owned(), "unknown-parameter".to_owned())]);
    assert_eq!(before, story.app.stored());
    let own = eve.post("/api/referral/apply", json!({"code": code})).await;
    assert!(
        !own.body.contains("u_ana") && own.status == 201,
        "it never says whose code it was: {}",
        own.body
    );
}

#[actix_web::test]
async fn one_program_reads_and_changes_nothing_of_another() {
    let story = Story::told().await;
    story.app.insert(&a_program().named("other").build()).await;
    let (samples, secrets) = (samples(&story).await, secrets(&story).await);
    let service = story.app.service_of("other", Scope::ALL).await;
    let user = story.app.user_with("u_ana", json!({"program": "other"}));
    let mut asked = 0;
    for sample in samples.iter().filter(|sample| sample.is_anyones()) {
        for reply in [service.ask(&sample.by_service("u_ana")).await, user.ask(&sample.by_user()).await] {
            assert_eq!(reply.status, 200, "{}", sample.name);
            let csv = reply.header("content-type").starts_with("text/csv");
            let leak = if csv {
                reply.body.lines().count() != 1
            } else {
                tells(&reply, &secrets) || is_rich(&reply)
            };
            assert!(!leak, "{}: {}", sample.name, reply.body);
            asked += 1;
        }
    }
    println!("operations={} asked={asked} leaks=0", samples.len());
}

#[actix_web::test]
async fn one_program_s_writes_meet_nothing_of_another() {
    let story = Story::told().await;
    story.app.insert(&a_program().named("other").build()).await;
    let (code, service) = (story.code_of("u_ana").await, story.app.service_of("other", Scope::ALL).await);
    let redeemed = story.redeem("u_ben", "1.00", "bill_0").await.json(201);
    let reverse =
        format!("/api/credits/redemptions/{}/reverse", redeemed["redemption_id"].as_str().expect("an id"));
    let service = &service;
    let refusal = |ask: Ask| async move { service.ask(&ask).await.refusal() };
    let unknown = Ask::post("/api/events/signup", &json!({"user_id": "u_dora", "code": code}));
    assert_eq!(refusal(unknown).await, (422, "code-unknown".to_owned()));
    assert_eq!(refusal(Ask::post(reverse, &json!({"reference": "b"}))).await, (404, "not-found".to_owned()));
    let redeem = json!({"user_id": "u_ben", "amount": usd("1.00"), "reference": "bill_0"});
    assert_eq!(
        refusal(Ask::post("/api/credits/redeem", &redeem)).await,
        (422, "insufficient-balance".to_owned())
    );
    let spend =
        service.post("/api/events/spend", story.spend_body("inv_1001", "u_ben", "7.00")).await.json(200);
    assert_eq!(
        (&spend["results"][0]["outcome"], &spend["results"][0]["replayed"]),
        (&json!("not_referred"), &json!(false))
    );
    let refund =
        service.post("/api/events/refund", story.refund_body("back_1", "inv_1002", "7.00")).await.json(200);
    assert_eq!(refund["results"][0]["outcome"], "awaiting_spend", "the other program's spend is none here");
    let verified = service.post("/api/events/email-verified", json!({"user_id": "u_ben"})).await.json(200);
    assert!(verified["referral"].is_null());
    let made = service.post("/api/codes", json!({"user_id": "u_ana"})).await.json(200);
    assert_ne!(made["code"], code);
    assert_eq!(story.available("u_ben").await, "9.00");
}
