//! Bodies and queries that are JSON and yet not what an endpoint takes.

use serde_json::{Value, json};

use super::{Case, case, check, sound_event, stage};
use crate::figure;
use crate::host::Host;
use crate::http::Request;

fn spend(host: &Host, body: &Value) -> Request {
    Request::post("/api/events/spend", body).key(&host.key)
}

/// The sound event with one field replaced.
fn spend_with(host: &Host, field: &str, value: Value) -> Request {
    let mut event = sound_event(host);
    event[field] = value;
    spend(host, &event)
}

/// No amounts of dollars, each for a reason of its own. By words, because a list of so many would fill a page.
const AMOUNTS: &str = "1.234 -1 1e9 NaN Infinity 0 0.00 -0 01 1. .5 +1 1_000 1,00 1,000.00 0x10 १२ 12345678901234 \
                       9999999999999.99 1.00000";

fn money(amount: &str, currency: &str) -> Value {
    json!({"amount": amount, "currency": currency})
}

/// Whatever could stand where money should.
fn bad_money() -> Vec<Value> {
    let amounts =
        AMOUNTS.split(' ').chain(["", " ", " 1", "1 ", "1\u{0}"]).map(|amount| money(amount, "USD"));
    let currencies = ["usd", "XXX", "ZZZ", "", "US", "DOLLAR", "XTS", "US\u{0}"];
    let currencies = currencies.map(|currency| money("5.00", currency));
    let scalars = [json!(5), json!("5.00"), json!(null), json!([]), json!({}), money("5.5", "JPY")];
    let shapes = [
        json!({"amount": "5.00"}),
        json!({"currency": "USD"}),
        json!({"amount": 5, "currency": "USD"}),
        json!({"amount": 5.0, "currency": "USD"}),
        json!({"amount": "5.00", "currency": "USD", "cents": 0}),
    ];
    amounts.chain(currencies).chain(scalars).chain(shapes).collect()
}

#[test]
fn bad_money_is_refused_where_it_stands() {
    let (server, host) = stage();
    let spent = bad_money().into_iter().map(|money| spend_with(&host, "amount", money));
    let redeemed = [money("-1", "USD"), money("0", "USD"), money("1.00", "EUR"), json!(1)].map(|amount| {
        let body = json!({"user_id": "u_ben", "amount": amount, "reference": "bill_1"});
        Request::post("/api/credits/redeem", &body).key(&host.key)
    });
    let cases = spent.chain(redeemed).map(|request| case(request, 400, "invalid-body")).collect();
    figure(&format!("bad money: refused={0}/{0} 5xx=0", check(&server, cases)));
}

#[test]
fn bad_times_and_ids_are_refused() {
    let (server, host) = stage();
    let times = [
        "yesterday",
        "",
        "2026-11-01",
        "2026-11-01T12:00:00",
        "2026-11-01T12:00:60Z",
        "2026-02-30T12:00:00Z",
        "1999-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        "2026-11-01T25:00:00Z",
        "2026-11-01T12:00:00.1234567891Z",
        "2026-11-01T12:00:00+25:00",
        "1793534400",
    ];
    let sources = ["", "a b", "a/b", "a%b", "é", "a\n", "\u{0}", &"a".repeat(129)].map(Value::from);
    let users = ["", " u_ben", "u_ben ", "u\u{0}ben", "u\nben", &"u".repeat(101)].map(Value::from);
    let wrong = |field: &'static str| {
        let host = &host;
        move |value: Value| case(spend_with(host, field, value), 400, "invalid-body")
    };
    let mut cases: Vec<Case> = times.map(Value::from).map(wrong("occurred_at")).into();
    cases.extend([json!(1_793_534_400), json!(null)].map(wrong("occurred_at")));
    cases.extend(sources.map(wrong("source_id")));
    cases.extend(users.map(wrong("user_id")));
    cases.extend(["short", &"f".repeat(257)].map(Value::from).map(wrong("payment_fingerprint")));
    cases.extend(
        [json!([]), json!({"a": {"b": {"c": {"d": 1}}}}), json!({"a": "x".repeat(4_096)})]
            .map(wrong("metadata")),
    );
    cases.extend(
        ["2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z"]
            .map(|time| case(spend_with(&host, "occurred_at", time.into()), 422, "time-out-of-range")),
    );
    figure(&format!("bad times and ids: refused={0}/{0} 5xx=0", check(&server, cases)));
}

