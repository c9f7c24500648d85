//! Every operation of administration in the hands of every role and scope, of another program, twice, and of a token
//! of all programs.

use std::collections::BTreeMap;

use referral_domain::auth::{Role, Scope};
use referral_testkit::build::a_program;
use referral_testkit::sealer::seal_in_blocks_of;
use serde_json::{Value, json};

use super::credentials::{all_but, refused};
use super::{Sample, admin_samples};
use crate::tests::paying::HEADER;
use crate::tests::{Reply, Speaker, Story, usd};

/// A path with its parameters filled in, and a body.
type Request = (String, Value);

/// The default rules with the words of a change laid over them.
pub(in crate::tests) fn rules(changes: Value) -> Value {
    let mut rules = json!({
        "referrer_reward": usd("25.00"), "welcome_credit": usd("10.00"), "spend_threshold": usd("50.00"),
        "qualification_window_days": 90, "hold_days": 0, "clawback_window_days": 60, "commission": null,
        "apply_window_days": 30, "require_signup_time": true, "payout_delay_days": 30,
        "minimum_payout": usd("25.00"), "max_referrals_per_referrer_per_day": 10,
        "max_signups_per_ip_per_hour": 5, "max_signups_per_ip_per_day": 10, "reward_budget": null,
        "identity_retention_days": 180,
    });
    rules.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
    rules
}

/// Paths and bodies by operation.
pub(super) async fn bodies(story: &Story) -> BTreeMap<String, Request> {
    let mut all = administered(story).await;
    all.extend(payouts(story).await);
    all.extend(money(story).await);
    all.extend(proven(story).await);
    all.extend(people(story).await);
    all
}

/// Programs, rules, keys and codes.
async fn administered(story: &Story) -> BTreeMap<String, Request> {
    let get = |path: &str| (format!("GET {path}"), (path.replace("{id}", "default"), Value::Null));
    let post = |path: &str, body| (format!("POST {path}"), (path.replace("{id}", "default"), body));
    let (program, key) = ("/api/admin/programs/{id}", "/api/admin/api-keys/{id}");
    let explain = "/api/events/{source_id}/explain";
    let made = story.app.new_key("default", &[Scope::UsersRead], None).await.stored.id.to_string();
    let (code, admin) = ("/api/admin/codes/{id}", story.admin());
    let codes = admin.get("/api/admin/codes?user_id=u_ana").await.json(200);
    let code_id = codes["items"][0]["id"].as_str().expect("Ana has a code").to_owned();
    let acme =
        json!({"id": "acme", "name": "Acme", "currency": "USD", "landing_url": "https://acme.example"});
    [
        get("/api/admin/api-keys"),
        get("/api/admin/audit"),
        get("/api/admin/codes"),
        get("/api/admin/programs"),
        get(program),
        get("/api/admin/programs/{id}/rules"),
        post("/api/admin/api-keys", json!({"name": "shop", "scopes": ["events:write"]})),
        post("/api/admin/codes", json!({"user_id": "u_zoe", "code": "ZOE-2026"})),
        (format!("PATCH {code}"), (code.replace("{id}", &code_id), json!({"active": false}))),
        post("/api/admin/programs", acme),
        post("/api/admin/programs/{id}/rules", json!({"rules": rules(json!({"hold_days": 14}))})),
        post("/api/admin/programs/{id}/rules/preview", json!({"rules": rules(json!({"hold_days": 14}))})),
        (format!("GET {explain}"), (explain.replace("{source_id}", "inv_1001"), Value::Null)),
        (format!("DELETE {key}"), (key.replace("{id}", &made), Value::Null)),
        (format!("PATCH {program}"), (program.replace("{id}", "default"), json!({"status": "paused"}))),
    ]
    .into()
}

/// Users and their referrals.
async fn people(story: &Story) -> BTreeMap<String, Request> {
    let found = story.admin().get("/api/admin/referrals?referred_id=u_ben").await.json(200);
    let referral = found["items"][0]["id"].as_str().expect("Ben was referred").to_owned();
    let get = |path: &str, id: &str| (format!("GET {path}"), (path.replace("{id}", id), Value::Null));
    [
        get("/api/admin/referrals", ""),
        get("/api/admin/referrals/{id}", &referral),
        get("/api/admin/users/{id}", "u_ben"),
    ]
    .into()
}

const BATCHES: &str = "/api/admin/payout-batches";

