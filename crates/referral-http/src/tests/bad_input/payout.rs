//! Payouts and their batches: of users, and of whoever pays.

use serde_json::{Value, json};

use super::query::query;
use super::value::{long, of_money};
use super::{Case, case, invalid, see_refused, told};
use crate::tests::Ask;

const OWN: &str = "/api/affiliate/payouts";
const PAYOUTS: &str = "/api/admin/payouts";
const BATCHES: &str = "/api/admin/payout-batches";
const NOBODYS: &str = "018f2b7c-0000-7000-8000-000000000000";

#[actix_web::test]
async fn a_request_for_a_payout_is_refused_for_each_field_that_is_wrong() {
    let story = told().await;
    let mut cases = of_money(OWN, &json!({}));
    let other = json!({"amount": {"amount": "25.00", "currency": "EUR"}});
    cases.push(invalid("EUR", OWN, &other, &[("/amount", "currency-mismatch")]));
    cases.push(invalid("more", OWN, &json!({"method": "paypal"}), &[("/method", "unknown-field")]));
    cases.push(case("a list", Ask::post(OWN, &json!([])), 400, "invalid-body", &[("", "wrong-type")]));
    cases.push(case("no JSON", Ask::post(OWN, &json!({})).body("{"), 400, "invalid-json", &[]));
    let keyed = Ask::post(OWN, &json!({})).header("idempotency-key", "a b");
    cases.push(case("a bad key", keyed, 400, "invalid-query", &[("Idempotency-Key", "bad-format")]));
    see_refused(&story.app, &story.app.user("u_ana"), cases).await;
}

/// What a batch is not built of, and its preview is not made of.
fn bad_batches() -> Vec<(Value, &'static str, &'static str)> {
    let id = format!("pay_{NOBODYS}");
    vec![
        (json!({}), "/method", "required"),
        (json!({"method": null}), "/method", "required"),
        (json!({"method": "cash"}), "/method", "not-one-of"),
        (json!({"method": "PAYPAL"}), "/method", "not-one-of"),
        (json!({"method": ""}), "/method", "not-one-of"),
        (json!({"method": 1}), "/method", "wrong-type"),
        (json!({"method": "sepa", "payout_ids": []}), "/payout_ids", "too-few-items"),
        (json!({"method": "sepa", "payout_ids": vec![id.clone(); 1001]}), "/payout_ids", "too-many-items"),
        (json!({"method": "sepa", "payout_ids": id}), "/payout_ids", "wrong-type"),
        (json!({"method": "sepa", "payout_ids": [1]}), "/payout_ids/0", "wrong-type"),
        (json!({"method": "sepa", "payout_ids": [id, "pay_1"]}), "/payout_ids/1", "bad-format"),
        (json!({"method": "sepa", "payout_ids": [format!("bat_{NOBODYS}")]}), "/payout_ids/0", "bad-format"),
        (json!({"method": "sepa", "payout_ids": [null]}), "/payout_ids/0", "wrong-type"),
        (json!({"method": "sepa", "ids": []}), "/ids", "unknown-field"),
    ]
}

#[actix_web::test]
async fn a_batch_is_refused_for_each_field_that_is_wrong() {
    let story = told().await;
    let mut cases = Vec::new();
    for path in [BATCHES.to_owned(), format!("{BATCHES}/preview")] {
        for (body, at, code) in bad_batches() {
            let brief: String = body.to_string().chars().take(60).collect();
            cases.push(invalid(format!("{path}: {brief}"), &path, &body, &[(at, code)]));
        }
        cases.push(case(&path, Ask::post(&path, &json!([])), 400, "invalid-body", &[("", "wrong-type")]));
        cases.push(case(&path, Ask::post(&path, &json!({})).body("{"), 400, "invalid-json", &[]));
    }
    let reject = format!("{PAYOUTS}/pay_{NOBODYS}/reject");
    let reasons = [
        (long(501), "too-long"),
        (json!("a\nb"), "control-character"),
        (json!("a\u{0}"), "nul-character"),
        (json!(1), "wrong-type"),
    ];
    for (reason, code) in reasons {
        let brief: String = reason.to_string().chars().take(20).collect();
        let body = json!({ "reason": reason });
        cases.push(invalid(format!("reject: {brief}"), &reject, &body, &[("/reason", code)]));
    }
    cases.push(invalid("more", &reject, &json!({"note": "x"}), &[("/note", "unknown-field")]));
    see_refused(&story.app, &story.finance("u_fin"), cases).await;
}

