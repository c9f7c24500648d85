//! Referrals: locked in order, counted exactly, walked upward, and found when they wait for their referrer.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::code::Code;
use referral_domain::id::UserId;
use referral_domain::port::Changes;
use referral_domain::referral::{Award, Referral, State, WithheldReason};
use referral_domain::time::{DAY, Timestamp};

use super::{Meeting, Subject, race};
use crate::build::{a_program, a_referral};
use crate::fake::NOON;
use crate::world::World;

/// So many referred users of one code, each recorded as `shape` says.
pub(crate) async fn brought(
    world: &World,
    code: &Code,
    count: usize,
    shape: impl Fn(usize, &mut Referral),
) -> Vec<Referral> {
    let names: Vec<_> = (0..count).map(|n| format!("u_of_{}_{n}", code.text)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let users = world.users(&names).await;
    let made = users.iter().enumerate().map(|(n, user)| {
        a_referral(&world.program, code, user.id).with(|referral| shape(n, referral)).build()
    });
    let made: Vec<_> = made.collect();
    world.refer(&made).await;
    made
}

pub async fn locking_answers_by_referred_user_and_leaves_out_who_has_none(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let mut made = brought(&world, &code, 5, |_, _| ()).await;
    let nobody = world.user("u_nobody").await;
    made.sort_by_key(|referral| referral.facts.referred);
    let mut asked: Vec<UserId> = made.iter().rev().map(|referral| referral.facts.referred).collect();
    asked.extend([nobody.id, code.owner, made[0].facts.referred]);
    let mut unit = world.begin().await;
    let locked = unit.referrals().lock(world.program.book, &asked).await.expect("referrals");
    assert_eq!(locked, made, "each once, in the order of the referred users' ids");
    let none = unit.referrals().lock(world.program.book, &[]).await.expect("referrals");
    assert_eq!(none, []);
}

pub async fn a_locked_referral_does_not_change_until_the_unit_ends(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let referred = brought(&world, &code, 1, |_, _| ()).await[0].facts.referred;
    let (racers, turns, meeting) = (4, 5, Meeting::of(4));
    race((0..racers).map(|_| {
        let (world, meeting) = (world.clone(), meeting.clone());
        async move {
            for _ in 0..turns {
                spend_one(&world, referred, &meeting).await;
            }
        }
    }))
    .await;
    let gross = world.referral(referred).await.map(|referral| referral.progress.spend.gross);
    println!("increments of one referral's spend={} seen={gross:?}", racers * turns);
    assert_eq!(gross, Some(racers * turns));
}

async fn spend_one(world: &World, referred: UserId, meeting: &Meeting) {
    let book = world.program.book;
    let spent = world.transact(move |unit| {
        Box::pin(async move {
            let mut referral = unit.referrals().lock(book, &[referred]).await?.remove(0);
            meeting.wait().await;
            referral.progress.spend.gross += 1;
            let progress = vec![(referral.facts.id, referral.progress)];
            unit.recorder().record(book, &Changes { progress, ..Changes::default() }).await
        })
    });
    spent.await.expect("spend is counted");
}

pub async fn ancestors_are_the_nearest_first_and_at_most_so_many(subject: Subject) {
    let world = World::open(subject).await;
    let mut chain = vec![world.user("u_0").await.id];
    for n in 1..7 {
        let code = world.code(&format!("u_{}", n - 1)).await;
        let next = world.user(&format!("u_{n}")).await;
        world.refer(&[a_referral(&world.program, &code, next.id).build()]).await;
        chain.push(next.id);
    }
    let upward = |user: usize, generations: usize| -> Vec<UserId> {
        chain[..user].iter().rev().take(generations).copied().collect()
    };
    let mut asked = 0;
    let mut unit = world.begin().await;
    for (user, id) in chain.iter().enumerate() {
        for generations in 0..8 {
            let bound = u32::try_from(generations).expect("few");
            let found = unit.referrals().ancestors(world.program.book, *id, bound).await.expect("ancestors");
            assert_eq!(found, upward(user, generations), "of user {user}, {generations} generations");
            asked += 1;
        }
    }
    println!("chains walked={asked}");
}

pub async fn a_ring_is_walked_at_most_so_many_generations(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, ben) = (world.code("u_ana").await, world.code("u_ben").await);
    let ring = [
        a_referral(&world.program, &ana, ben.owner).build(),
        a_referral(&world.program, &ben, ana.owner).build(),
    ];
    world.refer(&ring).await;
    let mut unit = world.begin().await;
    let found = unit.referrals().ancestors(world.program.book, ana.owner, 5).await.expect("ancestors");
    assert!(found.len() <= 5 && found.starts_with(&[ben.owner]), "{found:?}");
}

