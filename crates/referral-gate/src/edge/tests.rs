use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpResponse};
use referral_domain::port::StoreError;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::form::{JsonBody, Query};
use crate::problem::Reply;

/// Ids that count, so that replies can be compared.
struct Counting(AtomicU64);

impl Ids for Counting {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

fn config() -> web::Data<EdgeConfig> {
    web::Data::new(EdgeConfig {
        cors: CorsPolicy::parse("https://app.example.com").expect("an origin"),
        https: true,
        timeout: Duration::from_millis(200),
        ids: Arc::new(Counting(AtomicU64::new(1))),
    })
}

async fn echo(body: JsonBody) -> Reply {
    body.read(|_| Some(()))?;
    Ok(HttpResponse::Ok().finish())
}

async fn listed(query: Query) -> Reply {
    query.refuse_any()?;
    Ok(HttpResponse::Ok().insert_header(("cache-control", "private")).finish())
}

async fn broken() -> Reply {
    Err(StoreError::Unavailable("password=hunter2".into()).into())
}

async fn panicking() -> Result<HttpResponse, Infallible> {
    panic!("password=hunter2")
}

async fn slow() -> HttpResponse {
    std::future::pending().await
}

async fn teapot() -> HttpResponse {
    HttpResponse::ImATeapot().body("short and stout")
}

async fn number(_: web::Path<u32>, _: web::Query<Vec<(u32, u32)>>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn foreign() -> Result<HttpResponse, Error> {
    Err(actix_web::error::ErrorInternalServerError("password=hunter2"))
}

/// A reply, seen from outside.
struct Seen {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        serde_json::from_str(&self.body).expect("JSON")
    }
}

async fn call(request: TestRequest) -> Seen {
    let app = App::new()
        .app_data(config())
        .wrap(from_fn(edge))
        .service(web::resource("/echo").route(web::post().to(echo)))
        .service(web::resource("/list").route(web::get().to(listed)).route(web::put().to(listed)))
        .route("/broken", web::get().to(broken))
        .route("/panic", web::get().to(panicking))
        .route("/slow", web::get().to(slow))
        .route("/teapot", web::get().to(teapot))
        .route("/foreign", web::get().to(foreign))
        .route("/number/{n}", web::get().to(number))
        .route("/api/referral/validate/{code}", web::get().to(listed));
    let app = init_service(app).await;
    let reply = match app.call(request.to_request()).await {
        Ok(reply) => reply.into_parts().1,
        Err(error) => error.error_response(),
    };
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    let bytes = actix_web::body::to_bytes(reply.into_body()).await.expect("a body");
    Seen { status, headers, body: String::from_utf8_lossy(&bytes).into_owned() }
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

fn preflight(path: &str, origin: &str) -> TestRequest {
    TestRequest::default()
        .method(Method::OPTIONS)
        .uri(path)
        .insert_header(("origin", origin))
        .insert_header(("access-control-request-method", "POST"))
}

#[actix_web::test]
async fn every_reply_carries_every_header() {
    for path in ["/list", "/nowhere", "/broken", "/panic", "/slow", "/foreign", "/list?x=1", "/teapot"] {
        let seen = call(get(path)).await;
        assert!(seen.header("x-request-id").starts_with("req_00000000-"), "{path}");
        assert!(seen.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert!(seen.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(seen.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(seen.header("referrer-policy"), "no-referrer", "{path}");
        assert!(seen.header("strict-transport-security").starts_with("max-age="), "{path}");
        assert_eq!(seen.header("vary"), "Origin", "{path}");
    }
}

#[actix_web::test]
async fn a_handler_s_own_header_stays() {
    assert_eq!(call(get("/list")).await.header("cache-control"), "private");
    assert_eq!(call(get("/nowhere")).await.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn every_error_is_a_problem_with_the_request_s_id() {
    let json = ("content-type", "application/json");
    let post = |body: &'static str| TestRequest::post().uri("/echo").insert_header(json).set_payload(body);
    for (request, status, code) in [
        (get("/nowhere"), 404, "not-found"),
        (get("/echo"), 405, "method-not-allowed"),
        (get("/list?x=1"), 400, "invalid-query"),
        (get("/number/x"), 404, "not-found"),
        (get("/number/1?a=b"), 400, "invalid-query"),
        (post("{"), 400, "invalid-json"),
        (post("{\"x\": 1}"), 400, "invalid-body"),
        (TestRequest::post().uri("/echo").set_payload("{}"), 415, "unsupported-media-type"),
        (post("{}").insert_header(("content-length", "1048577")), 413, "too-large"),
        (get("/broken"), 503, "store-unavailable"),
        (get("/slow"), 408, "timeout"),
        (get("/panic"), 500, "internal"),
        (get("/foreign"), 500, "internal"),
        (get("/teapot"), 400, "invalid-body"),
    ] {
        let seen = call(request.insert_header(("x-request-id", "mine-1"))).await;
        let problem = seen.problem();
        assert_eq!((seen.status, problem["code"].as_str()), (status, Some(code)), "{}", seen.body);
        assert_eq!(problem["status"], status, "{code}");
        assert_eq!(problem["instance"], "mine-1", "{code}");
        assert_eq!(seen.header("x-request-id"), "mine-1", "{code}");
        assert!(!seen.body.contains("hunter2"), "{}", seen.body);
    }
}

#[actix_web::test]
async fn a_405_lists_what_is_allowed() {
    let seen = call(TestRequest::delete().uri("/list")).await;
    let mut allowed: Vec<_> = seen.header("allow").split(", ").collect();
    allowed.sort_unstable();
    assert_eq!((seen.status, allowed), (405, vec!["GET", "PUT"]));
}

#[actix_web::test]
async fn a_503_says_when_to_come_back() {
    let seen = call(get("/broken")).await;
    assert_eq!(seen.header("retry-after"), "1");
    assert_eq!(seen.problem()["retry_after_seconds"], 1);
}

#[actix_web::test]
async fn only_a_sane_request_id_is_taken() {
    let longest = "x".repeat(128);
    for id in ["a", "A.b_c-9", &longest] {
        let seen = call(get("/list").insert_header(("x-request-id", id))).await;
        assert_eq!(seen.header("x-request-id"), id);
    }
    let too_long = "x".repeat(129);
    for id in ["", "a b", "a\tb", "<script>", "a/b", "ä", &too_long] {
        let value = HeaderValue::from_bytes(id.as_bytes()).expect("a value");
        let seen = call(get("/list").insert_header(("x-request-id", value))).await;
        assert!(seen.header("x-request-id").starts_with("req_"), "{id}");
    }
}

#[actix_web::test]
async fn a_listed_origin_may_read_and_no_other() {
    for (origin, allowed) in [
        ("https://app.example.com", "https://app.example.com"),
        ("https://evil.example", ""),
        ("null", ""),
        ("https://app.example.com.evil.example", ""),
    ] {
        for path in ["/list", "/nowhere", "/panic"] {
            let seen = call(get(path).insert_header(("origin", origin))).await;
            assert_eq!(seen.header("access-control-allow-origin"), allowed, "{origin} {path}");
            assert_eq!(seen.header("vary"), "Origin", "{origin} {path}");
            assert!(!seen.headers.contains_key("access-control-allow-credentials"));
            let exposed =
                if allowed.is_empty() { "" } else { "x-request-id, retry-after, idempotent-replayed" };
            assert_eq!(seen.header("access-control-expose-headers"), exposed, "{origin} {path}");
        }
    }
}

#[actix_web::test]
async fn a_preflight_is_answered_at_the_edge() {
    let seen = call(preflight("/list", "https://app.example.com")).await;
    assert_eq!((seen.status, seen.header("access-control-allow-origin")), (204, "https://app.example.com"));
    assert_eq!(
        seen.header("access-control-allow-headers"),
        "authorization, content-type, idempotency-key, x-request-id"
    );
    assert!(seen.header("access-control-allow-methods").contains("PUT"));
    assert_eq!(seen.header("access-control-max-age"), "600");
    let refused = call(preflight("/list", "https://evil.example")).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (204, ""));
    assert_eq!(refused.header("access-control-allow-methods"), "");
    let plain = call(TestRequest::default().method(Method::OPTIONS).uri("/list")).await;
    assert_eq!(plain.status, 405, "a plain OPTIONS is no preflight");
}

#[actix_web::test]
async fn validate_and_click_are_for_every_origin() {
    let seen = call(get("/api/referral/validate/X").insert_header(("origin", "https://any.example"))).await;
    assert_eq!((seen.status, seen.header("access-control-allow-origin")), (200, "*"));
    assert_eq!(seen.header("vary"), "");
    for path in ["/api/referral/validate/X", "/api/referral/click/X"] {
        let seen = call(preflight(path, "null")).await;
        assert_eq!((seen.status, seen.header("access-control-allow-origin")), (204, "*"));
        assert!(!seen.headers.contains_key("access-control-allow-credentials"));
    }
}

#[actix_web::test]
async fn without_https_no_browser_is_told_to_stay_with_it() {
    let mut headers = HeaderMap::new();
    headers::secure(&mut headers, false);
    assert!(!headers.contains_key(HeaderName::from_static("strict-transport-security")));
}

#[actix_web::test]
async fn an_app_without_a_configured_edge_answers_nothing_but_500() {
    let app = init_service(App::new().wrap(from_fn(edge)).route("/list", web::get().to(listed))).await;
    let refused = app.call(get("/list").to_request()).await.map(ServiceResponse::into_parts).err();
    let status = refused.map(|error| error.as_response_error().status_code());
    assert_eq!(status, Some(StatusCode::INTERNAL_SERVER_ERROR));
}

#[path = "socket_tests.rs"]
mod over_a_socket;
