//! The hot path prepares nothing twice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use diesel::connection::{Connection, InstrumentationEvent};
use referral_testkit::build::{a_spend, usd};
use referral_testkit::world::World;

use super::a_store;
use crate::SqliteStore;

/// The texts of statements that were run, and of those that were kept prepared.
#[derive(Default)]
struct Seen {
    run: Vec<String>,
    kept: BTreeSet<String>,
}

async fn watch(store: &SqliteStore) -> Arc<Mutex<Seen>> {
    let seen = Arc::<Mutex<Seen>>::default();
    let told = Arc::clone(&seen);
    let watch = move |event: InstrumentationEvent<'_>| {
        let mut seen = told.lock().expect("not poisoned");
        match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                let text = query.to_string();
                seen.run.push(text.split(" -- ").next().unwrap_or_default().trim().to_owned());
            }
            InstrumentationEvent::CacheQuery { sql, .. } => {
                seen.kept.insert(sql.trim().to_owned());
            }
            _ => {}
        }
    };
    store.writer.lock().await.conn().expect("a connection").set_instrumentation(watch);
    seen
}

#[tokio::test]
async fn every_statement_of_recorded_spend_is_kept_prepared() {
    let (store, _folder) = a_store().await;
    let seen = watch(&store).await;
    let store = Arc::new(store);
    let world = World::new(store.clone(), store).await;
    let code = world.code("u_ana").await;
    for n in 0..5 {
        world.sign_up(&format!("u_{n}"), &code).await.expect("applied");
        world.verify(&format!("u_{n}")).await;
    }
    seen.lock().expect("not poisoned").run.clear();
    let spend = |n| a_spend(&format!("inv_{n}"), &format!("u_{}", n % 6), usd(20_00)).noting("{}").build();
    let commands: Vec<_> = (0..60).map(spend).collect();
    world.spend(&commands).await;
    let seen = seen.lock().expect("not poisoned");
    let ends = ["BEGIN IMMEDIATE", "COMMIT"];
    let texts: BTreeSet<_> = seen.run.iter().filter(|text| !ends.contains(&text.as_str())).collect();
    let afresh: Vec<_> = texts.iter().filter(|text| !seen.kept.contains(**text)).collect();
    println!(
        "events=60 statements={} of which texts={} prepared afresh={}",
        seen.run.len(),
        texts.len(),
        afresh.len()
    );
    assert!(afresh.is_empty(), "{afresh:#?}");
    assert!(texts.len() >= 15, "the whole path ran");
}
