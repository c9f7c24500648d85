//! API keys, and the keys under which a request may be repeated.

use referral_app::{
    ApplyReceipt, CodeReport, CreateApiKey, Failure, Idempotent, MadeByAKey, NewApiKey, NoSuchKey,
    Replayable, RevokeApiKey, Revoked, Swept,
};
use referral_domain::apply::ApplyRefusal as Rule;
use referral_domain::audit::{Actor, ActorKind};
use referral_domain::auth::{ApiKey, Scope};
use referral_domain::id::ApiKeyId;
use referral_domain::port::{AuditFilter, Reports, StoredReply};
use referral_domain::time::{DAY, SECOND};
use referral_testkit::build::{host, named_id, slug};
use referral_testkit::contract::race;
use sha2::{Digest, Sha256};

use crate::stage::{Stage, answer, done, made, rule};

#[tokio::test]
async fn an_api_key_is_told_once_and_kept_as_its_hash() {
    let stage = Stage::open().await;
    let made = done(stage.app.create_api_key(&a_key(&stage), None).await).expect("a key");
    assert_eq!((made.key.len(), &made.key[..3]), (51, "rk_"));
    assert_eq!(made.stored.prefix, &made.key[..7]);
    let hash: [u8; 32] = Sha256::digest(made.key.as_bytes()).into();
    let found = stage.memory.api_key(&hash).await.expect("the store answers").expect("the key");
    assert_eq!(found, made.stored);
    assert!(found.is_live(stage.now()) && found.may(Scope::EventsWrite) && !found.may(Scope::UsersRead));
    assert!(!found.is_live(stage.now().plus_micros(DAY)), "it expires");
    assert!(!stage.stored().contains(&made.key), "the key itself is nowhere");
    let other = done(stage.app.create_api_key(&a_key(&stage), None).await).expect("another key");
    assert_ne!(other.key, made.key);
}

#[tokio::test]
async fn an_api_key_made_under_an_idempotency_key_is_one_and_its_text_is_kept_nowhere() {
    let stage = Stage::open().await;
    let render = |key: &ApiKey| (201, key.id.to_string());
    let request = |body: u8| Idempotent {
        caller: "staff:u_ada",
        endpoint: "POST /api/admin/api-keys",
        key: "once",
        request: [body; 32],
        render: &render,
    };
    let command = a_key(&stage);
    let first = stage.app.create_api_key(&command, Some(&request(1))).await.expect("a key");
    let Replayable::Fresh(NewApiKey { stored, key }) = first else { panic!("it is made now") };
    let again = stage.app.create_api_key(&command, Some(&request(1))).await.expect("the first reply");
    let Replayable::Replayed(reply) = again else { panic!("it was made before") };
    assert_eq!((reply.status, reply.body), (201, stored.id.to_string()));
    assert_eq!(stage.memory.api_keys().await.expect("the store answers"), [stored]);
    assert!(!stage.stored().contains(&key), "the key itself is nowhere");
    let other = stage.app.create_api_key(&command, Some(&request(2))).await;
    assert!(matches!(other, Err(Failure::KeyReused)), "another body");
}

#[tokio::test]
async fn a_key_makes_no_key_that_decides() {
    let stage = Stage::open().await;
    let by = Actor { kind: ActorKind::Key, id: "key_1".to_owned() };
    let mut made = 0;
    for scope in Scope::ALL.iter().copied() {
        let scopes = vec![Scope::EventsWrite, scope];
        let command = CreateApiKey { by: by.clone(), scopes, ..a_key(&stage) };
        match done(stage.app.create_api_key(&command, None).await) {
            Ok(_) => made += 1,
            Err(MadeByAKey) => assert!(scope.decides(), "{scope}"),
        }
    }
    assert_eq!(made, 5, "of 7 scopes two decide");
    let person = CreateApiKey { scopes: vec![Scope::AdminWrite], ..a_key(&stage) };
    done(stage.app.create_api_key(&person, None).await).expect("a person makes it");
}

#[tokio::test]
async fn an_api_key_is_revoked_once() {
    let stage = Stage::open().await;
    let id = done(stage.app.create_api_key(&a_key(&stage), None).await).expect("a key").stored.id;
    stage.app.touch_api_key(id).await.expect("a key that exists");
    let revoked_at = stage.now();
    assert_eq!(revoked(&stage, id).await, Ok(Revoked::Now));
    stage.world.clock.advance(1);
    assert_eq!(revoked(&stage, id).await, Ok(Revoked::Before));
    let keys = stage.memory.api_keys().await.expect("the store answers");
    assert_eq!((keys[0].last_used_at, keys[0].revoked_at), (Some(revoked_at), Some(revoked_at)));
    let nobodys = ApiKeyId::from_uuid(named_id("nobody's"));
    assert_eq!(revoked(&stage, nobodys).await, Err(NoSuchKey));
}

/// A command that revokes a key of any program.
pub(crate) fn revoking(id: ApiKeyId) -> RevokeApiKey {
    RevokeApiKey { id, program: None, by: Actor::command_line() }
}