pub async fn the_nth_newest_is_exact_at_its_bounds(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let at = |n: usize| NOON.plus_micros(i64::try_from(n).expect("few") * 10);
    let age = |n, referral: &mut Referral| referral.facts.created_at = at([3, 1, 4, 2, 0][n]);
    brought(&world, &code, 5, age).await;
    let other = world.code("u_other").await;
    brought(&world, &other, 3, |n, referral| referral.facts.created_at = at(n + 2)).await;
    let book = world.program.book;
    let mut unit = world.begin().await;
    let mut asked = 0;
    for (since, newer) in [(-1, 5), (0, 4), (1, 4), (9, 4), (10, 3), (30, 1), (39, 1), (40, 0), (41, 0)] {
        let since = NOON.plus_micros(since);
        let all: Vec<_> = [(other.owner, 3)].into_iter().chain((0..7).map(|n| (code.owner, n))).collect();
        let found = unit.referrals().nth_newest(book, &all, since).await.expect("instants");
        assert_eq!(found.len(), all.len(), "an answer for each");
        assert_eq!(found[0].is_some(), since < at(2), "somebody else's are counted apart");
        for (n, found) in (0..7_u32).zip(&found[1..]) {
            let expected = (1..=newer).contains(&n).then(|| at(5 - n as usize));
            assert_eq!(*found, expected, "the {n}th newest strictly after {since}");
            asked += 1;
        }
    }
    assert_eq!(unit.referrals().nth_newest(book, &[], NOON).await.expect("nothing"), []);
    println!("instants asked={asked}");
}

pub async fn the_nth_newest_counts_when_a_referral_was_recorded_not_applied(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let late = |_, referral: &mut Referral| referral.facts.created_at = NOON.plus_days(2);
    brought(&world, &code, 1, late).await;
    let mut unit = world.begin().await;
    let since = NOON.plus_days(1);
    let found = unit.referrals().nth_newest(world.program.book, &[(code.owner, 1)], since).await;
    assert_eq!(found.expect("an instant"), [Some(NOON.plus_days(2))]);
}

pub async fn those_who_wait_for_their_referrers_email_are_found(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, other) = (world.code("u_ana").await, world.code("u_other").await);
    let reasons = WithheldReason::ALL;
    let shape = |n: usize, referral: &mut Referral| {
        referral.progress.state = State::Completed { activated_at: NOON, completed_at: NOON };
        referral.progress.verified_at = Some(NOON);
        referral.progress.spend.gross = referral.facts.terms.spend_threshold;
        let reason = WithheldReason::ReferrerEmailNotVerified;
        referral.progress.reward = Award::Withheld(*reasons.get(n).unwrap_or(&reason));
    };
    let made = brought(&world, &ana, reasons.len() + 3, shape).await;
    brought(&world, &other, 9, shape).await;
    let waits = |referral: &&Referral| {
        referral.progress.reward == Award::Withheld(WithheldReason::ReferrerEmailNotVerified)
    };
    let mut expected: Vec<_> = made.iter().filter(waits).map(|referral| referral.facts.referred).collect();
    expected.sort();
    assert_eq!(expected.len(), 4, "one of all reasons, and the three more");
    let mut unit = world.begin().await;
    for limit in [0, 1, 3, 4, 50] {
        let found = unit.referrals().waiting_for(world.program.book, ana.owner, limit).await.expect("users");
        assert_eq!(found, expected[..expected.len().min(limit as usize)], "at most {limit}");
    }
    let none = unit.referrals().waiting_for(world.program.book, made[0].facts.referred, 50).await;
    assert_eq!(none.expect("users"), []);
}