/// Payouts on every step of their way.
async fn payouts(story: &Story) -> BTreeMap<String, Request> {
    let names = ["u_p1", "u_p2", "u_p3", "u_p4", "u_p5", "u_p6", "u_p7"];
    story.affiliates(&names).await;
    let (one, two) = (story.requested(names[0]).await, story.requested(names[1]).await);
    let mut approved = Vec::new();
    for name in &names[2..] {
        approved.push(story.approved(name).await);
    }
    let (draft, sealed) = (story.drafted(&approved[1]).await, story.drafted(&approved[2]).await);
    story.moved(&sealed, "seal", "u_fin").await;
    let (unwanted, sent) = (story.drafted(&approved[3]).await, story.exported(&approved[4]).await);
    let of = |method: &str, path: &str, id: &str, body: Value| {
        let template = path.split('?').next().expect("a path");
        (format!("{method} {template}"), (path.replace("{id}", id), body))
    };
    let built = json!({"method": "external", "payout_ids": [approved[0]]});
    let file = format!("{HEADER}\n{},25.00,USD,paid,\n", approved[4]);
    [
        of("GET", "/api/admin/payouts", "", Value::Null),
        of("POST", "/api/admin/payouts/{id}/approve", &one, Value::Null),
        of("POST", "/api/admin/payouts/{id}/reject", &two, json!({"reason": "Not this month"})),
        of("GET", BATCHES, "", Value::Null),
        of("POST", BATCHES, "", built.clone()),
        of("POST", "/api/admin/payout-batches/preview", "", built),
        of("GET", "/api/admin/payout-batches/{id}", &sent, Value::Null),
        of("POST", "/api/admin/payout-batches/{id}/seal", &draft, Value::Null),
        of("POST", "/api/admin/payout-batches/{id}/approve", &sealed, Value::Null),
        of("POST", "/api/admin/payout-batches/{id}/discard", &unwanted, Value::Null),
        of("GET", "/api/admin/payout-batches/{id}/export?format=csv", &sent, Value::Null),
        of("POST", "/api/admin/payout-batches/{id}/settle", &sent, Value::String(file)),
    ]
    .into()
}

/// The ledger's proof.
async fn proven(story: &Story) -> BTreeMap<String, Request> {
    seal_in_blocks_of(story.app.store(), 100).await;
    let get = |path: &str| (format!("GET {path}"), (path.to_owned(), Value::Null));
    [get("/api/admin/ledger/verify"), get("/api/admin/ledger/blocks"), get("/api/admin/ledger/blocks/head")]
        .into()
}

/// Those about money by hand: an adjustment was posted, two wait.
async fn money(story: &Story) -> BTreeMap<String, Request> {
    let (small, big, bigger) = (
        adjusted(story, "1.00", "small").await,
        adjusted(story, "500.00", "big").await,
        adjusted(story, "600.00", "bigger").await,
    );
    let id = |adjustment: &Value| adjustment["id"].as_str().expect("an id").to_owned();
    let transaction = small["transaction"]["id"].as_str().expect("posted").to_owned();
    let get = |path: &str, query: &str| (format!("GET {path}"), (format!("{path}{query}"), Value::Null));
    let at = |name: &str, path: String, body: Value| (name.to_owned(), (path, body));
    let ledger = "/api/admin/ledger";
    [
        get("/api/admin/adjustments", ""),
        get(&format!("{ledger}/accounts"), "?user_id=u_ana"),
        get(&format!("{ledger}/journal"), ""),
        get(&format!("{ledger}/statement"), "?user_id=u_ana"),
        get(&format!("{ledger}/transactions"), ""),
        get(&format!("{ledger}/transfers"), ""),
        get(&format!("{ledger}/trial-balance"), ""),
        at("GET /api/admin/adjustments/{id}", format!("/api/admin/adjustments/{}", id(&small)), Value::Null),
        at(
            "GET /api/admin/ledger/transactions/{id}",
            format!("{ledger}/transactions/{transaction}"),
            Value::Null,
        ),
        at("POST /api/admin/adjustments", "/api/admin/adjustments".to_owned(), adjustment("2.00", "new")),
        at(
            "POST /api/admin/adjustments/{id}/approve",
            format!("/api/admin/adjustments/{}/approve", id(&big)),
            json!({"note": "seen"}),
        ),
        at(
            "POST /api/admin/adjustments/{id}/reject",
            format!("/api/admin/adjustments/{}/reject", id(&bigger)),
            json!({}),
        ),
        at(
            "POST /api/admin/transactions/{id}/retract",
            format!("/api/admin/transactions/{transaction}/retract"),
            json!({"reason": "A mistake"}),
        ),
    ]
    .into()
}

fn adjustment(amount: &str, reference: &str) -> Value {
    json!({"user_id": "u_ana", "amount": usd(amount), "reason": "Sorry", "reference": reference})
}

