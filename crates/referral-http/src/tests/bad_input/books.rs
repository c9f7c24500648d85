//! Adjustments, retractions, and what finance asks of the books.

use serde_json::{Value, json};

use super::query::query;
use super::value::{Bad, bad_amounts, bad_tokens, bad_users, long};
use super::{Case, case, invalid, see_refused, told};
use crate::tests::{Ask, usd};

const ADJUST: &str = "/api/admin/adjustments";
const TRANSACTIONS: &str = "/api/admin/ledger/transactions";
const TRANSFERS: &str = "/api/admin/ledger/transfers";
const STATEMENT: &str = "/api/admin/ledger/statement";
const ACCOUNTS: &str = "/api/admin/ledger/accounts";
const JOURNAL: &str = "/api/admin/ledger/journal";
const OWN: &str = "/api/credits/statement";
const NOBODYS: &str = "018f2b7c-0000-7000-8000-000000000000";

fn bad_reasons() -> Bad {
    vec![
        (json!(""), "too-short"),
        (long(501), "too-long"),
        (json!("a\u{7}b"), "control-character"),
        (json!("a\u{0}"), "nul-character"),
        (json!(1), "wrong-type"),
        (json!(["x"]), "wrong-type"),
        (Value::Null, "required"),
    ]
}

/// The body with each bad value in one field of it.
fn with_each(path: &str, sound: &Value, field: &str, bad: Bad) -> Vec<Case> {
    let one = |(value, code): (Value, &'static str)| {
        let mut body = sound.clone();
        body[field] = value;
        let brief: String = body[field].to_string().chars().take(40).collect();
        invalid(format!("{path} {field}: {brief}"), path, &body, &[(&format!("/{field}"), code)])
    };
    bad.into_iter().map(one).collect()
}

#[actix_web::test]
async fn an_adjustment_is_refused_for_each_field_that_is_wrong() {
    let story = told().await;
    let amount = usd("5.00");
    let sound = json!({"user_id": "u_ana", "amount": amount, "reason": "a gift", "reference": "ticket_1"});
    let mut cases = with_each(ADJUST, &sound, "user_id", bad_users());
    cases.extend(with_each(ADJUST, &sound, "reason", bad_reasons()));
    cases.extend(with_each(ADJUST, &sound, "reference", bad_tokens()));
    let signed = |amount: &Value| !matches!(amount.as_str(), Some("-1"));
    for (amount, code) in bad_amounts().into_iter().filter(|(amount, _)| signed(amount)) {
        let mut body = sound.clone();
        body["amount"]["amount"] = amount;
        cases.push(invalid(format!("adjust {body}"), ADJUST, &body, &[("/amount/amount", code)]));
    }
    let others = vec![
        (json!({"amount": "1.00", "currency": "EUR"}), "currency-mismatch"),
        (json!("5.00"), "wrong-type"),
        (json!(5), "wrong-type"),
        (Value::Null, "required"),
    ];
    cases.extend(with_each(ADJUST, &sound, "amount", others));
    let fields = ["user_id", "amount", "reason", "reference"].map(|name| (format!("/{name}"), "required"));
    let missing: Vec<_> = fields.iter().map(|(place, code)| (place.as_str(), *code)).collect();
    cases.push(case("nothing", Ask::post(ADJUST, &json!({})), 400, "invalid-body", &missing));
    cases.push(invalid("more", ADJUST, &more(&sound), &[("/approved", "unknown-field")]));
    cases.push(case("a list", Ask::post(ADJUST, &json!([])), 400, "invalid-body", &[("", "wrong-type")]));
    cases.push(case("no JSON", Ask::post(ADJUST, &sound).body("{"), 400, "invalid-json", &[]));
    see_refused(&story.app, &story.finance("u_fin"), cases).await;
}

fn more(sound: &Value) -> Value {
    let mut body = sound.clone();
    body["approved"] = json!(true);
    body
}

