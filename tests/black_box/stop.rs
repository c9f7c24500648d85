//! SIGTERM under load: what is in flight is finished, nothing acknowledged is lost, and the process ends by itself.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use crate::figure;
use crate::home::{Home, holds};
use crate::host::{Host, Pair};
use crate::http::Connection;
use crate::load::{Sent, until_it_goes};
use crate::server::Server;
use crate::tally::Tally;

const CALLERS: usize = 8;
const TERMINATE_AFTER: usize = 150;

#[test]
fn sigterm_under_load_loses_nothing_and_ends_with_0() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let pairs: Vec<Pair> = (0..CALLERS).map(|number| host.pair(number)).collect();
    let mut tally = Tally::new(pairs);
    let (home, address, told_at) = (server.home.clone(), server.address, Instant::now());
    let sent = load_and_terminate(server, &host, &tally.pairs);
    let seconds = told_at.elapsed().as_secs();
    assert!(Connection::open(address).is_err(), "nobody listens any more");
    let server = Server::start(&home);
    let host = Host::with_key(&server, host.key);
    tally.replay(&server, sent);
    let doubled = tally.doubled(&host);
    let Tally { acknowledged, lost, unanswered, stored_unanswered, .. } = tally;
    assert!(holds(&home.print(&["ledger", "verify"])));
    figure(&format!(
        "SIGTERM: acknowledged={acknowledged} (>= {TERMINATE_AFTER}) lost={lost} doubled={doubled} unanswered={unanswered} of them stored={stored_unanswered} exit=0 after {seconds} s (<= 30)"
    ));
    assert!(acknowledged >= TERMINATE_AFTER);
    assert_eq!((lost, doubled, stored_unanswered), (0, 0, 0), "what is in flight is answered");
}

fn load_and_terminate(server: Server, host: &Host, pairs: &[Pair]) -> Vec<Vec<Sent>> {
    let (tell, told) = channel();
    let address = server.address;
    thread::scope(|scope| {
        let write = |pair| {
            let tell = tell.clone();
            move || until_it_goes(host, address, pair, 0, &tell)
        };
        let callers: Vec<_> = pairs.iter().map(|pair| scope.spawn(write(pair))).collect();
        assert_eq!(told.iter().take(TERMINATE_AFTER).count(), TERMINATE_AFTER);
        server.stop();
        callers.into_iter().map(|caller| caller.join().expect("no caller failed")).collect()
    })
}

#[test]
fn a_request_whose_body_is_still_coming_when_sigterm_arrives_is_answered_and_kept() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let pair = host.pair(1);
    let spend = pair.spend("inv_1", "60.00").key(&host.key);
    let mut connection = Connection::open(server.address).expect("the server is up");
    // The server says 100 when it has begun to wait for the body: from then on the request is in flight.
    connection.write(spend.clone().with("expect", "100-continue").head().as_bytes()).expect("sent");
    assert_eq!(connection.read().expect("the request is in flight").status, 100);
    server.terminate();
    server.until_it_is_stopping();
    connection.write(spend.body()).expect("it still listens to this request");
    let told = connection.read().expect("what is in flight is finished").expect(200);
    assert_eq!(told["results"][0]["outcome"], "threshold_crossed", "{told}");
    let home = server.home.clone();
    let (status, log) = server.ended();
    assert!(status.success(), "{status}: {log}");
    let server = Server::start(&home);
    let again = server.send(&spend).expect(200);
    assert_eq!(again["results"][0]["replayed"], true, "{again}");
    figure("SIGTERM while a body is coming: answered=1/1 kept=1/1");
}
