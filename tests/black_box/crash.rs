//! `kill -9` in the middle of writes: what was acknowledged is stored, once.

use std::fs;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::figure;
use crate::home::{Home, holds};
use crate::host::{Host, Pair};
use crate::load::{Sent, some, until_it_goes};
use crate::server::Server;
use crate::tally::Tally;

/// How many callers write at the same time, each for a referral of its own.
const CALLERS: usize = 8;

/// How many acknowledgements each killing waits for, and how much longer then: a write takes a few milliseconds, and
/// each killing is to fall into another part of one.
const KILLINGS: [(usize, Duration); 3] = [
    (211, Duration::from_micros(700)),
    (239, Duration::from_micros(1_900)),
    (283, Duration::from_micros(3_300)),
];

#[test]
fn what_was_acknowledged_survives_kill_9_three_times() {
    let mut server = Server::start(&Home::new());
    let mut host = Host::of(&server);
    let pairs: Vec<Pair> = (0..CALLERS).map(|number| host.pair(number)).collect();
    let mut tally = Tally::new(pairs);
    for (round, moment) in KILLINGS.into_iter().enumerate() {
        let home = server.home.clone();
        let sent = load_and_kill(server, &host, &tally.pairs, round, moment);
        let proof = home.print(&["ledger", "verify"]);
        assert!(holds(&proof), "{proof}");
        server = Server::start(&home);
        host = Host::with_key(&server, host.key);
        tally.replay(&server, sent);
    }
    let doubled = tally.doubled(&host);
    let floor: usize = KILLINGS.iter().map(|(acknowledgements, _)| acknowledgements).sum();
    let Tally { acknowledged, lost, unanswered, stored_unanswered, .. } = tally;
    assert!(holds(&server.home.print(&["ledger", "verify"])));
    figure(&format!(
        "kill -9: acknowledged={acknowledged} (>= {floor}) lost={lost} doubled={doubled} kills={} unanswered={unanswered} of them stored={stored_unanswered}",
        KILLINGS.len()
    ));
    assert!(acknowledged >= floor, "{acknowledged}");
    assert_eq!((lost, doubled), (0, 0));
}

/// Lets every caller write, and kills the server at that moment.
fn load_and_kill(
    server: Server,
    host: &Host,
    pairs: &[Pair],
    round: usize,
    (acknowledgements, later): (usize, Duration),
) -> Vec<Vec<Sent>> {
    let (tell, told) = channel();
    let address = server.address;
    thread::scope(|scope| {
        let write = |pair| {
            let tell = tell.clone();
            move || until_it_goes(host, address, pair, round, &tell)
        };
        let callers: Vec<_> = pairs.iter().map(|pair| scope.spawn(write(pair))).collect();
        let heard = told.iter().take(acknowledgements).count();
        thread::sleep(later);
        server.kill();
        assert_eq!(heard, acknowledgements);
        callers.into_iter().map(|caller| caller.join().expect("no caller failed")).collect()
    })
}

/// The control: a store that does lose what was acknowledged, because an older copy of it was put back, is found out.
#[test]
fn what_an_older_copy_of_the_store_does_not_know_is_counted_as_lost() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let mut tally = Tally::new(vec![host.pair(1)]);
    let home = server.stop();
    copy(&home, "data", "older");
    let server = Server::start(&home);
    let host = Host::with_key(&server, host.key);
    let sent = some(20, &host, server.address, &tally.pairs[0]);
    let home = server.stop();
    fs::remove_dir_all(home.path().join("data")).expect("taken away");
    copy(&home, "older", "data");
    tally.replay(&Server::start(&home), vec![sent]);
    figure(&format!(
        "control, an older copy put back: acknowledged={0} lost={1}",
        tally.acknowledged, tally.lost
    ));
    assert_eq!((tally.acknowledged, tally.lost), (20, 20));
}

fn copy(home: &Home, from: &str, to: &str) {
    let (from, to) = (home.path().join(from), home.path().join(to));
    fs::create_dir(&to).expect("made");
    for entry in fs::read_dir(&from).expect("listed") {
        let entry = entry.expect("read");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}
