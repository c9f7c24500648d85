//! Secrets and people: in private files, as hashes in the store, and never in a log.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::figure;
use crate::home::Home;
use crate::host::{Host, dollars};
use crate::http::Request;
use crate::server::Server;

const PASSWORD: &str = "Tr0ub4dor-and-3";
const EMAIL: &str = "zelda.fitzgerald@example.com";
const ADDRESS: &str = "25.30.40.177";
const DEVICE: &str = "device-0123456789-abcdef";
const FINGERPRINT: &str = "card-0123456789-abcdef";

/// A host app and a company's own servers do all they can, rightly and wrongly.
fn a_busy_day(server: &Server) -> Vec<String> {
    let host = Host::of(server);
    let account = json!({"email": EMAIL, "password": PASSWORD});
    let signed_up = server.send(&Request::post("/demo/signup", &account)).expect(201);
    let login = server.send(&Request::post("/demo/login", &account)).expect(200);
    let mail_token = mail_token(server);
    server.send(&Request::post("/demo/verify", &json!({"token": mail_token}))).expect(200);
    let token = text(&login["token"]);
    let code = server.send(&Request::get("/api/referral/code").bearer(&token)).expect(200)["code"].clone();
    let sign_up = json!({
        "user_id": "u_scott", "code": code, "email": format!("scott.{EMAIL}"), "ip": ADDRESS, "device": DEVICE,
        "user_agent": "Mozilla/5.0",
    });
    host.post("/api/events/signup", &sign_up).expect(201);
    let verified = json!({"user_id": "u_scott", "email": format!("scott.{EMAIL}")});
    let at = host.post("/api/events/email-verified", &verified).expect(200)["referral"]["applied_at"].clone();
    let spend = json!({
        "source_id": "inv_1", "user_id": "u_scott", "amount": dollars("60.00"), "occurred_at": at,
        "payment_fingerprint": FINGERPRINT,
    });
    host.post("/api/events/spend", &spend).expect(200);
    wrongly(server, &token, &host.key);
    let own = ["jwt-secret", "identity-key", "demo-api-key"]
        .map(|name| fs::read_to_string(server.home.data(name)).expect("it is there"));
    own.into_iter().chain([text(&signed_up["token"]), token, mail_token, host.key]).collect()
}

/// The address stands in this path, which is why no path is ever logged.
fn mail_token(server: &Server) -> String {
    let mailbox = server.send(&Request::get(&format!("/demo/mailbox/{EMAIL}"))).expect(200);
    text(&mailbox["items"][0]["token"])
}

/// Requests that are refused, because those are the ones that get logged.
fn wrongly(server: &Server, token: &str, key: &str) {
    let wrong = json!({"email": EMAIL, "password": format!("{PASSWORD}!")});
    assert_eq!(server.send(&Request::post("/demo/login", &wrong)).status, 401);
    server
        .send(&Request::get("/api/credits/balance").bearer(&format!("{token}x")))
        .refused(401, "unauthenticated");
    server.send(&Request::get("/api/credits/balance").bearer(token).key(key)).refused(401, "unauthenticated");
    let malformed =
        Request::new("POST", "/api/events/signup").with("content-type", "application/json").key(key);
    server
        .send(&malformed.text(&format!("{{\"email\": \"{EMAIL}\", \"ip\": \"{ADDRESS}\"")))
        .refused(400, "invalid-json");
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

#[test]
fn no_secret_and_nobody_is_in_the_log_even_at_its_most_talkative() {
    let server = Server::demo(&Home::new().with("REFERRAL_LOG", "trace"));
    let secrets = a_busy_day(&server);
    let home = server.home.clone();
    server.terminate();
    let (status, log) = server.ended();
    assert!(status.success(), "{log}");
    let people = [PASSWORD, EMAIL, ADDRESS, DEVICE, FINGERPRINT].map(str::to_owned);
    let all: Vec<String> = secrets.into_iter().chain(people).map(|secret| secret.trim().to_owned()).collect();
    let shown: Vec<&str> =
        log.lines().filter(|line| all.iter().any(|secret| line.contains(secret))).collect();
    assert!(all.iter().all(|secret| secret.len() >= 10), "{all:?}");
    figure(&format!(
        "secrets in the log: found={} of {} in {} lines",
        shown.len(),
        all.len(),
        log.lines().count()
    ));
    assert_eq!(shown, Vec::<&str>::new());
    nobody_is_in_the_store(&home);
}

/// The host's id is all that the store knows of a person in words.
fn nobody_is_in_the_store(home: &Home) {
    let files: Vec<_> = fs::read_dir(home.path().join("data"))
        .expect("listed")
        .map(|entry| entry.expect("read").path())
        .collect();
    let stored: Vec<u8> = files
        .iter()
        .filter(|path| path.to_string_lossy().contains("referral.db"))
        .flat_map(|path| fs::read(path).expect("read"))
        .collect();
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("u_scott"), "the search finds what is there");
    let found = [EMAIL, ADDRESS, DEVICE, FINGERPRINT, PASSWORD].iter().filter(|text| holds(text)).count();
    figure(&format!("people in the store: found={found} of 5 in {} KiB", stored.len() / 1024));
    assert_eq!(found, 0);
}

#[test]
fn the_servers_own_files_are_closed_to_others() {
    let server = Server::demo(&Home::new());
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&server.home.path().join("data")), 0o700);
    let names = ["jwt-secret", "identity-key", "demo-api-key", "demo-host.jsonl"];
    let closed = names.iter().filter(|name| mode(&server.home.data(name)) == 0o600).count();
    assert_eq!(closed, names.len());
    assert!(server.log().contains("made a secret of our own"), "it says so: {}", server.log());
    figure(&format!("the server's own files: mode 0600 {closed}/{}", names.len()));
}
