//! What operators did, and whoever tampers with it: `verify` finds each, at its first bad place.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use referral_domain::ledger::Verdict;
use referral_testkit::operated;
use referral_testkit::operated::tamper::{ADJUSTMENTS, PAYOUTS};
use referral_testkit::world::World;
use tempfile::TempDir;

use super::tampering::disarm;
use super::{FILE, a_store};
use crate::connection::{self, Role};
use crate::verify;

/// The story, in a file of its own.
pub(super) async fn told() -> (SqliteConnection, TempDir) {
    let (store, folder) = a_store().await;
    let store = Arc::new(store);
    operated::tell(&World::with(store.clone(), store, operated::program()).await).await;
    let conn = connection::open(&folder.path().join(FILE), Role::Writer).expect("a connection");
    (conn, folder)
}

#[tokio::test]
async fn every_tampering_with_what_operators_did_is_found_where_it_is() {
    let (mut conn, _folder) = told().await;
    disarm(&mut conn);
    let honest = verify::verify(&mut conn).expect("it can be read");
    assert!(matches!(honest, Verdict::Verified(_)), "{honest:?}");
    let (mut tried, mut missed) = (0, Vec::new());
    for tamper in PAYOUTS.iter().chain(ADJUSTMENTS) {
        conn.batch_execute(&format!("BEGIN; {};", tamper.sql))
            .unwrap_or_else(|error| panic!("{}: {error}", tamper.what));
        missed.extend(tamper.missed_by(&verify::verify(&mut conn).expect("it can be read")));
        conn.batch_execute("ROLLBACK").expect("rolled back");
        tried += 1;
    }
    println!("tampers tried={tried} found={}", tried - missed.len());
    assert!(missed.is_empty(), "{missed:#?}");
    assert_eq!(verify::verify(&mut conn).expect("it can be read"), honest, "and nothing was left behind");
}
