//! Bad input: a clear problem each, never a 500, and nothing is stored.

mod batch;
mod body;
mod books;
mod payout;
mod query;
mod value;

use serde_json::Value;

use super::{Ask, Speaker, Story, TestApp};

/// A server with the story told, for tables longer than a quota.
async fn told() -> Story {
    let story = Story::on(TestApp::unlimited().await).await;
    story.tell().await;
    story
}

/// One refusal to be seen: what is sent, and what it must be answered with.
struct Case {
    what: String,
    ask: Ask,
    status: u16,
    code: &'static str,
    /// Where the faults lie, each with its code.
    faults: Vec<(String, String)>,
}

fn case(what: impl Into<String>, ask: Ask, status: u16, code: &'static str, faults: &[(&str, &str)]) -> Case {
    let faults = faults.iter().map(|(place, code)| ((*place).to_owned(), (*code).to_owned())).collect();
    Case { what: what.into(), ask, status, code, faults }
}

/// A body that is JSON but not what the endpoint takes.
fn invalid(what: impl Into<String>, path: &str, body: &Value, faults: &[(&str, &str)]) -> Case {
    case(what, Ask::post(path, body), 400, "invalid-body", faults)
}

/// Sends every case and sees that it is refused as it says and that nothing is stored.
async fn see_refused(app: &TestApp, speaker: &Speaker, cases: Vec<Case>) {
    assert!(!cases.is_empty());
    let before = app.stored();
    for Case { what, ask, status, code, faults } in &cases {
        let reply = speaker.ask(ask).await;
        let told = (reply.refusal(), reply.faults());
        assert_eq!(told, ((*status, (*code).to_owned()), faults.clone()), "{what}: {}", reply.body);
        assert!(before == app.stored(), "{what}: something was stored");
    }
    println!("refused={0}/{0} stored=0", cases.len());
}
