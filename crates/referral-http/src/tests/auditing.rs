//! The audit log, as those who administer read it.

use referral_domain::audit::{Actor, ActorKind, AuditEntry};
use referral_domain::id::AuditId;
use referral_domain::port::{Changes, Reports as _, Store as _};
use referral_domain::time::DAY;
use referral_testkit::build::slug;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Speaker, TestApp};

const AUDIT: &str = "/api/admin/audit";

fn operator(app: &TestApp) -> Speaker {
    app.user_with("u_ada", json!({"role": "operator"}))
}

/// Three changes, a day apart: by Ada, by a key, by Ada.
async fn with_changes() -> TestApp {
    let app = TestApp::start().await;
    let store = app.store();
    let program = store.program(&slug("default"), app.now()).await.expect("asked").expect("a program");
    let by = [(ActorKind::Staff, "u_ada"), (ActorKind::Key, "key_1"), (ActorKind::Staff, "u_ada")];
    for (n, (kind, id)) in (1..).zip(by) {
        let entry = AuditEntry {
            id: AuditId::from_uuid(Uuid::from_u128(n)),
            actor: Actor { kind, id: id.to_owned() },
            action: if n == 3 { "code.update" } else { "code.create" },
            subject: format!("code_{n}"),
            before: (n == 3).then(|| r#"{"active":true}"#.to_owned()),
            after: Some(r#"{"active":false}"#.to_owned()),
            at: app.now(),
        };
        let mut unit = store.begin().await.expect("a unit");
        let changes = Changes { audit: vec![entry], ..Changes::default() };
        unit.recorder().record(program.book, &changes).await.expect("recorded");
        unit.commit().await.expect("committed");
        app.wait(DAY);
    }
    app
}

fn subjects(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("a list");
    items.iter().map(|item| item["subject"].as_str().expect("a subject")).collect()
}

#[actix_web::test]
async fn a_change_is_told_with_who_what_before_and_after() {
    let app = with_changes().await;
    let page = operator(&app).get(AUDIT).await.json(200);
    assert_eq!(subjects(&page), ["code_3", "code_2", "code_1"]);
    assert_eq!(page["next_cursor"], Value::Null);
    let newest = &page["items"][0];
    assert_eq!(newest["actor"], json!({"kind": "staff", "id": "u_ada"}));
    assert_eq!(newest["action"], "code.update");
    assert_eq!((&newest["before"], &newest["after"]), (&json!({"active": true}), &json!({"active": false})));
    assert_eq!(page["items"][1]["actor"], json!({"kind": "key", "id": "key_1"}));
    assert_eq!(page["items"][1]["before"], Value::Null);
}

#[actix_web::test]
async fn the_log_is_narrowed_by_each_parameter_and_by_all() {
    let app = with_changes().await;
    let first = app.now().plus_micros(-3 * DAY).day().to_string();
    let second = app.now().plus_micros(-2 * DAY).day().to_string();
    for (query, expected) in [
        ("actor=u_ada".to_owned(), &["code_3", "code_1"][..]),
        ("actor=staff:u_ada".to_owned(), &["code_3", "code_1"]),
        ("actor=user:u_ada".to_owned(), &[]),
        ("actor=key:key_1".to_owned(), &["code_2"]),
        ("action=code.update".to_owned(), &["code_3"]),
        ("subject=code_2".to_owned(), &["code_2"]),
        (format!("to={first}"), &["code_1"]),
        (format!("from={second}"), &["code_3", "code_2"]),
        (format!("from={first}&to={first}&actor=u_ada&action=code.create&subject=code_1"), &["code_1"]),
        ("actor=u_nobody".to_owned(), &[]),
    ] {
        let page = operator(&app).get(&format!("{AUDIT}?{query}")).await.json(200);
        assert_eq!(subjects(&page), expected, "{query}");
    }
}

#[actix_web::test]
async fn pages_follow_one_another_and_a_cursor_is_of_its_list_alone() {
    let app = with_changes().await;
    let ada = operator(&app);
    let one = ada.get(&format!("{AUDIT}?limit=2")).await.json(200);
    let cursor = one["next_cursor"].as_str().expect("there is more").to_owned();
    let two = ada.get(&format!("{AUDIT}?limit=2&cursor={cursor}")).await.json(200);
    assert_eq!([subjects(&one), subjects(&two)].concat(), ["code_3", "code_2", "code_1"]);
    ada.get(&format!("{AUDIT}?actor=u_ada&cursor={cursor}")).await.refused(400, "cursor-mismatch");
    let bob = app.user_with("u_bob", json!({"role": "operator"}));
    bob.get(&format!("{AUDIT}?cursor={cursor}")).await.refused(400, "cursor-mismatch");
}

#[actix_web::test]
async fn every_bad_parameter_is_named() {
    let app = with_changes().await;
    for (query, name, code) in [
        ("limit=0", "limit", "out-of-range"),
        ("from=2026-02-30", "from", "date-format"),
        ("from=2026-02-02&to=2026-02-01", "to", "out-of-range"),
        ("actor=", "actor", "too-short"),
        ("cursor=AAAA", "cursor", "bad-cursor"),
        ("who=u_ada", "who", "unknown-parameter"),
    ] {
        let refused = operator(&app).get(&format!("{AUDIT}?{query}")).await;
        assert_eq!(refused.refusal(), (400, "invalid-query".to_owned()), "{query}");
        assert_eq!(refused.faults(), [(name.to_owned(), code.to_owned())], "{query}");
    }
}
