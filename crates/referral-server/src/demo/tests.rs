//! The demo host before an API that notes what it is told.

use std::path::Path;
use std::sync::Mutex;

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::web::{Json, Path as Segment};
use actix_web::{App, HttpResponse, HttpServer};
use referral_http::auth::{KeySource, TokenPolicy, Tokens};
use serde_json::{Value, json};

use super::*;
use crate::config::{Config, Environment, Secret};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// What the API was told, call by call.
type Told = Data<Mutex<Vec<(String, Value)>>>;

/// An API that notes every call, and knows one code.
async fn answer(
    told: Data<Mutex<Vec<(String, Value)>>>,
    event: Segment<String>,
    body: Json<Value>,
) -> HttpResponse {
    told.lock().expect("sound").push((event.clone(), body.clone()));
    match body["code"].as_str() {
        Some("NOBODYS") => HttpResponse::UnprocessableEntity().json(json!({"code": "code-unknown"})),
        Some("BREAKS") => HttpResponse::ServiceUnavailable().json(json!({"code": "store-unavailable"})),
        Some(code) => HttpResponse::Created().json(json!({"referral": {"code": code}})),
        None => HttpResponse::Ok().json(json!({"referral": null, "told": event.into_inner()})),
    }
}

/// Starts the API on a free port; it ends with the test's runtime.
fn api() -> (String, Told) {
    let told: Told = Data::new(Mutex::default());
    let shared = told.clone();
    let app = move || App::new().app_data(shared.clone()).route("/api/events/{event}", post().to(answer));
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").expect("a free port");
    let base = format!("http://{}", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    (base, told)
}

fn host(base: &str, file: &Path) -> Arc<Host> {
    let keys = KeySource::Secret { current: SECRET.into(), previous: None };
    let settings = Settings {
        api: Api::new(base.to_owned(), "rk_test".to_owned()),
        public_url: "http://localhost:1".to_owned(),
        currency: "EUR".to_owned(),
        claims: Config::load(None, &Environment::default()).expect("sound").tokens,
        secret: Secret::new(SECRET).expect("long enough"),
        tokens: Tokens::new(keys, TokenPolicy::default()).expect("sound"),
    };
    Arc::new(Host::open(settings, file).expect("opened"))
}

/// One call to the host: its status and its answer.
async fn call(host: &Arc<Host>, request: TestRequest) -> (StatusCode, Value) {
    let app = init_service(App::new().configure(|routes| mount(routes, host))).await;
    let reply = call_service(&app, request.to_request()).await;
    (reply.status(), read_body_json(reply).await)
}

async fn send(host: &Arc<Host>, path: &str, body: Value) -> (StatusCode, Value) {
    call(host, TestRequest::post().uri(path).set_json(body)).await
}

fn ben(code: Option<&str>) -> Value {
    json!({"email": "ben@example.com", "password": "battery staple", "ref": code, "ip": "198.51.100.7"})
}

#[actix_web::test]
async fn the_story_is_told_to_the_api_as_any_host_would_tell_it() {
    let ((base, told), directory) = (api(), tempfile::tempdir().expect("a directory"));
    let host = host(&base, &directory.path().join("host.jsonl"));
    let (status, joined) = send(&host, "/demo/signup", ben(Some("K7WQ2M9X"))).await;
    assert_eq!((status, &joined["user_id"]), (StatusCode::CREATED, &json!("u_ben")));
    assert_eq!(
        (&joined["referral"], &joined["referral_problem"]),
        (&json!({"code": "K7WQ2M9X"}), &Value::Null)
    );
    let (_, mailbox) = call(&host, TestRequest::get().uri("/demo/mailbox/ben@example.com")).await;
    let token = mailbox["items"][0]["token"].clone();
    let (status, verified) = send(&host, "/demo/verify", json!({"token": token})).await;
    assert_eq!((status, &verified["told"]), (StatusCode::OK, &json!("email-verified")));
    let bearer = ("authorization", format!("Bearer {}", joined["token"].as_str().expect("a token")));
    let spend =
        TestRequest::post().uri("/demo/spend").insert_header(bearer).set_json(json!({"amount": "50.00"}));
    assert_eq!(call(&host, spend).await.0, StatusCode::OK);
    let told = told.lock().expect("sound").clone();
    let events: Vec<&str> = told.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(events, ["signup", "email-verified", "spend"]);
    assert_eq!((&told[0].1["code"], &told[0].1["ip"]), (&json!("K7WQ2M9X"), &json!("198.51.100.7")));
    assert_eq!(
        told[0].1.get("email_verified"),
        None,
        "nothing is said of an address that is not confirmed yet"
    );
    assert_eq!((&told[1].1["user_id"], &told[1].1["verified"]), (&json!("u_ben"), &json!(true)));
    assert_eq!(told[2].1["amount"], json!({"amount": "50.00", "currency": "EUR"}));
}

#[actix_web::test]
async fn a_refused_code_lets_the_person_sign_up_all_the_same() {
    let ((base, _), directory) = (api(), tempfile::tempdir().expect("a directory"));
    let host = host(&base, &directory.path().join("host.jsonl"));
    let (status, joined) = send(&host, "/demo/signup", ben(Some("NOBODYS"))).await;
    assert_eq!((status, &joined["referral"]), (StatusCode::CREATED, &Value::Null));
    assert_eq!(joined["referral_problem"]["code"], "code-unknown");
}

#[actix_web::test]
async fn a_sign_up_the_api_could_not_be_told_of_can_be_tried_again() {
    let ((base, _), directory) = (api(), tempfile::tempdir().expect("a directory"));
    let host = host(&base, &directory.path().join("host.jsonl"));
    assert_eq!(send(&host, "/demo/signup", ben(Some("BREAKS"))).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(send(&host, "/demo/signup", ben(None)).await.0, StatusCode::CREATED);
    assert_eq!(send(&host, "/demo/signup", ben(None)).await.1["code"], "email-taken");
}

#[actix_web::test]
async fn accounts_outlive_a_restart_and_only_the_password_lets_in() {
    let ((base, _), directory) = (api(), tempfile::tempdir().expect("a directory"));
    let file = directory.path().join("host.jsonl");
    assert_eq!(send(&host(&base, &file), "/demo/signup", ben(None)).await.0, StatusCode::CREATED);
    let restarted = host(&base, &file);
    let log_in = |password: &str| json!({"email": "BEN@example.com", "password": password});
    assert_eq!(send(&restarted, "/demo/login", log_in("battery staple")).await.1["user_id"], "u_ben");
    assert_eq!(send(&restarted, "/demo/login", log_in("wrong")).await.0, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn a_wrong_body_is_told_the_fields_and_nothing_of_how_it_is_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let host = host("http://127.0.0.1:1", &directory.path().join("host.jsonl"));
    for (path, fields) in [
        ("/demo/signup", "email and password"),
        ("/demo/login", "email and password"),
        ("/demo/verify", "token"),
    ] {
        for body in [json!([]), json!({}), json!("x"), json!({"email": 1}), json!({"tokn": "x"})] {
            let (status, problem) = send(&host, path, body).await;
            let detail = problem["detail"].as_str().expect("a detail");
            assert_eq!(
                (status, &problem["type"]),
                (StatusCode::BAD_REQUEST, &json!("/problems/invalid-body"))
            );
            assert!(detail.contains(fields), "{path}: {detail}");
            assert!(!["struct", "expected", "line"].iter().any(|word| detail.contains(word)), "{detail}");
        }
    }
}

#[actix_web::test]
async fn what_does_not_hold_is_refused_with_a_problem() {
    let directory = tempfile::tempdir().expect("a directory");
    let host = host("http://127.0.0.1:1", &directory.path().join("host.jsonl"));
    for (path, body, status, code) in [
        ("/demo/signup", json!({"email": "ben"}), StatusCode::BAD_REQUEST, "invalid-body"),
        ("/demo/signup", json!({"email": "ben", "password": "x"}), StatusCode::BAD_REQUEST, "invalid-body"),
        (
            "/demo/login",
            json!({"email": "b@example.com", "password": "x"}),
            StatusCode::UNAUTHORIZED,
            "wrong-password",
        ),
        ("/demo/verify", json!({"token": "guess"}), StatusCode::NOT_FOUND, "token-unknown"),
        ("/demo/spend", json!({"amount": "50.00"}), StatusCode::UNAUTHORIZED, "unauthenticated"),
        ("/demo/signup", ben(None), StatusCode::SERVICE_UNAVAILABLE, "api-away"),
    ] {
        let (answered, problem) = send(&host, path, body).await;
        assert_eq!((answered, &problem["code"]), (status, &json!(code)), "{path}: {problem}");
    }
}
