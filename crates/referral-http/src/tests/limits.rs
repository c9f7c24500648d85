//! Quotas: when they are used up, 429 with the time to wait.

use referral_domain::time::{DAY, HOUR, SECOND};
use serde_json::json;

use super::{Reply, Story, TestApp};

fn wait(reply: &Reply) -> i64 {
    reply.header("retry-after").parse().expect("seconds")
}

#[actix_web::test]
async fn sixty_validations_a_minute_and_address() {
    let story = Story::begin().await;
    let path = format!("/api/referral/validate/{}", story.code_of("u_ana").await);
    let visitor = story.app.anonymous().at("198.51.100.7");
    for _ in 0..60 {
        assert_eq!(visitor.get(&path).await.status, 200);
    }
    let refused = visitor.get(&path).await;
    refused.refused(429, "too-many-requests");
    assert!((1..=60).contains(&wait(&refused)), "{}", wait(&refused));
    assert_eq!(refused.header("access-control-allow-origin"), "*", "a page reads how long to wait");
    assert_eq!(story.app.anonymous().at("198.51.100.8").get(&path).await.status, 200, "another address");
    story.app.wait(wait(&refused) * SECOND);
    assert_eq!(visitor.get(&path).await.status, 200);
}

#[actix_web::test]
async fn twenty_misses_in_ten_minutes_and_then_a_hit_cannot_be_told_from_a_miss() {
    let story = Story::begin().await;
    let hit = format!("/api/referral/validate/{}", story.code_of("u_ana").await);
    let visitor = story.app.anonymous().at("198.51.100.7");
    for n in 0..20 {
        assert_eq!(visitor.get(&hit).await.status, 200, "hits are no misses");
        assert_eq!(visitor.get(&format!("/api/referral/validate/NOBODY{n}")).await.status, 200);
    }
    for path in ["/api/referral/validate/NOBODY", &hit] {
        let refused = visitor.get(path).await;
        refused.refused(429, "too-many-requests");
        assert_eq!(wait(&refused), 600);
    }
    story.app.wait(600 * SECOND);
    assert_eq!(visitor.get(&hit).await.status, 200);
}

#[actix_web::test]
async fn an_ipv6_network_counts_as_one_address() {
    let app = TestApp::start().await;
    for n in 0..20 {
        let visitor = app.anonymous().at(&format!("2001:4860:1:2::{n:x}"));
        assert_eq!(visitor.get("/api/referral/validate/NOBODY").await.status, 200);
    }
    let neighbour = app.anonymous().at("2001:4860:1:2:ffff::1");
    neighbour.get("/api/referral/validate/NOBODY").await.refused(429, "too-many-requests");
    assert_eq!(app.anonymous().at("2001:4860:1:3::1").get("/api/referral/validate/NOBODY").await.status, 200);
}

#[actix_web::test]
async fn six_hundred_calls_a_minute_and_user() {
    let app = TestApp::start().await;
    let paths = ["/api/referral/stats", "/api/credits/balance", "/api/credits/history"];
    for n in 0..600 {
        assert_eq!(app.user("u_ana").get(paths[n % 3]).await.status, 200);
    }
    let refused = app.user("u_ana").get("/api/referral/stats").await;
    refused.refused(429, "too-many-requests");
    assert_eq!(wait(&refused), 60);
    let apply = app.user("u_ana").post("/api/referral/apply", json!({"code": "x"})).await;
    apply.refused(429, "too-many-requests");
    assert_eq!(app.user("u_ben").get("/api/referral/stats").await.status, 200, "another user");
    let service = app.host().await;
    for _ in 0..601 {
        assert_eq!(
            service.get("/api/referral/stats?user_id=u_ana").await.status,
            200,
            "a service has no quota"
        );
    }
}

