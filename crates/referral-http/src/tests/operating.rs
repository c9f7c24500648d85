//! Money in the hands of operators: adjustments, retractions, and the books they are found in.

use serde_json::{Value, json};

use super::{Reply, Speaker, Story, usd};

fn finance(story: &Story, name: &str) -> Speaker {
    story.app.user_with(name, json!({"role": "finance"}))
}

async fn adjust(speaker: &Speaker, user: &str, amount: &str, reference: &str) -> Reply {
    let body = json!({"user_id": user, "amount": usd(amount), "reason": "Sorry", "reference": reference});
    speaker.post("/api/admin/adjustments", body).await
}

async fn balance(story: &Story, user: &str) -> [String; 2] {
    let balance = story.app.user(user).get("/api/credits/balance").await.json(200);
    ["available", "owed"].map(|part| balance[part]["amount"].as_str().expect("an amount").to_owned())
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[actix_web::test]
async fn an_adjustment_within_the_limit_is_posted_at_once_and_once() {
    let story = Story::told().await;
    let finn = finance(&story, "u_finn");
    let made = adjust(&finn, "u_ben", "5.00", "sorry:1").await.json(201);
    assert_eq!(
        (&made["status"], &made["transaction"]["type"]),
        (&json!("posted"), &json!("manual_adjustment"))
    );
    assert_eq!((&made["requested_by"]["id"], &made["approved_by"]), (&json!("u_finn"), &Value::Null));
    assert_eq!(adjust(&finn, "u_ben", "5.00", "sorry:1").await.json(200), made);
    adjust(&finn, "u_ben", "6.00", "sorry:1").await.refused(409, "adjustment-conflict");
    adjust(&finn, "u_ben", "-99.00", "sorry:2").await.refused(422, "insufficient-balance");
    adjust(&finn, "u_nobody", "1.00", "sorry:3").await.refused(422, "user-unknown");
    let taken = adjust(&finn, "u_ben", "-15.00", "sorry:4").await.json(201);
    assert_eq!(taken["amount"]["amount"], "-15.00");
    assert_eq!(balance(&story, "u_ben").await, ["0.00", "0.00"]);
    let listed = finn.get("/api/admin/adjustments").await.json(200);
    assert_eq!(listed["items"], json!([taken, made]));
}

#[actix_web::test]
async fn beyond_the_limit_a_second_person_decides() {
    let story = Story::told().await;
    let (finn, ada) = (finance(&story, "u_finn"), finance(&story, "u_ada"));
    let waiting = adjust(&finn, "u_ben", "100.01", "big:1").await.json(201);
    assert_eq!((&waiting["status"], &waiting["transaction"]), (&json!("waiting"), &Value::Null));
    assert_eq!(balance(&story, "u_ben").await, ["10.00", "0.00"]);
    let path = |what: &str| format!("/api/admin/adjustments/{}/{what}", text(&waiting["id"]));
    for what in ["approve", "reject"] {
        finn.post(&path(what), json!({})).await.refused(403, "second-person-required");
    }
    let posted = ada.post(&path("approve"), json!({"note": "Agreed"})).await.json(200);
    assert_eq!((&posted["status"], &posted["approved_by"]["id"]), (&json!("posted"), &json!("u_ada")));
    assert_eq!(balance(&story, "u_ben").await, ["110.01", "0.00"]);
    assert_eq!(ada.post(&path("approve"), json!({})).await.json(200), posted, "once");
    ada.post(&path("reject"), json!({})).await.refused(409, "adjustment-state");
    finance(&story, "u_eve").post(&path("approve"), json!({})).await.refused(409, "adjustment-state");
    let audit = ada.get("/api/admin/audit?action=adjustment.approve").await.json(200);
    assert_eq!(audit["items"][0]["actor"], json!({"kind": "staff", "id": "u_ada"}));
    assert_eq!(audit["items"][0]["after"]["status"], "posted");
    ada.post("/api/admin/adjustments/adj_1/approve", json!({})).await.refused(404, "not-found");
}

/// Used, then retracted beyond what is left: the rest is owed, the next credit repays it first, nothing is negative, and
/// the history adds up line by line.
#[actix_web::test]
async fn what_was_used_and_is_retracted_is_owed_and_repaid_first() {
    let story = Story::told().await;
    let finn = finance(&story, "u_finn");
    let given = adjust(&finn, "u_ben", "20.00", "gift:1").await.json(201);
    story.redeem("u_ben", "25.00", "bill_7").await.json(201);
    assert_eq!(balance(&story, "u_ben").await, ["5.00", "0.00"]);
    let path = format!("/api/admin/transactions/{}/retract", text(&given["transaction"]["id"]));
    let reason = json!({"reason": "Not ours to give"});
    let retracted = finn.post(&path, reason.clone()).await.json(201);
    assert_eq!(retracted["transaction"]["reverses"], given["transaction"]["id"]);
    assert_eq!(balance(&story, "u_ben").await, ["0.00", "15.00"]);
    assert_eq!(finn.post(&path, reason).await.json(200), retracted, "once");
    finn.post(&path, json!({"reason": "Again"})).await.refused(409, "already-retracted");
    adjust(&finn, "u_ben", "10.00", "gift:2").await.json(201);
    assert_eq!(balance(&story, "u_ben").await, ["0.00", "5.00"]);
    adjust(&finn, "u_ben", "8.00", "gift:3").await.json(201);
    assert_eq!(balance(&story, "u_ben").await, ["3.00", "0.00"]);
    let walked = walk(&story, "u_ben").await;
    assert_eq!(walked, 6);
    trial(&finn).await;
}

/// Walks the whole history and the statement of a user: each line begins where the one before ended.
async fn walk(story: &Story, user: &str) -> usize {
    let history = story.app.user(user).get("/api/credits/history?limit=100").await.json(200);
    let mut lines = history["items"].as_array().expect("a list").clone();
    lines.reverse();
    let cents = |value: &Value| text(&value["amount"]).replace('.', "").parse::<i64>().expect("an amount");
    let (mut available, mut owed) = (0, 0);
    for line in &lines {
        assert_eq!(cents(&line["balance_before"]), available, "{line}");
        available += cents(&line["amount"]);
        owed += cents(&line["changes"]["owed"]);
        assert_eq!(cents(&line["balance_after"]), available, "{line}");
        assert!(available >= 0 && owed >= 0 && (available == 0 || owed == 0), "{line}");
    }
    let statement = story.app.user(user).get("/api/credits/statement").await.json(200);
    assert_eq!(statement["lines"], json!(lines));
    assert_eq!(cents(&statement["opening"]["available"]), 0);
    let closing = [cents(&statement["closing"]["available"]), cents(&statement["closing"]["owed"])];
    assert_eq!(closing, [available, owed]);
    lines.len()
}

/// The trial balance; its columns are equal.
async fn trial(speaker: &Speaker) -> Value {
    let trial = speaker.get("/api/admin/ledger/trial-balance").await.json(200);
    assert_eq!(trial["total"]["debits"], trial["total"]["credits"]);
    assert_eq!(trial["total"]["balance"]["amount"], "0.00");
    trial
}

#[actix_web::test]
async fn a_redemption_that_is_retracted_is_reversed_and_no_more() {
    let story = Story::told().await;
    let finn = finance(&story, "u_finn");
    let redeemed = story.redeem("u_ben", "8.00", "bill_7").await.json(201);
    let reverse = format!("/api/credits/redemptions/{}/reverse", text(&redeemed["redemption_id"]));
    story.host.post(&reverse, json!({"reference": "b:1", "amount": usd("3.00")})).await.json(201);
    let path = format!("/api/admin/transactions/{}/retract", text(&redeemed["transaction"]["id"]));
    let retracted = finn.post(&path, json!({"reason": "Wrong invoice"})).await.json(201);
    assert_eq!(retracted["transaction"]["amount"]["amount"], "5.00");
    assert_eq!(balance(&story, "u_ben").await, ["10.00", "0.00"]);
    story.host.post(&reverse, json!({"reference": "b:2"})).await.refused(422, "over-reversal");
    let taken = text(&adjust(&finn, "u_ben", "-4.00", "oops").await.json(201)["transaction"]["id"]);
    let path = format!("/api/admin/transactions/{taken}/retract");
    finn.post(&path, json!({"reason": "Was right"})).await.json(201);
    assert_eq!(balance(&story, "u_ben").await, ["10.00", "0.00"]);
}

/// The path that retracts the newest transaction of a user.
async fn newest(story: &Story, user: &str) -> String {
    let items = story.app.user(user).get("/api/credits/history").await.json(200)["items"].clone();
    format!("/api/admin/transactions/{}/retract", text(&items[0]["id"]))
}

/// Used, then taken back: the rest is owed, the next event grants nothing, and whoever asks is told why.
#[actix_web::test]
async fn a_reward_that_is_retracted_is_owed_and_never_granted_again() {
    let story = Story::told().await;
    let finn = finance(&story, "u_finn");
    let path = newest(&story, "u_ana").await;
    story.redeem("u_ana", "20.00", "bill_7").await.json(201);
    let reason = json!({"reason": "Same household"});
    let retracted = finn.post(&path, reason.clone()).await.json(201);
    let transaction = &retracted["transaction"];
    assert_eq!(
        (&transaction["type"], &transaction["description"], &transaction["created_by"]),
        (&json!("credit_retraction"), &json!("Same household"), &json!("operator"))
    );
    assert_eq!(balance(&story, "u_ana").await, ["0.00", "20.00"]);
    assert_eq!(finn.post(&path, reason).await.json(200), retracted, "once");
    finn.post(&path, json!({"reason": "Else"})).await.refused(409, "already-retracted");
    let again = newest(&story, "u_ana").await;
    finn.post(&again, json!({"reason": "Undo"})).await.refused(422, "not-retractable");
    let told = story.spend("inv_later", "u_ben", "60.00").await;
    assert_eq!(told["reward"], Value::Null, "{told}");
    assert_eq!(balance(&story, "u_ana").await, ["0.00", "20.00"]);
    let why = story.host.get("/api/events/inv_later/explain").await.json(200);
    assert_eq!(why["first_reason_why_not"], "not-withdrawn", "{why}");
    let audit = finn.get("/api/admin/audit?action=transaction.retract").await.json(200);
    assert_eq!(audit["items"][0]["after"]["retracted_by"], transaction["id"]);
    trial(&finn).await;
}

#[actix_web::test]
async fn a_welcome_credit_is_retracted_and_what_takes_back_is_not() {
    let story = Story::told().await;
    let finn = finance(&story, "u_finn");
    let path = newest(&story, "u_ben").await;
    let retracted = finn.post(&path, json!({"reason": "Came twice"})).await.json(201);
    assert_eq!(retracted["user_id"], "u_ben");
    assert_eq!(balance(&story, "u_ben").await, ["0.00", "0.00"]);
    let listed = finn.get("/api/admin/referrals?referred_id=u_ben").await.json(200);
    assert_eq!(listed["items"][0]["welcome_credit"]["status"], "retracted", "{listed}");
    let path = newest(&story, "u_ben").await;
    let reply = finn.post(&path, json!({"reason": "No"})).await;
    assert_eq!(reply.refusal(), (422, "not-retractable".to_owned()), "{}", reply.body);
    let unknown = "/api/admin/transactions/txn_018f2b7c-0000-7000-8000-000000000001/retract";
    finn.post(unknown, json!({"reason": "No"})).await.refused(404, "not-found");
}

#[actix_web::test]
async fn the_books_are_searched_and_come_to_zero() {
    let story = Story::told().await;
    let (ada, finn) = (story.app.user_with("u_ada", json!({"role": "operator"})), finance(&story, "u_finn"));
    story.redeem("u_ana", "5.00", "bill_7").await.json(201);
    adjust(&finn, "u_ben", "1.00", "gift:1").await.json(201);
    let trial = trial(&ada).await;
    let row = |name: &str| {
        let rows = trial["accounts"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["account"] == name).expect(name);
        text(&row["balance"]["amount"])
    };
    assert_eq!(
        ["available", "reward_expense", "welcome_expense", "redemption", "adjustment"].map(row),
        ["31.00", "-25.00", "-10.00", "5.00", "-1.00"]
    );
    for (query, expected) in [
        ("", 4),
        ("?user_id=u_ana", 2),
        ("?user_id=u_nobody", 0),
        ("?type=manual_adjustment", 1),
        ("?reference=bill_7", 1),
        ("?created_by=operator", 1),
        ("?min_amount=10.00", 2),
        ("?max_amount=-0.01", 1),
        ("?from=2026-01-31&to=2026-01-31", 4),
        ("?to=2026-01-30", 0),
    ] {
        let found = ada.get(&format!("/api/admin/ledger/transactions{query}")).await.json(200);
        assert_eq!(found["items"].as_array().map(Vec::len), Some(expected), "{query}");
    }
    let newest = ada.get("/api/admin/ledger/transactions?limit=1").await.json(200);
    let id = text(&newest["items"][0]["transaction"]["id"]);
    let detail = ada.get(&format!("/api/admin/ledger/transactions/{id}")).await.json(200);
    assert_eq!(detail["transfers"][0]["debit"], json!({"id": null, "name": "adjustment"}));
    assert_eq!(detail["entries"][0]["balance_after"]["amount"], "11.00");
    let account = text(&detail["entries"][0]["account_id"]);
    let on_it = ada.get(&format!("/api/admin/ledger/transfers?account_id={account}")).await.json(200);
    assert_eq!(on_it["items"].as_array().map(Vec::len), Some(2));
    let accounts = ada.get("/api/admin/ledger/accounts?user_id=u_ben&as_of=2026-01-30").await.json(200);
    assert_eq!(
        (&accounts["items"][0]["balance"]["amount"], &accounts["balances"]["available"]["amount"]),
        (&json!("11.00"), &json!("0.00"))
    );
}

#[actix_web::test]
async fn the_journal_is_balanced_and_inert() {
    let story = Story::told().await;
    let finn = finance(&story, "u_finn");
    let body = json!({"user_id": "u_ben", "amount": usd("1.00"), "reason": "=1+1", "reference": "gift:1"});
    finn.post("/api/admin/adjustments", body).await.json(201);
    let file = finn.get("/api/admin/ledger/journal?from=2026-01-31&to=2026-01-31&format=csv").await;
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"journal-2026-01-31-2026-01-31.csv\""
    );
    let mut rows = csv::Reader::from_reader(file.body.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 6, "two rows a transfer: {}", file.body);
    let cents = |text: &str| {
        if text.is_empty() { 0 } else { text.replace('.', "").parse::<i64>().expect("an amount") }
    };
    let sum = |column: usize| rows.iter().map(|row| cents(&row[column])).sum::<i64>();
    assert_eq!((sum(5), sum(6)), (36_00, 36_00));
    assert!(rows.iter().any(|row| &row[3] == "6100" && &row[4] == "Referral rewards" && &row[5] == "25.00"));
    assert!(rows.iter().any(|row| &row[8] == "'=1+1"), "{}", file.body);
    finn.get("/api/admin/ledger/journal?format=xml").await.refused(400, "invalid-query");
}
