//! Variants of the story about codes: who may be referred, when, by what spelling.

use referral_domain::code::{Code, CodeText};
use referral_domain::id::CodeId;
use referral_domain::port::{CodeClaim, Store as _};
use referral_domain::program::ProgramStatus;
use referral_domain::time::{DAY, HOUR, SECOND};
use referral_testkit::build::{a_program, named_id};
use serde_json::{Value, json};

use super::{Ask, Story, TestApp, usd};

#[actix_web::test]
async fn the_same_code_is_an_answer_and_another_is_refused() {
    let story = Story::begin().await;
    let (ana, carl) = (story.code_of("u_ana").await, story.code_of("u_carl").await);
    let ben = story.app.user("u_ben");
    let first = ben.post("/api/referral/apply", json!({"code": ana})).await;
    let again = ben.post("/api/referral/apply", json!({"code": ana.to_lowercase()})).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.value(), again.value());
    ben.post("/api/referral/apply", json!({"code": carl})).await.refused(422, "already-referred");
    story.sign_up("u_ben", &carl).await.refused(422, "already-referred");
    let told = story.sign_up("u_ben", &ana).await.json(200);
    assert_eq!(told["referral"]["id"], first.value()["referral"]["id"]);
}

#[actix_web::test]
async fn a_code_is_found_in_any_spelling() {
    let app = TestApp::unlimited().await;
    let story = Story::on(app).await;
    let code = story.code_of("u_ana").await;
    let (left, right) = code.split_at(3);
    let spellings = [
        code.to_lowercase(),
        format!("{left}-{right}"),
        format!("%20{left}%20{right}%20"),
        format!("{left}--{right}-"),
    ];
    for spelling in &spellings {
        let reply = story.app.anonymous().get(&format!("/api/referral/validate/{spelling}")).await.json(200);
        assert_eq!((&reply["valid"], &reply["code"]), (&json!(true), &json!(code)), "{spelling}");
    }
    let typed = format!(" {}-{} ", left.to_lowercase(), right);
    assert_eq!(story.sign_up("u_ben", &typed).await.json(201)["referral"]["code"], code);
}

#[actix_web::test]
async fn people_who_may_not_be_referred_are_told_why() {
    let story = Story::begin().await;
    let code = story.code_of("u_ana").await;
    let mail = json!({"user_id": "u_ana", "code": null, "email": "ana@example.com"});
    story.host.post("/api/events/signup", mail).await.json(200);
    story
        .app
        .user("u_ana")
        .post("/api/referral/apply", json!({"code": code}))
        .await
        .refused(422, "self-referral");
    story.sign_up("u_ben", "K7WQ2M9X").await.refused(422, "code-unknown");
    story.sign_up("u_ben", "\u{20ac}\u{20ac}").await.refused(422, "code-unknown");
    story.sign_up("u_carl", &code).await.json(201);
    let carl = story.code_of("u_carl").await;
    story.sign_up("u_ana", &carl).await.refused(422, "referral-cycle");
    let same = story.app.user_with("u_dora", json!({"email": "Ana+2@example.com"}));
    same.post("/api/referral/apply", json!({"code": code})).await.refused(422, "same-email");
    let taken = json!({"user_id": "u_eve", "code": carl, "email": "ana@example.com"});
    story.host.post("/api/events/signup", taken).await.refused(422, "already-referred");
}

#[actix_web::test]
async fn a_code_is_applied_within_thirty_days_of_signing_up() {
    let story = Story::begin().await;
    let code = json!({"code": story.code_of("u_ana").await});
    let now = story.app.now().micros() / SECOND;
    let since = |days: i64, more: i64| json!({"created_at": now - days * 86_400 - more});
    let late = story.app.user_with("u_late", since(30, 1));
    late.post("/api/referral/apply", code.clone()).await.refused(422, "apply-window-over");
    let just = story.app.user_with("u_just", since(30, 0));
    assert_eq!(just.post("/api/referral/apply", code.clone()).await.status, 201);
    let nobody_knows = story.app.user_with("u_dora", json!({"created_at": null}));
    nobody_knows.post("/api/referral/apply", code.clone()).await.refused(422, "signup-time-unknown");
    story.host.post("/api/events/signup", json!({"user_id": "u_dora", "code": null})).await.json(200);
    assert_eq!(nobody_knows.post("/api/referral/apply", code.clone()).await.status, 201, "now somebody does");
    let forgetful = story.app.user_with("u_late", json!({"created_at": now}));
    forgetful.post("/api/referral/apply", code).await.refused(422, "apply-window-over");
}

#[actix_web::test]
async fn a_time_of_applying_or_signing_up_out_of_range_is_refused() {
    let story = Story::begin().await;
    let code = story.code_of("u_ana").await;
    let at = |micros: i64| story.app.now().plus_micros(micros).to_string();
    let body = |field: &str, at: String| json!({"user_id": "u_ben", "code": code, field: at});
    let ahead = at(301 * SECOND);
    for field in ["applied_at", "created_at"] {
        let refused = story.host.post("/api/events/signup", body(field, ahead.clone())).await;
        refused.refused(422, "time-out-of-range");
        assert_eq!(refused.faults(), [(format!("/{field}"), "time-out-of-range".to_owned())]);
    }
    let verified = json!({"user_id": "u_ben", "occurred_at": ahead});
    story.host.post("/api/events/email-verified", verified).await.refused(422, "time-out-of-range");
    let earlier = story.host.post("/api/events/signup", body("applied_at", at(-HOUR))).await.json(201);
    assert_eq!(earlier["referral"]["qualifies_until"], at(90 * DAY - HOUR));
}

