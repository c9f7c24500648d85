//! Concurrency over several servers: each effect exactly once, each rule exactly kept.

use serde_json::{Value, json};

use super::fleet::Fleet;
use super::{a_home, shared, turn};
use crate::figure;
use crate::host::{Host, cents};
use crate::http::{Reply, Request};
use crate::load::each;

const TIMES: usize = 50;

/// F2.
#[test]
fn an_event_sent_50_times_at_once_to_two_servers_and_again_after_a_restart_counts_once() {
    let _turn = turn();
    let fleet = Fleet::start(&a_home(&shared()).0, 2);
    let pair = fleet.host(0).pair(1);
    let event = pair.spend("inv_1", "60.00");
    let first = fleet.at_once(&vec![event.clone(); TIMES]);
    let told: Vec<String> = first.iter().map(bare).collect();
    let fresh = first.iter().filter(|reply| reply.expect(200)["results"][0]["replayed"] == false).count();
    let equal = told.iter().filter(|answer| **answer == told[0]).count();
    let fleet = fleet.restart();
    let again = fleet.at_once(&vec![event; TIMES]);
    let replayed = again.iter().filter(|reply| reply.expect(200)["results"][0]["replayed"] == true).count();
    let effects = fleet.host(1).count(&pair.referrer, "referral_bonus");
    figure(&format!(
        "F2, two servers: effects={effects} equal answers={equal}/{TIMES} fresh={fresh} replayed after a restart={replayed}/{TIMES}"
    ));
    assert!(again.iter().all(|reply| bare(reply) == told[0]), "{again:?}");
    assert_eq!((effects, equal, fresh, replayed), (1, TIMES, 1, TIMES));
}

/// The answer byte for byte, but for the one word that may differ.
fn bare(reply: &Reply) -> String {
    reply.body.replace("\"replayed\":true", "\"replayed\":false")
}

const CROSSING: usize = 1_000;
const AT_ONCE: usize = 200;

/// F3.
#[test]
fn a_thousand_users_who_cross_at_once_over_two_servers_earn_each_reward_once() {
    let _turn = turn();
    let fleet = Fleet::start(&a_home(&shared()).0, 2);
    let pairs = each(CROSSING, |number| fleet.host(number).pair(number));
    let spends: Vec<Request> =
        pairs.iter().map(|pair| pair.spend(&format!("inv_{}", pair.referred), "50.00")).collect();
    let replies: Vec<Reply> = spends.chunks(AT_ONCE).flat_map(|wave| fleet.at_once(wave)).collect();
    let crossed = replies.iter().filter(|reply| outcome(reply) == "threshold_crossed").count();
    let rewards = each(CROSSING, |n| fleet.host(n + 1).count(&pairs[n].referrer, "referral_bonus"));
    let paid: i64 =
        each(CROSSING, |n| cents(&fleet.host(n).available(&pairs[n].referrer).into())).iter().sum();
    figure(&format!(
        "F3, two servers: rewards={}/{CROSSING} crossed={crossed}/{CROSSING} paid={}.00, {AT_ONCE} at a time",
        rewards.iter().sum::<usize>(),
        paid / 100
    ));
    assert!(rewards.iter().all(|count| *count == 1), "{rewards:?}");
    assert_eq!((crossed, paid), (CROSSING, 1_000 * 25_00));
    assert!(fleet.is_proven());
}

fn outcome(reply: &Reply) -> String {
    reply.expect(200)["results"][0]["outcome"].as_str().expect("an outcome").to_owned()
}

fn sign_up(user: &str, code: &str) -> Request {
    Request::post("/api/events/signup", &json!({"user_id": user, "code": code}))
}

fn code_of(fleet: &Fleet, number: usize, user: &str) -> String {
    let told = fleet.host(number).post("/api/codes", &json!({"user_id": user})).expect(200);
    told["code"].as_str().expect("a code").to_owned()
}

const SIGN_UPS: usize = 100;
const DAILY_LIMIT: usize = 10;

#[test]
fn of_a_hundred_sign_ups_at_once_over_three_codes_and_three_servers_ten_pass() {
    let _turn = turn();
    let site = shared();
    let (home, database) = a_home(&site);
    let fleet = Fleet::start(&home, 3);
    let primary = code_of(&fleet, 0, "u_ana");
    let operator = Host::with_key(&fleet.servers[0], home.key(&["admin:write"]));
    for vanity in ["SUMMER-2", "SUMMER-3"] {
        operator.post("/api/admin/codes", &json!({"user_id": "u_ana", "code": vanity})).expect(201);
    }
    let codes = [primary.as_str(), "SUMMER-2", "SUMMER-3"];
    // The servers take turns at another pace than the codes: each code is applied at each server.
    let requests: Vec<Request> =
        (0..SIGN_UPS).map(|number| sign_up(&format!("u_ben{number}"), codes[number / 3 % 3])).collect();
    let replies = fleet.at_once(&requests);
    let passed = replies.iter().filter(|reply| reply.status == 201).count();
    replies.iter().filter(|reply| reply.status != 201).for_each(|reply| reply.refused(429, "referrer-limit"));
    let stats = fleet.host(0).get("/api/referral/stats?user_id=u_ana");
    let used = site.sql(&database, "SELECT count(*) FROM referral_codes WHERE uses > 0");
    figure(&format!(
        "daily limit, three servers and three codes: passed={passed} of {SIGN_UPS} refused={} codes used={used}",
        SIGN_UPS - passed
    ));
    assert_eq!((passed, stats["total"].clone()), (DAILY_LIMIT, Value::from(DAILY_LIMIT)));
}

const ROUNDS: usize = 200;
const RING: usize = 4;

#[test]
fn four_users_who_apply_in_a_ring_at_once_never_close_it() {
    let _turn = turn();
    let fleet = Fleet::start(&a_home(&shared()).0, 3);
    let (mut passed, mut survived) = (0, 0);
    for round in 0..ROUNDS {
        let names: Vec<String> = (0..RING).map(|n| format!("u_{round}_{n}")).collect();
        let codes = each(RING, |n| code_of(&fleet, n, &names[n]));
        let ring: Vec<Request> = (0..RING).map(|n| sign_up(&names[n], &codes[(n + 1) % RING])).collect();
        let replies = fleet.at_once(&ring);
        let made = replies.iter().filter(|reply| reply.status == 201).count();
        replies
            .iter()
            .filter(|reply| reply.status != 201)
            .for_each(|reply| reply.refused(422, "referral-cycle"));
        passed += made;
        survived += usize::from(made == RING);
    }
    let (least, most) = (ROUNDS, ROUNDS * (RING - 1));
    figure(&format!(
        "rings of four, three servers: rounds={ROUNDS} applied={passed} of {} survived={survived}",
        ROUNDS * RING
    ));
    assert_eq!(survived, 0);
    assert!(
        (least..=most).contains(&passed),
        "each ring is stopped at one place, and not before it could close"
    );
    assert_eq!(passed, most, "only the last of four would close it");
}