#[actix_web::test]
async fn a_retraction_and_a_decision_are_refused_for_a_bad_reason_or_note() {
    let story = told().await;
    let retract = format!("/api/admin/transactions/txn_{NOBODYS}/retract");
    let mut cases = with_each(&retract, &json!({"reason": "x"}), "reason", bad_reasons());
    cases.push(invalid("more", &retract, &more(&json!({"reason": "x"})), &[("/approved", "unknown-field")]));
    for step in ["approve", "reject"] {
        let path = format!("{ADJUST}/adj_{NOBODYS}/{step}");
        let notes = vec![
            (long(501), "too-long"),
            (json!("a\u{7}"), "control-character"),
            (json!("a\u{0}"), "nul-character"),
            (json!(1), "wrong-type"),
        ];
        cases.extend(with_each(&path, &json!({}), "note", notes));
        cases.push(invalid("more", &path, &more(&json!({})), &[("/approved", "unknown-field")]));
    }
    see_refused(&story.app, &story.finance("u_fin"), cases).await;
}

#[actix_web::test]
async fn an_id_in_a_path_that_is_none_is_not_found() {
    let story = told().await;
    let txn = |id: &str| format!("/api/admin/transactions/{id}/retract");
    let of_adjustments = |id: &str, step: &str| format!("{ADJUST}/{id}/{step}");
    let mut cases = Vec::new();
    for prefix in ["txn", "adj", "trf"] {
        let upper = format!("{prefix}_{}", NOBODYS.to_uppercase());
        let ids = [
            format!("{prefix}_{NOBODYS}"),
            upper,
            format!("{prefix}_{}", &NOBODYS[1..]),
            format!("{prefix}_"),
            "1".to_owned(),
            "%00".to_owned(),
            NOBODYS.to_owned(),
        ];
        for id in ids {
            let reason = json!({"reason": "x"});
            cases.push(case(&id, Ask::post(txn(&id), &reason), 404, "not-found", &[]));
            for step in ["approve", "reject"] {
                let ask = Ask::post(of_adjustments(&id, step), &json!({}));
                cases.push(case(&id, ask, 404, "not-found", &[]));
            }
            cases.push(case(&id, Ask::get(format!("{ADJUST}/{id}")), 404, "not-found", &[]));
            cases.push(case(&id, Ask::get(format!("{TRANSACTIONS}/{id}")), 404, "not-found", &[]));
        }
    }
    see_refused(&story.app, &story.finance("u_fin"), cases).await;
}

const OF_TRANSACTIONS: [(&str, (&str, &str)); 20] = [
    ("id=ref_1", ("id", "bad-format")),
    ("id=txn_1", ("id", "bad-format")),
    ("user_id=", ("user_id", "too-short")),
    ("user_id=%00", ("user_id", "nul-character")),
    ("type=bonus", ("type", "not-one-of")),
    ("type=", ("type", "not-one-of")),
    ("referral_id=x", ("referral_id", "bad-format")),
    ("reference=", ("reference", "too-short")),
    ("created_by=me", ("created_by", "not-one-of")),
    ("created_by=SYSTEM", ("created_by", "not-one-of")),
    ("from=yesterday", ("from", "date-format")),
    ("from=2026-02-30", ("from", "date-format")),
    ("from=2026-02-02&to=2026-02-01", ("to", "out-of-range")),
    ("min_amount=ten", ("min_amount", "money-format")),
    ("min_amount=1.234", ("min_amount", "money-digits")),
    ("max_amount=", ("max_amount", "money-format")),
    ("max_amount=1e9", ("max_amount", "money-format")),
    ("min_amount=1.00&min_amount=1.00", ("min_amount", "repeated")),
    ("amount=1", ("amount", "unknown-parameter")),
    ("cursor=AAAA", ("cursor", "bad-cursor")),
];

