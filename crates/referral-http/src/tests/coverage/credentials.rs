//! Every operation with every kind of credentials that do not hold.

use jsonwebtoken::{Algorithm, EncodingKey};
use referral_app::{RevokeApiKey, Revoked};
use referral_domain::audit::Actor;
use referral_domain::auth::Scope;
use referral_domain::time::HOUR;
use serde_json::{Value, json};

use super::{Sample, samples, user_samples};
use crate::tests::token::{SECRET, signed, token};
use crate::tests::{Ask, Reply, Speaker, Story, TestApp};

/// `{"alg":"none"}`, as the header of a token.
const ALG_NONE: &str = "eyJhbGciOiJub25lIn0";

/// Somebody whose credentials do not hold, and why.
struct Stranger {
    why: &'static str,
    speaker: Speaker,
}

fn stranger(why: &'static str, speaker: Speaker) -> Stranger {
    Stranger { why, speaker }
}

fn forged(app: &TestApp, header: &Value, secret: &[u8], algorithm: Algorithm) -> Speaker {
    let claims = app.claims("u_ana", json!({"role": "admin"}));
    app.bearer(&signed(header, &claims, &EncodingKey::from_secret(secret), algorithm))
}

fn by_token(app: &TestApp) -> Vec<Stranger> {
    let now = app.now().micros() / 1_000_000;
    let mine = |changes: Value| app.bearer(&token(&app.claims("u_ana", changes)));
    let sound = token(&app.claims("u_ana", json!({})));
    let (start, _) = sound.rsplit_once('.').expect("three parts");
    let (_, claims) = start.split_once('.').expect("two parts");
    let hs256 = json!({"alg": "HS256", "typ": "JWT"});
    vec![
        stranger("an expired token", mine(json!({"exp": now - 61}))),
        stranger("a token without an end", mine(json!({"exp": null}))),
        stranger("a token of later", mine(json!({"nbf": now + 61}))),
        stranger("a token of nobody", mine(json!({"sub": null}))),
        stranger(
            "another secret's token",
            forged(app, &hs256, b"another secret of 32 bytes or more", Algorithm::HS256),
        ),
        stranger(
            "another algorithm's token",
            forged(app, &json!({"alg": "HS512"}), SECRET, Algorithm::HS512),
        ),
        stranger("alg: none", forged(app, &json!({"alg": "none"}), SECRET, Algorithm::HS256)),
        stranger("alg: none, unsigned", app.bearer(&format!("{ALG_NONE}.{claims}."))),
        stranger("a token without a signature", app.bearer(&format!("{start}."))),
        stranger("no token at all", app.bearer("rk_or_something")),
    ]
}

async fn by_key(app: &TestApp) -> Vec<Stranger> {
    let expired = app.new_key("default", Scope::ALL, Some(app.now().plus_micros(HOUR))).await;
    let revoked = app.new_key("default", Scope::ALL, None).await;
    let revoke = RevokeApiKey { id: revoked.stored.id, program: None, by: Actor::command_line() };
    let done = app.app().revoke_api_key(&revoke, None).await.expect("there is such a key");
    assert_eq!(done.fresh(), Some(Revoked::Now));
    app.wait(HOUR);
    vec![
        stranger("an expired key", app.key(&expired.key)),
        stranger("a revoked key", app.key(&revoked.key)),
        stranger("a key of nobody", app.key("rk_00112233445566778899aabbccddeeff0011223344556677")),
        stranger("no key at all", app.key("letmein")),
        stranger("an empty key", app.key("")),
        stranger("a key as a token", app.bearer(&revoked.key)),
    ]
}

async fn strangers(app: &TestApp) -> Vec<Stranger> {
    let mut all = by_key(app).await;
    all.push(stranger("no credentials", app.anonymous()));
    all.extend(by_token(app));
    all
}