/// Every step of a payout or a batch with an id that is none.
fn with_id(id: &str) -> Vec<Ask> {
    let steps = ["seal", "approve", "discard"].map(|step| format!("{BATCHES}/{id}/{step}"));
    let more = ["approve", "reject"].map(|step| format!("{PAYOUTS}/{id}/{step}"));
    let posts = steps.into_iter().chain(more).map(|path| Ask::post(path, &json!({})));
    let file = Ask::post(format!("{BATCHES}/{id}/settle"), &json!({}))
        .csv("payout_id,amount,currency,status,failure\n".to_owned());
    let gets = [format!("{BATCHES}/{id}"), format!("{BATCHES}/{id}/export?format=csv")].map(Ask::get);
    posts.chain([file]).chain(gets).collect()
}

#[actix_web::test]
async fn an_id_of_a_payout_or_a_batch_that_is_none_is_not_found() {
    let story = told().await;
    let upper = NOBODYS.to_uppercase();
    let mut ids: Vec<String> = ["1", "%00", "pay_", "bat_", NOBODYS].map(str::to_owned).into();
    for prefix in ["pay", "bat", "txn"] {
        ids.extend([NOBODYS, &upper, &NOBODYS[1..]].map(|id| format!("{prefix}_{id}")));
    }
    let (mut cases, mut own): (Vec<Case>, Vec<Case>) = (Vec::new(), Vec::new());
    for id in &ids {
        cases.extend(
            with_id(id).into_iter().map(|ask| case(ask.path().to_owned(), ask, 404, "not-found", &[])),
        );
        own.push(case(id, Ask::get(format!("{OWN}/{id}")), 404, "not-found", &[]));
        own.push(case(id, Ask::post(format!("{OWN}/{id}/cancel"), &json!({})), 404, "not-found", &[]));
    }
    see_refused(&story.app, &story.finance("u_fin"), cases).await;
    see_refused(&story.app, &story.app.user("u_ana"), own).await;
}

#[actix_web::test]
async fn every_bad_parameter_about_payouts_is_named() {
    let story = told().await;
    let of_lists = [
        ("limit=0", ("limit", "out-of-range")),
        ("limit=101", ("limit", "out-of-range")),
        ("limit=x", ("limit", "out-of-range")),
        ("status=done", ("status", "not-one-of")),
        ("status=", ("status", "not-one-of")),
        ("status=PAID", ("status", "not-one-of")),
        ("cursor=AAAA", ("cursor", "bad-cursor")),
        ("cursor=", ("cursor", "bad-cursor")),
        ("sort=amount", ("sort", "unknown-parameter")),
    ];
    let mut cases = Vec::new();
    for path in [PAYOUTS, BATCHES] {
        cases.extend(of_lists.map(|(text, fault)| query(path, text, fault)));
    }
    let export = format!("{BATCHES}/bat_{NOBODYS}/export");
    cases.push(query(&export, "format=xls", ("format", "not-one-of")));
    cases.push(query(&export, "format=", ("format", "not-one-of")));
    cases.push(query(&export, "format=csv&format=csv", ("format", "repeated")));
    cases.push(query(&export, "format=csv&page=1", ("page", "unknown-parameter")));
    cases.push(case("no format", Ask::get(&export), 400, "invalid-query", &[("format", "required")]));
    let steps = [
        format!("{PAYOUTS}/pay_{NOBODYS}/approve?force=1"),
        format!("{PAYOUTS}/pay_{NOBODYS}/reject?force=1"),
        format!("{BATCHES}?force=1"),
        format!("{BATCHES}/preview?force=1"),
        format!("{BATCHES}/bat_{NOBODYS}/seal?force=1"),
        format!("{BATCHES}/bat_{NOBODYS}/approve?force=1"),
        format!("{BATCHES}/bat_{NOBODYS}/discard?force=1"),
    ];
    for path in steps {
        let ask = Ask::post(&path, &json!({"method": "sepa"}));
        cases.push(case(path, ask, 400, "invalid-query", &[("force", "unknown-parameter")]));
    }
    see_refused(&story.app, &story.finance("u_fin"), cases).await;
    let own = of_lists.map(|(text, fault)| query(OWN, text, fault));
    see_refused(&story.app, &story.app.user("u_ana"), own.into()).await;
}
