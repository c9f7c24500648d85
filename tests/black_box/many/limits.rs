//! F5: limits that servers count together in Redis, and alone while it is away.

use referral_testkit::launch::redis::Redis;
use serde_json::json;

use super::fleet::Fleet;
use super::{a_home, shared, turn};
use crate::figure;
use crate::home::Home;
use crate::http::{Connection, Request};
use crate::load::each;

/// Sign-ups an address may make in an hour.
const AN_HOUR: usize = 5;

/// Signs up from an address, each user with another referrer's code; answers how many passed.
fn from(fleet: &Fleet, address: &str, codes: &[String], count: usize) -> usize {
    let passed = (0..count).filter(|&number| {
        let user = format!("u_{}_{number}", address.replace('.', "_"));
        let body = json!({"user_id": user, "code": codes[number], "ip": address});
        let reply = fleet.host(number).post("/api/events/signup", &body);
        if reply.status != 201 {
            reply.refused(429, "ip-limit");
        }
        reply.status == 201
    });
    passed.count()
}

fn code_of(fleet: &Fleet, number: usize) -> String {
    let made =
        fleet.host(number).post("/api/codes", &json!({"user_id": format!("u_ana{number}")})).expect(200);
    made["code"].as_str().expect("a code").to_owned()
}

/// How many lines of all servers' logs say so.
fn said(fleet: &Fleet, what: &str) -> usize {
    fleet.servers.iter().map(|server| server.log().lines().filter(|line| line.contains(what)).count()).sum()
}

/// The gauge of one server.
fn on_their_own(fleet: &Fleet) -> usize {
    let own = fleet.servers.iter().filter(|server| {
        let address = server.metrics.expect("it says where the metrics are");
        let mut connection = Connection::open(address).expect("somebody listens");
        let told = connection.send(&Request::get("/metrics")).expect("an answer").body;
        told.contains("referral_limiter_fallback 1")
    });
    own.count()
}

#[test]
fn limits_are_counted_together_and_alone_while_redis_is_away_and_money_rules_never_depend_on_it() {
    let _turn = turn();
    let mut redis = Redis::private();
    let home: Home = a_home(&shared()).0;
    let home = home.with("REFERRAL_REDIS_URL", &redis.url()).with("REFERRAL_METRICS_BIND", "127.0.0.1:0");
    let fleet = Fleet::start(&home, 2);
    let codes = each(21, |number| code_of(&fleet, number));
    let together = from(&fleet, "25.30.40.50", &codes, 20);
    redis.stop();
    let apart = from(&fleet, "25.30.40.51", &codes, 20);
    let (away, own) = (said(&fleet, "the limiter is away"), on_their_own(&fleet));
    let limited = daily_limit(&fleet, &codes[20]);
    redis.start_again();
    let rounds = until_back(&fleet);
    let back = from(&fleet, "25.30.40.52", &codes, 20);
    redis.ask("FLUSHALL").expect("it answers");
    let flushed = from(&fleet, "25.30.40.53", &codes, 20);
    figure(&format!(
        "F5, two servers, {AN_HOUR} an hour: together={together} apart={apart} (<= {}) log lines={away} gauges={own} daily limit while away={limited} back after {rounds} asks={back} flushed={flushed}",
        2 * AN_HOUR
    ));
    assert_eq!((together, back, flushed), (AN_HOUR, AN_HOUR, AN_HOUR));
    assert_eq!((apart, away, own), (2 * AN_HOUR, 2, 2), "each server counts alone, and says so once");
    assert_eq!((said(&fleet, "the limiter is back"), on_their_own(&fleet)), (2, 0));
    assert_eq!(limited, 10, "exact with or without Redis");
    assert!(fleet.is_proven());
}

/// How many of twenty sign-ups without an address pass, by the code of a referrer who has brought nobody yet.
fn daily_limit(fleet: &Fleet, code: &str) -> u64 {
    for number in 0..20 {
        let body = json!({"user_id": format!("u_day{number}"), "code": code});
        let reply = fleet.host(number).post("/api/events/signup", &body);
        if reply.status != 201 {
            reply.refused(429, "referrer-limit");
        }
    }
    fleet.host(0).get("/api/referral/stats?user_id=u_ana20")["total"].as_u64().expect("a number")
}

/// Asks until both servers said that it is back; answers how often.
fn until_back(fleet: &Fleet) -> usize {
    for asked in 0..600 {
        if said(fleet, "the limiter is back") == fleet.servers.len() {
            return asked;
        }
        fleet.host(asked).get("/api/credits/balance?user_id=u_ana0");
        let validate = Request::get("/api/referral/validate/NOSUCH");
        fleet.servers[asked % 2].send(&validate);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("the limiter is never back: {}", fleet.servers[0].log());
}
