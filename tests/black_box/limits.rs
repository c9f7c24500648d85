//! How much of what anybody may do, over HTTP.

use serde_json::{Value, json};

use crate::figure;
use crate::home::Home;
use crate::host::Host;
use crate::http::{Reply, Request};
use crate::load::at_once;
use crate::server::Server;

/// An address that says something about a person: of no private or documented network.
const ADDRESS: &str = "25.30.40.50";

fn validate(code: &str) -> Request {
    Request::get(&format!("/api/referral/validate/{code}"))
}

/// Says how long to wait, in the header and in the body alike.
fn limited(reply: &Reply, code: &str) {
    reply.refused(429, code);
    let told = reply.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
    assert!(told.is_some_and(|seconds| seconds > 0), "{reply:?}");
    assert_eq!(reply.json()["retry_after_seconds"].as_u64(), told);
}

#[test]
fn validation_is_limited_by_address_and_a_proxy_of_ours_is_looked_through() {
    let home = Home::new()
        .with("REFERRAL_LIMITS", "validate=5/3600,validate_misses=100/3600")
        .with("REFERRAL_TRUSTED_PROXIES", "127.0.0.0/8,::1");
    let server = Server::start(&home);
    let from = |address: &str| server.send(&validate("NOSUCH").with("x-forwarded-for", address));
    for _ in 0..5 {
        assert_eq!(from(ADDRESS).expect(200)["reason"], "unknown");
    }
    limited(&from(ADDRESS), "too-many-requests");
    limited(&from(&format!("1.2.3.4, {ADDRESS}")), "too-many-requests");
    from("25.30.40.51").expect(200);
    for host in 1..=5 {
        from(&format!("2a02:8109:1::{host}")).expect(200);
    }
    limited(&from("2a02:8109:1::6"), "too-many-requests");
    from("2a02:8109:1:1::6").expect(200);
    figure("validation by address: let in=5/5 then refused; an IPv6 /64 is one, another is another");
}

#[test]
fn a_header_that_no_proxy_of_ours_wrote_changes_nothing() {
    let server = Server::start(&Home::new().with("REFERRAL_LIMITS", "validate=5/3600"));
    let from = |number: usize| {
        server.send(&validate("NOSUCH").with("x-forwarded-for", &format!("25.30.40.{number}")))
    };
    (0..5).for_each(|number| assert_eq!(from(number).status, 200));
    limited(&from(6), "too-many-requests");
}

/// The limits that a server says it began with, each time it says so.
fn limits_told(server: &Server) -> Vec<Value> {
    let events = server.log();
    let events = events.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events
        .filter(|event| event["message"] == "the limits in force")
        .map(|event| event["limits"].clone())
        .collect()
}

#[test]
fn the_limits_in_force_are_told_once_at_the_start() {
    let server = Server::start(&Home::new().with("REFERRAL_LIMITS", "validate=5/3600"));
    let all = "validate=5/3600,validate_misses=20/600,user=600/60,apply=10/3600,payout=5/3600";
    assert_eq!(limits_told(&server), [all]);
    let off = Server::start(&server.stop().with("REFERRAL_LIMITS", "off"));
    assert_eq!(limits_told(&off), ["off"]);
}

#[test]
fn guessing_codes_ends_sooner_than_asking_for_known_ones() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let code = host.post("/api/codes", &json!({"user_id": "u_ana"})).expect(200)["code"].clone();
    let code = code.as_str().expect("a code");
    for number in 0..20 {
        server.send(&validate(&format!("GUESS{number}"))).expect(200);
    }
    limited(&server.send(&validate("GUESS20")), "too-many-requests");
    let off = Server::start(&server.stop().with("REFERRAL_LIMITS", "off"));
    for number in 0..100 {
        off.send(&validate(if number % 2 == 0 { code } else { "GUESS" })).expect(200);
    }
    assert!(off.log().contains("REFERRAL_LIMITS=off"), "it says so: {}", off.log());
    figure("guessing codes: misses let in=20/20 then refused; with REFERRAL_LIMITS=off 100/100");
}

#[test]
fn a_referrer_gains_at_most_ten_in_a_day_however_many_come_at_once() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let code = host.post("/api/codes", &json!({"user_id": "u_ana"})).expect(200)["code"].clone();
    let sign_up = |number: usize| {
        let body = json!({"user_id": format!("u_friend{number}"), "code": code});
        Request::post("/api/events/signup", &body).key(&host.key)
    };
    let replies = at_once(server.address, &(0..30).map(sign_up).collect::<Vec<_>>());
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    let refused: Vec<&Reply> = replies.iter().filter(|reply| reply.status != 201).collect();
    refused.iter().for_each(|reply| limited(reply, "referrer-limit"));
    assert!(
        refused
            .iter()
            .all(|reply| reply.json()["retry_after_seconds"].as_u64().is_some_and(|s| s % 900 == 0))
    );
    assert_eq!((made, refused.len()), (10, 20));
    assert_eq!(host.get("/api/referral/stats?user_id=u_ana")["total"], 10);
    figure(&format!("30 friends of one referrer at once: referrals={made} refused={}/20", refused.len()));
}

#[test]
fn an_address_signs_up_at_most_five_in_an_hour_and_the_sixth_may_come_back() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let code_of = |user: &str| host.post("/api/codes", &json!({"user_id": user})).expect(200)["code"].clone();
    let codes = [code_of("u_ana"), code_of("u_eve")];
    let sign_up = |number: usize, ip: &str| {
        let body = json!({"user_id": format!("u_friend{number}"), "code": codes[number % 2], "ip": ip});
        Request::post("/api/events/signup", &body)
    };
    let crowd = (0..20).map(|number| sign_up(number, ADDRESS).key(&host.key));
    let replies = at_once(server.address, &crowd.collect::<Vec<_>>());
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    replies.iter().filter(|reply| reply.status != 201).for_each(|reply| limited(reply, "ip-limit"));
    assert_eq!(made, 5, "{replies:?}");
    let refused = (0..20).find(|number| replies[*number].status == 429).expect("some were");
    // Nothing of the refusal is kept: from elsewhere the same call goes through; loopback says nothing about a person.
    host.send(sign_up(refused, "25.30.40.51")).expect(201);
    (100..108).for_each(|number| drop(host.send(sign_up(number, "127.0.0.1")).expect(201)));
    figure(&format!("20 sign-ups from one address at once: referrals={made} refused={}/15", 20 - made));
}
