//! What the limiter leaves in Redis: keys that expire, in slots of their groups, by one script a call.

use referral_domain::port::{Admission, Demand, Limiter, Quota};
use referral_domain::time::{HOUR, SECOND};
use referral_testkit::fake::NOON;
use referral_testkit::launch::redis::Redis;

use super::cluster;
use crate::RedisLimiter;

fn demand(key: &str, most: u32, window: i64) -> Demand {
    Demand { key: key.to_owned(), quotas: vec![Quota { most, window }] }
}

/// The keys a node has.
fn keys(node: &Redis) -> Vec<String> {
    let told = node.ask("KEYS *").expect("it answers");
    told.lines().filter(|line| line.starts_with("referral:")).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_key_expires() {
    let server = Redis::private();
    let limiter = RedisLimiter::open(&server.url()).expect("a URL");
    for n in 0..20 {
        let ask = [demand(&format!("host {n}"), 3, SECOND), demand("net", 100, HOUR)];
        limiter.admit("group", &ask, NOON).await.expect("it answers");
    }
    let kept = keys(&server);
    let lasting = kept.iter().filter(|key| {
        let told = server.ask(&format!("PTTL \"{key}\"")).expect("it answers");
        let left = told.lines().next().and_then(|line| line.strip_prefix(':')?.parse::<i64>().ok());
        !left.is_some_and(|left| (1..=3_610_000).contains(&left))
    });
    let lasting = lasting.count();
    println!("keys={} without an end={lasting}", kept.len());
    assert_eq!((kept.len(), lasting), (21, 0));
}

#[tokio::test]
async fn a_call_is_one_script_and_a_script_that_was_forgotten_is_told_again() {
    let server = Redis::private();
    let limiter = RedisLimiter::open(&server.url()).expect("a URL");
    let ask = [demand("host", 100, HOUR), demand("net", 100, HOUR)];
    for n in 0..10 {
        if n == 5 {
            server.ask("SCRIPT FLUSH").expect("it answers");
        }
        let answer = limiter.admit("group", &ask, NOON).await.expect("it answers");
        assert!(matches!(answer, Admission::Admitted(_)));
    }
    let stats = server.ask("INFO commandstats").expect("it answers");
    let calls = |command: &str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.and_then(|rest| rest.split(',').next()?.parse::<u32>().ok()).unwrap_or(0)
    };
    let (evalsha, load) = (calls("evalsha"), calls("script|load"));
    println!("calls=10 evalsha={evalsha} (two of them not known) script loads={load}");
    assert_eq!((evalsha, load), (12, 2));
}

#[tokio::test]
async fn groups_are_spread_over_the_masters_of_a_cluster() {
    let cluster = cluster();
    let limiter = RedisLimiter::open(&cluster.urls()).expect("URLs");
    for n in 0..60 {
        let group = format!("203.0.113.{n}");
        let ask = [demand(&format!("host {n}"), 3, HOUR), demand(&format!("net {n}"), 3, HOUR)];
        limiter.admit(&group, &ask, NOON).await.expect("both keys are in one slot");
    }
    let spread: Vec<usize> = cluster.nodes.iter().map(|node| keys(node).len()).collect();
    println!("keys on each master={spread:?} of 120");
    assert_eq!(spread.iter().sum::<usize>(), 120);
    assert!(spread.iter().all(|keys| *keys >= 12), "none of three is spared");
}

#[tokio::test]
async fn a_group_with_braces_stays_in_one_slot() {
    let limiter = RedisLimiter::open(&cluster().urls()).expect("URLs").with_prefix("braces");
    let ask = [demand("a", 1, HOUR), demand("b", 1, HOUR)];
    for group in ["{}", "}{", "a}b", "{", ""] {
        limiter.admit(group, &ask, NOON).await.expect(group);
    }
}

#[test]
fn a_url_that_is_none_is_told_without_its_password() {
    for urls in
        ["", " , ", "http://:hunter2@localhost", "redis://:hunter2@localhost:port", "redis://a,hunter2"]
    {
        let fault = RedisLimiter::open(urls).expect_err(urls).to_string();
        assert!(!fault.contains("hunter2"), "{fault}");
    }
    assert!(RedisLimiter::open("rediss://:hunter2@localhost:6380/1").is_ok());
}
