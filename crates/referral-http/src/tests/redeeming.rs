//! Variants of the story about using credits.

use referral_domain::auth::Scope;
use referral_domain::time::{DAY, HOUR};
use serde_json::{Value, json};

use super::{Reply, Story, usd};

async fn redeem(story: &Story, body: Value) -> Reply {
    story.host.post("/api/credits/redeem", body).await
}

fn path_of(redeemed: &Value) -> String {
    format!("/api/credits/redemptions/{}/reverse", redeemed["redemption_id"].as_str().expect("an id"))
}

#[actix_web::test]
async fn who_is_not_verified_cannot_redeem() {
    let story = Story::begin().await;
    let code = story.code_of("u_ana").await;
    story.sign_up("u_ben", &code).await.json(201);
    let before = story.app.stored();
    story.redeem("u_ben", "1.00", "bill_1").await.refused(403, "email-not-verified");
    assert_eq!(before, story.app.stored());
    let balance = story.app.user("u_ben").get("/api/credits/balance").await.json(200);
    assert_eq!((&balance["can_redeem"], &balance["reason"]), (&json!(false), &json!("email-not-verified")));
    story.verify("u_ben").await.json(200);
    story.redeem("u_ben", "1.00", "bill_1").await.json(201);
}

#[actix_web::test]
async fn losing_verification_moves_nothing_and_stops_redeeming_until_it_is_back() {
    let story = Story::told().await;
    story.app.wait(HOUR);
    let lost = json!({"user_id": "u_ben", "verified": false});
    let told = story.host.post("/api/events/email-verified", lost).await.json(200);
    assert_eq!((&told["welcome_credit_granted"], &told["reward"]), (&json!(true), &usd("25.00")));
    assert_eq!(told["referral"]["email_verified"], false);
    assert_eq!(
        (story.available("u_ana").await, story.available("u_ben").await),
        ("25.00".into(), "10.00".into())
    );
    story.redeem("u_ben", "1.00", "bill_1").await.refused(403, "email-not-verified");
    let mine = story.app.user("u_ben").get("/api/referral/my-referrer").await.json(200);
    assert_eq!((&mine["email_verified"], &mine["can_use_credits"]), (&json!(false), &json!(false)));
    story.app.wait(HOUR);
    story.verify("u_ben").await.json(200);
    story.redeem("u_ben", "1.00", "bill_1").await.json(201);
}

#[actix_web::test]
async fn more_than_there_is_is_refused_and_changes_nothing() {
    let story = Story::told().await;
    let before = story.app.stored();
    story.redeem("u_ben", "10.01", "bill_1").await.refused(422, "insufficient-balance");
    story.redeem("u_nobody", "0.01", "bill_1").await.refused(422, "insufficient-balance");
    let after = story.app.stored();
    assert!(before == after, "nothing is stored of a refusal");
    assert_eq!(story.redeem("u_ben", "10.00", "bill_1").await.json(201)["balance"]["available"], usd("0.00"));
}

#[actix_web::test]
async fn up_to_takes_what_there_is_even_nothing() {
    let story = Story::told().await;
    let body = |reference: &str| json!({"user_id": "u_ben", "amount": usd("12.00"), "reference": reference, "mode": "up_to"});
    let all = redeem(&story, body("bill_1")).await.json(201);
    assert_eq!((&all["redeemed"], &all["balance"]["available"]), (&usd("10.00"), &usd("0.00")));
    assert_eq!(all["transaction"]["amount"], usd("-10.00"));
    let nothing = redeem(&story, body("bill_2")).await;
    let told = nothing.json(201);
    assert_eq!((&told["redeemed"], &told["transaction"]), (&usd("0.00"), &Value::Null));
    let again = redeem(&story, body("bill_2")).await;
    assert_eq!((again.status, &again.body), (200, &nothing.body));
    story.host.post(&path_of(&told), json!({"reference": "back"})).await.refused(422, "over-reversal");
}

#[actix_web::test]
async fn the_same_reference_and_body_gets_the_first_answer_however_late() {
    let story = Story::told().await;
    let body = json!({"user_id": "u_ben", "amount": usd("4"), "reference": "bill_1", "description": "March"});
    let first = redeem(&story, body.clone()).await;
    assert_eq!(first.value()["transaction"]["description"], "March");
    story.redeem("u_ben", "6.00", "bill_2").await.json(201);
    story.app.wait(100 * DAY);
    story
        .host
        .post("/api/events/email-verified", json!({"user_id": "u_ben", "verified": false}))
        .await
        .json(200);
    let again = redeem(&story, body.clone()).await;
    assert_eq!((first.status, again.status, &again.body), (201, 200, &first.body));
    for (field, value) in [
        ("amount", usd("4.01")),
        ("user_id", json!("u_ana")),
        ("mode", json!("up_to")),
        ("description", json!("April")),
        ("description", Value::Null),
    ] {
        let mut other = body.clone();
        other[field] = value;
        redeem(&story, other).await.refused(409, "redemption-conflict");
    }
    assert_eq!(story.available("u_ben").await, "0.00");
}

#[actix_web::test]
async fn a_redemption_is_given_back_in_parts_and_never_beyond() {
    let story = Story::told().await;
    let redeemed = story.redeem("u_ben", "6.00", "bill_1").await.json(201);
    let (path, part) = (path_of(&redeemed), json!({"reference": "back_1", "amount": usd("2.50")}));
    let first = story.host.post(&path, part.clone()).await;
    let told = first.json(201);
    assert_eq!((&told["redeemed"], &told["balance"]["available"]), (&usd("3.50"), &usd("6.50")));
    assert_eq!(told["redemption_id"], redeemed["redemption_id"]);
    assert_eq!(told["transaction"]["reverses"], redeemed["transaction"]["id"]);
    let again = story.host.post(&path, part).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    let other = json!({"reference": "back_1", "amount": usd("2.49")});
    story.host.post(&path, other).await.refused(409, "redemption-conflict");
    let before = story.app.stored();
    let over = json!({"reference": "back_2", "amount": usd("3.51")});
    story.host.post(&path, over).await.refused(422, "over-reversal");
    assert!(before == story.app.stored());
    let rest = story.host.post(&path, json!({"reference": "back_2"})).await.json(201);
    assert_eq!((&rest["redeemed"], &rest["transaction"]["amount"]), (&usd("0.00"), &usd("3.50")));
    story.host.post(&path, json!({"reference": "back_3"})).await.refused(422, "over-reversal");
    assert_eq!(story.available("u_ben").await, "10.00");
}

#[actix_web::test]
async fn a_referrer_of_whom_nothing_is_known_may_redeem() {
    let story = Story::told().await;
    let service = story.app.service(&[Scope::CreditsRedeem]).await;
    let body = json!({"user_id": "u_ana", "amount": usd("25.00"), "reference": "bill_1"});
    assert_eq!(
        service.post("/api/credits/redeem", body).await.json(201)["balance"]["available"],
        usd("0.00")
    );
}

#[actix_web::test]
async fn what_was_earned_can_be_paid_out_once_it_is_more_than_thirty_days_old() {
    let story = Story::told().await;
    let payable = |user: &'static str| {
        let speaker = story.app.user(user);
        async move { speaker.get("/api/credits/balance").await.json(200)["payable"].clone() }
    };
    assert_eq!(payable("u_ana").await, usd("0.00"));
    story.app.wait(30 * DAY + 1);
    assert_eq!((payable("u_ana").await, payable("u_ben").await), (usd("25.00"), usd("0.00")));
}
