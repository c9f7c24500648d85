//! Payouts from the first request to the bank's word, as a host's people do it, and what they are told on the way.

use referral_domain::time::DAY;
use serde_json::{Value, json};

use super::paying::{HEADER, external};
use super::{Ask, Story, usd};

pub(super) fn list<'a>(value: &'a Value, of: &str) -> Vec<&'a str> {
    let items = value.as_array().expect("a list");
    items.iter().map(|item| item[of].as_str().expect("text")).collect()
}

#[actix_web::test]
async fn a_payout_run_from_the_first_request_to_the_banks_word() {
    let story = Story::told().await;
    story.affiliates(&["u_eve", "u_fay"]).await;
    let eve = story.app.user("u_eve");
    let before = eve.get("/api/affiliate/payouts").await.json(200);
    assert_eq!(before["summary"]["payable"], usd("25.00"));
    assert_eq!(
        (&before["summary"]["missing"], &before["summary"]["open_payout_id"]),
        (&usd("0.00"), &Value::Null)
    );
    let (one, two) = (story.approved("u_eve").await, story.approved("u_fay").await);
    let fin = story.finance("u_fin");
    let body = json!({"method": "external"});
    let preview = fin.post("/api/admin/payout-batches/preview", body.clone()).await.json(200);
    assert_eq!((&preview["count"], &preview["total"]), (&json!(2), &usd("50.00")));
    let built = fin.post("/api/admin/payout-batches", body.clone()).await.json(201);
    let batch = built["id"].as_str().expect("an id").to_owned();
    assert_eq!((&built["made_by"], &built["total"]), (&json!("u_fin"), &usd("50.00")));
    fin.post("/api/admin/payout-batches", body).await.refused(409, "payout-state");
    let sealed = story.moved(&batch, "seal", "u_fin").await;
    assert_eq!(sealed["manifest_sha256"].as_str().map(str::len), Some(64));
    let path = |step: &str| format!("/api/admin/payout-batches/{batch}/{step}");
    fin.post(&path("approve"), json!({})).await.refused(403, "second-person-required");
    fin.get(&path("export?format=csv")).await.refused(409, "batch-state");
    assert_eq!(story.moved(&batch, "approve", "u_bob").await["approved_by"], "u_bob");
    fin.get(&path("export?format=sepa")).await.refused(409, "batch-state");
    fin.get(&path("export?format=xls")).await.refused(400, "invalid-query");
    let (first, second) =
        (fin.get(&path("export?format=csv")).await, fin.get(&path("export?format=csv")).await);
    assert_eq!((first.status, &first.body), (200, &second.body), "the same bytes each time");
    assert!(first.body.contains(&one) && first.body.contains("account:u_fay"));
    fin.post(&path("discard"), json!({})).await.refused(409, "batch-state");
    let file = format!("{HEADER}\n{one},25.00,USD,paid,\n{two},24.99,USD,paid,\n");
    let settle = Ask::post(path("settle"), &json!({})).csv(file);
    let settled = fin.ask(&settle).await.json(200);
    assert_eq!((&settled["settled"], &settled["status"]), (&json!(1), &json!("exported")));
    assert_eq!(list(&settled["exceptions"], "code"), ["amount-mismatch"]);
    let again = fin.ask(&settle).await.json(200);
    assert_eq!((&again["settled"], &again["unchanged"]), (&json!(0), &json!(1)));
    let rest = Ask::post(path("settle"), &json!({}))
        .csv(format!("{HEADER}\n{two},25.00,USD,failed,account closed\n"));
    assert_eq!(fin.ask(&rest).await.json(200)["status"], "settled");
    let paid = eve.get(&format!("/api/affiliate/payouts/{one}")).await.json(200);
    assert_eq!(list(&paid["timeline"], "status"), ["requested", "approved", "batched", "sent", "paid"]);
    let failed = story.app.user("u_fay").get(&format!("/api/affiliate/payouts/{two}")).await.json(200);
    assert_eq!(failed["failure"], json!({"code": "not-paid", "message": "account closed"}));
    assert_eq!(
        (story.available("u_eve").await, story.available("u_fay").await),
        ("0.00".into(), "25.00".into())
    );
    let audit =
        story.app.user_with("u_boss", json!({"role": "admin"})).get("/api/admin/audit").await.json(200);
    let actions = list(&audit["items"], "action");
    for action in
        ["payout.request", "payout.approve", "payout-batch.build", "payout-batch.seal", "payout-batch.settle"]
    {
        assert!(actions.contains(&action), "{action} is in the audit log");
    }
    assert!(!audit.to_string().contains("account:"), "it names no account");
}