/// A code of `u_ana` in a program of its own, changed.
async fn changed_code(story: &Story, program: &str, change: impl FnOnce(&mut Code)) -> Ask {
    let other = a_program().named(program).build();
    story.app.insert(&other).await;
    let owner = story.app.service_of(program, referral_domain::auth::Scope::ALL).await;
    owner.post("/api/events/signup", json!({"user_id": "u_ana", "code": null})).await.json(200);
    let host = referral_testkit::build::host("u_ana");
    let facts = story.app.app().reports().user(other.book, &host).await.expect("a report").expect("known");
    let text = CodeText::parse("K7WQ2M9X").expect("a code");
    let mut code =
        Code::primary(other.book, CodeId::from_uuid(named_id(program)), facts.id, text, story.app.now());
    change(&mut code);
    let mut unit = story.app.store().begin().await.expect("a unit");
    assert_eq!(unit.codes().claim(&code).await.expect("claimed"), CodeClaim::Claimed);
    unit.commit().await.expect("committed");
    Ask::get(format!("/api/referral/validate/k7wq-2m9x?program={program}"))
}

#[actix_web::test]
async fn a_code_that_may_not_be_used_says_why_and_never_whose_it_is() {
    let story = Story::begin().await;
    let now = story.app.now();
    let asks = [
        ("inactive", changed_code(&story, "one", |code| code.active = false).await),
        ("expired", changed_code(&story, "two", |code| code.expires_at = Some(now)).await),
        ("exhausted", changed_code(&story, "three", |code| code.max_uses = Some(0)).await),
    ];
    for (reason, ask) in asks {
        let told = story.app.anonymous().ask(&ask).await.json(200);
        assert_eq!(told, json!({"valid": false, "code": null, "reason": reason, "offer": null}));
        let program = ask.uri.rsplit('=').next().expect("a program");
        let ben = story.app.user_with("u_ben", json!({"program": program}));
        let code = json!({"code": "K7WQ2M9X"});
        ben.post("/api/referral/apply", code).await.refused(422, &format!("code-{reason}"));
    }
}

#[actix_web::test]
async fn a_paused_program_refers_nobody_and_says_so() {
    let story = Story::begin().await;
    let mut paused = a_program().named("paused").build();
    paused.status = ProgramStatus::Paused;
    story.app.insert(&paused).await;
    let ana = story.app.user_with("u_ana", json!({"program": "paused"}));
    let code = ana.get("/api/referral/code").await.json(200);
    assert_eq!((&code["paused"], &code["active"]), (&json!(true), &json!(true)));
    let code = code["code"].as_str().expect("a code");
    let told =
        story.app.anonymous().get(&format!("/api/referral/validate/{code}?program=paused")).await.json(200);
    assert_eq!(told, json!({"valid": false, "code": null, "reason": "program-paused", "offer": null}));
    let ben = story.app.user_with("u_ben", json!({"program": "paused"}));
    ben.post("/api/referral/apply", json!({"code": code})).await.refused(422, "program-paused");
}

#[actix_web::test]
async fn a_program_that_is_not_there_is_not_found() {
    let story = Story::begin().await;
    story.app.anonymous().get("/api/referral/validate/x?program=nowhere").await.refused(404, "not-found");
    let lost = story.app.user_with("u_ana", json!({"program": "nowhere"}));
    for path in ["/api/referral/code", "/api/referral/stats", "/api/credits/balance", "/api/credits/history"]
    {
        lost.get(path).await.refused(404, "not-found");
    }
    lost.post("/api/referral/apply", json!({"code": "x"})).await.refused(404, "not-found");
}

#[actix_web::test]
async fn a_token_that_says_verified_grants_on_applying() {
    let story = Story::begin().await;
    let code = json!({"code": story.code_of("u_ana").await});
    let verified = story.app.user_with("u_ben", json!({"email_verified": true}));
    let reply = verified.post("/api/referral/apply", code.clone()).await.json(201);
    assert_eq!(
        (&reply["pending_verification"], &reply["referral"]["status"]),
        (&json!(false), &json!("active"))
    );
    assert_eq!(reply["referral"]["welcome_credit"], json!({"amount": usd("10.00"), "granted": true}));
    assert_eq!(story.available("u_ben").await, "10.00");
    let unknown = story.app.user("u_carl").post("/api/referral/apply", code.clone()).await.json(201);
    assert_eq!(unknown["pending_verification"], true);
    let later = story.app.user_with("u_carl", json!({"email_verified": true}));
    assert_eq!(later.post("/api/referral/apply", code).await.json(200)["referral"]["status"], "active");
}

#[actix_web::test]
async fn a_user_s_code_is_one_however_it_is_asked_for() {
    let story = Story::begin().await;
    let none = story.app.user("u_ana").get("/api/referral/stats").await.json(200);
    assert_eq!((&none["has_code"], &none["code"]), (&json!(false), &Value::Null), "asking makes none");
    let made = story.host.post("/api/codes", json!({"user_id": "u_ana"})).await.json(200);
    let own =
        story.app.user_with("u_ana", json!({"role": "admin"})).get("/api/referral/code").await.json(200);
    let asked = story.host.get("/api/referral/code?user_id=u_ana").await.json(200);
    assert_eq!((&made, &own), (&own, &asked));
    let code = made["code"].as_str().expect("a code");
    assert_eq!(made["share_url"], format!("https://ref.example.com/r/{code}"));
    assert_eq!(made["landing_url"], format!("https://shop.example/welcome?ref={code}"));
    assert_ne!(story.code_of("U_ANA").await, code, "user ids are case-sensitive");
}
