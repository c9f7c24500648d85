//! API keys.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::auth::{ApiKey, Scope};
use referral_domain::id::ApiKeyId;
use referral_domain::time::{HOUR, SECOND, Timestamp};

use super::{Meeting, Subject, race};
use crate::fake::NOON;
use crate::world::World;

/// On the minute, so that remembering to the minute loses nothing.
const LATER: Timestamp = NOON.plus_micros(HOUR);

fn api_key(world: &World, number: u8) -> ApiKey {
    ApiKey {
        id: ApiKeyId::from_uuid(world.id()),
        book: world.program.book,
        program: world.program.slug.clone(),
        name: format!("shop {number}"),
        prefix: format!("rk_{number}"),
        hash: [number; 32],
        scopes: Scope::ALL[..usize::from(number) % 8].to_vec(),
        created_at: NOON.plus_micros(i64::from(number)),
        last_used_at: None,
        expires_at: number.is_multiple_of(2).then(|| NOON.plus_days(7)),
        revoked_at: None,
    }
}

async fn insert(world: &World, key: &ApiKey) {
    let mut unit = world.begin().await;
    unit.api_keys().insert(key).await.expect("a key is stored");
    unit.commit().await.expect("a unit commits");
}

async fn revoke(world: &World, id: ApiKeyId, at: Timestamp) -> bool {
    let mut unit = world.begin().await;
    let revoked = unit.api_keys().revoke(id, at).await.expect("an answer");
    unit.commit().await.expect("a unit commits");
    revoked
}

async fn locked(world: &World, id: ApiKeyId) -> Option<ApiKey> {
    let mut unit = world.begin().await;
    unit.api_keys().lock(id).await.expect("an answer")
}

async fn touch(world: &World, id: ApiKeyId, at: Timestamp) {
    let mut unit = world.begin().await;
    unit.api_keys().touch(id, at).await.expect("touched");
    unit.commit().await.expect("a unit commits");
}

async fn by_hash(world: &World, number: u8) -> Option<ApiKey> {
    world.reports.api_key(&[number; 32]).await.expect("a report")
}

pub async fn a_key_is_read_back_equal_with_any_scopes(subject: Subject) {
    let world = World::open(subject).await;
    let keys: Vec<_> = (0..8).map(|number| api_key(&world, number)).collect();
    for (number, key) in (0_u8..).zip(&keys) {
        insert(&world, key).await;
        assert_eq!(by_hash(&world, number).await.as_ref(), Some(key));
    }
    assert_eq!(by_hash(&world, 99).await, None);
    println!("keys read back={}", keys.len());
}

pub async fn a_key_is_locked_by_its_id(subject: Subject) {
    let world = World::open(subject).await;
    let (key, other) = (api_key(&world, 1), api_key(&world, 2));
    insert(&world, &key).await;
    insert(&world, &other).await;
    assert_eq!(locked(&world, key.id).await.as_ref(), Some(&key));
    assert_eq!(locked(&world, ApiKeyId::from_uuid(world.id())).await, None);
}

pub async fn of_those_who_revoke_a_locked_key_at_once_one_finds_it_live(subject: Subject) {
    const RACERS: usize = 4;
    let world = World::open(subject).await;
    let id = api_key(&world, 1).id;
    insert(&world, &ApiKey { id, ..api_key(&world, 1) }).await;
    let meeting = Meeting::of(RACERS);
    let racers = (0..RACERS).map(|_| {
        let (world, meeting) = (world.clone(), meeting.clone());
        async move {
            let mut unit = world.begin().await;
            meeting.wait().await;
            let key = unit.api_keys().lock(id).await.expect("an answer").expect("it is there");
            let live = key.revoked_at.is_none();
            assert_eq!(unit.api_keys().revoke(id, LATER).await.expect("an answer"), live);
            unit.commit().await.expect("a unit commits");
            live
        }
    });
    let live = race(racers).await;
    assert_eq!(live.iter().filter(|live| **live).count(), 1);
}

pub async fn keys_are_listed_newest_first(subject: Subject) {
    let world = World::open(subject).await;
    for number in [3, 1, 4, 2] {
        insert(&world, &api_key(&world, number)).await;
    }
    let listed = world.reports.api_keys().await.expect("a report");
    let names: Vec<_> = listed.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["shop 4", "shop 3", "shop 2", "shop 1"]);
}

pub async fn a_key_is_revoked_once_and_found_all_the_same(subject: Subject) {
    let world = World::open(subject).await;
    let (key, other) = (api_key(&world, 1), api_key(&world, 2));
    insert(&world, &key).await;
    insert(&world, &other).await;
    assert!(!revoke(&world, ApiKeyId::from_uuid(world.id()), LATER).await, "there is no such key");
    assert!(revoke(&world, key.id, LATER).await);
    assert!(!revoke(&world, key.id, LATER.plus_days(1)).await, "it is revoked already");
    let revoked = ApiKey { revoked_at: Some(LATER), ..key };
    assert_eq!(by_hash(&world, 1).await, Some(revoked));
    assert_eq!(by_hash(&world, 2).await, Some(other));
}

pub async fn a_key_remembers_to_the_minute_when_it_was_used(subject: Subject) {
    let world = World::open(subject).await;
    let (key, other) = (api_key(&world, 1), api_key(&world, 2));
    insert(&world, &key).await;
    insert(&world, &other).await;
    for at in [LATER, LATER.plus_micros(90 * SECOND), LATER.plus_days(3)] {
        touch(&world, key.id, at).await;
        let found = by_hash(&world, 1).await.expect("the key");
        let used = found.last_used_at.expect("it was used");
        assert!((0..60 * SECOND).contains(&at.since(used)), "used at {at}, remembered {used}");
        assert_eq!(ApiKey { last_used_at: None, ..found }, key, "nothing else changed");
    }
    assert_eq!(by_hash(&world, 2).await, Some(other));
}