#[actix_web::test]
async fn a_batch_says_what_was_left_out_when_it_was_built() {
    let story = Story::told().await;
    story.affiliates(&["u_eve", "u_fay"]).await;
    let (one, two) = (story.approved("u_eve").await, story.requested("u_fay").await);
    let fin = story.finance("u_fin");
    let body = json!({"method": "external", "payout_ids": [one, two]});
    let batch = fin.post("/api/admin/payout-batches", body).await.json(201);
    assert_eq!(
        (&batch["status"], &batch["count"], &batch["approved_by"]),
        (&json!("draft"), &json!(1), &Value::Null)
    );
    let path = format!("/api/admin/payout-batches/{}", batch["id"].as_str().expect("an id"));
    let told = fin.get(&path).await.json(200);
    for (name, value) in batch.as_object().expect("a batch") {
        assert_eq!(told[name], *value, "{name} is told as when it was built");
    }
    assert_eq!(list(&told["payouts"], "id"), [one.as_str()]);
    assert_eq!(told["left_out"], json!([{"payout_id": two, "code": "not-approved"}]));
    assert_eq!(
        story.moved(batch["id"].as_str().expect("an id"), "discard", "u_bob").await["status"],
        "discarded"
    );
    assert_eq!(fin.get(&path).await.json(200)["left_out"], told["left_out"], "also once it was given up");
}

#[actix_web::test]
async fn who_is_not_verified_is_left_out_and_holds_back_what_was_built_before() {
    let story = Story::told().await;
    story.affiliates(&["u_eve", "u_fay"]).await;
    let (one, two) = (story.approved("u_eve").await, story.approved("u_fay").await);
    let fin = story.finance("u_fin");
    let batch = story.drafted(&two).await;
    let lost = |user: &str| json!({"user_id": user, "verified": false});
    story.host.post("/api/events/email-verified", lost("u_fay")).await.json(200);
    story.agreed(&batch).await;
    let export = format!("/api/admin/payout-batches/{batch}/export?format=csv");
    let refused = fin.get(&export).await.json(409);
    let detail = refused["detail"].as_str().expect("a detail");
    assert!(
        detail.contains(&two) && detail.contains("discard the batch") && refused["code"] == "batch-state",
        "{refused}"
    );
    story.moved(&batch, "discard", "u_bob").await;
    let body = json!({"method": "external"});
    let left_out = json!([{"payout_id": two, "code": "email-not-verified"}]);
    let preview = fin.post("/api/admin/payout-batches/preview", body.clone()).await.json(200);
    assert_eq!((&preview["count"], &preview["left_out"]), (&json!(1), &left_out));
    let built = fin.post("/api/admin/payout-batches", body).await.json(201);
    let told = fin.get(&format!("/api/admin/payout-batches/{}", built["id"].as_str().expect("an id"))).await;
    let told = told.json(200);
    assert_eq!((list(&told["payouts"], "id"), &told["left_out"]), (vec![one.as_str()], &left_out));
    let waiting = story.app.user("u_fay").get(&format!("/api/affiliate/payouts/{two}")).await.json(200);
    assert_eq!(waiting["status"], "approved");
}

