//! Every write of administration sent twice, with an `Idempotency-Key` and without one.

use std::collections::BTreeSet;

use serde_json::Value;

use super::admin::{afresh, succeeded};
use super::admin_samples;
use crate::tests::{Ask, Reply, Story};

/// What a second, equal request of a write is answered with, under the same key.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Again {
    /// The first reply, byte for byte, marked.
    Replayed,
    /// The first reply, marked, without the secret that it told.
    Untold,
    /// It changes nothing, so it is asked anew.
    Asked,
}

/// What a second, equal request of a write is answered with, without a key.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Bare {
    /// The first reply: it is so already.
    Same,
    /// 200 with the first body, whose status was 201: it was made before.
    Known,
    /// Something else: it is another one, or there is nothing left to do.
    Anew,
}

/// One line a write.
const WRITES: [(&str, Again, Bare); 20] = [
    ("POST /api/admin/api-keys", Again::Untold, Bare::Anew),
    ("DELETE /api/admin/api-keys/{id}", Again::Replayed, Bare::Same),
    ("POST /api/admin/codes", Again::Replayed, Bare::Known),
    ("PATCH /api/admin/codes/{id}", Again::Replayed, Bare::Same),
    ("POST /api/admin/programs", Again::Replayed, Bare::Known),
    ("PATCH /api/admin/programs/{id}", Again::Replayed, Bare::Same),
    ("POST /api/admin/programs/{id}/rules", Again::Replayed, Bare::Anew),
    ("POST /api/admin/programs/{id}/rules/preview", Again::Asked, Bare::Same),
    ("POST /api/admin/payout-batches", Again::Replayed, Bare::Anew),
    ("POST /api/admin/payout-batches/preview", Again::Asked, Bare::Same),
    ("POST /api/admin/payout-batches/{id}/approve", Again::Replayed, Bare::Same),
    ("POST /api/admin/payout-batches/{id}/discard", Again::Replayed, Bare::Same),
    ("POST /api/admin/payout-batches/{id}/seal", Again::Replayed, Bare::Same),
    ("POST /api/admin/payout-batches/{id}/settle", Again::Replayed, Bare::Anew),
    ("POST /api/admin/payouts/{id}/approve", Again::Replayed, Bare::Same),
    ("POST /api/admin/payouts/{id}/reject", Again::Replayed, Bare::Same),
    ("POST /api/admin/adjustments", Again::Replayed, Bare::Known),
    ("POST /api/admin/adjustments/{id}/approve", Again::Replayed, Bare::Same),
    ("POST /api/admin/adjustments/{id}/reject", Again::Replayed, Bare::Same),
    ("POST /api/admin/transactions/{id}/retract", Again::Replayed, Bare::Known),
];

/// The writes whose second request under a key is answered from what was stored.
fn keyed() -> impl Iterator<Item = &'static str> {
    WRITES.iter().filter(|(_, again, _)| *again != Again::Asked).map(|(name, ..)| *name)
}

fn judge(name: &str, again: Again, first: &Reply, second: &Reply) {
    let marked = [first, second].map(|reply| reply.header("idempotent-replayed") == "true");
    assert_eq!(marked, [false, again != Again::Asked], "{name}");
    let kinds = [first, second].map(|reply| reply.header("content-type").to_owned());
    assert_eq!((second.status, &kinds[1]), (first.status, &kinds[0]), "{name}");
    if again == Again::Untold {
        let mut untold = first.value();
        untold["key"] = Value::Null;
        assert_eq!(second.value(), untold, "{name}");
    } else {
        assert_eq!(second.body, first.body, "{name}");
    }
}

#[actix_web::test]
async fn every_write_sent_twice_under_a_key_is_done_once_and_answered_as_before() {
    let story = Story::told().await;
    let writes = admin_samples(&story).await.into_iter().filter(|sample| !sample.is_get());
    let names: BTreeSet<_> = writes.map(|sample| sample.name).collect();
    assert_eq!(names, WRITES.map(|(name, ..)| name.to_owned()).into());
    for (name, again, _) in WRITES {
        let (story, sample) = afresh(name).await;
        let ask: Ask = sample.by_user().header("idempotency-key", "once");
        let first = story.admin().ask(&ask).await;
        succeeded(&sample, &first);
        let stored = story.app.stored();
        judge(name, again, &first, &story.admin().ask(&ask).await);
        assert_eq!(stored, story.app.stored(), "{name}");
    }
    println!("writes={} repeated={}", names.len(), WRITES.len());
}

