//! Idempotency keys: held by one unit at a time, stored with the effect, forgotten when old.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use referral_domain::port::{Changes, IdempotencyKey, StoredReply};
use referral_domain::time::{HOUR, Timestamp};

use super::{Meeting, Subject, race};
use crate::build::a_program;
use crate::fake::NOON;
use crate::world::World;

fn key(world: &World, name: &str) -> IdempotencyKey {
    IdempotencyKey {
        book: world.program.book,
        caller: "user:u_ana".to_owned(),
        endpoint: "POST /api/referrals/apply".to_owned(),
        key: name.to_owned(),
    }
}

fn reply(created_at: Timestamp) -> StoredReply {
    StoredReply { request: [7; 32], status: 201, body: "{\"ü\":1}".to_owned(), created_at }
}

async fn claim(world: &World, key: &IdempotencyKey) -> Option<StoredReply> {
    let mut unit = world.begin().await;
    let claimed = unit.idempotency().claim(key).await.expect("a claim");
    unit.commit().await.expect("a unit commits");
    claimed
}

async fn keep(world: &World, key: &IdempotencyKey, reply: &StoredReply) {
    let mut unit = world.begin().await;
    assert_eq!(unit.idempotency().claim(key).await.expect("a claim"), None);
    let changes = Changes { replies: vec![(key.clone(), reply.clone())], ..Changes::default() };
    unit.recorder().record(world.program.book, &changes).await.expect("recorded");
    unit.commit().await.expect("a unit commits");
}

pub async fn a_key_nobody_used_is_free_and_stays_free_until_a_reply_is_stored(subject: Subject) {
    let world = World::open(subject).await;
    let key = key(&world, "k1");
    for _ in 0..3 {
        assert_eq!(claim(&world, &key).await, None);
    }
}

pub async fn a_reply_is_read_back_equal_under_its_key_and_no_other(subject: Subject) {
    let world = World::open(subject).await;
    let other = world.beside(a_program().named("other").build()).await;
    let (mine, kept) = (key(&world, "k1"), reply(NOON.plus_micros(1)));
    keep(&world, &mine, &kept).await;
    assert_eq!(claim(&world, &mine).await, Some(kept));
    let text = str::to_owned;
    let strangers = [
        IdempotencyKey { key: text("K1"), ..mine.clone() },
        IdempotencyKey { caller: text("user:u_ben"), ..mine.clone() },
        IdempotencyKey { endpoint: text("POST /api/credits/redeem"), ..mine.clone() },
        IdempotencyKey { book: other.program.book, ..mine.clone() },
    ];
    for stranger in &strangers {
        assert_eq!(claim(&world, stranger).await, None, "{stranger:?}");
    }
    println!("other keys asked={}", strangers.len());
}

pub async fn a_reply_of_a_unit_that_was_dropped_is_not_kept(subject: Subject) {
    let world = World::open(subject).await;
    let key = key(&world, "k1");
    let mut unit = world.begin().await;
    unit.idempotency().claim(&key).await.expect("a claim");
    let changes = Changes { replies: vec![(key.clone(), reply(NOON))], ..Changes::default() };
    unit.recorder().record(world.program.book, &changes).await.expect("recorded");
    drop(unit);
    assert_eq!(claim(&world, &key).await, None);
}

pub async fn a_claim_waits_for_the_unit_that_holds_the_key(subject: Subject) {
    let world = World::open(subject).await;
    let (rounds, racers) = (5, 6);
    for round in 0..rounds {
        let (effects, meeting) = (Arc::new(AtomicU32::new(0)), Meeting::of(racers));
        let answers = race((0..racers).map(|_| {
            let (world, effects, meeting) = (world.clone(), effects.clone(), meeting.clone());
            let key = key(&world, &format!("k{round}"));
            async move { effect_once(&world, &key, &effects, &meeting).await }
        }));
        let replayed = answers.await.into_iter().filter(|replayed| *replayed).count();
        assert_eq!((effects.load(Ordering::SeqCst), replayed), (1, racers - 1), "round {round}");
    }
    println!("keys claimed at once={rounds} by units={racers}");
}

/// Has an effect unless the key is used; answers whether it was. An effect counts when its unit committed.
async fn effect_once(world: &World, key: &IdempotencyKey, effects: &AtomicU32, meeting: &Meeting) -> bool {
    let book = world.program.book;
    let replayed = world.transact(move |unit| {
        Box::pin(async move {
            if unit.idempotency().claim(key).await?.is_some() {
                return Ok(true);
            }
            meeting.wait().await;
            let replies = vec![(key.clone(), reply(NOON))];
            unit.recorder().record(book, &Changes { replies, ..Changes::default() }).await?;
            Ok(false)
        })
    });
    let replayed = replayed.await.expect("a claim");
    effects.fetch_add(u32::from(!replayed), Ordering::SeqCst);
    replayed
}

pub async fn replies_recorded_before_an_instant_are_forgotten_at_most_so_many(subject: Subject) {
    let world = World::open(subject).await;
    for n in 0..5_i32 {
        let at = NOON.plus_micros(i64::from(n) * HOUR);
        keep(&world, &key(&world, &format!("k{n}")), &reply(at)).await;
    }
    let forget = async |before, limit| {
        let mut unit = world.begin().await;
        let forgotten = unit.idempotency().forget(before, limit).await.expect("forgotten");
        unit.commit().await.expect("a unit commits");
        forgotten
    };
    assert_eq!(forget(NOON, 100).await, 0, "strictly before");
    assert_eq!(forget(NOON.plus_micros(1), 100).await, 1);
    assert_eq!(forget(NOON.plus_micros(3 * HOUR), 1).await, 1);
    assert_eq!(forget(NOON.plus_micros(3 * HOUR), 0).await, 0);
    assert_eq!(forget(NOON.plus_micros(3 * HOUR), 100).await, 1);
    let mut kept = Vec::new();
    for n in 0..5 {
        kept.push(claim(&world, &key(&world, &format!("k{n}"))).await.is_some());
    }
    assert_eq!(kept, [false, false, false, true, true]);
}