#[actix_web::test]
async fn each_refusal_of_a_request_has_its_code() {
    let story = Story::told().await;
    let eve = story.app.user("u_eve");
    eve.post("/api/affiliate/payouts", json!({})).await.refused(422, "payout-method-missing");
    let set = Ask::put("/api/affiliate/payout-method", &external("u_eve"));
    let method = eve.ask(&set).await.json(200);
    assert_eq!(method["label"], "**** _eve");
    let young = eve.post("/api/affiliate/payouts", json!({})).await;
    assert!(young.body.contains("can be used from"), "it says which: {}", young.body);
    story.app.wait(3 * DAY);
    story.app.user("u_eve").post("/api/affiliate/payouts", json!({})).await.refused(422, "below-minimum");
    story.affiliates(&["u_fay"]).await;
    let fay = story.app.user("u_fay");
    let more = json!({"amount": usd("25.01")});
    fay.post("/api/affiliate/payouts", more).await.refused(422, "insufficient-balance");
    let id = story.requested("u_fay").await;
    fay.post("/api/affiliate/payouts", json!({})).await.refused(422, "payout-open");
    let cancel = format!("/api/affiliate/payouts/{id}/cancel");
    story.app.user("u_eve").post(&cancel, json!({})).await.refused(404, "not-found");
    story.app.user("u_eve").get(&format!("/api/affiliate/payouts/{id}")).await.refused(404, "not-found");
    assert_eq!(fay.post(&cancel, json!({})).await.json(200)["cancelled_by"], "user");
    fay.post("/api/affiliate/payouts", json!({})).await.json(201);
    fay.post("/api/affiliate/payouts", json!({})).await.refused(422, "payout-open");
    let sixth = fay.post("/api/affiliate/payouts", json!({})).await;
    assert_eq!(sixth.refusal(), (429, "too-many-requests".to_owned()), "five an hour");
}

#[actix_web::test]
async fn a_method_is_read_strictly_and_told_where_it_is_wrong() {
    let story = Story::begin().await;
    let eve = story.app.user("u_eve");
    for (body, pointer) in [
        (json!({"kind": "sepa", "name": "Eve", "iban": "DE88370400440532013000"}), "/iban"),
        (json!({"kind": "sepa", "name": "Eve", "iban": "DE89370400440532013000", "bic": "X"}), "/bic"),
        (json!({"kind": "paypal", "email": "nobody"}), "/email"),
        (json!({"kind": "paypal", "email": "=1@example.com"}), "/email"),
        (json!({"kind": "paypal", "email": "e@example.com", "iban": "x"}), "/iban"),
        (json!({"kind": "external", "reference": " x"}), "/reference"),
        (json!({"kind": "external", "reference": "account of eve"}), "/reference"),
        (json!({"kind": "external", "reference": "\u{202e}x"}), "/reference"),
        (json!({"kind": "external", "reference": "x".repeat(129)}), "/reference"),
        (json!({"kind": "cash"}), "/kind"),
        (json!({}), "/kind"),
    ] {
        let refused = eve.ask(&Ask::put("/api/affiliate/payout-method", &body)).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert_eq!(refused.faults().into_iter().map(|(at, _)| at).collect::<Vec<_>>(), [pointer], "{body}");
    }
    let body = json!({"kind": "sepa", "name": "Eve", "iban": "DE89 3704 0044 0532 0130 00"});
    let set = eve.ask(&Ask::put("/api/affiliate/payout-method", &body)).await.json(200);
    assert_eq!((&set["kind"], &set["label"]), (&json!("sepa"), &json!("DE** **** 3000")));
    assert!(!story.app.stored().contains("0532013000"), "nothing of the account is stored in the clear");
}

#[actix_web::test]
async fn a_settlement_that_is_no_such_file_is_refused_whole() {
    let story = Story::told().await;
    story.affiliates(&["u_eve"]).await;
    let payout = story.approved("u_eve").await;
    let batch = story.exported(&payout).await;
    let (fin, path) = (story.finance("u_fin"), format!("/api/admin/payout-batches/{batch}/settle"));
    let stored = story.app.stored();
    let json = Ask::post(path.clone(), &json!({}));
    assert_eq!(fin.ask(&json).await.refusal(), (415, "unsupported-media-type".to_owned()));
    for file in ["", "payout_id,amount\n", "a,b,c,d,e\n", &format!("{payout},25.00,USD,paid,\n")] {
        let refused = fin.ask(&Ask::post(path.clone(), &json!({})).csv(file.to_owned())).await;
        assert_eq!(refused.refusal(), (400, "invalid-body".to_owned()), "{file:?}");
    }
    let file = format!("{HEADER}\r\n{payout},25.00,USD,paid,,more\r\n");
    let told = fin.ask(&Ask::post(path, &json!({})).csv(file)).await.json(200);
    assert_eq!(list(&told["exceptions"], "code"), ["malformed-row"]);
    assert_eq!(stored, story.app.stored(), "nothing changed");
}
