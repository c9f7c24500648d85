//! What is announced of codes and programs, to whom, and how often.

use std::sync::Arc;

use referral_domain::code::FoldedCode;
use referral_domain::port::StoreError;
use referral_domain::reference::Slug;
use referral_testkit::build::{a_code, a_program};
use referral_testkit::world::World;
use tokio_postgres::Client;

use super::a_store;
use crate::{CodeNews, News};

/// All that was announced so far. Announcements come in the order of their commits, so one that names nothing ends them;
/// it is an error of the listener's, which listens on.
async fn told(news: &mut CodeNews, client: &Client) -> Vec<News> {
    client.batch_execute("NOTIFY referral_codes, 'that was all'").await.expect("announced");
    let mut told = Vec::new();
    loop {
        match news.next().await {
            Ok(changed) => told.push(changed),
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
    assert_eq!((ordinary, claimed, uses), (vec![], vec![News::Code(book, summer)], vec![0, 1]));
    assert_eq!(switched, [News::Code(book, code.text.folded())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_changes_is_announced_by_its_slug_and_one_that_is_new_is_not() {
    let (store, database) = a_store().await;
    let shared = Arc::new(store.clone());
    let world = World::new(shared.clone(), shared).await;
    let mut news = store.code_news().await.expect("it listens");
    let client = database.client().await;
    world.beside(a_program().named("other").build()).await;
    let made = told(&mut news, &client).await;
    let again = "UPDATE programs SET status = status";
    client.batch_execute(again).await.expect("saved as it was");
    let same = told(&mut news, &client).await;
    let pause = "UPDATE programs SET status = 'paused' FROM books AS b WHERE b.book_id = programs.book_id AND slug = 'other'";
    client.batch_execute(pause).await.expect("paused");
    let paused = told(&mut news, &client).await;
    let publish =
        "INSERT INTO rule_versions SELECT book_id, version + 1, rules, effective_from FROM rule_versions";
    client.batch_execute(publish).await.expect("published");
    let mut published = told(&mut news, &client).await;
    published.sort_by_key(|news| format!("{news:?}"));
    let program = |slug: &str| News::Program(Slug::parse(slug).expect("a slug"));
    assert_eq!((made, same, paused), (vec![], vec![], vec![program("other")]));
    assert_eq!(published, [program("default"), program("other")]);
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
