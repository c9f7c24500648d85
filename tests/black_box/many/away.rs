//! F4: PostgreSQL restarted, frozen, or its connections cut, in the middle of writes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use referral_testkit::launch::postgres::{Postgres, Settings};

use super::fleet::Fleet;
use super::{a_home, turn};
use crate::figure;
use crate::load::{Sent, through};
use crate::tally::Tally;

const CALLERS: usize = 8;

/// How long there is load before and after the harm.
const AROUND: Duration = Duration::from_millis(1_500);

/// How long PostgreSQL is frozen, in the short form; a soak takes 10 s.
const FROZEN: Duration = Duration::from_secs(3);

/// By when writes must succeed again after PostgreSQL is back.
const RECOVERED_WITHIN: Duration = Duration::from_secs(2);

/// Lets every caller write through the harm; answers what was sent, and how long after its end each caller waited for its
/// next success, at most.
fn harmed(what: &str, harm: impl FnOnce(&mut Postgres)) {
    let _turn = turn();
    let mut postgres = Postgres::private(Settings::durable());
    let fleet = Fleet::start(&a_home(postgres.site()).0, 2);
    let mut tally = Tally::new((0..CALLERS).map(|number| fleet.host(number).pair(number)).collect());
    let (sent, recovery) = load(&fleet, &tally, || {
        harm(&mut postgres);
        Instant::now()
    });
    tally.replay(&fleet.servers[0], sent);
    let doubled = tally.doubled(fleet.host(1));
    let Tally { acknowledged, lost, unanswered, stored_unanswered, .. } = tally;
    figure(&format!(
        "F4, {what}: acknowledged={acknowledged} (>= 100) wrong={lost} doubled={doubled} unanswered or 503={unanswered} of them stored={stored_unanswered} recovery={} ms (<= 2000) callers={CALLERS}",
        recovery.as_millis()
    ));
    assert!(acknowledged >= 100 && fleet.is_proven());
    assert_eq!((lost, doubled), (0, 0));
    assert!(recovery <= RECOVERED_WITHIN, "{recovery:?}");
}

fn load(fleet: &Fleet, tally: &Tally, harm: impl FnOnce() -> Instant) -> (Vec<Vec<Sent>>, Duration) {
    let stop = &AtomicBool::new(false);
    thread::scope(|scope| {
        let callers = tally.pairs.iter().enumerate().map(|(number, pair)| {
            let address = fleet.servers[number % fleet.servers.len()].address;
            scope.spawn(move || through(fleet.host(number), address, pair, stop))
        });
        let callers: Vec<_> = callers.collect();
        thread::sleep(AROUND);
        let back = harm();
        thread::sleep(AROUND + RECOVERED_WITHIN);
        stop.store(true, Ordering::Relaxed);
        let all: Vec<_> =
            callers.into_iter().map(|caller| caller.join().expect("no caller failed")).collect();
        let recovery = all.iter().map(|sent| waited(sent, back)).max().expect("there are callers");
        (all.into_iter().map(|sent| sent.into_iter().map(|(sent, _)| sent).collect()).collect(), recovery)
    })
}

/// How long after this a caller had its next success; for ever, when it had none.
fn waited(sent: &[(Sent, Instant)], back: Instant) -> Duration {
    let next = sent.iter().find(|(sent, at)| sent.answer.is_some() && *at >= back);
    next.map_or(Duration::MAX, |(_, at)| at.duration_since(back))
}

#[test]
fn a_restarted_postgres_is_met_with_503_and_found_again() {
    harmed("PostgreSQL restarted", Postgres::restart);
}

#[test]
fn a_frozen_postgres_is_waited_for_or_met_with_503_and_found_again() {
    harmed("PostgreSQL frozen for 3 s", |postgres| {
        postgres.freeze();
        thread::sleep(FROZEN);
        postgres.thaw();
    });
}

#[test]
fn cut_connections_are_met_with_503_and_replaced() {
    harmed("all connections cut", |postgres| {
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        let count: u32 = postgres.site().sql("postgres", cut).parse().expect("a number");
        assert!(count >= 2, "{count} connections were cut");
    });
}
