//! What operators did, and whoever tampers with it: `verify` finds each, at its first bad place.

use std::sync::Arc;

use diesel_async::SimpleAsyncConnection;
use referral_domain::ledger::Verdict;
use referral_testkit::operated;
use referral_testkit::operated::tamper::{ADJUSTMENTS, PAYOUTS};
use referral_testkit::world::World;

use super::a_store;
use super::launch::Database;
use super::tampering::disarm;
use crate::{PgStore, verify};

/// The story, in a database of its own.
pub(super) async fn told() -> (PgStore, Database) {
    let (store, database) = a_store().await;
    let shared = Arc::new(store.clone());
    operated::tell(&World::with(shared.clone(), shared, operated::program()).await).await;
    (store, database)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tampering_with_what_operators_did_is_found_where_it_is() {
    let (store, database) = told().await;
    disarm(&database.client().await).await;
    let mut conn = store.patient().await.expect("a session").conn;
    let honest = verify::verdict(&conn, &conn).await.expect("it can be read");
    assert!(matches!(honest, Verdict::Verified(_)), "{honest:?}");
    let (mut tried, mut missed) = (0, Vec::new());
    for tamper in PAYOUTS.iter().chain(ADJUSTMENTS) {
        let tampered = conn.batch_execute(&format!("BEGIN; {};", tamper.sql)).await;
        tampered.unwrap_or_else(|error| panic!("{}: {error}", tamper.what));
        missed.extend(tamper.missed_by(&verify::verdict(&conn, &conn).await.expect("it can be read")));
        conn.batch_execute("ROLLBACK").await.expect("rolled back");
        tried += 1;
    }
    println!("tampers tried={tried} found={}", tried - missed.len());
    assert!(missed.is_empty(), "{missed:#?}");
    assert_eq!(
        verify::verdict(&conn, &conn).await.expect("it can be read"),
        honest,
        "and nothing was left behind"
    );
}
