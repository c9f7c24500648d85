//! The history and its file: pages, filters, sums that add up.

use referral_domain::time::DAY;
use serde_json::{Value, json};

use super::{Speaker, Story, TestApp};

const HISTORY: &str = "/api/credits/history";

/// Ben redeemed 1.00 this many times, a day apart each; the welcome credit is the oldest line.
async fn with_lines(redemptions: usize) -> Story {
    let story = Story::on(TestApp::unlimited().await).await;
    story.tell().await;
    for n in 0..redemptions {
        story.app.wait(DAY);
        story.redeem("u_ben", "1.00", &format!("bill_{n}")).await.json(201);
    }
    story
}

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().expect("a list").clone()
}

/// All pages from `query` on.
async fn walk(speaker: &Speaker, query: &str) -> Vec<Value> {
    let mut page = speaker.get(&format!("{HISTORY}?{query}")).await.json(200);
    let mut all = items(&page);
    while let Some(cursor) = page["next_cursor"].as_str() {
        page = speaker.get(&format!("{HISTORY}?{query}&cursor={cursor}")).await.json(200);
        all.extend(items(&page));
    }
    all
}

fn cents(money: &Value) -> i64 {
    money["amount"].as_str().expect("an amount").replace('.', "").parse().expect("a number")
}

#[actix_web::test]
async fn pages_follow_one_another_and_balances_add_up_across_them() {
    let story = with_lines(7).await;
    let ben = story.app.user("u_ben");
    let whole = items(&ben.get(HISTORY).await.json(200));
    assert_eq!(whole.len(), 8);
    for limit in 1..=9 {
        assert_eq!(walk(&ben, &format!("limit={limit}")).await, whole, "{limit}");
    }
    for (newer, older) in whole.iter().zip(whole.iter().skip(1)) {
        assert_eq!(newer["balance_before"], older["balance_after"]);
        assert!(newer["created_at"].as_str() > older["created_at"].as_str(), "newest first");
    }
    for item in &whole {
        assert_eq!(cents(&item["balance_after"]), cents(&item["balance_before"]) + cents(&item["amount"]));
        assert_eq!(item["amount"], item["changes"]["available"]);
    }
}

#[actix_web::test]
async fn a_page_is_stable_while_new_lines_arrive() {
    let story = with_lines(5).await;
    let ben = story.app.user("u_ben");
    let first = ben.get(&format!("{HISTORY}?limit=2")).await.json(200);
    let before = walk(&ben, "limit=2").await;
    story.redeem("u_ben", "1.00", "new_1").await.json(201);
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let second = ben.get(&format!("{HISTORY}?limit=2&cursor={cursor}")).await.json(200);
    assert_eq!(items(&second), before[2..4], "nothing twice, nothing missed");
    story.app.wait(DAY);
    assert_eq!(
        story.app.user("u_ben").get(&format!("{HISTORY}?limit=2&cursor={cursor}")).await.json(200),
        second
    );
}

#[actix_web::test]
async fn a_full_last_page_has_no_cursor() {
    let story = with_lines(1).await;
    let ben = story.app.user("u_ben");
    assert_eq!(ben.get(&format!("{HISTORY}?limit=2")).await.json(200)["next_cursor"], Value::Null);
    assert!(ben.get(&format!("{HISTORY}?limit=1")).await.json(200)["next_cursor"].is_string());
    let nobody = story.app.user("u_nobody").get(HISTORY).await.json(200);
    assert_eq!(nobody, json!({"items": [], "next_cursor": null}));
}

#[actix_web::test]
async fn filters_pick_types_and_days() {
    let story = with_lines(4).await;
    let ben = story.app.user("u_ben");
    for (query, expected) in [
        ("type=welcome_credit", 1),
        ("type=credit_redemption", 4),
        ("type=referral_bonus", 0),
        ("type=credit_redemption&type=welcome_credit&type=welcome_credit", 5),
        ("from=2026-01-31&to=2026-01-31", 1),
        ("from=2026-02-01", 4),
        ("to=2026-02-02", 3),
        ("from=2026-02-01&to=2026-02-01", 1),
        ("from=2026-02-01&to=2026-02-02&type=welcome_credit", 0),
        ("from=2000-01-01&to=2100-12-31", 5),
    ] {
        assert_eq!(walk(&ben, &format!("{query}&limit=2")).await.len(), expected, "{query}");
    }
}

#[actix_web::test]
async fn one_filter_in_two_orders_is_one_list() {
    let story = with_lines(4).await;
    let ben = story.app.user("u_ben");
    let page =
        ben.get(&format!("{HISTORY}?limit=2&type=welcome_credit&type=credit_redemption")).await.json(200);
    let cursor = page["next_cursor"].as_str().expect("there is more");
    let next = format!("{HISTORY}?limit=2&type=credit_redemption&type=welcome_credit&cursor={cursor}");
    assert_eq!(ben.get(&next).await.status, 200);
}

#[actix_web::test]
async fn a_service_reads_what_the_user_reads() {
    let story = with_lines(2).await;
    for path in
        ["/api/credits/history", "/api/credits/balance", "/api/credits/summary", "/api/referral/my-referrer"]
    {
        let own = story.app.user("u_ben").get(path).await.json(200);
        assert_eq!(story.host.get(&format!("{path}?user_id=u_ben")).await.json(200), own, "{path}");
    }
}

#[actix_web::test]
async fn the_file_holds_the_last_366_days_unless_told_otherwise() {
    let story = with_lines(3).await;
    let ben = story.app.user("u_ben");
    let whole = ben.get("/api/credits/export").await;
    assert_eq!(whole.status, 200);
    assert_eq!(whole.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(
        whole.header("content-disposition"),
        "attachment; filename=\"credits-2025-02-02-2026-02-03.csv\""
    );
    assert_eq!(whole.header("cache-control"), "private, no-store");
    assert_eq!(whole.body.matches("\r\n").count(), 5, "a header and four lines, each ended");
    assert!(whole.body.starts_with(
        "id,created_at,type,amount,currency,balance_after,description,referral_id,reference\r\n"
    ));
    let some = ben.get("/api/credits/export?from=2026-02-02&to=2026-02-02&type=credit_redemption").await;
    assert_eq!(some.body.lines().count(), 2);
    assert!(some.body.contains(",-1.00,USD,"), "amounts stay numbers: {}", some.body);
    let later = story.app.user("u_ben").get("/api/credits/export?from=2026-03-01").await;
    assert_eq!(
        later.header("content-disposition"),
        "attachment; filename=\"credits-2026-03-01-2026-03-01.csv\""
    );
}

#[actix_web::test]
async fn a_file_of_many_chunks_misses_and_repeats_nothing() {
    let story = Story::on(TestApp::unlimited().await).await;
    story.tell().await;
    for n in 0..1_001 {
        let nothing = json!({"user_id": "u_ben", "amount": super::usd("0.01"), "reference": format!("bill_{n}"), "mode": "up_to"});
        story.host.post("/api/credits/redeem", nothing).await;
    }
    let file = story.app.user("u_ben").get("/api/credits/export").await;
    let mut ids: Vec<_> = file.body.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    let lines = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((lines, ids.len()), (1_001, 1_001), "1000 cents and the credit itself");
}
