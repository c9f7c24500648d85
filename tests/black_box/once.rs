//! The same event, whatever is done to it, counts once.

use serde_json::{Value, json};

use crate::figure;
use crate::home::Home;
use crate::host::{Host, Pair};
use crate::http::{Reply, Request};
use crate::load::at_once;
use crate::server::Server;

const TIMES: usize = 50;

#[test]
fn an_event_sent_50_times_at_once_and_again_after_a_restart_counts_once() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let pair = host.pair(1);
    let event = pair.spend("inv_1", "60.00").key(&host.key);
    let first = at_once(server.address, &vec![event.clone(); TIMES]);
    let (fresh, equal) = (fresh(&first), equal(&first));
    let told = first.iter().map(bare).next().expect("an answer");
    assert_eq!((fresh, equal), (1, TIMES), "{first:?}");
    let server = Server::start(&server.stop());
    let host = Host::with_key(&server, host.key);
    let again = at_once(server.address, &vec![event; TIMES]);
    assert!(again.iter().all(|reply| reply.status == 200 && bare(reply) == told), "{again:?}");
    let replayed = TIMES - self::fresh(&again);
    let effects = host.count(&pair.referrer, "referral_bonus");
    assert_eq!((effects, replayed), (1, TIMES));
    assert_eq!(host.available(&pair.referrer), "25.00");
    figure(&format!(
        "same event: effects={effects} equal answers={equal}/{TIMES} fresh={fresh} after a restart replayed={replayed}/{TIMES}"
    ));
    another_body_is_a_conflict(&host, &pair, &told);
}

/// Under a known id, each other fact is another body; another spelling, or other metadata, is not.
fn another_body_is_a_conflict(host: &Host, pair: &Pair, told: &str) {
    let before = state(host, pair);
    let with = |field: &str, value: Value| {
        let mut event = pair.spend_event("inv_1", "60.00");
        event[field] = value;
        event
    };
    let others = [
        with("amount", json!({"amount": "60.01", "currency": "USD"})),
        with("amount", json!({"amount": "60.00", "currency": "EUR"})),
        with("user_id", pair.referrer.clone().into()),
        with("occurred_at", host.history(&pair.referred)[0]["created_at"].clone()),
        with("payment_fingerprint", "0123456789abcdef".into()),
    ];
    for event in &others {
        host.post("/api/events/spend", event).refused(409, "event-conflict");
        let batch = json!({"events": [event, pair.spend_event("inv_1", "60.00")]});
        let results = host.post("/api/events/spend", &batch).expect(200);
        assert_eq!(results["results"][0]["outcome"], "conflict", "{results}");
        assert_eq!(results["results"][1]["replayed"], true, "{results}");
    }
    assert_eq!(state(host, pair), before);
    for event in
        [with("amount", json!({"currency": "USD", "amount": "60"})), with("metadata", json!({"a": 1}))]
    {
        assert_eq!(bare(&host.post("/api/events/spend", &event)), told);
    }
    figure(&format!("another body: conflicts={}/{} changes=0", others.len(), others.len()));
}

fn state(host: &Host, pair: &Pair) -> [Vec<Value>; 2] {
    [host.history(&pair.referrer), host.history(&pair.referred)]
}

fn fresh(replies: &[Reply]) -> usize {
    replies.iter().filter(|reply| reply.expect(200)["results"][0]["replayed"] == false).count()
}

fn equal(replies: &[Reply]) -> usize {
    replies.iter().filter(|reply| bare(reply) == bare(&replies[0])).count()
}

/// The answer byte for byte, but for the one word that may differ.
fn bare(reply: &Reply) -> String {
    reply.body.replace("\"replayed\":true", "\"replayed\":false")
}

#[test]
fn an_idempotency_key_replays_the_first_reply_and_refuses_another_body() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let code_of = |user: &str| host.post("/api/codes", &json!({"user_id": user})).expect(200)["code"].clone();
    let (anas, eves) = (code_of("u_ana"), code_of("u_eve"));
    let (ben, cid) = (server.home.token("u_ben"), server.home.token("u_cid"));
    let apply = |code: &Value, token: &str| {
        Request::post("/api/referral/apply", &json!({"code": code})).bearer(token)
    };
    let keyed = |code: &Value, token: &str| server.send(&apply(code, token).with("idempotency-key", "key-1"));
    let first = keyed(&anas, &ben);
    first.expect(201);
    let again = keyed(&anas, &ben);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    keyed(&eves, &ben).refused(422, "idempotency-key-reused");
    keyed(&eves, &cid).expect(201);
    let repeated = server.send(&apply(&anas, &ben));
    assert_eq!(repeated.expect(200), first.json(), "without a key it is a repeated command");
    server.send(&apply(&eves, &ben)).refused(422, "already-referred");
    server.send(&apply(&eves, &server.home.token("u_eve"))).refused(422, "self-referral");
    server.send(&apply(&json!("no-such-code"), &server.home.token("u_dee"))).refused(422, "code-unknown");
    figure("idempotency key: replayed=1/1 refused=1/1, of another caller another key");
}
