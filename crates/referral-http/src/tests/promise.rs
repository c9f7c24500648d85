//! What every reply promises, whatever was asked.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::{Ask, Reply};

/// Panics when a reply breaks a promise that all replies make.
pub(super) fn hold(ask: &Ask, reply: &Reply) {
    let what = format!("{} {} -> {} {}", ask.method, ask.uri, reply.status, reply.body);
    assert_ne!(reply.status, 500, "nothing a caller sends breaks us: {what}");
    assert!(!reply.header("x-request-id").is_empty(), "{what}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(reply.header("referrer-policy"), "no-referrer", "{what}");
    assert!(reply.header("content-security-policy").starts_with("default-src 'none'"), "{what}");
    assert!(reply.header("cache-control").contains("no-store"), "{what}");
    assert!(reply.header("access-control-allow-credentials").is_empty(), "{what}");
    if reply.status >= 400 && ask.method != Method::HEAD {
        problem(reply, &what);
    }
}

fn problem(reply: &Reply, what: &str) {
    assert_eq!(reply.header("content-type"), "application/problem+json", "{what}");
    let problem = reply.value();
    let code = problem["code"].as_str().expect("a code");
    assert_eq!(problem["status"], reply.status, "{what}");
    assert_eq!(problem["type"], format!("/problems/{code}"), "{what}");
    assert_eq!(problem["instance"], reply.header("x-request-id"), "{what}");
    let told: Option<u64> =
        reply.headers.get("retry-after").map(|_| reply.header("retry-after").parse().expect("seconds"));
    assert_eq!(problem["retry_after_seconds"], json!(told), "{what}");
    assert_eq!(told.is_some(), matches!(reply.status, 429 | 503), "{what}");
    assert_eq!(reply.header("www-authenticate").starts_with("Bearer"), reply.status == 401, "{what}");
    assert_eq!(reply.headers.contains_key("allow"), reply.status == 405, "{what}");
    assert!(errors(&problem).len() <= 20, "{what}");
    for fault in errors(&problem) {
        let places = ["pointer", "parameter"].iter().filter(|place| fault.get(**place).is_some()).count();
        assert_eq!(places, 1, "one place a fault: {what}");
    }
}

fn errors(problem: &Value) -> &[Value] {
    problem["errors"].as_array().expect("a list")
}
