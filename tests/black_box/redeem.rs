//! Using credits: who may, how much, and never twice.

use serde_json::{Value, json};

use crate::figure;
use crate::home::Home;
use crate::host::{Host, Pair, dollars};
use crate::http::Request;
use crate::load::at_once;
use crate::server::Server;

#[test]
fn an_unverified_referred_user_cannot_redeem() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let pair = host.unverified_pair(1);
    let before = host.history(&pair.referred);
    host.send(pair.redeem("bill_1", "1.00")).refused(403, "email-not-verified");
    let balance = host.get(&format!("/api/credits/balance?user_id={}", pair.referred));
    assert_eq!((&balance["can_redeem"], &balance["reason"]), (&json!(false), &json!("email-not-verified")));
    assert_eq!(host.history(&pair.referred), before);
    host.verify(&pair.referred);
    host.send(pair.redeem("bill_1", "1.00")).expect(201);
    let lost = json!({"user_id": pair.referred, "verified": false});
    host.post("/api/events/email-verified", &lost).expect(200);
    host.send(pair.redeem("bill_2", "1.00")).refused(403, "email-not-verified");
    assert_eq!(host.available(&pair.referred), "9.00", "what was granted stays");
    figure("redeeming unverified: refused=2/2 changes=0");
}

#[test]
fn more_than_there_is_is_refused_and_changes_nothing() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let pair = host.pair(1);
    let before = state(&host, &pair);
    for amount in ["10.01", "11.00", "9999999999.99"] {
        host.send(pair.redeem("bill_1", amount)).refused(422, "insufficient-balance");
    }
    assert_eq!(state(&host, &pair), before);
    let up_to =
        json!({"user_id": pair.referred, "amount": dollars("99.00"), "reference": "bill_1", "mode": "up_to"});
    let taken = host.post("/api/credits/redeem", &up_to).expect(201);
    assert_eq!((&taken["redeemed"], &taken["balance"]["available"]), (&dollars("10.00"), &dollars("0.00")));
    let nothing =
        json!({"user_id": pair.referred, "amount": dollars("1.00"), "reference": "bill_2", "mode": "up_to"});
    let taken = host.post("/api/credits/redeem", &nothing).expect(201);
    assert_eq!((&taken["redeemed"], &taken["transaction"]), (&dollars("0.00"), &Value::Null));
    figure("over-redeeming: refused=3/3 changes=0");
}

#[test]
fn a_hundred_redemptions_of_1_at_once_from_10_are_exactly_ten() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let pair = host.pair(1);
    let redeem = |number| pair.redeem(&format!("bill_{number}"), "1.00").key(&host.key);
    let replies = at_once(server.address, &(0..100).map(redeem).collect::<Vec<Request>>());
    let taken = replies.iter().filter(|reply| reply.status == 201).count();
    let refused = replies.iter().filter(|reply| reply.status == 422).count();
    assert_eq!((taken, refused), (10, 90), "{replies:?}");
    assert_eq!(host.available(&pair.referred), "0.00");
    assert_eq!(host.count(&pair.referred, "credit_redemption"), 10);
    figure(&format!("100 redemptions of 1.00 at once from 10.00: taken={taken} refused={refused} left=0.00"));
}

#[test]
fn one_reference_is_one_redemption_and_is_given_back_at_most_once() {
    let server = Server::start(&Home::new());
    let host = Host::of(&server);
    let pair = host.pair(1);
    let replies = at_once(server.address, &vec![pair.redeem("bill_1", "4.00").key(&host.key); 20]);
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert!(replies.iter().all(|reply| reply.body == replies[0].body), "{replies:?}");
    assert_eq!((made, host.available(&pair.referred).as_str()), (1, "6.00"));
    host.send(pair.redeem("bill_1", "5.00")).refused(409, "redemption-conflict");
    let redemption = replies[0].json()["redemption_id"].as_str().expect("an id").to_owned();
    let path = format!("/api/credits/redemptions/{redemption}/reverse");
    let back = |reference: &str, amount: &str| {
        host.post(&path, &json!({"reference": reference, "amount": dollars(amount)}))
    };
    back("back_1", "1.50").expect(201);
    back("back_1", "1.50").expect(200);
    back("back_2", "2.51").refused(422, "over-reversal");
    let rest = host.post(&path, &json!({"reference": "back_3"})).expect(201);
    assert_eq!(rest["redeemed"], dollars("0.00"), "nothing of it stands any more");
    assert_eq!(host.available(&pair.referred), "10.00");
    for unknown in ["red_018f2b7c-0000-7000-8000-000000000000", "txn_1", "x"] {
        let path = format!("/api/credits/redemptions/{unknown}/reverse");
        host.post(&path, &json!({"reference": "back_9"})).refused(404, "not-found");
    }
    figure(&format!("one reference 20 times at once: redemptions={made} equal answers=20/20"));
}

fn state(host: &Host, pair: &Pair) -> (Vec<Value>, String) {
    (host.history(&pair.referred), host.available(&pair.referred))
}