async fn revoked(stage: &Stage, id: ApiKeyId) -> Result<Revoked, NoSuchKey> {
    done(stage.app.revoke_api_key(&revoking(id), None).await)
}

#[tokio::test]
async fn a_key_of_another_program_is_not_found_to_be_revoked() {
    let stage = Stage::open().await;
    let id = done(stage.app.create_api_key(&a_key(&stage), None).await).expect("a key").stored.id;
    let elsewhere = RevokeApiKey { program: Some(slug("other")), ..revoking(id) };
    let stored = stage.stored();
    assert_eq!(done(stage.app.revoke_api_key(&elsewhere, None).await), Err(NoSuchKey));
    assert_eq!(stage.stored(), stored);
}

#[tokio::test]
async fn the_audit_log_tells_who_made_and_who_revoked_a_key() {
    let stage = Stage::open().await;
    let made = done(stage.app.create_api_key(&a_key(&stage), None).await).expect("a key");
    stage.world.clock.advance(1);
    for _ in 0..2 {
        assert!(revoked(&stage, made.stored.id).await.is_ok(), "now, or before");
    }
    let filter = AuditFilter { limit: 9, ..AuditFilter::default() };
    let page = stage.app.audit(&slug("default"), &filter).await.expect("a page");
    let told: Vec<_> = page.items.iter().map(|item| (item.action.as_str(), item.subject.clone())).collect();
    let id = made.stored.id.to_string();
    assert_eq!(told, [("api-key.revoke", id.clone()), ("api-key.create", id)]);
    let after = page.items[1].after.as_deref().expect("what was made");
    assert!(after.contains("events:write") && !after.contains(&made.key), "{after}");
}

#[tokio::test]
async fn the_use_of_an_api_key_is_written_once_a_minute_however_many_say_so_at_once() {
    let stage = Stage::open().await;
    let id = done(stage.app.create_api_key(&a_key(&stage), None).await).expect("a key").stored.id;
    stage.memory.go_down(true);
    assert!(stage.app.touch_api_key(id).await.is_err(), "the store is away");
    stage.memory.go_down(false);
    let first = stage.now();
    race((0..50).map(|_| {
        let app = stage.app.clone();
        async move { app.touch_api_key(id).await }
    }))
    .await
    .into_iter()
    .for_each(|touched| touched.expect("a key that exists, and the store is back"));
    let used = async || stage.memory.api_keys().await.expect("the store answers")[0].last_used_at;
    assert_eq!(used().await, Some(first));
    stage.world.clock.advance(60 * SECOND - 1);
    stage.app.touch_api_key(id).await.expect("nothing to do");
    assert_eq!(used().await, Some(first));
    stage.world.clock.advance(1);
    stage.app.touch_api_key(id).await.expect("written");
    assert_eq!(used().await, Some(stage.now()));
}

#[tokio::test]
async fn there_is_no_api_key_for_a_program_that_does_not_exist() {
    let stage = Stage::open().await;
    let elsewhere = CreateApiKey { program: slug("other"), ..a_key(&stage) };
    assert!(matches!(
        stage.app.create_api_key(&elsewhere, None).await,
        Err(Failure::<MadeByAKey>::NoProgram)
    ));
}

#[tokio::test]
async fn a_request_repeated_under_its_key_gets_the_first_reply() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let command = stage.an_application("u_ben", &code);
    made(stage.app.apply_code(&command, Some(&a_request("k1", 1))).await);
    let stored = stage.stored();
    let again = stage.app.apply_code(&command, Some(&a_request("k1", 1))).await;
    let reply =
        StoredReply { request: [1; 32], status: 201, body: "u_ben".to_owned(), created_at: stage.now() };
    assert_eq!(answer(again), Ok(Replayable::Replayed(reply)));
    assert_eq!(stage.stored(), stored);
}

#[tokio::test]
async fn a_key_used_for_another_body_is_refused_and_changes_nothing() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    made(stage.app.apply_code(&stage.an_application("u_ben", &code), Some(&a_request("k1", 1))).await);
    let stored = stage.stored();
    let other = stage.an_application("u_eva", &code);
    let reused = stage.app.apply_code(&other, Some(&a_request("k1", 2))).await;
    assert!(matches!(reused, Err(Failure::KeyReused)));
    assert_eq!(stage.stored(), stored);
    let anothers = Idempotent { caller: "user:u_eva", ..a_request("k1", 2) };
    made(stage.app.apply_code(&other, Some(&anothers)).await);
}

#[tokio::test]
async fn a_refusal_is_not_kept_and_is_judged_afresh() {
    let stage = Stage::open().await;
    let command = stage.an_application("u_ben", "SOON");
    let refused = answer(stage.app.apply_code(&command, Some(&a_request("k1", 1))).await);
    assert_eq!(refused, Err(rule(Rule::CodeUnknown)));
    let owner = stage.world.user("u_ana").await;
    let code = referral_testkit::build::a_code(stage.program().book, owner.id).spelt("SOON").build();
    stage.world.claim(code).await;
    made(stage.app.apply_code(&command, Some(&a_request("k1", 1))).await);
}

