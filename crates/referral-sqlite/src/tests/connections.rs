//! Connections and units under faults: settings, a full disk, another process, a lost connection.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use referral_domain::port::{Reports, Store, StoreError};
use referral_domain::user::UserFacts;
use referral_testkit::build::host;
use referral_testkit::world::World;
use tempfile::TempDir;

use super::{FILE, a_store};
use crate::SqliteStore;
use crate::connection::{self, Role, setting};
use crate::failure::Told;
use crate::writer::Lease;

#[tokio::test]
async fn every_connection_has_the_settings_its_guarantees_stand_on() {
    let (store, folder) = a_store().await;
    drop(store);
    for (role, query_only) in [(Role::Writer, "0"), (Role::Reader, "1")] {
        let mut conn = connection::open(&folder.path().join(FILE), role).expect("a connection");
        let mut ask = |name| setting(&mut conn, name).expect("a setting");
        assert_eq!(ask("synchronous"), "2", "{role:?}");
        assert_eq!(
            (ask("journal_mode"), ask("foreign_keys")),
            ("wal".to_owned(), "1".to_owned()),
            "{role:?}"
        );
        assert_eq!(
            (ask("recursive_triggers"), ask("trusted_schema")),
            ("1".to_owned(), "0".to_owned()),
            "{role:?}"
        );
        assert_eq!(ask("query_only"), query_only, "{role:?}");
        conn.batch_execute("PRAGMA foreign_keys=OFF").expect("set");
        let found = connection::check(&mut conn, "foreign_keys", "1").expect_err("it does not hold");
        assert!(
            matches!(found, StoreError::Unavailable(source) if source.to_string().contains("foreign_keys is 0"))
        );
    }
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let (_store, folder) = a_store().await;
    let mut conn = connection::open(&folder.path().join(FILE), Role::Reader).expect("a connection");
    let refused = conn.batch_execute("INSERT INTO books VALUES (1, 'x', 'USD', 2, 0)");
    assert_eq!(refused.expect_err("refused").to_string(), "attempt to write a readonly database");
}

#[test]
fn a_path_that_looks_like_a_uri_is_a_path() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let odd = folder.path().join("file:a?mode=memory&b=%41");
    SqliteStore::open(&odd).expect("a store opens");
    assert!(odd.exists());
    let missing = folder.path().join("none").join(FILE);
    assert!(matches!(SqliteStore::open(missing), Err(StoreError::Unavailable(_))));
    std::fs::write(folder.path().join("text"), "this is no database, and long enough to be one".repeat(9))
        .expect("written");
    assert!(matches!(SqliteStore::open(folder.path().join("text")), Err(StoreError::Unavailable(_))));
}

async fn a_world() -> (SqliteStore, World, TempDir) {
    let (store, folder) = a_store().await;
    let shared = Arc::new(store.clone());
    let world = World::new(shared.clone(), shared).await;
    (store, world, folder)
}

async fn configure(store: &SqliteStore, sql: &str) {
    store.writer.lock().await.conn().expect("a connection").batch_execute(sql).expect("configured");
}

/// Many users with long names: several megabytes, so that the disk is full before the commit as well as at it.
async fn fill(store: &SqliteStore, world: &World, users: usize) -> Result<Vec<UserFacts>, StoreError> {
    let name = |n| format!("{}{n:05}", "u".repeat(90));
    let named: Vec<_> = (0..users).map(|n| world.new_user(&name(n))).collect();
    let mut unit = store.begin().await?;
    let users = unit.users().lock(world.program.book, &named, &[], world.now()).await?;
    unit.commit().await?;
    Ok(users)
}

#[tokio::test]
async fn a_full_disk_stores_nothing_of_the_unit_and_is_survived() {
    let (store, world, _folder) = a_world().await;
    let ana = world.user("u_ana").await;
    for users in [20_000, 30_000] {
        configure(&store, "PRAGMA max_page_count=300").await;
        let full = fill(&store, &world, users).await;
        assert!(matches!(full, Err(StoreError::Unavailable(_))), "{:?}", full.err());
    }
    assert_eq!(world.user("u_ana").await, ana, "what was there is still there");
    let first = host(&format!("{}{:05}", "u".repeat(90), 0));
    assert_eq!(store.user(world.program.book, &first).await.expect("a report"), None);
    configure(&store, "PRAGMA max_page_count=1000000").await;
    assert_eq!(fill(&store, &world, 2_000).await.expect("there is room again").len(), 2_000);
}

#[tokio::test]
async fn a_rollback_that_fails_costs_the_connection_and_nothing_else() {
    let (store, world, _folder) = a_world().await;
    let lease = Lease::begin(store.writer.clone()).await.expect("a lease");
    let ended = lease.run(|conn| conn.batch_execute("ROLLBACK; PRAGMA user_version=7").told()).await;
    let (lease, ()) = ended.expect("the transaction is over, as after a full disk");
    drop(lease);
    let named = [world.new_user("u_cyd")];
    let mut unit = store.begin().await.expect("the next unit begins on a new connection");
    unit.users().lock(world.program.book, &named, &[], world.now()).await.expect("users");
    unit.commit().await.expect("and commits");
    assert!(store.user(world.program.book, &host("u_cyd")).await.expect("a report").is_some());
}

#[tokio::test]
async fn another_process_that_holds_the_file_makes_the_store_unavailable() {
    let (store, world, folder) = a_world().await;
    configure(&store, "PRAGMA busy_timeout=20").await;
    let mut other = connection::open(&folder.path().join(FILE), Role::Writer).expect("a connection");
    other.batch_execute("BEGIN IMMEDIATE").expect("it is held");
    assert!(matches!(store.begin().await, Err(StoreError::Unavailable(_))));
    assert!(store.user(world.program.book, &host("u_ana")).await.is_ok(), "reports go on");
    other.batch_execute("COMMIT").expect("it is let go");
    store.begin().await.expect("a unit begins").commit().await.expect("and commits");
}

#[tokio::test]
async fn a_store_opened_twice_is_one_store() {
    let (store, world, folder) = a_world().await;
    let twin = SqliteStore::open(folder.path().join(FILE)).expect("a second one opens");
    let ana = world.user("u_ana").await;
    assert_eq!(twin.user(world.program.book, &host("u_ana")).await.expect("a report"), Some(ana));
    let unit = store.begin().await.expect("a unit");
    drop(unit);
    twin.begin().await.expect("what is dropped holds nothing").commit().await.expect("and commits");
}

async fn thread_of(lease: Lease) -> (Lease, std::thread::ThreadId) {
    lease.run(|_| Ok(std::thread::current().id())).await.expect("a call")
}

/// Where the runtime has several threads, a call needs none of the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_unit_stays_on_its_thread_where_that_may_be_blocked() {
    let (store, _folder) = a_store().await;
    let unit = tokio::spawn(async move {
        let lease = Lease::begin(store.writer.clone()).await.expect("a lease");
        let (lease, first) = thread_of(lease).await;
        let (lease, second) = thread_of(lease).await;
        lease.commit().await.expect("committed");
        (std::thread::current().id(), first, second)
    });
    let (own, first, second) = unit.await.expect("it ends");
    assert_eq!((first, second), (own, own));
}

#[tokio::test]
async fn a_unit_blocks_no_thread_that_is_the_only_one() {
    let (store, _folder) = a_store().await;
    let lease = Lease::begin(store.writer.clone()).await.expect("a lease");
    let (_lease, thread) = thread_of(lease).await;
    assert_ne!(thread, std::thread::current().id());
}
