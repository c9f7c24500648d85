//! What a unit asks of the server: round trips and statements, read off the wire.
//!
//! The server stands behind a relay that holds its answers back. So what is sent while nothing was answered is one
//! flight, however fast the server is, and a round trip is one that somebody waited for.

use std::sync::Arc;
use std::time::Duration;

use referral_testkit::build::{a_program, a_spend, usd};
use referral_testkit::world::World;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::a_store_of;
use super::launch::Database;
use crate::connection::Plain;
use crate::location::Location;
use crate::wire::Traffic;
use crate::{PgStore, Sessions};

/// What the one session of units was asked while something ran.
async fn asked(store: &PgStore, work: impl Future) -> Traffic {
    let before = store.units.traffic()[0];
    work.await;
    let after = store.units.traffic()[0];
    Traffic {
        round_trips: after.round_trips - before.round_trips,
        statements: after.statements - before.statements,
    }
}

/// How long the relay holds an answer back: longer than anybody needs to write down a batch.
const DELAY: Duration = Duration::from_millis(60);

/// A port of this machine behind which the database is, slowly.
pub(super) async fn far_away(url: &str) -> String {
    let location = Location::parse(url).expect("the database's own URL");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let (host, config) = (location.config.get_hosts()[0].clone(), location.config);
    let name = config.get_dbname().expect("a database");
    let user = config.get_user().expect("a user");
    let url = format!("postgres://{user}@127.0.0.1:{port}/{name}?sslmode=disable");
    let at = config.get_ports().first().copied().unwrap_or(5432);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            client.set_nodelay(true).expect("a socket");
            let server = Plain::open(&host, at).await.expect("the server answers");
            tokio::spawn(relay(client, server));
        }
    });
    url
}

/// Until either side ends; what the server says is late.
async fn relay(client: TcpStream, server: Plain) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (tokio::io::split(client), tokio::io::split(server));
    let there = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut bytes = vec![0; 1 << 20];
    while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
        tokio::time::sleep(DELAY).await;
        if to_client.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
    there.abort();
}

/// How much log the server wrote so far, whatever for.
async fn written(database: &Database) -> i64 {
    let query = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint";
    database.client().await.query_one(query, &[]).await.expect(query).get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_unit_of_recorded_spend_is_at_most_four_round_trips_whatever_its_size() {
    let one = Sessions { units: 1, reports: 1 };
    let (near, database) = a_store_of(one).await;
    let shared = Arc::new(near);
    let world = World::with(shared.clone(), shared, a_program().limited_to(10_000).build()).await;
    let code = world.code("u_ana").await;
    let names: Vec<_> = (0..130).map(|n| format!("u_friend_{n}")).collect();
    for name in &names {
        world.sign_up(name, &code).await.expect("applied");
        world.verify(name).await;
    }
    let spend = |name: &String, cents| a_spend(&format!("{name}:{cents}"), name, usd(cents)).build();
    let store = PgStore::open(&far_away(&database.url()).await, one).expect("a store far away");
    let mut world = world;
    world.store = Arc::new(store.clone());
    // The first unit of each kind prepares its statements.
    world.spend(&[spend(&names[0], 1_00), spend(&names[1], 60_00)]).await;
    let plain = asked(&store, world.spend(&[spend(&names[0], 2_00)])).await;
    let rewarded = asked(&store, world.spend(&[spend(&names[2], 60_00)])).await;
    let batch: Vec<_> = names[3..].iter().map(|name| spend(name, 60_00)).collect();
    let wal = written(&database).await;
    let large = asked(&store, world.spend(&batch)).await;
    let wal = (written(&database).await - wal) / i64::try_from(batch.len()).expect("few");
    let replayed = asked(&store, world.spend(&batch)).await;
    println!("one event counted: {plain:?}");
    println!("one event that grants a reward: {rewarded:?}");
    println!("{} events that grant as many rewards: {large:?}", batch.len());
    println!("the same again: {replayed:?}");
    println!("WAL bytes a rewarded event, all in all={wal}");
    assert_eq!(plain.round_trips, 3, "scene with BEGIN, record, commit");
    assert_eq!(rewarded.round_trips, 4, "scene with BEGIN, open, record, commit");
    assert_eq!((large, replayed.round_trips <= 3), (rewarded, true), "whatever the number of rows");
}
