//! The shell blocks of the guides, run as they stand, each compared with what the guide says it prints.
//!
//! The block after a `sh` block, if it is `json` or `text`, is what it prints. `…` stands for whatever differs from run to
//! run: alone in a string for any value, inside a text for any characters. A `sh` block without one prints nothing.

mod links;
mod pattern;

use std::fs;

use serde_json::json;

use crate::figure;
use crate::home::Home;
use crate::host::{Host, dollars};
use crate::http::Request;
use crate::markdown::{Block, blocks};
use crate::server::Server;
use crate::shell::session;

/// The blocks to run, and beside each what it prints.
fn runs(file: &str) -> Vec<(Block, Option<Block>)> {
    let all = blocks(file);
    let said = |index: usize| {
        all.get(index + 1).filter(|next| matches!(next.language.as_str(), "json" | "text")).cloned()
    };
    let shell = all.iter().enumerate().filter(|(_, block)| block.language == "sh");
    shell.map(|(index, block)| (block.clone(), said(index))).collect()
}

/// Runs a guide in this home; answers how many of its blocks there were.
fn play(file: &str, home: &Home, place: &str) -> usize {
    let runs = runs(file);
    let shell: Vec<Block> = runs.iter().map(|(block, _)| block.clone()).collect();
    let printed = session(home.path(), place, &shell);
    assert_eq!(printed.len(), runs.len());
    for ((block, said), printed) in runs.iter().zip(&printed) {
        let place = format!("{file}:{}", block.line);
        match said {
            Some(said) if said.language == "json" => pattern::json(&place, &said.text, printed),
            Some(said) => pattern::text(&place, &said.text, printed),
            None => assert_eq!(printed, "", "{place} prints what the guide does not say"),
        }
    }
    runs.len()
}

#[test]
fn every_line_of_the_api_guide_works_and_prints_what_it_says() {
    let home = Home::new();
    pia_was_rewarded(&home.days_ago(31));
    let server = Server::start(&home);
    let place = format!("localhost:{}", server.address.port());
    let played = play("docs/API.md", &server.home, &place);
    let paths = every_path_is_shown(&server);
    figure(&format!("docs/API.md: blocks={played}/{played} paths shown={paths}/{paths}"));
}

/// What the guide says was before it begins: u_pia was rewarded, and said where she is paid.
fn pia_was_rewarded(then: &Home) {
    let server = Server::start(then);
    let key = ["api-key", "create", "--name", "till", "--scope", "events:write", "--scope", "codes:write"];
    let host = Host::with_key(&server, then.print(&key));
    let code = host.post("/api/codes", &json!({"user_id": "u_pia"})).expect(200)["code"].clone();
    let signed_up = host.post("/api/events/signup", &json!({"user_id": "u_pat", "code": code})).expect(201);
    host.verify("u_pat");
    let spend = json!({"source_id": "inv_0900", "user_id": "u_pat", "amount": dollars("60.00"),
        "occurred_at": signed_up["referral"]["applied_at"]});
    let told = host.post("/api/events/spend", &spend).expect(200);
    assert_eq!(told["results"][0]["reward"], dollars("25.00"), "{told}");
    let method = json!({"kind": "paypal", "email": "pia@example.com"});
    let set = Request::put("/api/affiliate/payout-method", &method).bearer(&then.token("u_pia"));
    server.send(&set).expect(200);
    server.stop();
}

/// Every path of the OpenAPI document is called somewhere in the guide.
fn every_path_is_shown(server: &Server) -> usize {
    let document: serde_json::Value = serde_json::from_str(&server.home.print(&["openapi"])).expect("JSON");
    let shell: String = runs("docs/API.md").iter().map(|(block, _)| block.text.clone()).collect();
    let paths = document["paths"].as_object().expect("paths");
    for path in paths.keys() {
        let parts: Vec<&str> =
            path.split('/').filter(|part| !part.is_empty() && !part.starts_with('{')).collect();
        let shown = shell.lines().any(|line| parts.iter().all(|part| line.contains(&format!("/{part}"))));
        assert!(shown, "the guide does not show {path}");
    }
    paths.len()
}

#[test]
fn the_backup_of_the_operations_guide_can_be_restored_and_verified() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let pair = host.pair(1);
    host.send(pair.spend("inv_1", "60.00")).expect(200);
    let home = server.stop();
    let played = play("docs/OPERATIONS.md", &home, "localhost:8000");
    let server = Server::start(&home);
    let host = Host::with_key(&server, host.key);
    assert_eq!(
        (host.available(&pair.referrer), host.available(&pair.referred)),
        ("25.00".into(), "10.00".into())
    );
    let again = host.send(pair.spend("inv_1", "60.00")).expect(200);
    assert_eq!(again["results"][0]["replayed"], true);
    figure(&format!("docs/OPERATIONS.md: blocks={played}/{played}, restored and verified"));
}

#[test]
fn the_operations_guide_names_every_setting_and_no_other() {
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md"))
        .expect("it is there");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `REFERRAL_"));
    let named: Vec<String> =
        rows.map(|row| format!("REFERRAL_{}", row.split('`').next().unwrap_or_default())).collect();
    // A value that none of them takes: what is not known is told otherwise than what is wrong.
    let unknown = |name: &&String| {
        let ran = Home::new().with(name, "\u{7f}").run(&["config", "check"]);
        (ran.stdout + &ran.stderr).contains(&format!("{name}: is not known"))
    };
    let unknown: Vec<&String> = named.iter().filter(unknown).collect();
    assert_eq!(unknown, Vec::<&String>::new(), "the guide names what the server does not know");
    assert!(named.len() >= 17, "{named:?}");
    figure(&format!("docs/OPERATIONS.md: settings known to the server={0}/{0}", named.len()));
}