/// The tables are worth nothing unless the right caller is let in with the same request.
#[actix_web::test]
async fn every_operation_answers_whoever_may_call_it() {
    let story = Story::told().await;
    for sample in user_samples(&story).await {
        let mut replies = Vec::new();
        if sample.bearer {
            replies.push(story.app.user("u_carl").ask(&sample.by_user()).await);
        }
        for scope in &sample.scopes {
            replies.push(story.app.service(&[*scope]).await.ask(&sample.by_service("u_carl")).await);
        }
        if sample.is_public() {
            replies.push(story.app.anonymous().ask(&sample.by_user()).await);
        }
        assert!(!replies.is_empty(), "{}: nobody may call it", sample.name);
        for reply in replies {
            assert!((200..300).contains(&reply.status), "{}: {}", sample.name, reply.body);
        }
    }
}

/// Whether a refusal tells or does anything it should not: another status, another answer than the others got, or a
/// change of what is stored.
fn leaks(reply: &Reply, first: &mut Option<Value>, before: &str, after: &str) -> bool {
    let mut told = reply.value();
    told["instance"] = Value::Null;
    let same = *first.get_or_insert_with(|| told.clone()) == told;
    reply.refusal() != (401, "unauthenticated".to_owned()) || !same || before != after
}

#[actix_web::test]
async fn nobody_is_let_in_by_credentials_that_do_not_hold() {
    let story = Story::told().await;
    let samples = samples(&story).await;
    let strangers = strangers(&story.app).await;
    let (mut found, mut first) = (Vec::new(), None);
    for (sample, stranger) in samples
        .iter()
        .filter(|sample| !sample.is_public())
        .flat_map(|s| strangers.iter().map(move |w| (s, w)))
    {
        for ask in [sample.by_user(), sample.by_service("u_ana")] {
            let before = story.app.stored();
            let reply = stranger.speaker.ask(&ask).await;
            if leaks(&reply, &mut first, &before, &story.app.stored()) {
                found.push(format!("{} to {}: {}", sample.name, stranger.why, reply.body));
            }
        }
    }
    println!("operations={} callers={} leaks={}", samples.len(), strangers.len(), found.len());
    assert!(found.is_empty(), "{found:#?}");
}

#[actix_web::test]
async fn two_credentials_are_none() {
    let story = Story::told().await;
    let key = story.app.new_key("default", Scope::ALL, None).await.key;
    for sample in samples(&story).await.iter().filter(|sample| !sample.is_public()) {
        let both = sample.by_user().header("x-api-key", &key);
        story.app.user("u_ana").ask(&both).await.refused(401, "unauthenticated");
        let twice = sample.by_user().header("authorization", "Bearer x");
        story.app.user("u_ana").ask(&twice).await.refused(401, "unauthenticated");
    }
}

pub(super) fn all_but(scopes: &[Scope]) -> Vec<Scope> {
    Scope::ALL.iter().copied().filter(|other| !scopes.contains(other)).collect()
}

pub(super) async fn refused(speaker: &Speaker, ask: &Ask, story: &Story, sample: &Sample, code: &str) {
    let before = story.app.stored();
    let reply = speaker.ask(ask).await;
    assert_eq!(reply.refusal(), (403, code.to_owned()), "{}: {}", sample.name, reply.body);
    assert_eq!(before, story.app.stored(), "{} changes nothing", sample.name);
}

#[actix_web::test]
async fn who_is_known_but_not_allowed_is_refused_and_changes_nothing() {
    let story = Story::told().await;
    let samples = user_samples(&story).await;
    let mut refusals = 0;
    for sample in samples.iter().filter(|sample| !sample.is_public()) {
        let service = story.app.service(&all_but(&sample.scopes)).await;
        let code = if sample.scopes.is_empty() { "missing-role" } else { "missing-scope" };
        refused(&service, &sample.by_service("u_ana"), &story, sample, code).await;
        refusals += 1;
        if !sample.bearer {
            for role in ["user", "operator", "finance", "admin"] {
                let user = story.app.user_with("u_ana", json!({"role": role}));
                refused(&user, &sample.by_user(), &story, sample, "missing-scope").await;
                refusals += 1;
            }
        }
    }
    println!("operations={} refusals={refusals} changes=0", samples.len());
}
