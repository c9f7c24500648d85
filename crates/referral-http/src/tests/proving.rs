//! The proof of the ledger, as those who administer read it.

use std::sync::Arc;

use referral_domain::referral::{Award, State, WithheldReason};
use referral_proof::statement::{Known, Statement};
use referral_testkit::build::{a_program, a_referral};
use referral_testkit::fake::NOON;
use referral_testkit::sealer::seal_in_blocks_of;
use referral_testkit::world::World;
use serde_json::{Value, json};

use super::{Speaker, Story};

const VERIFY: &str = "/api/admin/ledger/verify";
const BLOCKS: &str = "/api/admin/ledger/blocks";

fn finance(story: &Story) -> Speaker {
    story.app.user_with("u_ada", json!({"role": "finance"}))
}

#[actix_web::test]
async fn a_ledger_is_partial_until_it_is_sealed_and_then_verified() {
    let story = Story::told().await;
    let told = finance(&story).get(VERIFY).await.json(200);
    assert_eq!(
        (&told["answer"], &told["broken"], &told["heads"]),
        (&json!("partial"), &Value::Null, &json!([]))
    );
    let waiting = &told["not_covered"][0];
    assert_eq!(
        (&waiting["program"], &waiting["transfers"]),
        (&json!("default"), &told["counts"]["transfers"])
    );
    let sealed = seal_in_blocks_of(story.app.store(), 1).await;
    let told = finance(&story).get(VERIFY).await.json(200);
    assert_eq!((&told["answer"], &told["not_covered"]), (&json!("verified"), &json!([])));
    assert_eq!(
        (&told["counts"]["blocks"], &told["counts"]["sealed_transfers"]),
        (&json!(sealed), &json!(sealed))
    );
    let head = finance(&story).get(&format!("{BLOCKS}/head")).await.json(200);
    assert_eq!(told["heads"], json!([{"program": "default", "block": sealed, "hash": head["hash"]}]));
}

#[actix_web::test]
async fn a_published_head_is_found_or_the_chain_was_rewritten() {
    let story = Story::told().await;
    seal_in_blocks_of(story.app.store(), 1).await;
    let first =
        finance(&story).get(BLOCKS).await.json(200)["items"].as_array().expect("blocks").last().cloned();
    let first = first.expect("a block");
    let expecting = |hash: &str| format!("{VERIFY}?expect_head={hash}");
    let hash = first["hash"].as_str().expect("a hash").to_owned();
    let told = finance(&story).get(&expecting(&hash)).await.json(200);
    assert_eq!(told["answer"], "verified");
    assert_eq!(told["published"], json!({"program": "default", "block": 1, "hash": hash}));
    let told = finance(&story).get(&expecting(&"0".repeat(64))).await.json(200);
    assert_eq!((&told["answer"], &told["broken"]["check"]), (&json!("broken"), &json!("seals")));
    finance(&story).get(&expecting("abc")).await.refused(400, "invalid-query");
}

/// What is due in the program `other` was forgotten.
async fn broken_elsewhere() -> Story {
    let story = Story::told().await;
    let store = Arc::new(story.app.store().clone());
    let other = World::with(store.clone(), store, a_program().named("other").build()).await;
    let (code, ben) = (other.code("u_ana").await, other.user("u_ben").await);
    let state = State::Completed { activated_at: NOON, completed_at: NOON };
    let forgotten = a_referral(&other.program, &code, ben.id).in_state(state).having_spent(50_00);
    let forgotten = forgotten.welcome(Award::Withheld(WithheldReason::UnderReview)).build();
    other.refer(std::slice::from_ref(&forgotten)).await;
    story
}

