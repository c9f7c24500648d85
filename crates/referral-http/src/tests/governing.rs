//! Programs, rules and keys, as those who govern see them.

use referral_domain::time::{DAY, HOUR};
use serde_json::{Value, json};

use super::coverage::rules;
use super::{Ask, Reply, Story, usd};

const PROGRAM: &str = "/api/admin/programs/default";
const RULES: &str = "/api/admin/programs/default/rules";

fn patch(uri: &str, body: &Value) -> Ask {
    Ask::new(actix_web::http::Method::PATCH, uri).json(body.to_string())
}

async fn publish(story: &Story, changes: Value) -> Reply {
    story.admin().post(RULES, json!({"rules": rules(changes)})).await
}

async fn audited(story: &Story, action: &str) -> Value {
    story.admin().get(&format!("/api/admin/audit?action={action}")).await.json(200)["items"].clone()
}

#[actix_web::test]
async fn the_default_program_is_shown_with_its_default_rules() {
    let story = Story::begin().await;
    let program = story.admin().get(PROGRAM).await.json(200);
    assert_eq!((&program["id"], &program["currency"]), (&json!("default"), &json!("USD")));
    assert_eq!(program["rules"], rules(json!({})));
    let listed = story.admin().get("/api/admin/programs").await.json(200);
    assert_eq!(listed, json!({"items": [program], "next_cursor": null}));
}

#[actix_web::test]
async fn a_program_is_made_once_and_is_whose_token_says_so() {
    let story = Story::begin().await;
    let body =
        json!({"id": "acme", "name": "Acme", "currency": "JPY", "landing_url": "https://acme.example/s"});
    let made = story.admin().post("/api/admin/programs", body.clone()).await.json(201);
    assert_eq!(
        (&made["rules"]["referrer_reward"], &made["rule_version"]),
        (&json!({"amount": "25", "currency": "JPY"}), &json!(1))
    );
    assert_eq!(story.admin().post("/api/admin/programs", body.clone()).await.json(200), made);
    let mut other = body;
    other["name"] = json!("Another");
    story.admin().post("/api/admin/programs", other).await.refused(409, "program-taken");
    story.admin().get("/api/admin/programs/acme").await.refused(404, "not-found");
    let theirs = story.app.user_with("u_bob", json!({"role": "admin", "program": "acme"}));
    assert_eq!(theirs.get("/api/admin/programs/acme").await.json(200), made);
    theirs
        .post(
            "/api/admin/programs",
            json!({"id": "b", "name": "B", "currency": "USD", "landing_url": "https://b.example"}),
        )
        .await
        .refused(403, "missing-role");
    let all = story.app.user_with("u_ada", json!({"role": "admin", "program": "*"}));
    let listed = all.get("/api/admin/programs?limit=1").await.json(200);
    let next = listed["next_cursor"].as_str().expect("there is more");
    let rest = all.get(&format!("/api/admin/programs?limit=1&cursor={next}")).await.json(200);
    assert_eq!((&listed["items"][0]["id"], &rest["items"][0]["id"]), (&json!("acme"), &json!("default")));
    let versions = theirs.get("/api/admin/programs/acme/rules").await.json(200);
    assert_eq!(versions["items"][0]["published_by"], json!({"kind": "staff", "id": "u_ada"}));
}

#[actix_web::test]
async fn what_is_said_of_a_program_is_read_with_every_fault() {
    let story = Story::begin().await;
    let body = json!({"id": "A", "name": " x", "currency": "usd", "landing_url": "signup", "rules": rules(json!({"hold_days": 99})), "color": 1});
    let refused = story.admin().post("/api/admin/programs", body).await;
    let faults = refused.faults();
    for fault in [
        ("/id", "bad-format"),
        ("/name", "blank-ends"),
        ("/currency", "unknown-currency"),
        ("/landing_url", "url-format"),
        ("/rules/hold_days", "out-of-range"),
        ("/color", "unknown-field"),
    ] {
        assert!(faults.contains(&(fault.0.to_owned(), fault.1.to_owned())), "{fault:?} in {faults:?}");
    }
    let known = json!({"landing_url": "https://ana:secret@shop.example/"});
    story.admin().ask(&patch(PROGRAM, &known)).await.refused(400, "invalid-body");
    let refused = story.admin().ask(&patch(PROGRAM, &json!({"currency": "EUR", "status": "closed"}))).await;
    assert_eq!(
        refused.faults(),
        [("/status", "not-one-of"), ("/currency", "unknown-field")]
            .map(|(at, code)| (at.to_owned(), code.to_owned()))
    );
}

