//! A unit that stays open while others commit and are sealed: what it wrote is sealed when it ends, however old its ids.

use std::sync::Arc;

use referral_domain::credit::RedeemMode;
use referral_domain::ledger::{Answer, Mark, seal};
use referral_domain::port::{Changes, Reports};
use referral_domain::time::HOUR;
use referral_testkit::build::{a_spend, reference, usd};
use referral_testkit::fake::SeededIds;
use referral_testkit::world::World;
use uuid::Uuid;

use super::launch::a_database;
use crate::{PgStore, Sessions};

/// A pass of the sealer from a mark on: what it sealed, and the next mark.
async fn pass(world: &World, mark: Option<&Mark>) -> (Vec<Uuid>, Mark) {
    let mut unit = world.begin().await;
    let found = unit.sealing().unsealed(mark, world.now(), 1_000).await.expect("a search");
    let found = found.expect("nobody else seals");
    for tail in &found.tails {
        let blocks = seal(tail, world.now(), None);
        let changes = Changes { blocks, ..Changes::default() };
        unit.recorder().record(tail.book, &changes).await.expect("recorded");
    }
    unit.commit().await.expect("committed");
    let ids = found.tails.iter().flat_map(|tail| tail.transfers.iter().map(|(id, _)| id.uuid()));
    (ids.collect(), found.mark)
}

/// The world two hours later, by its clock and its ids.
fn later(world: &World) -> World {
    world.clock.advance(2 * HOUR);
    let mut later = world.clone();
    let ids = SeededIds::from_seed(u32::try_from(world.now().micros() % 1_000_000_007).expect("small"));
    later.ids = Arc::new(ids.from_millis(world.now().micros().unsigned_abs() / 1_000));
    later
}

async fn redeem(world: &World, name: &str, key: &str) {
    let user = world.user(name).await.id;
    world.redeem(user, 1, RedeemMode::Exact, &reference(key)).await.expect("as much is available");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_held_open_across_seals_is_sealed_when_it_ends_however_old_its_ids_are() {
    let database = a_database().await;
    let store = PgStore::open(&database.url(), Sessions::default()).expect("a store");
    let world = World::new(Arc::new(store.clone()), Arc::new(store.clone())).await;
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("applied");
    world.verify("u_ben").await;
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    let (first, mark) = pass(&world, None).await;
    // Ana's unit begins now, and stays open.
    let mut held = world.begin().await;
    let key = reference("late");
    let late = world.redeem_in(held.as_mut(), code.owner, 1, RedeemMode::Exact, &key);
    late.await.expect("the store answers").expect("as much is available");
    let (mut world, mut mark, mut between) = (world, mark, 0);
    for n in 0..3 {
        world = later(&world);
        redeem(&world, "u_ben", &format!("order:{n}")).await;
        let (sealed, next) = pass(&world, Some(&mark)).await;
        (between, mark) = (between + sealed.len(), next);
    }
    held.commit().await.expect("committed");
    let (sealed, next) = pass(&world, Some(&mark)).await;
    println!("sealed before={} while it was open={between} when it ended={}", first.len(), sealed.len());
    assert_eq!((between, sealed.len()), (3, 1));
    assert_eq!(pass(&world, Some(&next)).await.0, Vec::<Uuid>::new());
    let verdict = store.verify().await.expect("a verdict");
    assert_eq!((verdict.answer(), verdict.counts().sealed), (Answer::Verified, 6), "{verdict:?}");
}
