//! What is in the store before a measurement, and the requests of the workloads. All of it follows from counters, so
//! that two runs send the same.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::client::Request;
use super::load;
use super::server::Server;
use crate::report;

/// Referrals per referrer and day; the program's limit is 10.
const A_REFERRER: usize = 10;
/// What most events bring, and what every twentieth does: the threshold at once.
const SMALL: &str = "0.50";
const CROSSING: &str = "50.00";

/// Makes so many codes; answers their texts.
pub(super) fn codes(server: &Server, key: &str, count: usize) -> Result<Vec<String>> {
    let request =
        |n: usize| Request::post("/api/codes", key, &json!({"user_id": format!("referrer_{n}")}).to_string());
    let replies = load::replies(server.address(), 64, (0..count).map(request).collect())?;
    replies.iter().map(|reply| code_of(reply)).collect()
}

fn code_of(reply: &str) -> Result<String> {
    let json: Value = serde_json::from_str(reply)?;
    Ok(json["code"].as_str().context("a code has a text")?.to_owned())
}

/// Signs so many users up, ten a code.
pub(super) fn referred(server: &Server, key: &str, codes: &[String], count: usize) -> Result<()> {
    let request = |n: usize| {
        let code = &codes[n / A_REFERRER];
        let body = json!({"user_id": format!("spender_{n}"), "code": code, "email_verified": true});
        Request::post("/api/events/signup", key, &body.to_string())
    };
    load::run(server.address(), 64, (0..count).map(request).collect()).map(drop)
}

/// Look-ups of distinct codes, spread over all; every other one is unknown.
pub(super) fn lookups(codes: &[String], count: usize) -> Vec<Request> {
    let stride = codes.len() / count;
    let lookup = |n: usize| {
        let code = &codes[n * stride];
        let shown = if n.is_multiple_of(2) { code.clone() } else { code.chars().rev().collect() };
        Request::get(&format!("/api/referral/validate/{shown}"))
    };
    (0..count).map(lookup).collect()
}

/// Events one by one, over all spenders.
pub(super) fn singles(key: &str, spenders: usize, count: usize) -> Vec<Request> {
    let request =
        |n: usize| Request::post("/api/events/spend", key, &event("single", n, spenders).to_string());
    (0..count).map(request).collect()
}

/// Events in batches, over all spenders.
pub(super) fn batches(key: &str, spenders: usize, count: usize, size: usize) -> Vec<Request> {
    let batch = |b: usize| {
        let events: Vec<_> = (b * size..(b + 1) * size).map(|n| event("batch", n, spenders)).collect();
        Request::post("/api/events/spend", key, &json!({"events": events}).to_string())
    };
    (0..count).map(batch).collect()
}

fn event(kind: &str, n: usize, spenders: usize) -> Value {
    let amount = if n % 20 == 7 { CROSSING } else { SMALL };
    json!({
        "source_id": format!("{kind}_{n}"),
        "user_id": format!("spender_{}", n.wrapping_mul(7919) % spenders),
        "amount": {"amount": amount, "currency": "USD"},
        "occurred_at": now(),
    })
}

/// A minute from now, to the second: after every sign-up, and within what the service takes.
#[expect(clippy::disallowed_methods, reason = "events are told at the time they are sent")]
fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) + 60;
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", report::day(seconds))
}