#[actix_web::test]
async fn every_write_that_is_so_already_is_done_once_without_a_key() {
    let named = WRITES.iter().filter(|(.., bare)| *bare != Bare::Anew);
    let mut repeated = 0;
    for (name, _, bare) in named {
        let (story, sample) = afresh(name).await;
        let first = story.admin().ask(&sample.by_user()).await;
        succeeded(&sample, &first);
        let stored = story.app.stored();
        let second = story.admin().ask(&sample.by_user()).await;
        let expected = if *bare == Bare::Known { (201, 200) } else { (first.status, first.status) };
        assert_eq!((first.status, second.status), expected, "{name}");
        assert_eq!((second.header("idempotent-replayed"), &second.body), ("", &first.body), "{name}");
        assert_eq!(stored, story.app.stored(), "{name}");
        repeated += 1;
    }
    println!("writes={} repeated={repeated}", WRITES.len());
}

/// The same request with another body, which nobody need be able to read: it is not looked at.
fn otherwise(ask: Ask) -> Ask {
    match ask.body.clone() {
        Some(body) => ask.body([body, b" ".to_vec()].concat()),
        None => ask.json("{}"),
    }
}

#[actix_web::test]
async fn a_key_sent_with_another_body_is_refused_and_changes_nothing() {
    let mut refusals = 0;
    for name in keyed().filter(|name| !name.starts_with("DELETE")) {
        let (story, sample) = afresh(name).await;
        let ask: Ask = sample.by_user().header("idempotency-key", "once");
        succeeded(&sample, &story.admin().ask(&ask).await);
        let stored = story.app.stored();
        story.admin().ask(&otherwise(ask)).await.refused(422, "idempotency-key-reused");
        assert_eq!(stored, story.app.stored(), "{name}");
        refusals += 1;
    }
    println!("writes={} refused={refusals}", keyed().count());
}

/// What the other body would be refused for is not looked at.
#[actix_web::test]
async fn a_key_sent_with_a_body_that_a_rule_refuses_is_refused_for_the_key() {
    let (story, sample) = afresh("POST /api/admin/adjustments").await;
    let ask: Ask = sample.by_user().header("idempotency-key", "once");
    succeeded(&sample, &story.admin().ask(&ask).await);
    let mut other: Value = serde_json::from_slice(ask.body.as_deref().expect("a body")).expect("JSON");
    other["user_id"] = "u_nobody".into();
    let unknown = ask.clone().body(other.to_string());
    story.admin().ask(&unknown).await.refused(422, "idempotency-key-reused");
    let fresh = sample.by_user().body(other.to_string());
    story.admin().ask(&fresh).await.refused(422, "user-unknown");
}

#[actix_web::test]
async fn a_key_is_another_one_for_another_caller_and_for_another_path() {
    let mut done = 0;
    for name in ["POST /api/admin/payouts/{id}/approve", "POST /api/admin/adjustments"] {
        let (story, sample) = afresh(name).await;
        let ask: Ask = sample.by_user().header("idempotency-key", "once");
        succeeded(&sample, &story.admin().ask(&ask).await);
        let service = story.app.service(referral_domain::auth::Scope::ALL).await;
        let reply = service.ask(&ask).await;
        succeeded(&sample, &reply);
        assert_eq!(reply.header("idempotent-replayed"), "", "{name}");
        done += 1;
    }
    let (story, sample) = afresh("POST /api/admin/payouts/{id}/approve").await;
    let ask: Ask = sample.by_user().header("idempotency-key", "once");
    let one = story.admin().ask(&ask).await.value();
    let other = story.admin().get("/api/admin/payouts?status=requested").await.json(200);
    let id = other["items"][0]["id"].as_str().expect("another waits");
    assert_ne!(one["id"], id);
    let path = format!("/api/admin/payouts/{id}/approve");
    let ask = Ask::new(actix_web::http::Method::POST, path).header("idempotency-key", "once");
    let reply = story.admin().ask(&ask).await;
    assert_eq!((reply.header("idempotent-replayed"), reply.value()["id"].as_str()), ("", Some(id)));
    println!("callers={done} paths=2");
}
