//! The proof, as whoever runs the service or uses it sees it: by the command line alone.

use std::fs;

use crate::figure;
use crate::home::{Home, Ran};
use crate::host::Host;
use crate::server::Server;

/// Where the keys lie, in the server's own folder.
const KEYS: [&str; 2] = ["seal.pem", "seal.pub.pem"];

/// A server that signs its blocks, after so many pairs came and it was stopped.
fn told(home: &Home, pairs: std::ops::Range<usize>) -> Host {
    let server = Server::start(home);
    let host = Host::of(&server);
    pairs.for_each(|number| drop(host.pair(number)));
    drop(server.stop());
    host
}

fn signing() -> Home {
    let home = Home::new();
    let public = home.print(&["ledger", "keygen", "--out", KEYS[0]]);
    fs::write(home.path().join(KEYS[1]), public).expect("written");
    home.with("REFERRAL_SIGNING_KEY_FILE", KEYS[0])
}

/// The hash of the one chain's end, as `ledger verify` tells it.
fn head(home: &Home) -> String {
    let proof = home.print(&["ledger", "verify", "--public-key", KEYS[1]]);
    assert!(proof.starts_with("verified: "), "{proof}");
    let head = proof.lines().find_map(|line| line.strip_prefix("head: program default block "));
    head.and_then(|head| head.split(' ').nth(1)).expect("a head").to_owned()
}

fn is_broken(ran: &Ran) -> bool {
    ran.code == Some(1) && ran.stdout.starts_with("broken at ")
}

/// Puts the store's file in place, without anything beside it.
fn restore(home: &Home, store: &[u8]) {
    for beside in ["referral.db-wal", "referral.db-shm"] {
        if home.data(beside).exists() {
            fs::remove_file(home.data(beside)).expect("removed");
        }
    }
    fs::write(home.data("referral.db"), store).expect("written");
}

/// Changes bytes of the store's file, wherever they stand, for as many.
fn replace(home: &Home, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let mut bytes = fs::read(home.data("referral.db")).expect("read");
    let found = bytes.windows(from.len()).enumerate().filter(|(_, part)| *part == from.as_bytes());
    let places: Vec<usize> = found.map(|(at, _)| at).collect();
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    restore(home, &bytes);
}

#[test]
fn what_is_changed_cut_off_or_rewritten_is_found_and_ends_with_1() {
    let home = signing();
    told(&home, 0..2);
    let (older, published) = (fs::read(home.data("referral.db")).expect("read"), head(&home));
    told(&home, 2..4);
    let newer = fs::read(home.data("referral.db")).expect("read");
    let latest = head(&home);
    assert_ne!(latest, published);
    let expecting =
        |hash: &str| home.run(&["ledger", "verify", "--expect-head", hash, "--program", "default"]);
    let ran = expecting(&published);
    assert!(ran.code == Some(0) && ran.stdout.contains("published: program default block "), "{ran:?}");
    restore(&home, &older);
    assert_eq!(head(&home), published, "a ledger whose end is cut off looks whole by itself");
    let cut = expecting(&latest);
    assert!(is_broken(&cut) && cut.stdout.contains(&latest), "{cut:?}");
    restore(&home, &newer);
    replace(&home, "welcome_expense", "welcome_expensE");
    let changed = home.run(&["ledger", "verify"]);
    assert!(is_broken(&changed) && changed.stdout.contains("its leaf: seals"), "{changed:?}");
    restore(&home, &newer);
    assert_eq!(head(&home), latest);
    figure("tampers by the command line: tried=2 found=2 exit=1");
}

#[test]
fn a_users_statement_is_checked_without_the_store() {
    let home = signing();
    let server = Server::start(&home);
    let host = Host::of(&server);
    let pair = host.pair(0);
    drop(server.stop());
    let (head, text) = (head(&home), home.print(&["ledger", "statement", "--user", &pair.referred]));
    let file = |text: &str| {
        fs::write(home.path().join("statement.json"), text).expect("written");
        "statement.json"
    };
    let elsewhere = Home::new();
    fs::copy(home.path().join(KEYS[1]), elsewhere.path().join(KEYS[1])).expect("copied");
    let check = |text: &str, known: &[&str]| {
        fs::copy(home.path().join(file(text)), elsewhere.path().join("statement.json")).expect("copied");
        elsewhere.run(&[&["ledger", "verify-statement", "statement.json"], known].concat())
    };
    let by_key = check(&text, &["--public-key", KEYS[1]]);
    assert!(by_key.code == Some(0) && by_key.stdout.starts_with("verified: transfers=1 "), "{by_key:?}");
    let by_head = check(&text, &["--expect-head", &head]);
    assert!(by_head.code == Some(0) && by_head.stdout.starts_with("verified: "), "{by_head:?}");
    let alone = check(&text, &[]);
    assert!(alone.code == Some(0) && alone.stdout.starts_with("partial: "), "{alone:?}");
    let richer = text.replace("\"amount_minor\": 1000", "\"amount_minor\": 9000");
    assert_ne!(richer, text);
    assert!(is_broken(&check(&richer, &["--expect-head", &head])));
    assert!(is_broken(&check(&text, &["--expect-head", &"0".repeat(64)])));
}
