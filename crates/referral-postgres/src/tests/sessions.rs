//! Sessions at once: one wallet hammered, batches that overlap in every rotation, units that are dropped half-way.

use std::sync::Arc;

use referral_domain::credit::RedeemMode;
use referral_domain::ledger::Verdict;
use referral_domain::port::{Store, StoreError};
use referral_testkit::build::{a_program, a_spend, reference, usd};
use referral_testkit::contract::race;
use referral_testkit::world::World;

use super::a_store_of;
use super::launch::Database;
use crate::{PgStore, Sessions};

const MANY: Sessions = Sessions { units: 64, reports: 4 };

async fn a_world(store: &PgStore) -> World {
    let store = Arc::new(store.clone());
    World::with(store.clone(), store, a_program().limited_to(10_000).build()).await
}

async fn assert_verified(world: &World) {
    let verdict = world.reports.verify().await.expect("a report");
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
}

async fn number(database: &Database, query: &str) -> i64 {
    database.client().await.query_one(query, &[]).await.expect(query).get(0)
}

/// Deadlocks of a database, once the sessions that may have met one have told it.
async fn deadlocks(database: &Database) -> i64 {
    let query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    number(database, query).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_sessions_take_from_one_wallet_exactly_what_is_in_it() {
    let (store, database) = a_store_of(MANY).await;
    let world = a_world(&store).await;
    let code = world.code("u_ana").await;
    for n in 0..8 {
        let name = format!("u_friend_{n}");
        world.sign_up(&name, &code).await.expect("applied");
        world.verify(&name).await;
        world.spend(&[a_spend(&format!("inv_{n}"), &name, usd(60_00)).build()]).await;
    }
    let (sessions, each) = (64, 4);
    let taken = race((0..sessions).map(|session| {
        let (world, owner) = (world.clone(), code.owner);
        async move {
            let mut taken = 0;
            for n in 0..each {
                let order = reference(&format!("order:{session}:{n}"));
                let redeemed = world.redeem(owner, 1_00, RedeemMode::Exact, &order).await;
                taken += u32::from(redeemed.is_ok());
            }
            taken
        }
    }));
    let taken: u32 = taken.await.into_iter().sum();
    let left = world.wallet(code.owner).await.balances().available;
    println!("sessions={sessions} redemptions tried={} taken={taken} left={left}", sessions * each);
    assert_eq!((taken, left), (200, 0), "8 rewards of 25.00, taken by the dollar");
    assert_eq!(deadlocks(&database).await, 0);
    assert_verified(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotated_batches_that_overlap_end_without_a_deadlock() {
    let (store, database) = a_store_of(MANY).await;
    let world = a_world(&store).await;
    let (referrers, friends, writers, rounds) = (8, 32, 16, 5);
    let mut names = Vec::new();
    for n in 0..referrers {
        let code = world.code(&format!("u_referrer_{n}")).await;
        for m in 0..friends / referrers {
            let name = format!("u_friend_{n}_{m}");
            world.sign_up(&name, &code).await.expect("applied");
            world.verify(&name).await;
            names.push(name);
        }
    }
    race((0..writers).map(|writer| {
        let (world, mut names) = (world.clone(), names.clone());
        async move {
            for round in 0..rounds {
                names.rotate_left((writer * 7 + round) % friends);
                let spend =
                    |name: &String| a_spend(&format!("{writer}:{round}:{name}"), name, usd(5_00)).build();
                world.spend(&names.iter().map(spend).collect::<Vec<_>>()).await;
            }
        }
    }))
    .await;
    let events = writers * rounds * friends;
    let counted = number(&database, "SELECT count(*) FROM spend_events WHERE counted = 500").await;
    let rewards = number(&database, "SELECT count(*) FROM reward_steps").await;
    let deadlocks = deadlocks(&database).await;
    println!(
        "sessions={writers} batches={} events={events} rewards={rewards} deadlocks={deadlocks}",
        writers * rounds
    );
    assert_eq!((counted, rewards, deadlocks), (2_560, 32, 0));
    assert_verified(&world).await;
}

/// Sessions of units of this store that are inside a transaction, as the server sees them.
const OPEN: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dropped_unit_leaves_no_session_idle_in_a_transaction() {
    let (store, database) = a_store_of(Sessions { units: 4, reports: 1 }).await;
    let world = a_world(&store).await;
    let ana = world.user("u_ana").await;
    let held: Vec<_> = race((0..4).map(|n| {
        let world = world.clone();
        async move {
            let mut unit = world.begin().await;
            let name = [world.new_user(&format!("u_{n}"))];
            unit.users().lock(world.program.book, &name, &[], world.now()).await.expect("locked");
            unit
        }
    }))
    .await;
    let before = number(&database, OPEN).await;
    drop(held);
    // The server ends a session when it reads that its client is gone; nobody waits for a pool to look.
    while number(&database, OPEN).await > 0 {
        tokio::task::yield_now().await;
    }
    println!("sessions idle in a transaction: {before} while held, 0 after the drop");
    assert_eq!(before, 4);
    let mut unit = store.begin().await.expect("the pool is whole");
    unit.users().lock(world.program.book, &[], &[ana.id], world.now()).await.expect("and nothing is locked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deadlock_is_a_race_that_was_lost() {
    let (store, database) = a_store_of(Sessions { units: 2, reports: 1 }).await;
    let world = a_world(&store).await;
    let users = world.users(&["u_ana", "u_ben"]).await;
    let meeting = Arc::new(tokio::sync::Barrier::new(2));
    let ended = race([[0, 1], [1, 0]].map(|order| {
        let (world, meeting, ids) =
            (world.clone(), Arc::clone(&meeting), order.map(|at: usize| users[at].id));
        async move {
            let mut unit = world.begin().await;
            let (book, now) = (world.program.book, world.now());
            unit.users().lock(book, &[], &ids[..1], now).await.expect("the first is free");
            meeting.wait().await;
            unit.users().lock(book, &[], &ids[1..], now).await
        }
    }))
    .await;
    let lost: Vec<_> = ended.iter().filter_map(|ended| ended.as_ref().err()).collect();
    println!("units that locked two users in opposite orders=2 lost={lost:?}");
    assert!(matches!(lost.as_slice(), [StoreError::Contended(_)]), "{lost:?}");
    while deadlocks(&database).await == 0 {
        tokio::task::yield_now().await;
    }
}
