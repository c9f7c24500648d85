//! Spend: the scene of a batch in one call, and the events that wait for a referral.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::collections::BTreeMap;

use referral_domain::identity::Fingerprint;
use referral_domain::port::Changes;
use referral_domain::spend::{Answer, Outcome, SpendCommand, SpendEvent, SpendScene};
use referral_domain::time::HOUR;
use referral_domain::user::{EmailStatus, UserFacts, Word};

use super::{Meeting, Subject};
use crate::build::{a_referral, a_spend, a_user, an_event, host, source, usd};
use crate::fake::NOON;
use crate::world::World;

async fn scene(world: &World, users: &[&str], sources: &[&str]) -> SpendScene {
    let users: Vec<_> = users.iter().map(|name| world.new_user(name)).collect();
    let sources: Vec<_> = sources.iter().map(|name| source(name)).collect();
    let mut unit = world.begin().await;
    let scene = unit.spending().scene(world.program.book, &users, &sources, world.now()).await;
    unit.commit().await.expect("a unit commits");
    scene.expect("a scene is set")
}

pub async fn a_scene_makes_the_users_that_are_missing(subject: Subject) {
    let world = World::open(subject).await;
    let known = world.user("u_known").await;
    let scene = scene(&world, &["u_known", "u_new", "u_new"], &[]).await;
    assert_eq!(scene.users.len(), 2, "the same user twice is one");
    assert_eq!(scene.users[&host("u_known")], known.id);
    let made = world.user("u_new").await;
    let expected = UserFacts::first_seen(scene.users[&host("u_new")], host("u_new"), world.now());
    assert_eq!(made, expected);
    assert!(scene.referrals.is_empty() && scene.referrers.is_empty() && scene.known.is_empty());
}

pub async fn a_scene_holds_the_referrals_and_what_is_known_of_the_referrers(subject: Subject) {
    let world = World::open(subject).await;
    let word = |verified| Word { at: NOON.plus_micros(1), verified };
    let referrers = [
        (a_user("u_unknown"), EmailStatus::Unknown),
        (a_user("u_verified").verified(NOON), EmailStatus::Verified(NOON)),
        (a_user("u_unverified").unverified(NOON), EmailStatus::Unverified),
        (a_user("u_token").with_token(word(true)), EmailStatus::Verified(NOON.plus_micros(1))),
        (a_user("u_both").unverified(NOON).with_token(word(true)), EmailStatus::Unverified),
    ];
    let (mut names, mut referrals, mut statuses) =
        (vec!["u_alone".to_owned()], BTreeMap::new(), BTreeMap::new());
    for (user, status) in referrers {
        let facts = user.build();
        let code = world.code(facts.host.as_str()).await;
        world.know(UserFacts { id: code.owner, ..facts }).await;
        names.push(format!("u_of_{}", code.text));
        let referred = world.user(&names[names.len() - 1]).await;
        let referral = a_referral(&world.program, &code, referred.id).build();
        world.refer(std::slice::from_ref(&referral)).await;
        referrals.insert(referred.id, referral);
        statuses.insert(code.owner, status);
    }
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let scene = scene(&world, &names, &[]).await;
    assert_eq!(scene.users.len(), 6);
    assert_eq!(scene.referrals, referrals);
    assert_eq!(scene.referrers, statuses);
}

pub async fn a_scene_holds_the_events_already_recorded_under_the_ids_asked_for(subject: Subject) {
    let world = World::open(subject).await;
    let ben = world.user("u_ben").await;
    let event = |name| an_event(&a_spend(name, "u_ben", usd(5_00)).build(), ben.id).build();
    let events: Vec<SpendEvent> = ["e1", "e2", "E1", "e3"].map(event).to_vec();
    world.record(&Changes { events: events.clone(), ..Changes::default() }).await;
    let scene = scene(&world, &[], &["e1", "e3", "e9", "e1", "E1"]).await;
    let known: Vec<_> = scene.known.values().collect();
    assert_eq!(known, [&events[2], &events[0], &events[3]]);
    assert!(scene.users.is_empty());
}

