//! Rewards under concurrency: each exactly once, whoever comes first.

use serde_json::json;

use crate::figure;
use crate::home::{Home, holds};
use crate::host::{Host, cents};
use crate::http::{Reply, Request};
use crate::load::{at_once, each};
use crate::server::Server;

const USERS: usize = 200;

#[test]
fn two_hundred_users_of_two_hundred_referrers_crossing_at_once_give_two_hundred_rewards() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let pairs = each(USERS, |number| host.pair(number));
    let spends: Vec<Request> = pairs
        .iter()
        .map(|pair| pair.spend(&format!("inv_{}", pair.referred), "50.00").key(&host.key))
        .collect();
    let replies = at_once(server.address, &spends);
    let crossed = replies.iter().filter(|reply| outcome(reply) == "threshold_crossed").count();
    let rewards: Vec<usize> = each(USERS, |number| host.count(&pairs[number].referrer, "referral_bonus"));
    let paid: i64 = each(USERS, |number| cents(&host.available(&pairs[number].referrer).into())).iter().sum();
    assert_eq!((crossed, rewards.iter().sum::<usize>(), paid), (USERS, USERS, 200 * 25_00));
    assert!(rewards.iter().all(|count| *count == 1), "{rewards:?}");
    assert!(holds(&server.home.print(&["ledger", "verify"])));
    figure(&format!(
        "crossing at once: rewards={USERS}/{USERS} crossed={crossed}/{USERS} paid={}.00",
        paid / 100
    ));
}

#[test]
fn spend_of_an_unverified_user_rewards_as_soon_as_they_verify() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let pair = host.unverified_pair(1);
    let told = host.send(pair.spend("inv_1", "60.00")).expect(200);
    let result = &told["results"][0];
    assert_eq!(
        (&result["outcome"], &result["reward"]),
        (&"threshold_crossed".into(), &json!(null)),
        "{told}"
    );
    assert_eq!(result["withheld"]["reason"], "email-not-verified", "{told}");
    assert_eq!(host.available(&pair.referrer), "0.00");
    let event = json!({"user_id": pair.referred, "occurred_at": pair.applied_at});
    let verified = host.post("/api/events/email-verified", &event).expect(200);
    assert_eq!(verified["reward"], json!({"amount": "25.00", "currency": "USD"}), "{verified}");
    assert_eq!(
        (host.available(&pair.referrer), host.available(&pair.referred)),
        ("25.00".into(), "10.00".into())
    );
    let again = host.post("/api/events/email-verified", &event).expect(200);
    assert_eq!(again, verified, "repeating it gives the same answer");
    assert_eq!(host.verify(&pair.referred), verified, "and so does saying it later");
    figure("spend 60.00 unverified, then verified: rewards=1/1");
}

#[test]
fn a_code_applied_at_once_from_everywhere_is_one_referral() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let code = host.post("/api/codes", &json!({"user_id": "u_ana"})).expect(200)["code"].clone();
    let apply =
        Request::post("/api/referral/apply", &json!({"code": code})).bearer(&server.home.token("u_ben"));
    let replies = at_once(server.address, &vec![apply; 10]);
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    let told: Vec<_> = replies.iter().map(|reply| reply.json()["referral"]["id"].clone()).collect();
    assert!(
        told.iter().all(|id| id.as_str().is_some_and(|id| id.starts_with("ref_")) && *id == told[0]),
        "{told:?}"
    );
    assert_eq!(made, 1, "{replies:?}");
    let stats = host.get("/api/referral/stats?user_id=u_ana");
    assert_eq!(stats["total"], 1, "{stats}");
    figure(&format!(
        "one code applied 10 times at once: referrals=1 created={made} repeated={}",
        replies.len() - made
    ));
}

fn outcome(reply: &Reply) -> String {
    reply.expect(200)["results"][0]["outcome"].as_str().expect("an outcome").to_owned()
}