const OF_OTHERS: [(&str, &str, (&str, &str)); 26] = [
    (TRANSFERS, "account_id=x", ("account_id", "bad-format")),
    (TRANSFERS, "transaction_id=trf_1", ("transaction_id", "bad-format")),
    (TRANSFERS, "type=bonus", ("type", "not-one-of")),
    (TRANSFERS, "from=1", ("from", "date-format")),
    (TRANSFERS, "cursor=AAAA", ("cursor", "bad-cursor")),
    (TRANSFERS, "user_id=u_ana", ("user_id", "unknown-parameter")),
    ("/api/admin/ledger/trial-balance", "as_of=now", ("as_of", "time-format")),
    ("/api/admin/ledger/trial-balance", "as_of=2026-02-30", ("as_of", "time-format")),
    ("/api/admin/ledger/trial-balance", "at=2026-02-03", ("at", "unknown-parameter")),
    (ACCOUNTS, "as_of=2026-02-01", ("user_id", "required")),
    (ACCOUNTS, "user_id=u_ana&as_of=", ("as_of", "time-format")),
    (ACCOUNTS, "user_id=u_ana&all=1", ("all", "unknown-parameter")),
    (STATEMENT, "from=2026-01-01", ("user_id", "required")),
    (STATEMENT, "user_id=", ("user_id", "too-short")),
    (STATEMENT, "user_id=u_ana&from=2026-01-40", ("from", "date-format")),
    (STATEMENT, "user_id=u_ana&from=2026-01-02&to=2026-01-01", ("to", "out-of-range")),
    (STATEMENT, "user_id=u_ana&limit=5", ("limit", "unknown-parameter")),
    (JOURNAL, "from=x", ("from", "date-format")),
    (JOURNAL, "from=2026-01-02&to=2026-01-01", ("to", "out-of-range")),
    (JOURNAL, "format=xls", ("format", "not-one-of")),
    (OWN, "from=x", ("from", "date-format")),
    (OWN, "format=pdf", ("format", "unknown-parameter")),
    (OWN, "proof=yes", ("proof", "not-one-of")),
    (OWN, "verbose=1", ("verbose", "unknown-parameter")),
    (ADJUST, "status=open", ("status", "not-one-of")),
    (ADJUST, "user=u_ana", ("user", "unknown-parameter")),
];

#[actix_web::test]
async fn every_bad_parameter_about_the_books_is_named() {
    let story = told().await;
    let mut cases: Vec<_> =
        OF_TRANSACTIONS.into_iter().map(|(text, fault)| query(TRANSACTIONS, text, fault)).collect();
    cases.extend(OF_OTHERS.into_iter().map(|(path, text, fault)| query(path, text, fault)));
    for path in [TRANSACTIONS, TRANSFERS, ADJUST] {
        for limit in ["0", "101", "-1", "ten", ""] {
            cases.push(query(path, &format!("limit={limit}"), ("limit", "out-of-range")));
        }
    }
    let one = format!("{TRANSACTIONS}/txn_{NOBODYS}");
    cases.push(query(&one, "verbose=1", ("verbose", "unknown-parameter")));
    see_refused(&story.app, &story.finance("u_fin"), cases).await;
}

#[actix_web::test]
async fn a_cursor_of_the_books_continues_the_list_of_its_filters_alone() {
    let story = told().await;
    story.redeem("u_ben", "1.00", "bill_1").await.json(201);
    let fin = story.finance("u_fin");
    let one = fin.get(&format!("{TRANSACTIONS}?limit=1")).await.json(200);
    let cursor = one["next_cursor"].as_str().expect("there is more");
    let id = one["items"][0]["transaction"]["id"].as_str().expect("an id");
    for filters in [
        format!("id={id}"),
        "user_id=u_ben".to_owned(),
        "type=referral_bonus".to_owned(),
        "reference=bill_1".to_owned(),
        "created_by=user".to_owned(),
        "from=2026-01-01".to_owned(),
        "min_amount=1.00".to_owned(),
        "max_amount=1.00".to_owned(),
    ] {
        let reply = fin.get(&format!("{TRANSACTIONS}?{filters}&cursor={cursor}")).await;
        assert_eq!(reply.refusal(), (400, "cursor-mismatch".to_owned()), "{filters}");
    }
    let transfers = fin.get(&format!("{TRANSFERS}?cursor={cursor}")).await;
    assert_eq!(transfers.refusal(), (400, "cursor-mismatch".to_owned()), "another list");
    let other = story.finance("u_eve").get(&format!("{TRANSACTIONS}?cursor={cursor}")).await;
    assert_eq!(other.refusal(), (400, "cursor-mismatch".to_owned()), "another caller");
    assert_eq!(fin.get(&format!("{TRANSACTIONS}?limit=2&cursor={cursor}")).await.status, 200);
}