#[test]
fn a_batch_with_one_malformed_item_counts_nothing() {
    let (server, host) = stage();
    let pair = host.pair(1);
    let mut events: Vec<Value> =
        (0..20).map(|number| pair.spend_event(&format!("inv_{number}"), "5.00")).collect();
    events[17]["amount"] = json!({"amount": "1.234", "currency": "USD"});
    events[18]["currrency"] = json!("USD");
    let refused = host.post("/api/events/spend", &json!({"events": events}));
    refused.refused(400, "invalid-body");
    let pointers: Vec<Value> = refused.json()["errors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|fault| fault["pointer"].clone())
        .collect();
    assert_eq!(pointers, ["/events/17/amount/amount", "/events/18/currrency"]);
    assert_eq!(host.count(&pair.referrer, "referral_bonus"), 0);
    let first = host.post("/api/events/spend", &pair.spend_event("inv_0", "5.00")).expect(200);
    assert_eq!(
        (&first["results"][0]["replayed"], &first["results"][0]["net_spend"]["amount"]),
        (&json!(false), &json!("5.00"))
    );
    let (none, many) = (json!({"events": []}), json!({"events": vec![sound_event(&host); 1_001]}));
    let both = json!({"events": [sound_event(&host)], "source_id": "inv_1"});
    let cases = [none, many, both, json!({"events": {}}), json!({"events": [[]]}), json!({"events": [null]})];
    let count = check(&server, cases.map(|body| case(spend(&host, &body), 400, "invalid-body")).into());
    figure(&format!("malformed batches: refused={0}/{0} counted=0", count + 1));
}

#[test]
fn unknown_missing_and_mistyped_fields_are_all_told_at_once() {
    let (server, host) = stage();
    let body = json!({"user": "u_ben", "amount": 5, "occurred_at": true, "source_id": "inv_1"});
    let reply = host.post("/api/events/spend", &body);
    reply.refused(400, "invalid-body");
    let faults = reply.json()["errors"].as_array().expect("a list").len();
    assert_eq!(faults, 4, "{}", reply.body);
    let many: serde_json::Map<String, Value> =
        (0..500).map(|number| (format!("field{number}"), json!(1))).collect();
    let post = |path: &str, body: Value| case(Request::post(path, &body).key(&host.key), 400, "invalid-body");
    let cases = vec![
        post("/api/events/spend", Value::Object(many)),
        post("/api/events/signup", json!({"user_id": "u_ben"})),
        post("/api/events/signup", json!({"user_id": "u_ben", "code": 5})),
        post("/api/events/signup", json!({"user_id": "u_ben", "code": null, "ip": "localhost"})),
        post("/api/events/signup", json!({"user_id": "u_ben", "code": null, "email_verified": "yes"})),
        post(
            "/api/events/signup",
            json!({"user_id": "u_ben", "code": null, "attribution": {"source": "magic"}}),
        ),
        post("/api/events/email-verified", json!({})),
        post("/api/events/email-verified", json!([])),
        post("/api/events/email-verified", json!("u_ben")),
        post("/api/codes", json!(null)),
        post("/api/codes", json!({"user_id": {"id": "u_ben"}})),
        post(
            "/api/credits/redeem",
            json!({"user_id": "u_ben", "amount": {"amount": "1", "currency": "USD"}, "reference": "a", "mode": "all"}),
        ),
        post(
            "/api/credits/redeem",
            json!({"user_id": "u_ben", "amount": {"amount": "1", "currency": "USD"}, "reference": "a", "description": "x".repeat(501)}),
        ),
    ];
    figure(&format!("bad fields: refused={0}/{0} 5xx=0", check(&server, cases) + 1));
}

#[test]
fn bad_queries_and_cursors_are_refused() {
    let (server, host) = stage();
    let history =
        |query: &str| Request::get(&format!("/api/credits/history?user_id=u_ben{query}")).key(&host.key);
    let queries = [
        "&limit=0",
        "&limit=101",
        "&limit=-1",
        "&limit=ten",
        "&limit=",
        "&limit=5&limit=6",
        "&limit=99999999999999999999",
        "&cursor=x",
        "&cursor=",
        "&cursor=%00",
        "&cursor=AAAAAAAAAAAAAAAAAAAAAAAA",
        "&cursor=%FF%FE",
        "&type=nonsense",
        "&from=yesterday",
        "&from=2026-13-01",
        "&to=2026-02-30",
        "&user_id=u_ana",
        "&unknown=1",
        "&%00=1",
    ];
    let mut cases: Vec<Case> =
        queries.iter().map(|query| case(history(query), 400, "invalid-query")).collect();
    let get = |path: &str| case(Request::get(path).key(&host.key), 400, "invalid-query");
    cases.extend([
        get("/api/credits/history"),
        get("/api/credits/balance"),
        get("/api/credits/balance?user_id="),
        get("/api/credits/balance?user_id=%00"),
        get("/api/credits/balance?user_id=u_ben&limit=5"),
        get("/api/credits/export?user_id=u_ben&from=2024-01-01&to=2026-01-01"),
        get("/api/credits/export?user_id=u_ben&from=2026-01-31&to=2026-01-01"),
    ]);
    figure(&format!("bad queries and cursors: refused={0}/{0} 5xx=0", check(&server, cases)));
}
