//! What can be watched.

use crate::figure;
use crate::home::Home;
use crate::host::Host;
use crate::http::{Connection, Request};
use crate::markdown::blocks;
use crate::server::Server;

#[test]
fn the_metrics_that_the_operations_guide_names_are_there_and_only_on_their_own_address() {
    let server = Server::start(&Home::new().with("REFERRAL_METRICS_BIND", "127.0.0.1:0"));
    let host = Host::of(&server);
    let pair = host.pair(1);
    host.send(pair.spend("inv_1", "60.00")).expect(200);
    server.send(&Request::get("/metrics")).refused(404, "not-found");
    let address = server.metrics.expect("it says where the metrics are");
    let mut connection = Connection::open(address).expect("somebody listens");
    let told = connection.send(&Request::get("/metrics")).expect("an answer");
    assert_eq!(told.status, 200);
    let names = named_in_the_guide();
    let there: Vec<&String> = names.iter().filter(|name| told.body.contains(name.as_str())).collect();
    assert_eq!(there, names.iter().collect::<Vec<_>>(), "{}", told.body);
    assert!(
        told.body.contains("referral_spend_events_total{outcome=\"threshold_crossed\"} 1"),
        "{}",
        told.body
    );
    figure(&format!("metrics: there={}/{}", there.len(), names.len()));
}

/// The first word of each line of the guide's `metrics` blocks.
fn named_in_the_guide() -> Vec<String> {
    let guide = blocks("docs/OPERATIONS.md").into_iter().filter(|block| block.language == "metrics");
    let names: Vec<String> =
        guide.flat_map(|block| block.text.lines().map(first_word).collect::<Vec<_>>()).collect();
    assert!(!names.is_empty(), "the guide names some");
    names
}

fn first_word(line: &str) -> String {
    line.split([' ', '{']).next().unwrap_or_default().to_owned()
}
