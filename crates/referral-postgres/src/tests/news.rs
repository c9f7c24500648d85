//! What is announced of codes, to whom, and how often.

use std::sync::Arc;

use referral_domain::code::FoldedCode;
use referral_domain::id::BookId;
use referral_domain::port::StoreError;
use referral_testkit::build::a_code;
use referral_testkit::world::World;
use tokio_postgres::Client;

use super::a_store;
use crate::CodeNews;

/// All that was announced so far. Announcements come in the order of their commits, so one that names no code ends them;
/// it is an error of the listener's, which listens on.
async fn told(news: &mut CodeNews, client: &Client) -> Vec<(BookId, FoldedCode)> {
    client.batch_execute("NOTIFY referral_codes, 'that was all'").await.expect("announced");
    let mut told = Vec::new();
    loop {
        match news.next().await {
            Ok(code) => told.push(code),
            Err(StoreError::Corrupt { .. }) => return told,
            Err(other) => panic!("it listens: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_whether_a_code_may_be_used_is_announced_and_nothing_else_is() {
    let (store, database) = a_store().await;
    let shared = Arc::new(store.clone());
    let world = World::new(shared.clone(), shared).await;
    let mut news = store.code_news().await.expect("it listens");
    let (client, book) = (database.client().await, world.program.book);
    let code = world.code("u_ana").await;
    for n in 0..5 {
        world.sign_up(&format!("u_ben{n}"), &code).await.expect("applied");
    }
    let ordinary = told(&mut news, &client).await;
    let owner = world.user("u_eve").await;
    let vanity = a_code(book, owner.id).spelt("SUMMER-26").with(|code| code.max_uses = Some(2));
    let vanity = world.claim(vanity.with(|code| code.primary = false).build()).await;
    let claimed = told(&mut news, &client).await;
    let mut uses = Vec::new();
    for n in 0..2 {
        world.sign_up(&format!("u_dan{n}"), &vanity).await.expect("applied");
        uses.push(told(&mut news, &client).await.len());
    }
    let off = "UPDATE referral_codes SET active = false WHERE is_primary";
    client.batch_execute(off).await.expect("switched off");
    let switched = told(&mut news, &client).await;
    println!(
        "announced: a first ask and 5 uses={} a vanity code={} each of its 2 uses={uses:?} a code switched off={}",
        ordinary.len(),
        claimed.len(),
        switched.len()
    );
    let summer = FoldedCode::fold("SUMMER-26").expect("a code");
    assert_eq!((ordinary, claimed, uses), (vec![], vec![(book, summer)], vec![0, 1]));
    assert_eq!(switched, [(book, code.text.folded())]);
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