#[actix_web::test]
async fn a_paused_program_withholds_and_what_it_withheld_is_granted_once_it_is_active() {
    let story = Story::begin().await;
    let code = story.code_of("u_ana").await;
    story.sign_up("u_ben", &code).await.json(201);
    story.verify("u_ben").await.json(200);
    let paused = story.admin().ask(&patch(PROGRAM, &json!({"status": "paused"}))).await.json(200);
    assert_eq!(paused["status"], "paused");
    let spend = story.spend("inv_1", "u_ben", "50.00").await;
    assert_eq!(spend["withheld"], json!({"amount": usd("25.00"), "reason": "program-paused"}));
    story.sign_up("u_cat", &code).await.refused(422, "program-paused");
    story.admin().ask(&patch(PROGRAM, &json!({"status": "active"}))).await.json(200);
    assert_eq!(story.available("u_ana").await, "0.00");
    story.app.app().reconcile_referrals().await.expect("reconciled");
    assert_eq!(story.available("u_ana").await, "25.00");
    let told = audited(&story, "program.update").await;
    assert_eq!(
        (&told[1]["before"]["status"], &told[1]["after"]["status"]),
        (&json!("active"), &json!("paused"))
    );
    let before = story.app.stored();
    story.admin().ask(&patch(PROGRAM, &json!({"status": "active"}))).await.json(200);
    assert_eq!(story.app.stored(), before, "what changes nothing is told to nobody");
}

#[actix_web::test]
async fn a_version_is_published_listed_and_told_to_the_audit_log() {
    let story = Story::begin().await;
    let changes = json!({
        "referrer_reward": usd("30"), "commission": {"percent": "12.5", "months": 12, "cap": usd("100.00")},
        "reward_budget": usd("1000.00"), "hold_days": 14,
    });
    let made = publish(&story, changes).await.json(201);
    assert_eq!(
        (&made["version"], &made["published_by"]),
        (&json!(2), &json!({"kind": "staff", "id": "u_ada"}))
    );
    assert_eq!(made["rules"]["commission"], json!({"percent": "12.5", "months": 12, "cap": usd("100.00")}));
    assert_eq!((&made["rules"]["referrer_reward"], &made["rules"]["hold_days"]), (&usd("30.00"), &json!(14)));
    let listed = story.admin().get(RULES).await.json(200);
    assert_eq!((&listed["items"][0], &listed["items"][1]["version"]), (&made, &json!(1)));
    assert_eq!(listed["items"][1]["published_by"], Value::Null);
    assert_eq!(story.admin().get(PROGRAM).await.json(200)["rules"], made["rules"]);
    let told = audited(&story, "rules.publish").await;
    assert_eq!(
        (&told[0]["subject"], &told[0]["after"]["terms"]["hold_days"]),
        (&json!("default/2"), &json!(14))
    );
    let page = story.admin().get(&format!("{RULES}?limit=1")).await.json(200);
    let next = page["next_cursor"].as_str().expect("there is more");
    let rest = story.admin().get(&format!("{RULES}?limit=1&cursor={next}")).await.json(200);
    assert_eq!(rest["items"][0]["version"], 1);
}

#[actix_web::test]
async fn a_version_of_the_future_is_in_force_from_its_instant_on() {
    let story = Story::begin().await;
    let from = story.app.now().plus_micros(DAY).to_string();
    let body = json!({"rules": rules(json!({"welcome_credit": usd("12.00")})), "effective_from": from});
    assert_eq!(story.admin().post(RULES, body).await.json(201)["effective_from"], from);
    let code = story.code_of("u_ana").await;
    let early = story.sign_up("u_ben", &code).await.json(201);
    assert_eq!(
        (&early["referral"]["rule_version"], &early["referral"]["welcome_credit"]["amount"]),
        (&json!(1), &usd("10.00"))
    );
    let applied_at = story.app.now().to_string();
    story.app.wait(DAY);
    let late = story.sign_up("u_cat", &code).await.json(201);
    assert_eq!(
        (&late["referral"]["rule_version"], &late["referral"]["welcome_credit"]["amount"]),
        (&json!(2), &usd("12.00"))
    );
    let told_late =
        json!({"user_id": "u_dan", "code": code, "applied_at": applied_at, "created_at": applied_at});
    let told_late = story.host.post("/api/events/signup", told_late).await.json(201);
    assert_eq!(told_late["referral"]["rule_version"], 1, "what was promised when the code was applied");
}

#[actix_web::test]
async fn rules_come_neither_from_the_past_nor_before_those_published_last() {
    let story = Story::begin().await;
    let at = |micros: i64| story.app.now().plus_micros(micros).to_string();
    let body = |from: String| json!({"rules": rules(json!({})), "effective_from": from});
    let past = story.admin().post(RULES, body(at(-1))).await;
    past.refused(422, "time-out-of-range");
    assert_eq!(past.faults(), [("/effective_from".to_owned(), "time-out-of-range".to_owned())]);
    story.admin().post(RULES, body(at(DAY))).await.json(201);
    story.admin().post(RULES, body(at(HOUR))).await.refused(422, "time-out-of-range");
    publish(&story, json!({})).await.refused(422, "time-out-of-range");
    assert_eq!(story.admin().post(RULES, body(at(DAY))).await.json(201)["version"], 3);
}