#[tokio::test]
async fn two_requests_at_once_under_one_key_are_one() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let requests =
        (0..20).map(|_| {
            let (stage, command) = (stage.clone(), stage.an_application("u_ben", &code));
            async move {
                answer(stage.app.apply_code(&command, Some(&a_request("k1", 1))).await).expect("no refusal")
            }
        });
    let replies = race(requests).await;
    let fresh = replies.iter().filter(|reply| matches!(reply, Replayable::Fresh(_))).count();
    assert_eq!((fresh, replies.len()), (1, 20));
}

#[tokio::test]
async fn two_bodies_at_once_under_one_key_make_one_referral() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let requests = [("u_ben", 1), ("u_eva", 2)].map(|(user, body)| {
        let (stage, command) = (stage.clone(), stage.an_application(user, &code));
        async move { stage.app.apply_code(&command, Some(&a_request("k1", body))).await }
    });
    let replies = race(requests).await;
    let reused = replies.iter().filter(|reply| matches!(reply, Err(Failure::KeyReused))).count();
    assert_eq!((reused, stage.is_sound().await.referrals), (1, 1));
}

#[tokio::test]
async fn a_code_asked_for_under_a_key_gets_the_first_reply_whatever_it_brought_since() {
    let stage = Stage::open().await;
    let (program, ana) = (stage.program().slug.clone(), host("u_ana"));
    let first = answer(stage.app.code_once(&program, &ana, &a_code_request(1)).await).expect("no refusal");
    let Replayable::Fresh(report) = first else { panic!("done before: {first:?}") };
    assert_eq!((report.stats.code.as_ref(), report.stats.total()), (Some(&report.code.text), 0));
    stage.refer("u_ben", report.code.text.as_str()).await;
    let stored = stage.stored();
    let again = answer(stage.app.code_once(&program, &ana, &a_code_request(1)).await).expect("no refusal");
    let Replayable::Replayed(reply) = again else { panic!("done anew: {again:?}") };
    assert_eq!((reply.status, reply.body), (200, format!("{} brought 0", report.code.text)));
    let reused = stage.app.code_once(&program, &ana, &a_code_request(2)).await;
    assert!(matches!(reused, Err(Failure::KeyReused)));
    assert_eq!(stage.stored(), stored);
    let nowhere = stage.app.code_once(&slug("other"), &ana, &a_code_request(1)).await;
    assert!(matches!(nowhere, Err(Failure::NoProgram)));
}

#[tokio::test]
async fn a_code_asked_for_at_once_under_many_keys_is_one() {
    let stage = Stage::open().await;
    let asks = (0..10).map(|n| {
        let stage = stage.clone();
        async move {
            let (slug, key) = (stage.program().slug.clone(), format!("k{}", n / 2));
            let request = Idempotent { key: &key, ..a_code_request(1) };
            match answer(stage.app.code_once(&slug, &host("u_ana"), &request).await).expect("no refusal") {
                Replayable::Fresh(report) => (true, report.code.text.to_string()),
                Replayable::Replayed(reply) => (false, reply.body.replace(" brought 0", "")),
            }
        }
    });
    let told = race(asks).await;
    assert!(told.windows(2).all(|pair| pair[0].1 == pair[1].1), "{told:?}");
    assert_eq!(told.iter().filter(|(fresh, _)| *fresh).count(), 5, "one a key");
}

fn a_code_request(body: u8) -> Idempotent<'static, CodeReport> {
    Idempotent {
        caller: "key:billing",
        endpoint: "POST /api/codes",
        key: "k1",
        request: [body; 32],
        render: &|report| (200, format!("{} brought {}", report.code.text, report.stats.total())),
    }
}

#[tokio::test]
async fn replies_are_forgotten_after_30_days() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let command = stage.an_application("u_ben", &code);
    made(stage.app.apply_code(&command, Some(&a_request("k1", 1))).await);
    stage.world.clock.advance(30 * DAY);
    assert_eq!(stage.app.forget_replies().await.expect("a sweep"), Swept { changed: 0 });
    stage.world.clock.advance(1);
    assert_eq!(stage.app.forget_replies().await.expect("a sweep"), Swept { changed: 1 });
    assert_eq!(stage.app.forget_replies().await.expect("a sweep"), Swept { changed: 0 });
    let again = answer(stage.app.apply_code(&command, Some(&a_request("k1", 1))).await);
    assert!(matches!(again, Ok(Replayable::Fresh(_))), "it is answered anew");
}

fn a_key(stage: &Stage) -> CreateApiKey {
    CreateApiKey {
        program: stage.program().slug.clone(),
        name: "billing".to_owned(),
        scopes: vec![Scope::EventsWrite],
        expires_at: Some(stage.now().plus_micros(DAY)),
        by: Actor::command_line(),
    }
}

/// A request of Ben's under this key, whose body is told by a number.
fn a_request(key: &str, body: u8) -> Idempotent<'_, ApplyReceipt> {
    Idempotent {
        caller: "user:u_ben",
        endpoint: "POST /api/referral/apply",
        key,
        request: [body; 32],
        render: &|_| (201, "u_ben".to_owned()),
    }
}