#[actix_web::test]
async fn what_is_broken_in_another_program_is_told_by_its_check_alone() {
    let story = broken_elsewhere().await;
    let told = finance(&story).get(VERIFY).await.json(200);
    assert_eq!((&told["answer"], &told["broken"]["check"]), (&json!("broken"), &json!("due-rewards")));
    assert_eq!(told["broken"]["place"], "in another program");
    assert!(!told["broken"].to_string().contains("ref_"), "{}", told["broken"]);
    let reader = story.app.service(&[referral_domain::auth::Scope::AdminRead]).await;
    assert_eq!(reader.get(VERIFY).await.json(200)["broken"], told["broken"], "a key is of one program, too");
    let theirs = story.app.user_with("u_eve", json!({"role": "admin", "program": "other"}));
    let seen = theirs.get(VERIFY).await.json(200)["broken"].clone();
    assert!(seen["place"].as_str().is_some_and(|place| place.contains("ref_")), "{seen}");
    let all = story.app.user_with("u_root", json!({"role": "admin", "program": "*"}));
    assert_eq!(all.get(&format!("{VERIFY}?program=default")).await.json(200)["broken"], seen, "all is told");
}

#[actix_web::test]
async fn blocks_follow_one_another_over_pages() {
    let story = Story::told().await;
    let sealed = seal_in_blocks_of(story.app.store(), 1).await;
    let (mut numbers, mut prev, mut next) = (Vec::new(), None, String::new());
    loop {
        let page = finance(&story).get(&format!("{BLOCKS}?limit=1{next}")).await.json(200);
        for block in page["items"].as_array().expect("blocks") {
            assert!(
                prev.is_none_or(|prev: Value| prev == block["hash"]),
                "newest first, each named by the one before"
            );
            prev = Some(block["prev"].clone());
            numbers.push(block["n"].as_u64().expect("a number"));
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(numbers, (1..=sealed as u64).rev().collect::<Vec<_>>());
    assert_eq!(prev, Some(json!("0".repeat(64))));
}

#[actix_web::test]
async fn there_is_no_head_before_the_first_block_and_one_verification_at_a_time() {
    let story = Story::told().await;
    finance(&story).get(&format!("{BLOCKS}/head")).await.refused(404, "not-found");
    let turn = story.app.app().verify_turn().expect("nobody verifies");
    let reply = finance(&story).get(VERIFY).await;
    reply.refused(429, "verification-running");
    drop(turn);
    assert_eq!(finance(&story).get(VERIFY).await.status, 200);
}

#[actix_web::test]
async fn a_users_statement_proves_itself() {
    let story = Story::told().await;
    let path = "/api/credits/statement?proof=true";
    let waiting = story.app.user("u_ana").get(path).await;
    let checked =
        Statement::read(&waiting.body).and_then(|read| read.check(&Known::default())).expect("sound");
    assert_eq!((checked.proven, checked.unanchored, checked.waiting), (0, 0, 1), "no block seals it yet");
    seal_in_blocks_of(story.app.store(), 1).await;
    let head = finance(&story).get(&format!("{BLOCKS}/head")).await.json(200);
    let head = referral_proof::text::hash(head["hash"].as_str().expect("a hash"));
    let known = Known { head, ..Known::default() };
    let told = story.app.user("u_ana").get(path).await;
    let checked = Statement::read(&told.body).and_then(|read| read.check(&known)).expect("sound");
    assert!(checked.is_whole() && checked.proven == 1, "{checked:?}");
    let forged = told.body.replace("\"amount_minor\":2500", "\"amount_minor\":9500");
    assert_ne!(forged, told.body);
    Statement::read(&forged).and_then(|read| read.check(&known)).expect_err("an amount was changed");
    let service = story.app.service(&[referral_domain::auth::Scope::UsersRead]).await;
    assert_eq!(
        service.get(&format!("{path}&user_id=u_ana")).await.body,
        told.body,
        "a service reads the same"
    );
    let plain = story.app.user("u_ana").get("/api/credits/statement?proof=false").await.json(200);
    assert_eq!(plain["closing"]["available"], super::usd("25.00"));
    story.app.user("u_ana").get("/api/credits/statement?proof=yes").await.refused(400, "invalid-query");
}