#[actix_web::test]
async fn ten_applications_an_hour_and_user() {
    let app = TestApp::start().await;
    let ben = app.user("u_ben");
    for _ in 0..10 {
        ben.post("/api/referral/apply", json!({"code": "NOBODY"})).await.refused(422, "code-unknown");
        ben.post("/api/referral/apply", json!({"kode": "NOBODY"})).await.refused(400, "invalid-body");
    }
    let refused = ben.post("/api/referral/apply", json!({"code": "NOBODY"})).await;
    refused.refused(429, "too-many-requests");
    assert_eq!(wait(&refused), 3600);
}

async fn sign_up(story: &Story, user: &str, code: &str, ip: &str) -> Reply {
    story.host.post("/api/events/signup", json!({"user_id": user, "code": code, "ip": ip})).await
}

#[actix_web::test]
async fn five_sign_ups_an_hour_and_ten_a_day_from_one_address() {
    let story = Story::begin().await;
    let mut made = 0;
    for owner in ["u_ana", "u_zoe"] {
        let code = story.code_of(owner).await;
        for _ in 0..5 {
            assert_eq!(sign_up(&story, &format!("u_{made}"), &code, "8.8.4.4").await.status, 201);
            made += 1;
        }
        let refused = sign_up(&story, "u_late", &code, "8.8.4.4").await;
        refused.refused(429, "ip-limit");
        assert_eq!((wait(&refused) % 900, wait(&refused) <= 23 * 3600), (0, true), "{}", wait(&refused));
        assert_eq!(
            sign_up(&story, "u_0", &story.code_of("u_ana").await, "8.8.4.4").await.status,
            200,
            "a repetition is no sign-up"
        );
        story.app.wait(HOUR);
    }
    let code = story.code_of("u_eve").await;
    let refused = sign_up(&story, "u_late", &code, "8.8.4.4").await;
    refused.refused(429, "ip-limit");
    assert_eq!(wait(&refused), 22 * 3600, "the day's ten: the first leaves in 22 hours");
    assert_eq!(sign_up(&story, "u_late", &code, "8.8.8.8").await.status, 201, "another address");
}

#[actix_web::test]
async fn an_address_that_is_no_evidence_is_not_counted() {
    let story = Story::begin().await;
    let code = story.code_of("u_ana").await;
    for (n, ip) in
        ["127.0.0.1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "203.0.113.9", "::1", "fe80::1", "127.0.0.1"]
            .iter()
            .enumerate()
    {
        assert_eq!(sign_up(&story, &format!("u_{n}"), &code, ip).await.status, 201, "{ip}");
    }
}

#[actix_web::test]
async fn a_refused_sign_up_consumes_nothing() {
    let story = Story::begin().await;
    let code = story.code_of("u_ana").await;
    for n in 0..9 {
        sign_up(&story, &format!("u_{n}"), "NOBODY", "8.8.4.4").await.refused(422, "code-unknown");
    }
    for n in 0..5 {
        assert_eq!(sign_up(&story, &format!("u_{n}"), &code, "8.8.4.4").await.status, 201);
    }
}

#[actix_web::test]
async fn the_tenth_referral_of_a_day_is_a_referrer_s_last() {
    let story = Story::begin().await;
    let code = story.code_of("u_ana").await;
    for n in 0..10 {
        assert_eq!(story.sign_up(&format!("u_{n}"), &code).await.status, 201);
        story.app.wait(60 * SECOND);
    }
    let refused = story.sign_up("u_late", &code).await;
    refused.refused(429, "referrer-limit");
    assert_eq!(wait(&refused), 86_400 - 600 + 600, "rounded up to quarters of an hour: {}", refused.body);
    let ben = story.app.user("u_other").post("/api/referral/apply", json!({"code": code})).await;
    ben.refused(429, "referrer-limit");
    assert_eq!(wait(&ben) % 900, 0);
    assert_eq!(story.sign_up("u_0", &code).await.status, 200, "a repetition is an answer");
    let stats = story.app.user("u_ana").get("/api/referral/stats").await.json(200);
    assert_eq!(stats["total"], 10);
    story.app.wait(DAY - 600 * SECOND);
    assert_eq!(story.sign_up("u_late", &code).await.status, 201, "the first is a day old");
    story.sign_up("u_later", &code).await.refused(429, "referrer-limit");
}