/// Somebody of finance, who is nobody of those who are tried, asks for an adjustment.
async fn adjusted(story: &Story, amount: &str, reference: &str) -> Value {
    let finn = story.app.user_with("u_finn", json!({"role": "finance"}));
    let reply = finn.post("/api/admin/adjustments", adjustment(amount, reference)).await;
    assert!([200, 201].contains(&reply.status), "{}", reply.body);
    reply.value()
}

impl Story {
    /// Somebody of the company who may do everything in the program `default`.
    pub(in crate::tests) fn admin(&self) -> Speaker {
        self.staff(Role::Admin)
    }

    fn staff(&self, role: Role) -> Speaker {
        self.app.user_with("u_ada", json!({"role": role.as_str()}))
    }

    fn admin_of(&self, program: &str) -> Speaker {
        self.app.user_with("u_ada", json!({"role": "admin", "program": program}))
    }
}

pub(super) fn succeeded(sample: &Sample, reply: &Reply) {
    assert!((200..300).contains(&reply.status), "{}: {}", sample.name, reply.body);
}

/// The request of the sample with this name, in a world of its own.
pub(super) async fn afresh(name: &str) -> (Story, Sample) {
    let story = Story::told().await;
    let sample = admin_samples(&story).await.into_iter().find(|sample| sample.name == name);
    (story, sample.expect("it was there"))
}

#[actix_web::test]
async fn every_role_and_scope_that_is_named_is_let_in() {
    let story = Story::told().await;
    let mut let_in = 0;
    for Sample { name, roles, scopes, .. } in admin_samples(&story).await {
        for role in &roles {
            let (story, sample) = afresh(&name).await;
            succeeded(&sample, &story.staff(*role).ask(&sample.by_user()).await);
        }
        for scope in &scopes {
            let (story, sample) = afresh(&name).await;
            succeeded(&sample, &story.app.service(&[*scope]).await.ask(&sample.by_user()).await);
        }
        let_in += roles.len() + scopes.len();
    }
    println!("roles and scopes let in={let_in}");
}

#[actix_web::test]
async fn no_other_role_and_no_other_scope_is_let_in() {
    let story = Story::told().await;
    let (samples, mut refusals) = (admin_samples(&story).await, 0);
    for sample in &samples {
        for role in Role::ALL.iter().filter(|role| !sample.roles.contains(role)) {
            refused(&story.staff(*role), &sample.by_user(), &story, sample, "missing-role").await;
            refusals += 1;
        }
        let service = story.app.service(&all_but(&sample.scopes)).await;
        refused(&service, &sample.by_user(), &story, sample, "missing-scope").await;
        refusals += 1;
    }
    println!("operations={} refusals={refusals} changes=0", samples.len());
}

/// What the people of the program `default` read of it.
async fn picture(story: &Story, samples: &[Sample]) -> Vec<String> {
    let mut told = Vec::new();
    for sample in samples.iter().filter(|sample| sample.is_get()) {
        let reply = story.admin().ask(&sample.by_user()).await;
        succeeded(sample, &reply);
        told.push(reply.body);
    }
    told
}

#[actix_web::test]
async fn another_programs_people_read_and_change_nothing_of_this_one() {
    let story = Story::told().await;
    story.app.insert(&a_program().named("other").build()).await;
    let samples = admin_samples(&story).await;
    let before = picture(&story, &samples).await;
    let others = [story.admin_of("other"), story.app.service_of("other", Scope::ALL).await];
    for (sample, other) in samples.iter().flat_map(|sample| others.iter().map(move |other| (sample, other))) {
        let reply = other.ask(&sample.by_user()).await;
        let theirs = !["u_ana", "u_ben"].iter().any(|name| reply.body.contains(name));
        assert!(theirs && reply.status < 500, "{}: {}", sample.name, reply.body);
        let named = other.ask(&sample.with("?program=default")).await;
        assert!([400, 403, 404].contains(&named.status), "{}: {}", sample.name, named.body);
    }
    assert_eq!(picture(&story, &samples).await, before);
    println!("operations={} callers={}", samples.len(), others.len());
}

#[actix_web::test]
async fn a_token_of_all_programs_names_one() {
    let story = Story::told().await;
    for Sample { name, .. } in admin_samples(&story).await {
        let (story, sample) = afresh(&name).await;
        let everywhere = story.admin_of("*");
        let by_path = name.contains("/programs");
        if !by_path {
            let unnamed = everywhere.ask(&sample.by_user()).await;
            assert_eq!(unnamed.refusal(), (400, "invalid-query".to_owned()), "{name}");
            assert_eq!(unnamed.faults(), [("program".to_owned(), "required".to_owned())], "{name}");
            everywhere.ask(&sample.with("?program=nobody-s")).await.refused(404, "not-found");
        }
        let query = if by_path { "" } else { "?program=default" };
        succeeded(&sample, &everywhere.ask(&sample.with(query)).await);
    }
}
