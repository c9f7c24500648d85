//! Values that are not what their field takes: money, times, ids, texts.

use serde_json::{Value, json};

use super::{Case, invalid, see_refused, told};
use crate::tests::{Ask, Story, usd};

/// Amounts no request may name, with the fault each is answered with.
pub(super) fn bad_amounts() -> Vec<(Value, &'static str)> {
    let texts = [
        ("1.234", "money-digits"),
        ("-1", "money-sign"),
        ("0", "money-sign"),
        ("0.00", "money-sign"),
        ("-0", "money-format"),
        ("-0.00", "money-format"),
        ("1e9", "money-format"),
        ("NaN", "money-format"),
        ("Infinity", "money-format"),
        ("+1", "money-format"),
        ("01", "money-format"),
        ("1.", "money-format"),
        (".5", "money-format"),
        ("1,50", "money-format"),
        ("1_000", "money-format"),
        (" 1", "money-format"),
        ("", "money-format"),
        ("\u{664}", "money-format"),
        ("1.23456", "money-format"),
        ("99999999999999", "money-format"),
        ("10000000000.00", "money-too-large"),
        ("9999999999999", "money-too-large"),
        ("1\u{0}", "nul-character"),
    ];
    let others = [(json!(25), "wrong-type"), (json!(25.5), "wrong-type"), (json!(["1"]), "wrong-type")];
    let missing = (Value::Null, "required");
    texts.map(|(text, code)| (json!(text), code)).into_iter().chain(others).chain([missing]).collect()
}

fn bad_currencies() -> Vec<(Value, &'static str)> {
    let unknown =
        ["usd", "Usd", "XXX", "ZZZ", "US", "EURO", "", "US$"].map(|code| (json!(code), "unknown-currency"));
    unknown.into_iter().chain([(json!(840), "wrong-type"), (Value::Null, "required")]).collect()
}

/// The body with money of every bad kind in it.
pub(super) fn of_money(path: &str, sound: &Value) -> Vec<Case> {
    let with = |amount: Value| {
        let mut body = sound.clone();
        body["amount"] = amount;
        body
    };
    let amounts = bad_amounts().into_iter().map(|(amount, code)| {
        let body = with(json!({"amount": amount, "currency": "USD"}));
        invalid(format!("{path}: {amount}"), path, &body, &[("/amount/amount", code)])
    });
    let currencies = bad_currencies().into_iter().map(|(currency, code)| {
        let body = with(json!({"amount": "1.00", "currency": currency}));
        invalid(format!("{path}: {currency}"), path, &body, &[("/amount/currency", code)])
    });
    let wholes = [json!("1.00"), json!(1), json!([])].map(|amount| {
        invalid(format!("{path}: {amount}"), path, &with(amount), &[("/amount", "wrong-type")])
    });
    amounts.chain(currencies).chain(wholes).collect()
}

#[actix_web::test]
async fn bad_money_is_refused_wherever_money_is_taken() {
    let story = told().await;
    let redeemed = story.redeem("u_ben", "1.00", "bill_0").await.json(201);
    let reverse =
        format!("/api/credits/redemptions/{}/reverse", redeemed["redemption_id"].as_str().expect("an id"));
    let redeem = json!({"user_id": "u_ben", "reference": "bill_1"});
    let mut cases = of_money("/api/events/spend", &story.spend_body("inv_9", "u_ben", "1.00"));
    cases.extend(of_money("/api/events/refund", &story.refund_body("back_9", "inv_1001", "1.00")));
    cases.extend(of_money("/api/credits/redeem", &redeem));
    cases.extend(of_money(&reverse, &json!({"reference": "back_1"})));
    for path in ["/api/credits/redeem", &reverse] {
        let mut body = if path == reverse { json!({"reference": "b"}) } else { redeem.clone() };
        body["amount"] = json!({"amount": "1.00", "currency": "EUR"});
        cases.push(invalid(format!("{path}: EUR"), path, &body, &[("/amount", "currency-mismatch")]));
    }
    see_refused(&story.app, &story.host, cases).await;
}

