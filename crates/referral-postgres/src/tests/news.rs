//! What is announced of codes, to whom, and how often.

use std::sync::Arc;
use std::time::Duration;

use referral_domain::code::FoldedCode;
use referral_testkit::build::a_code;
use referral_testkit::world::World;
use tokio::time::timeout;

use super::a_store;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_whether_a_code_may_be_used_is_announced_and_nothing_else_is() {
    let (store, database) = a_store().await;
    let shared = Arc::new(store.clone());
    let world = World::new(shared.clone(), shared).await;
    let mut news = store.code_news().await.expect("it listens");
    let code = world.code("u_ana").await;
    for n in 0..5 {
        world.sign_up(&format!("u_ben{n}"), &code).await.expect("applied");
    }
    let owner = world.user("u_eve").await;
    let vanity = a_code(world.program.book, owner.id).spelt("SUMMER-26").with(|code| code.max_uses = Some(1));
    world.claim(vanity.with(|code| code.primary = false).build()).await;
    let client = database.client().await;
    client
        .batch_execute("UPDATE referral_codes SET active = false WHERE is_primary")
        .await
        .expect("switched off");
    let summer = FoldedCode::fold("SUMMER-26").expect("a code");
    let mut told = Vec::new();
    while let Ok(heard) = timeout(Duration::from_millis(300), news.next()).await {
        told.push(heard.expect("a code"));
    }
    println!("a first ask and 5 uses, a vanity code, a code switched off: announced={}", told.len());
    let book = world.program.book;
    assert_eq!(told, [(book, summer), (book, code.text.folded())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_whose_connection_is_lost_is_told() {
    let (store, database) = a_store().await;
    let mut news = store.code_news().await.expect("it listens");
    database.close().await;
    news.next().await.expect_err("the connection is gone");
    database.reopen().await;
    store.code_news().await.expect("it listens again");
}