#[actix_web::test]
async fn each_rule_has_bounds_and_rules_go_together() {
    let story = Story::begin().await;
    let eur = json!({"amount": "1.00", "currency": "EUR"});
    for (changes, place, code) in [
        (json!({"hold_days": 91}), "/rules/hold_days", "out-of-range"),
        (json!({"hold_days": -1}), "/rules/hold_days", "out-of-range"),
        (json!({"hold_days": 1.5}), "/rules/hold_days", "wrong-type"),
        (json!({"qualification_window_days": 0}), "/rules/qualification_window_days", "out-of-range"),
        (json!({"referrer_reward": usd("-1.00")}), "/rules/referrer_reward/amount", "money-sign"),
        (json!({"referrer_reward": usd("1.001")}), "/rules/referrer_reward/amount", "money-digits"),
        (json!({"referrer_reward": 25}), "/rules/referrer_reward", "wrong-type"),
        (json!({"reward_budget": usd("0")}), "/rules/reward_budget/amount", "money-sign"),
        (json!({"require_signup_time": "yes"}), "/rules/require_signup_time", "wrong-type"),
        (
            json!({"commission": {"percent": "0", "months": 1, "cap": null}}),
            "/rules/commission/percent",
            "percent-format",
        ),
        (
            json!({"commission": {"percent": 10, "months": 1, "cap": null}}),
            "/rules/commission/percent",
            "wrong-type",
        ),
        (
            json!({"commission": {"percent": "10", "months": 0, "cap": null}}),
            "/rules/commission/months",
            "out-of-range",
        ),
        (json!({"commission": {"percent": "10", "months": 1}}), "/rules/commission/cap", "required"),
        (json!({"commission": "none"}), "/rules/commission", "wrong-type"),
        (json!({"max_signups_per_ip_per_day": 0}), "/rules/max_signups_per_ip_per_day", "out-of-range"),
        (json!({"holddays": 1}), "/rules/holddays", "unknown-field"),
    ] {
        let refused = publish(&story, changes.clone()).await;
        assert_eq!(refused.refusal(), (400, "invalid-body".to_owned()), "{changes}");
        assert_eq!(refused.faults(), [(place.to_owned(), code.to_owned())], "{changes}");
    }
    for (changes, place, code) in [
        (json!({"welcome_credit": eur}), "/rules/welcome_credit", "currency-mismatch"),
        (
            json!({"commission": {"percent": "1", "months": 1, "cap": eur}}),
            "/rules/commission/cap",
            "currency-mismatch",
        ),
        (json!({"reward_budget": usd("24.99")}), "/rules/reward_budget", "budget-below-reward"),
        (json!({"max_signups_per_ip_per_hour": 11}), "/rules/max_signups_per_ip_per_hour", "hour-above-day"),
    ] {
        let refused = publish(&story, changes.clone()).await;
        assert_eq!(refused.refusal(), (422, "rules-invalid".to_owned()), "{changes}");
        assert_eq!(refused.faults(), [(place.to_owned(), code.to_owned())], "{changes}");
        let preview = format!("{RULES}/preview");
        let told = story.admin().post(&preview, json!({"rules": rules(changes)})).await.json(200);
        assert_eq!((&told["valid"], &told["errors"][0]["pointer"]), (&json!(false), &json!(place)));
    }
}

#[actix_web::test]
async fn a_preview_tells_what_would_change_and_changes_nothing() {
    let story = Story::begin().await;
    let before = story.app.stored();
    let body = json!({"rules": rules(json!({"hold_days": 14, "reward_budget": usd("500.00")}))});
    let told = story.admin().post(&format!("{RULES}/preview"), body).await.json(200);
    assert_eq!(
        told["changes"],
        json!([
            {"field": "hold_days", "from": 0, "to": 14},
            {"field": "reward_budget", "from": null, "to": usd("500.00")},
        ])
    );
    let affects = format!("codes applied from {}", story.app.now());
    assert_eq!(
        (&told["valid"], &told["errors"], &told["affects"]),
        (&json!(true), &json!([]), &json!(affects))
    );
    assert_eq!(story.app.stored(), before);
}