const BAD_TIMES: [(&str, &str); 14] = [
    ("2026-01-31T12:00:00", "time-offset"),
    ("2026-01-31T12:00:60Z", "time-leap-second"),
    ("2026-02-30T12:00:00Z", "time-format"),
    ("2026-01-31T25:00:00Z", "time-format"),
    ("2026-01-31", "time-format"),
    ("2026-01-31 12:00:00Z", "time-format"),
    ("2026-01-31T12:00:00.1234567890Z", "time-format"),
    ("1769860800", "time-format"),
    ("now", "time-format"),
    ("", "time-format"),
    ("1999-12-31T23:59:59Z", "time-range"),
    ("2101-01-01T00:00:00Z", "time-range"),
    ("2026-01-31T12:00:00+99:00", "time-format"),
    ("2026-01-31T12:00:00Z\u{0}", "nul-character"),
];

#[actix_web::test]
async fn a_bad_time_is_refused_wherever_one_is_taken() {
    let story = told().await;
    let spend = story.spend_body("inv_9", "u_ben", "1.00");
    let refund = story.refund_body("back_9", "inv_1001", "1.00");
    let sign_up = json!({"user_id": "u_new", "code": null});
    let mut cases = Vec::new();
    for (path, sound, field) in [
        ("/api/events/spend", &spend, "occurred_at"),
        ("/api/events/refund", &refund, "occurred_at"),
        ("/api/events/email-verified", &json!({"user_id": "u_new"}), "occurred_at"),
        ("/api/events/signup", &sign_up, "created_at"),
        ("/api/events/signup", &sign_up, "applied_at"),
    ] {
        for (text, code) in BAD_TIMES {
            let mut body = sound.clone();
            body[field] = json!(text);
            cases.push(invalid(format!("{path}: {text}"), path, &body, &[(&format!("/{field}"), code)]));
        }
        let mut body = sound.clone();
        body[field] = json!(1_769_860_800);
        cases.push(invalid(
            format!("{path}: a number"),
            path,
            &body,
            &[(&format!("/{field}"), "wrong-type")],
        ));
    }
    see_refused(&story.app, &story.host, cases).await;
}

