use std::sync::Mutex;

use actix_web::http::header::HeaderValue;
use referral_domain::auth::Scope;
use referral_domain::id::BookId;
use referral_domain::reference::Slug;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::auth::test_support::{claims, now, token, tokens};
use crate::auth::{TokenPolicy, hash_key};
use crate::problem::ProblemCode;

const KEY: &str = "rk_4f9c0000000000000000000000000000";

/// A directory of one key that remembers when it was told of a use, and may be away.
struct OneKey {
    key: Option<ApiKey>,
    used: Mutex<Vec<Timestamp>>,
    away: bool,
}

fn away() -> StoreError {
    StoreError::Unavailable("secret driver words".into())
}

#[async_trait]
impl KeyDirectory for OneKey {
    /// It answers any hash, so that the gate's own comparison is what refuses another key.
    async fn find(&self, _: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        if self.away { Err(away()) } else { Ok(self.key.clone()) }
    }

    async fn used(&self, _: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        self.used.lock().expect("not poisoned").push(at);
        Err(away())
    }
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        now()
    }
}

fn stored() -> ApiKey {
    ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(7)),
        book: BookId(1),
        program: Slug::parse("default").expect("a slug"),
        name: "shop".into(),
        prefix: "rk_4f9c".into(),
        hash: hash_key(KEY),
        scopes: vec![Scope::EventsWrite],
        created_at: now(),
        last_used_at: None,
        expires_at: None,
        revoked_at: None,
    }
}

fn directory(key: Option<ApiKey>) -> Arc<OneKey> {
    Arc::new(OneKey { key, used: Mutex::new(Vec::new()), away: false })
}

fn gate(keys: Arc<OneKey>) -> Gate {
    Gate::new(tokens(TokenPolicy::default()), keys, Arc::new(Stopped))
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    headers
}

async fn refused(keys: Arc<OneKey>, pairs: &[(&str, &str)]) -> serde_json::Value {
    gate(keys).admit(&headers(pairs)).await.expect_err("refused").to_json()
}

#[actix_web::test]
async fn a_token_and_a_key_are_let_in() {
    let bearer = format!("bEaReR {}", token(&claims(json!({}))));
    let user = gate(directory(None)).admit(&headers(&[("authorization", &bearer)])).await.expect("let in");
    assert_eq!(user.label(), "user:u_ben");
    let service =
        gate(directory(Some(stored()))).admit(&headers(&[("x-api-key", KEY)])).await.expect("let in");
    assert_eq!(service.label(), "key:key_00000000-0000-0000-0000-000000000007");
}

#[actix_web::test]
async fn every_failure_has_the_same_reply() {
    let expected = Problem::unauthenticated().to_json();
    let bearer = format!("Bearer {}", token(&claims(json!({}))));
    let expired = format!("Bearer {}", token(&claims(json!({"exp": 1}))));
    let raw = token(&claims(json!({})));
    for pairs in [
        &[][..],
        &[("authorization", "")],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer x")],
        &[("authorization", "Basic dTpw")],
        &[("authorization", &raw)],
        &[("authorization", &expired)],
        &[("authorization", &bearer), ("authorization", &bearer)],
        &[("authorization", &bearer), ("x-api-key", KEY)],
        &[("authorization", "Basic dTpw"), ("x-api-key", KEY)],
        &[("x-api-key", KEY), ("x-api-key", KEY)],
        &[("x-api-key", "")],
        &[("x-api-key", "rk_")],
        &[("x-api-key", "4f9c0000000000000000000000000000")],
        &[("x-api-key", "rk_4f9c0000000000000000000000000001")],
    ] {
        assert_eq!(refused(directory(Some(stored())), pairs).await, expected, "{pairs:?}");
    }
    let ended = |change: fn(&mut ApiKey)| {
        let mut key = stored();
        change(&mut key);
        directory(Some(key))
    };
    for keys in [
        directory(None),
        ended(|key| key.revoked_at = Some(now())),
        ended(|key| key.expires_at = Some(now())),
        ended(|key| key.expires_at = Some(now().plus_micros(-1))),
    ] {
        assert_eq!(refused(keys, &[("x-api-key", KEY)]).await, expected);
    }
}

#[actix_web::test]
async fn a_directory_that_is_away_is_no_refusal() {
    let keys = Arc::new(OneKey { key: None, used: Mutex::new(Vec::new()), away: true });
    let problem = gate(keys).admit(&headers(&[("x-api-key", KEY)])).await.expect_err("away");
    assert_eq!(problem.code(), ProblemCode::StoreUnavailable);
    assert!(!problem.to_json().to_string().contains("driver"));
    assert!(problem.chain().contains("driver words"));
}

#[actix_web::test]
async fn a_use_is_noted_once_a_minute_and_its_failure_refuses_nobody() {
    for (last, notes) in [(None, 1), (Some(-59), 0), (Some(-60), 1)] {
        let last_used_at = last.map(|seconds| now().plus_micros(seconds * referral_domain::time::SECOND));
        let keys = directory(Some(ApiKey { last_used_at, ..stored() }));
        gate(Arc::clone(&keys)).admit(&headers(&[("x-api-key", KEY)])).await.expect("let in");
        assert_eq!(keys.used.lock().expect("not poisoned").len(), notes, "{last:?}");
    }
}