#[actix_web::test]
async fn a_key_is_made_used_and_revoked_by_those_who_govern() {
    let story = Story::begin().await;
    let body = json!({"name": "shop", "scopes": ["users:read", "events:write", "users:read"]});
    let made = story.admin().post("/api/admin/api-keys", body).await.json(201);
    assert_eq!(made["scopes"], json!(["events:write", "users:read"]));
    let key = story.app.key(made["key"].as_str().expect("the key"));
    assert_eq!(key.get("/api/referral/stats?user_id=u_ana").await.status, 200);
    let listed = story.admin().get("/api/admin/api-keys?limit=1").await;
    assert!(!listed.body.contains(made["key"].as_str().expect("the key")), "it is told once");
    assert_eq!(listed.json(200)["items"][0]["id"], made["id"]);
    let next = listed.value()["next_cursor"].as_str().expect("the host's own key").to_owned();
    let rest = story.admin().get(&format!("/api/admin/api-keys?cursor={next}")).await.json(200);
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1));
    let delete = Ask::new(
        actix_web::http::Method::DELETE,
        format!("/api/admin/api-keys/{}", made["id"].as_str().expect("an id")),
    );
    for _ in 0..2 {
        assert_eq!(story.admin().ask(&delete).await.status, 204);
        key.get("/api/referral/stats?user_id=u_ana").await.refused(401, "unauthenticated");
    }
    let told = audited(&story, "api-key.revoke").await;
    assert_eq!((told.as_array().map(Vec::len), &told[0]["actor"]["id"]), (Some(1), &json!("u_ada")));
    let past = json!({"name": "x", "scopes": [], "expires_at": story.app.now().to_string()});
    let refused = story.admin().post("/api/admin/api-keys", past).await;
    assert_eq!(
        refused.faults(),
        [("/scopes", "too-few-items"), ("/expires_at", "out-of-range")]
            .map(|(at, code)| (at.to_owned(), code.to_owned()))
    );
    for id in
        ["key_1", "code_018f2b7c-0000-7000-8000-000000000000", "key_018f2b7c-0000-7000-8000-000000000000"]
    {
        let ask = Ask::new(actix_web::http::Method::DELETE, format!("/api/admin/api-keys/{id}"));
        story.admin().ask(&ask).await.refused(404, "not-found");
    }
}

#[actix_web::test]
async fn a_vanity_code_is_made_used_bounded_and_switched_off() {
    let story = Story::begin().await;
    let body = json!({"user_id": "u_ana", "code": "ana-2026", "max_uses": 2});
    let made = story.admin().post("/api/admin/codes", body.clone()).await.json(201);
    assert_eq!(
        (&made["code"], &made["user_id"], &made["primary"]),
        (&json!("ANA-2026"), &json!("u_ana"), &json!(false))
    );
    assert_eq!(story.admin().post("/api/admin/codes", body).await.json(200), made);
    let short = json!({"user_id": "u_eve", "code": "A-N-A"});
    story.admin().post("/api/admin/codes", short).await.refused(400, "invalid-body");
    let spelt = |hyphens: usize| json!({"user_id": "u_ana", "code": format!("{}LONG{}", "-".repeat(hyphens), "-".repeat(30))});
    let refused = story.admin().post("/api/admin/codes", spelt(31)).await;
    assert_eq!(refused.faults(), [("/code".to_owned(), "bad-format".to_owned())], "65 characters");
    let longest = story.admin().post("/api/admin/codes", spelt(30)).await.json(201);
    let path = format!("/api/referral/validate/{}", longest["code"].as_str().expect("a code"));
    assert_eq!(story.app.anonymous().get(&path).await.json(200)["valid"], true, "64 characters can be used");
    let other = json!({"user_id": "u_eve", "code": "ANA2O26"});
    story.admin().post("/api/admin/codes", other).await.refused(409, "code-taken");
    story.sign_up("u_ben", "ana2026").await.json(201);
    let path = format!("/api/admin/codes/{}", made["id"].as_str().expect("an id"));
    let off = story.admin().ask(&patch(&path, &json!({"active": false, "max_uses": null}))).await.json(200);
    assert_eq!((&off["active"], &off["max_uses"], &off["uses"]), (&json!(false), &Value::Null, &json!(1)));
    story.sign_up("u_cat", "ANA-2026").await.refused(422, "code-inactive");
    let on = json!({"active": true, "daily_limit": 1});
    assert_eq!(story.admin().ask(&patch(&path, &on)).await.json(200)["daily_limit"], 1);
    story.sign_up("u_cat", "ANA-2026").await.refused(429, "referrer-limit");
    let told = audited(&story, "code.update").await;
    assert_eq!((&told[1]["before"]["max_uses"], &told[1]["after"]["active"]), (&json!(2), &json!(false)));
    assert!(!told.to_string().contains("ANA-2026"), "the log names no code's text");
    let listed = story.admin().get("/api/admin/codes?code=ana2o26").await.json(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    for id in
        ["code_1", "key_018f2b7c-0000-7000-8000-000000000000", "code_018f2b7c-0000-7000-8000-000000000000"]
    {
        let ask = patch(&format!("/api/admin/codes/{id}"), &json!({"active": true}));
        story.admin().ask(&ask).await.refused(404, "not-found");
    }
}
