//! F1: `kill -9` of a server, and of PostgreSQL whole, in the middle of writes.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use referral_testkit::launch::postgres::{Postgres, Settings};

use super::fleet::Fleet;
use super::{a_home, turn};
use crate::figure;
use crate::host::Pair;
use crate::load::{Sent, until_it_goes};
use crate::server::Server;
use crate::tally::Tally;

/// How many callers write at the same time, each for a referral of its own, to two servers in turn.
const CALLERS: usize = 8;

/// How many acknowledgements each killing waits for, and how much longer then: each is to fall into another part of a
/// write.
const KILLINGS: [(usize, Duration); 3] = [
    (211, Duration::from_micros(700)),
    (239, Duration::from_micros(1_900)),
    (283, Duration::from_micros(3_300)),
];

fn floor() -> usize {
    KILLINGS.iter().map(|(acknowledgements, _)| acknowledgements).sum()
}

/// Lets every caller write to its server, and does the harm at that moment; whoever still has a server then stops.
fn load(fleet: &Fleet, pairs: &[Pair], round: usize, harm: impl FnOnce() + Send) -> Vec<Vec<Sent>> {
    let (tell, told) = channel();
    let (acknowledgements, later) = KILLINGS[round];
    thread::scope(|scope| {
        let callers: Vec<_> = pairs
            .iter()
            .enumerate()
            .map(|(number, pair)| {
                let (tell, host) = (tell.clone(), fleet.host(number));
                let address = fleet.servers[number % fleet.servers.len()].address;
                scope.spawn(move || until_it_goes(host, address, pair, round, &tell))
            })
            .collect();
        let heard = told.iter().take(acknowledgements).count();
        thread::sleep(later);
        harm();
        drop(told);
        assert_eq!(heard, acknowledgements);
        callers.into_iter().map(|caller| caller.join().expect("no caller failed")).collect()
    })
}

fn tell(what: &str, tally: &Tally, doubled: i64) {
    let Tally { acknowledged, lost, unanswered, stored_unanswered, .. } = tally;
    figure(&format!(
        "F1, kill -9 of {what}: acknowledged={acknowledged} (>= {}) lost={lost} doubled={doubled} kills={} unanswered={unanswered} of them stored={stored_unanswered}",
        floor(),
        KILLINGS.len()
    ));
}

#[test]
fn what_was_acknowledged_survives_kill_9_of_a_server_and_the_other_goes_on() {
    let _turn = turn();
    let postgres = Postgres::private(Settings::durable());
    let (home, _) = a_home(postgres.site());
    let mut fleet = Fleet::start(&home, 2);
    let mut tally = Tally::new((0..CALLERS).map(|number| fleet.host(number).pair(number)).collect());
    for round in 0..KILLINGS.len() {
        let victim = fleet.servers[round % 2].id();
        let sent = load(&fleet, &tally.pairs, round, || kill(victim));
        assert!(fleet.is_proven());
        // The other one knows all that either acknowledged.
        tally.replay(&fleet.servers[(round + 1) % 2], sent);
        fleet.servers[round % 2] = Server::start(&home);
        fleet.hosts[round % 2] = fleet.hosts[0].at(&fleet.servers[round % 2]);
    }
    let doubled = tally.doubled(fleet.host(0));
    tell("a server of two", &tally, doubled);
    assert!(fleet.is_proven() && tally.acknowledged >= floor());
    assert_eq!((tally.lost, doubled), (0, 0));
}

fn kill(process: u32) {
    let line = format!("kill -9 {process}");
    let killed = std::process::Command::new("sh").args(["-c", &line]).status().expect("there is a shell");
    assert!(killed.success(), "{line}");
}

/// Writes, kills PostgreSQL and starts it again, three times; answers what came of it.
fn kill_postgres(settings: Settings) -> (Tally, Fleet, Postgres) {
    let mut postgres = Postgres::private(settings);
    let (home, _) = a_home(postgres.site());
    let fleet = Fleet::start(&home, 2);
    let mut tally = Tally::new((0..CALLERS).map(|number| fleet.host(number).pair(number)).collect());
    // What was set up is on the disk, whatever the settings.
    postgres.site().sql("postgres", "CHECKPOINT");
    for round in 0..KILLINGS.len() {
        let sent = load(&fleet, &tally.pairs, round, || postgres.kill());
        postgres.start_again();
        tally.replay(&fleet.servers[round % 2], sent);
        postgres.site().sql("postgres", "CHECKPOINT");
    }
    (tally, fleet, postgres)
}

#[test]
fn what_was_acknowledged_survives_kill_9_of_postgres_whole() {
    let _turn = turn();
    let (tally, fleet, _postgres) = kill_postgres(Settings::durable());
    let doubled = tally.doubled(fleet.host(0));
    tell("PostgreSQL under two servers", &tally, doubled);
    assert!(fleet.is_proven() && tally.acknowledged >= floor());
    assert_eq!((tally.lost, doubled), (0, 0));
}

/// The control: a commit that does not wait for the log does lose what was acknowledged, and it is found out.
#[test]
fn with_synchronous_commit_off_something_is_lost() {
    let _turn = turn();
    let settings = Settings::durable().with("synchronous_commit=off").with("wal_writer_delay=10s");
    let (tally, _fleet, _postgres) = kill_postgres(settings);
    figure(&format!(
        "F1, control, synchronous_commit = off: acknowledged={} lost={} (>= 1) kills={}",
        tally.acknowledged,
        tally.lost,
        KILLINGS.len()
    ));
    assert!(tally.lost > 0, "the test cannot see a loss");
}
