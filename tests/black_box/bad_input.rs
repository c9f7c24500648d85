//! Whatever is sent: a clear problem each, never a 500, and the next caller is served.

mod fields;
mod wire;

use serde_json::{Value, json};

use crate::home::Home;
use crate::host::Host;
use crate::http::{Reply, Request};
use crate::server::Server;

/// A request, and the status and code of the problem that answers it.
struct Case {
    request: Request,
    status: u16,
    code: &'static str,
}

fn case(request: Request, status: u16, code: &'static str) -> Case {
    Case { request, status, code }
}

/// A server, and a host that may do everything.
fn stage() -> (Server, Host) {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    (server, host)
}

/// Sends every case; answers how many there were.
fn check(server: &Server, cases: Vec<Case>) -> usize {
    cases.iter().for_each(|case| check_one(case, &server.send(&case.request)));
    unharmed(server);
    cases.len()
}

fn check_one(case: &Case, reply: &Reply) {
    let told = (reply.status, reply.json()["code"].clone());
    assert_eq!(told, (case.status, case.code.into()), "{:?}: {}", case.request, reply.body);
    reply.refused(case.status, case.code);
    let faults = reply.json()["errors"].as_array().expect("a list").len();
    assert!(faults <= 20, "{reply:?}");
    if matches!(case.code, "invalid-body" | "invalid-query") {
        assert!(faults > 0, "what is wrong has a place: {:?}: {}", case.request, reply.body);
    }
}

/// The server serves on, and nothing it met was a fault of its own. (What the HTTP library says of bad requests is
/// not ours.)
fn unharmed(server: &Server) {
    assert_eq!(server.send(&Request::get("/readyz")).status, 200);
    let log = server.log();
    let ours = |line: &&str| line.contains("\"level\":\"ERROR\"") && line.contains("\"target\":\"referral");
    let broken: Vec<&str> = log.lines().filter(ours).collect();
    assert_eq!(broken, Vec::<&str>::new());
}

/// The event that would be counted if nothing were wrong with it, of this very moment by the server's own clock.
fn sound_event(host: &Host) -> Value {
    let now = host.get("/api/credits/balance?user_id=u_ben")["as_of"].clone();
    let amount = json!({"amount": "5.00", "currency": "USD"});
    json!({"source_id": "inv_1", "user_id": "u_ben", "amount": amount, "occurred_at": now})
}