/// Values that a field does not take, each with the fault it is answered with.
pub(super) type Bad = Vec<(Value, &'static str)>;

pub(super) fn long(length: usize) -> Value {
    json!("x".repeat(length))
}

pub(super) fn bad_users() -> Bad {
    vec![
        (json!(""), "too-short"),
        (long(101), "too-long"),
        (json!(" u"), "blank-ends"),
        (json!("u\u{a0}"), "blank-ends"),
        (json!("a\nb"), "control-character"),
        (json!("a\u{0}b"), "nul-character"),
        (json!(7), "wrong-type"),
        (Value::Null, "required"),
    ]
}

pub(super) fn bad_tokens() -> Bad {
    vec![
        (json!(""), "bad-format"),
        (long(129), "bad-format"),
        (json!("a b"), "bad-format"),
        (json!("a/b"), "bad-format"),
        (json!("ä"), "bad-format"),
        (json!("a\u{0}"), "nul-character"),
        (json!(1001), "wrong-type"),
        (Value::Null, "required"),
    ]
}

fn bad_fingerprints() -> Bad {
    let tab = json!("x".repeat(16) + "\t");
    vec![(long(15), "too-short"), (long(257), "too-long"), (tab, "control-character")]
}

fn bad_mails() -> Bad {
    let format = ["ben", "ben@", "@example.com", "ben@localhost", "b en@example.com"];
    let format = format.map(|address| (json!(address), "email-format"));
    format
        .into_iter()
        .chain([(long(321), "too-long"), (json!(""), "too-short"), (json!(1), "wrong-type")])
        .collect()
}

fn bad_truths() -> Bad {
    vec![(json!("true"), "wrong-type"), (json!(1), "wrong-type")]
}

/// Fields of a spend event, of a refund and of a redemption.
fn of_money_movements() -> [(&'static str, &'static str, Bad); 13] {
    let deep = json!({"a": {"b": {"c": {"d": 1}}}});
    let large = json!({"a": "x".repeat(5000)});
    let objects = vec![(deep, "metadata-depth"), (large, "metadata-size"), (json!([]), "wrong-type")];
    let lines = vec![(long(501), "too-long"), (json!("a\nb"), "control-character"), (json!(1), "wrong-type")];
    let modes = vec![(json!("all"), "not-one-of"), (json!("EXACT"), "not-one-of")];
    let reasons =
        vec![(json!("mood"), "not-one-of"), (json!("FRAUD"), "not-one-of"), (json!(1), "wrong-type")];
    let (spend, refund, redeem) = ("/api/events/spend", "/api/events/refund", "/api/credits/redeem");
    [
        (spend, "user_id", bad_users()),
        (spend, "source_id", bad_tokens()),
        (spend, "payment_fingerprint", bad_fingerprints()),
        (spend, "metadata", objects.clone()),
        (refund, "user_id", bad_users()),
        (refund, "source_id", bad_tokens()),
        (refund, "spend_source_id", bad_tokens()),
        (refund, "reason", reasons),
        (refund, "metadata", objects),
        (redeem, "user_id", bad_users()),
        (redeem, "reference", bad_tokens()),
        (redeem, "description", lines),
        (redeem, "mode", modes),
    ]
}

/// Fields of what is told about people.
fn of_people() -> [(&'static str, &'static str, Bad); 10] {
    let ips = ["1.2.3", "1.2.3.4:80", "localhost", ""].map(|ip| (json!(ip), "ip-format")).into();
    let codes = vec![(json!(""), "too-short"), (long(65), "too-long"), (json!(1), "wrong-type")];
    let (sign_up, verified) = ("/api/events/signup", "/api/events/email-verified");
    [
        ("/api/codes", "user_id", bad_users()),
        (sign_up, "user_id", bad_users()),
        (sign_up, "code", codes),
        (sign_up, "email", bad_mails()),
        (sign_up, "email_verified", bad_truths()),
        (sign_up, "ip", ips),
        (sign_up, "device", bad_fingerprints()),
        (verified, "user_id", bad_users()),
        (verified, "email", bad_mails()),
        (verified, "verified", bad_truths()),
    ]
}

/// A sound body for this path.
fn sound(story: &Story, path: &str) -> Value {
    match path {
        "/api/events/spend" => story.spend_body("inv_9", "u_ben", "1.00"),
        "/api/events/refund" => story.refund_body("back_9", "inv_1001", "1.00"),
        "/api/credits/redeem" => json!({"user_id": "u_ben", "amount": usd("1.00"), "reference": "bill_1"}),
        "/api/events/signup" => json!({"user_id": "u_new", "code": null}),
        _ => json!({"user_id": "u_new"}),
    }
}

#[actix_web::test]
async fn a_text_is_refused_that_its_field_does_not_take() {
    let story = told().await;
    let mut cases = Vec::new();
    for (path, field, values) in of_money_movements().into_iter().chain(of_people()) {
        for (value, code) in values {
            let mut body = sound(&story, path);
            body[field] = value;
            let brief: String = body[field].to_string().chars().take(40).collect();
            cases.push(invalid(
                format!("{path} {field}: {brief}"),
                path,
                &body,
                &[(&format!("/{field}"), code)],
            ));
        }
    }
    see_refused(&story.app, &story.host, cases).await;
}

#[actix_web::test]
async fn attribution_has_a_form() {
    let story = told().await;
    let with = |attribution: Value| json!({"user_id": "u_new", "code": null, "attribution": attribution});
    let path = "/api/events/signup";
    let cases = [
        (json!({}), "/attribution/source", "required"),
        (json!({"source": "mail"}), "/attribution/source", "not-one-of"),
        (json!({"source": "link", "click_id": "ref_1"}), "/attribution/click_id", "bad-format"),
        (json!({"source": "link", "sub_id": "a b"}), "/attribution/sub_id", "bad-format"),
        (json!({"source": "link", "sub_id": "x".repeat(65)}), "/attribution/sub_id", "too-long"),
        (json!({"source": "link", "sub": "x"}), "/attribution/sub", "unknown-field"),
        (json!("link"), "/attribution", "wrong-type"),
    ];
    let cases = cases.map(|(told, at, code)| invalid(told.to_string(), path, &with(told), &[(at, code)]));
    see_refused(&story.app, &story.host, cases.into()).await;
}

#[actix_web::test]
async fn an_idempotency_key_has_a_form() {
    let story = told().await;
    let (ana, body) = (story.app.user("u_new"), json!({"code": "K7WQ2M9X"}));
    let ask = |key: &[u8]| Ask::post("/api/referral/apply", &body).header("idempotency-key", key);
    let fault = |code| [("Idempotency-Key".to_owned(), String::from(code))];
    for key in [&b""[..], b"a b", &[0xe4], "x".repeat(256).as_bytes()] {
        let reply = ana.ask(&ask(key)).await;
        assert_eq!((reply.status, reply.faults()), (400, fault("bad-format").into()));
    }
    let reply = ana.ask(&ask(b"a").header("idempotency-key", "a")).await;
    assert_eq!((reply.status, reply.faults()), (400, fault("repeated").into()));
}