pub async fn a_user_is_referred_at_most_once_at_whatever_concurrency(subject: Subject) {
    let world = World::open(subject).await;
    let referrers = ["u_a", "u_b", "u_c"];
    let [a, b, c] = referrers.map(|name| world.code(name));
    let codes = [a.await, b.await, c.await];
    let rounds = 8;
    for round in 0..rounds {
        let name = format!("u_new_{round}");
        let applied = race(codes.iter().cloned().map(|code| {
            let (world, name) = (world.clone(), name.clone());
            async move { world.sign_up(&name, &code).await.is_ok() }
        }));
        let applied = applied.await.into_iter().filter(|applied| *applied).count();
        assert_eq!(applied, 1, "round {round}");
    }
    let mut uses = 0;
    for name in referrers {
        uses += referrals_of(&world, name).await;
    }
    println!("users referred by three at once={rounds} referrals={uses}");
    assert_eq!(uses, rounds);
}

async fn referrals_of(world: &World, referrer: &str) -> i64 {
    let counts = world.referrer(referrer).await.counts;
    counts.pending + counts.active + counts.completed + counts.expired + counts.fraud
}

pub async fn the_daily_limit_is_exact_at_whatever_concurrency(subject: Subject) {
    let world = World::open_with(subject, a_program().limited_to(3).build()).await;
    let code = world.code("u_ana").await;
    let racers = 10;
    let made = race((0..racers).map(|n| {
        let (world, code) = (world.clone(), code.clone());
        async move { world.sign_up(&format!("u_{n}"), &code).await.is_ok() }
    }));
    let made = made.await.into_iter().filter(|made| *made).count();
    println!("sign-ups at once={racers} made={made} limit=3");
    assert_eq!((made, referrals_of(&world, "u_ana").await), (3, 3));
    world.clock.advance(DAY - 1);
    assert!(world.sign_up("u_early", &code).await.is_err(), "24 hours are not over");
    world.clock.advance(1);
    assert!(world.sign_up("u_later", &code).await.is_ok());
}

pub async fn no_ring_is_closed_by_users_who_apply_each_others_codes_at_once(subject: Subject) {
    let world = World::open(subject).await;
    let (rounds, mut made) = (5, Vec::new());
    for (round, size) in (0..rounds).flat_map(|round| [(round, 2_usize), (round, 3), (round, 4)]) {
        let names: Vec<_> = (0..size).map(|n| format!("u_{round}_{size}_{n}")).collect();
        let mut codes = Vec::new();
        for name in &names {
            codes.push(world.code(name).await);
        }
        let ring = names.into_iter().enumerate().map(|(n, name)| (name, codes[(n + 1) % size].clone()));
        let applied = race(ring.map(|(name, code)| {
            let world = world.clone();
            async move { world.sign_up(&name, &code).await.is_ok() }
        }));
        let applied = applied.await.into_iter().filter(|applied| *applied).count();
        assert!(applied < size, "round {round}: {applied} of a ring of {size} were applied");
        made.push(applied);
    }
    println!("rings tried={} referrals made={}", made.len(), made.iter().sum::<usize>());
    assert!(made.iter().all(|applied| *applied > 0), "somebody is first");
}

/// A referral whose window ends then; it was made a day earlier.
pub(crate) fn ending_at(until: Timestamp) -> impl Fn(&mut Referral) {
    move |referral| {
        referral.facts.applied_at = until.plus_micros(-DAY);
        referral.facts.created_at = until.plus_micros(-DAY);
        referral.facts.qualifies_until = until;
    }
}