/// Each detail stands alone: what is told of a payment needs no metadata, nor the other way round.
pub async fn what_is_told_of_a_payment_needs_no_metadata(subject: Subject) {
    let world = World::open(subject).await;
    let told = |name: &str| a_spend(name, "u_ana", usd(10_00));
    let paid = told("paid").paid_with(Fingerprint([7; 32])).build();
    let noted = SpendCommand { metadata: Some(r#"{"plan":"pro"}"#.to_owned()), ..told("noted").build() };
    world.spend(&[paid.clone(), noted.clone(), told("bare").build()]).await;
    let known = scene(&world, &[], &["paid", "noted", "bare"]).await.known;
    let details = |name| known.get(&source(name)).map(|event| (event.payment, event.metadata.clone()));
    let expected = [(paid.payment, None), (None, noted.metadata), (None, None)];
    assert_eq!(["paid", "noted", "bare"].map(details), expected.map(Some));
}

pub async fn an_empty_scene_is_empty(subject: Subject) {
    let world = World::open(subject).await;
    assert_eq!(scene(&world, &[], &[]).await, SpendScene::default());
}

pub async fn events_that_wait_are_found_oldest_first_from_an_instant_on(subject: Subject) {
    let world = World::open(subject).await;
    let (ben, other) = (world.user("u_ben").await, world.user("u_other").await);
    let at = |n: i64| NOON.plus_micros(n);
    let of = |user: &UserFacts, name: &str, recorded| {
        an_event(&a_spend(name, user.host.as_str(), usd(5_00)).build(), user.id)
            .recorded(at(recorded))
            .build()
    };
    let mine: Vec<_> = [30, 10, 40, 20].map(|n| of(&ben, &format!("e{}", (n + 10) % 50), n)).to_vec();
    let mut events = mine.clone();
    events.push(of(&other, "other", 30));
    world.record(&Changes { events, ..Changes::default() }).await;
    let mut asked = 0;
    for (since, left) in [(-5, 4), (10, 4), (11, 3), (20, 3), (30, 2), (40, 1), (41, 0)] {
        let mut unit = world.begin().await;
        let parked = unit.spending().parked(world.program.book, ben.id, at(since)).await.expect("events");
        let recorded: Vec<_> = parked.iter().map(|event| event.recorded_at).collect();
        assert_eq!(recorded, [10, 20, 30, 40].map(at)[4 - left..], "since {since}");
        assert!(parked.iter().all(|event| mine.contains(event)));
        asked += 1;
    }
    println!("instants asked={asked}");
}

pub async fn an_event_that_met_a_referral_does_not_wait(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    world.spend(&[a_spend("early", "u_ben", usd(5_00)).build()]).await;
    world.sign_up("u_ben", &code).await.expect("applied");
    let ben = world.user("u_ben").await;
    world.spend(&[a_spend("counted", "u_ben", usd(7_00)).build()]).await;
    let before = a_spend("before", "u_ben", usd(9_00)).at(NOON.plus_micros(-HOUR)).build();
    let answers = world.spend(&[before]).await;
    assert!(matches!(&answers[..], [Answer::Recorded(event)] if event.outcome == Outcome::BeforeReferral));
    let mut unit = world.begin().await;
    let parked = unit.spending().parked(world.program.book, ben.id, NOON.plus_micros(-HOUR)).await;
    let parked = parked.expect("events");
    let names: Vec<_> = parked.iter().map(|event| event.source.as_str()).collect();
    assert!(!names.contains(&"counted") && !names.contains(&"before"), "{names:?}");
    drop(unit);
    let gross = world.referral(ben.id).await.map(|referral| referral.progress.spend.gross);
    assert_eq!(gross, Some(12_00), "what waited is folded in");
}

pub async fn an_event_that_was_folded_in_is_still_answered_as_it_was_recorded(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let spend = a_spend("early", "u_ben", usd(60_00)).build();
    let first = world.spend(std::slice::from_ref(&spend)).await;
    world.sign_up("u_ben", &code).await.expect("applied");
    let again = world.spend(&[spend]).await;
    let (Answer::Recorded(first), Answer::Replayed(again)) = (&first[0], &again[0]) else {
        panic!("{first:?}, then {again:?}")
    };
    assert_eq!(again, first, "an event never changes");
}

pub async fn an_event_and_the_sign_up_it_waits_for_at_once_count_it_once(subject: Subject) {
    let world = World::open(subject).await;
    let (code, rounds) = (world.code("u_ana").await, 8);
    for round in 0..rounds {
        let name = format!("u_{round}");
        let (meeting, spender) = (Meeting::of(2), world.clone());
        let spend = a_spend(&format!("inv_{round}"), &name, usd(5_00)).build();
        let (met, new, code) = (meeting.clone(), name.clone(), code.clone());
        let signing = world.clone();
        let told = tokio::spawn(async move {
            met.wait().await;
            spender.spend(&[spend]).await.len()
        });
        meeting.wait().await;
        signing.sign_up(&new, &code).await.expect("applied");
        assert_eq!(told.await.expect("no panic"), 1);
        let user = world.user(&name).await;
        let gross = world.referral(user.id).await.map(|referral| referral.progress.spend.gross);
        assert_eq!(gross, Some(5_00), "round {round}: counted, or folded in, and never both");
    }
    println!("events racing their sign-up={rounds}");
}
