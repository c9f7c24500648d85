//! Acknowledged means synced: at least one `fsync` of the store for each acknowledged write, seen from outside.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::figure;
use crate::home::{Home, binary};
use crate::host::Host;
use crate::server::Server;

const EVENTS: usize = 20;

#[test]
fn each_acknowledged_event_is_synced_before_its_answer() {
    let home = Home::new();
    let trace = home.path().join("trace");
    if !can_trace(&home) {
        figure("fsync per acknowledged event: not counted, because strace is missing or may not trace here");
        return;
    }
    let server = Server::run(&home, traced(&home, &trace));
    let host = Host::of(&server);
    let pair = host.pair(1);
    let before = syncs(&trace);
    for number in 0..EVENTS {
        host.send(pair.spend(&format!("inv_{number}"), "1.00")).expect(200);
    }
    let counted = syncs(&trace) - before;
    figure(&format!("fsync per acknowledged event: syncs={counted} (>= {EVENTS}) events={EVENTS}"));
    assert!(counted >= EVENTS, "{counted}");
}

/// strace may be missing, and a container may forbid it.
fn can_trace(home: &Home) -> bool {
    let tried = home.program("strace").args(["-o", "/dev/null"]).arg(binary()).arg("--version").output();
    tried.is_ok_and(|ran| ran.status.success())
}

/// `serve`, with each sync of any of its threads written down. By `-D` the server itself is our child, and not strace.
fn traced(home: &Home, trace: &Path) -> Command {
    let mut strace = home.program("strace");
    strace.args(["-D", "-f", "-e", "trace=fsync,fdatasync", "-o"]).arg(trace).arg(binary()).arg("serve");
    strace
}

fn syncs(trace: &Path) -> usize {
    let text = fs::read_to_string(trace).expect("strace writes it");
    text.lines()
        .filter(|line| line.contains("sync(") || line.contains("sync resumed"))
        .filter(|line| line.ends_with("= 0"))
        .count()
}
