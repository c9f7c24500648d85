//! What operators look up: referrals, one with what came of it, all about one user.

use serde_json::{Value, json};

use super::paying_out::list;
use super::{Story, usd};

#[actix_web::test]
async fn referrals_are_found_by_who_how_and_when() {
    let story = Story::told().await;
    let code = story.code_of("u_eve").await;
    for name in ["u_gus", "u_hal"] {
        story.app.wait(1);
        assert_eq!(story.sign_up(name, &code).await.status, 201);
    }
    let admin = story.admin();
    let found = async |query: &str| {
        let page = admin.get(&format!("/api/admin/referrals?{query}")).await.json(200);
        list(&page["items"], "referred_id").join(" ")
    };
    for (query, expected) in [
        ("", "u_hal u_gus u_ben"),
        ("referrer_id=u_eve", "u_hal u_gus"),
        ("referred_id=u_ben", "u_ben"),
        ("referred_id=u_nobody", ""),
        (&format!("code={}", code.to_lowercase()), "u_hal u_gus"),
        ("status=pending", "u_hal u_gus"),
        ("status=fraud", ""),
        ("review=none&referrer_id=u_ana", "u_ben"),
        ("review=open", ""),
        ("from=2000-01-01&to=2000-01-02", ""),
        ("from=2000-01-01", "u_hal u_gus u_ben"),
    ] {
        assert_eq!(found(query).await, expected, "{query}");
    }
    for (query, parameter) in [
        ("status=done", "status"),
        ("review=closed", "review"),
        ("code=%21", "code"),
        ("referrer_id=", "referrer_id"),
        ("from=yesterday", "from"),
        ("limit=0", "limit"),
        ("who=u_ana", "who"),
    ] {
        let refused = admin.get(&format!("/api/admin/referrals?{query}")).await;
        assert_eq!(refused.refusal(), (400, "invalid-query".to_owned()), "{query}");
        assert_eq!(refused.faults()[0].0, parameter, "{query}");
    }
}

#[actix_web::test]
async fn a_cursor_of_referrals_goes_on_under_its_own_filters_alone() {
    let story = Story::told().await;
    let code = story.code_of("u_eve").await;
    for name in ["u_gus", "u_hal", "u_ida"] {
        assert_eq!(story.sign_up(name, &code).await.status, 201);
    }
    let admin = story.admin();
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page =
            admin.get(&format!("/api/admin/referrals?limit=1&referrer_id=u_eve{next}")).await.json(200);
        seen.extend(list(&page["items"], "referred_id").into_iter().map(ToOwned::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        for other in ["", "&referrer_id=u_ana", "&referrer_id=u_eve&status=pending"] {
            let path = format!("/api/admin/referrals?limit=1{other}&cursor={cursor}");
            admin.get(&path).await.refused(400, "cursor-mismatch");
        }
        next = format!("&cursor={cursor}");
    }
    seen.sort();
    assert_eq!(seen, ["u_gus", "u_hal", "u_ida"], "each once");
}

#[actix_web::test]
async fn a_referral_is_told_with_its_timeline_its_events_and_its_money() {
    let story = Story::told().await;
    let admin = story.admin();
    let found = admin.get("/api/admin/referrals?referred_id=u_ben").await.json(200);
    let id = found["items"][0]["id"].as_str().expect("an id").to_owned();
    let told = admin.get(&format!("/api/admin/referrals/{id}")).await.json(200);
    assert_eq!(told["referral"], found["items"][0]);
    assert_eq!(told["signals"], json!([]));
    let types = list(&told["timeline"], "type");
    for r#type in
        ["signed_up", "applied", "email_verified", "completed", "spend", "welcome_credit", "referral_bonus"]
    {
        assert!(types.contains(&r#type), "{type} is in {types:?}");
    }
    let times = list(&told["timeline"], "at");
    assert!(times.is_sorted(), "oldest first: {times:?}");
    let entry = |r#type: &str| {
        let all = told["timeline"].as_array().expect("a list").iter();
        all.clone().find(|entry| entry["type"] == r#type).cloned().unwrap_or_default()
    };
    assert_eq!((&entry("applied")["actor"], &entry("spend")["actor"]), (&json!("user"), &json!("service")));
    assert_eq!(entry("referral_bonus")["data"]["available"], usd("25.00"));
    let transactions = list(&told["transactions"], "type");
    assert!(transactions.contains(&"referral_bonus") && transactions.contains(&"welcome_credit"));
    assert_eq!(told["events"][0]["result"]["referral_id"], json!(id));
    for path in ["ref_018f2b7c-0000-7000-8000-000000000000", "nonsense"] {
        admin.get(&format!("/api/admin/referrals/{path}")).await.refused(404, "not-found");
    }
}

#[actix_web::test]
async fn a_user_is_told_whole() {
    let story = Story::told().await;
    story.affiliates(&["u_eve"]).await;
    let payout = story.requested("u_eve").await;
    let admin = story.admin();
    let eve = admin.get("/api/admin/users/u_eve").await.json(200);
    assert_eq!(eve["balance"]["in_payout"], usd("25.00"));
    assert_eq!((&eve["open_payout"]["id"], &eve["paid"]), (&json!(payout), &usd("0.00")));
    assert_eq!(eve["payout_method"]["label"], "**** _eve");
    assert_eq!((&eve["stats"]["completed"], &eve["codes"][0]["code"]), (&json!(1), &eve["stats"]["code"]));
    assert_eq!(
        (&eve["referral"], &eve["recent_credits"][0]["type"]),
        (&Value::Null, &json!("affiliate_payout"))
    );
    let friend = admin.get("/api/admin/users/friend_of_u_eve").await.json(200);
    assert_eq!(
        (&friend["referral"]["referrer_id"], &friend["email_verified"]),
        (&json!("u_eve"), &json!(true))
    );
    assert_eq!((&friend["payout_method"]["kind"], &friend["open_payout"]), (&Value::Null, &Value::Null));
    for unknown in ["u_nobody", "%20x"] {
        admin.get(&format!("/api/admin/users/{unknown}")).await.refused(404, "not-found");
    }
}
