//! Holds: what is granted and not usable yet, released once and only when it is due, voided only with its own reward.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::collections::BTreeMap;

use referral_domain::grant;
use referral_domain::hold::{Hold, HoldKind, Holds};
use referral_domain::id::{ReferralId, UserId};
use referral_domain::ledger::{Balances, Journal, Verdict};
use referral_domain::port::{Changes, Matured, StoreError, Unit};
use referral_domain::program::{Commission, Program, Terms};
use referral_domain::referral::{Award, Review};
use referral_domain::time::Timestamp;

use super::{Meeting, Subject, is_contended, race};
use crate::build::{a_program, a_refund, a_spend, usd};
use crate::fake::NOON;
use crate::world::World;

const DAYS: u32 = 14;

/// A program that holds rewards for a fortnight.
fn holding() -> Program {
    let terms = Terms { hold_days: DAYS, welcome_credit: 0, ..Terms::default() };
    a_program().terms(terms).limited_to(10_000).build()
}

/// The same, with a tenth of net spend as commission.
fn sharing() -> Program {
    let commission = Commission::of_millionths(100_000, 12, None);
    let terms = Terms { commission, ..holding().rules.terms };
    a_program().terms(terms).limited_to(10_000).build()
}

async fn assert_verified(world: &World) {
    let verdict = world.reports.verify().await.expect("a report");
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
}

async fn balances(world: &World, user: UserId) -> Balances {
    world.wallet(user).await.balances()
}

async fn reward(world: &World, referred: &str) -> Award {
    let user = world.user(referred).await.id;
    world.referral(user).await.expect("a referral").progress.reward
}

async fn referral_id(world: &World, referred: &str) -> ReferralId {
    let user = world.user(referred).await.id;
    world.referral(user).await.expect("a referral").facts.id
}

/// Friends of one referrer who spend 60.00 each, a second apart; answers the referrer.
async fn friends(world: &World, referrer: &str, names: &[&str]) -> UserId {
    let code = world.code(referrer).await;
    for name in names {
        world.sign_up(name, &code).await.expect("applied");
        world.verify(name).await;
        let spend = a_spend(&format!("inv_{name}"), name, usd(60_00)).at(world.now());
        world.spend(&[spend.build()]).await;
        world.clock.advance(1_000_000);
    }
    code.owner
}

async fn open_holds(world: &World, of: &[ReferralId]) -> Vec<Hold> {
    let mut unit = world.begin().await;
    unit.ledger().holds(world.program.book, of).await.expect("holds")
}

async fn matured(world: &World, now: Timestamp, limit: u32) -> Matured {
    let mut unit = world.begin().await;
    unit.referrals().claim_matured(world.program.book, now, limit).await.expect("holds")
}

/// Claims what has matured and releases it, with others claiming at the same time; answers how many holds.
async fn release(world: &World, limit: u32, meeting: &Meeting) -> usize {
    let released = world.transact(move |unit| Box::pin(release_in(world, unit, limit, meeting)));
    released.await.expect("holds are released")
}

async fn release_in(
    world: &World,
    unit: &mut Unit<'_>,
    limit: u32,
    meeting: &Meeting,
) -> Result<usize, StoreError> {
    let (Program { book, currency, .. }, now) = (world.program.clone(), world.now());
    let Matured { holds, referrals } = unit.referrals().claim_matured(book, now, limit).await?;
    meeting.wait().await;
    let users: Vec<_> = holds.iter().map(|hold| hold.user).collect();
    let mut journal = Journal::open(unit.ledger().open(book, currency, &users).await?, now);
    let mut loaded = Holds::loaded(holds.clone());
    for hold in &holds {
        let step = grant::release(&mut journal, &mut loaded, hold, now, &mut || world.id());
        assert!(step.expect("it is posted").is_some(), "something remains");
    }
    let mut changes = Changes { posting: journal.finish(), ..Changes::default() };
    (_, changes.hold_steps) = loaded.finish();
    for mut referral in referrals {
        if let Award::Held { at, transaction, .. } = referral.progress.reward {
            referral.progress.reward = Award::Granted { at, transaction };
        }
        changes.progress.push((referral.facts.id, referral.progress));
    }
    unit.recorder().record(book, &changes).await?;
    Ok(holds.len())
}

pub async fn a_held_reward_is_read_back_and_cannot_be_used(subject: Subject) {
    let world = World::open_with(subject, holding()).await;
    let ana = friends(&world, "u_ana", &["u_ben"]).await;
    let referral = referral_id(&world, "u_ben").await;
    let held = open_holds(&world, &[referral]).await;
    let Award::Held { at, transaction, available_at } = reward(&world, "u_ben").await else {
        panic!("the reward is held")
    };
    let expected = Hold {
        transaction,
        referral,
        kind: HoldKind::Reward,
        user: ana,
        cause: held[0].cause.clone(),
        amount: 25_00,
        matures_at: NOON.plus_days(DAYS),
        created_at: at,
        remaining: 25_00,
        steps: 0,
    };
    assert_eq!((held, at, available_at), (vec![expected], NOON, NOON.plus_days(DAYS)));
    assert_eq!(balances(&world, ana).await, Balances { held: 25_00, ..Balances::default() });
    assert_verified(&world).await;
}

pub async fn open_holds_are_answered_by_referral_then_age(subject: Subject) {
    let world = World::open_with(subject, sharing()).await;
    friends(&world, "u_ana", &["u_ben", "u_cat", "u_dan"]).await;
    world.spend(&[a_spend("more", "u_ben", usd(10_00)).at(world.now()).build()]).await;
    let (ben, cat) = (referral_id(&world, "u_ben").await, referral_id(&world, "u_cat").await);
    let found = open_holds(&world, &[cat, ben, cat]).await;
    let key = |hold: &Hold| (hold.referral, hold.created_at, hold.transaction);
    assert!(found.is_sorted_by_key(key), "{found:#?}");
    let count = |of| found.iter().filter(|hold| hold.referral == of).count();
    assert_eq!((found.len(), count(ben), count(cat)), (5, 3, 2), "two of each first spend, one of the other");
    assert_eq!(open_holds(&world, &[]).await, []);
}

pub async fn holds_that_have_matured_are_claimed_and_no_others(subject: Subject) {
    let world = World::open_with(subject, holding()).await;
    let names = ["u_0", "u_1", "u_2", "u_3"];
    friends(&world, "u_ana", &names).await;
    let under_review = world.user("u_1").await.id;
    let mut reviewed = world.referral(under_review).await.expect("a referral");
    reviewed.progress.review = Review::Open;
    let progress = vec![(reviewed.facts.id, reviewed.progress)];
    world.record(&Changes { progress, ..Changes::default() }).await;
    let due = |n: i64| NOON.plus_days(DAYS).plus_micros(n * 1_000_000);
    for (now, expected) in [
        (due(0).plus_micros(-1), vec![]),
        (due(0), vec!["u_0"]),
        (due(1), vec!["u_0"]),
        (due(2), vec!["u_0", "u_2"]),
        (due(3), vec!["u_0", "u_2", "u_3"]),
    ] {
        let mut ids = Vec::new();
        for name in expected {
            ids.push(referral_id(&world, name).await);
        }
        let Matured { holds, referrals } = matured(&world, now, 9).await;
        let of: Vec<_> = holds.iter().map(|hold| hold.referral).collect();
        assert_eq!(of, ids, "by when they mature");
        assert!(referrals.is_sorted_by_key(|referral| referral.facts.referred));
        let mut locked: Vec<_> = referrals.iter().map(|referral| referral.facts.id).collect();
        locked.sort_unstable();
        ids.sort_unstable();
        assert_eq!(locked, ids, "their referrals, each once");
    }
    for limit in [0, 1, 2, 9] {
        assert_eq!(matured(&world, due(9), limit).await.holds.len(), limit.min(3) as usize);
    }
}

pub async fn one_programs_holds_are_not_claimed_for_another(subject: Subject) {
    let world = World::open_with(subject, holding()).await;
    let other = world.beside(a_program().named("other").build()).await;
    friends(&world, "u_ana", &["u_ben"]).await;
    let late = NOON.plus_days(DAYS + 1);
    assert_eq!(matured(&other, late, 9).await, Matured::default());
    assert_eq!(open_holds(&other, &[referral_id(&world, "u_ben").await]).await, []);
    assert_eq!(matured(&world, late, 9).await.holds.len(), 1);
}

pub async fn workers_at_once_release_each_hold_once(subject: Subject) {
    let world = World::open_with(subject, holding()).await;
    let names: Vec<_> = (0..9).map(|n| format!("u_{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let ana = friends(&world, "u_ana", &names).await;
    world.clock.set(NOON.plus_days(DAYS + 1));
    let meeting = Meeting::of(3);
    let released = race((0..3).map(|_| {
        let (world, meeting) = (world.clone(), meeting.clone());
        async move {
            let mut released = 0;
            for _ in 0..5 {
                released += release(&world, 2, &meeting).await;
            }
            released
        }
    }));
    let released: usize = released.await.into_iter().sum();
    println!("holds={} released by three workers={released}", names.len());
    let whole = Balances { available: 9 * 25_00, ..Balances::default() };
    assert_eq!((released, balances(&world, ana).await), (9, whole));
    assert!(matches!(reward(&world, "u_3").await, Award::Granted { at, .. } if at < world.now()));
    assert_eq!(matured(&world, world.now(), 9).await, Matured::default());
    assert_verified(&world).await;
}

pub async fn a_held_reward_taken_back_leaves_its_own_hold_alone(subject: Subject) {
    let world = World::open_with(subject, holding()).await;
    let ana = friends(&world, "u_ana", &["u_ben", "u_cat"]).await;
    let (ben, cat) = (referral_id(&world, "u_ben").await, referral_id(&world, "u_cat").await);
    let kept = open_holds(&world, &[cat]).await;
    world.refund(&[a_refund("back", "u_ben", "inv_u_ben", usd(60_00)).at(world.now()).build()]).await;
    assert_eq!(open_holds(&world, &[ben, cat]).await, kept, "another reward's hold is never touched");
    assert_eq!(balances(&world, ana).await, Balances { held: 25_00, ..Balances::default() });
    assert_eq!(reward(&world, "u_ben").await, Award::Retracted);
    assert_verified(&world).await;
}

pub async fn a_released_reward_taken_back_is_taken_from_what_is_available(subject: Subject) {
    let world = World::open_with(subject, holding()).await;
    let ana = friends(&world, "u_ana", &["u_ben"]).await;
    world.clock.set(NOON.plus_days(DAYS));
    assert_eq!(release(&world, 9, &Meeting::of(1)).await, 1);
    world.spend(&[a_spend("inv_2", "u_ben", usd(1_00)).at(world.now()).build()]).await;
    world.refund(&[a_refund("back", "u_ben", "inv_u_ben", usd(60_00)).at(world.now()).build()]).await;
    assert_eq!(balances(&world, ana).await, Balances::default());
    assert_eq!(open_holds(&world, &[referral_id(&world, "u_ben").await]).await, []);
    assert_verified(&world).await;
}

pub async fn a_commission_taken_back_leaves_the_hold_of_the_spend_it_came_from(subject: Subject) {
    let world = World::open_with(subject, sharing()).await;
    let ana = friends(&world, "u_ana", &["u_ben"]).await;
    for name in ["inv_2", "inv_3"] {
        world.spend(&[a_spend(name, "u_ben", usd(20_00)).at(world.now()).build()]).await;
        world.clock.advance(1_000_000);
    }
    world.refund(&[a_refund("back", "u_ben", "inv_2", usd(5_00)).at(world.now()).build()]).await;
    let found = open_holds(&world, &[referral_id(&world, "u_ben").await]).await;
    let left: BTreeMap<_, _> = found
        .iter()
        .filter(|hold| hold.kind == HoldKind::Commission)
        .map(|hold| (hold.cause.as_ref().map(ToString::to_string), (hold.amount, hold.remaining, hold.steps)))
        .collect();
    let of = |name: &str| Some(name.to_owned());
    let expected =
        [(of("inv_u_ben"), (6_00, 6_00, 0)), (of("inv_2"), (2_00, 1_50, 1)), (of("inv_3"), (2_00, 2_00, 0))];
    assert_eq!(left, expected.into());
    assert_eq!(balances(&world, ana).await.held, 25_00 + 9_50);
    assert_verified(&world).await;
}

pub async fn a_hold_released_by_another_unit_is_not_released_again(subject: Subject) {
    let world = World::open_with(subject, holding()).await;
    let ana = friends(&world, "u_ana", &["u_ben", "u_cat"]).await;
    world.clock.set(NOON.plus_days(DAYS + 1));
    let stale = matured(&world, world.now(), 1).await.holds;
    assert_eq!(release(&world, 1, &Meeting::of(1)).await, 1);
    let again = release_stale(&world, &stale).await;
    assert!(is_contended(&again), "{again:?}");
    let once = Balances { available: 25_00, held: 25_00, ..Balances::default() };
    assert_eq!(balances(&world, ana).await, once, "the other's hold is untouched");
    assert_verified(&world).await;
}

/// Releases holds as they were before somebody else released them.
async fn release_stale(world: &World, stale: &[Hold]) -> Result<(), StoreError> {
    let mut unit = world.begin().await;
    let Program { book, currency, .. } = world.program;
    let users: Vec<_> = stale.iter().map(|hold| hold.user).collect();
    let mut journal = Journal::open(unit.ledger().open(book, currency, &users).await?, world.now());
    let mut loaded = Holds::loaded(stale.to_vec());
    for hold in stale {
        let step = grant::release(&mut journal, &mut loaded, hold, world.now(), &mut || world.id());
        assert!(step.expect("as much is held").is_some());
    }
    let (_, hold_steps) = loaded.finish();
    let changes = Changes { posting: journal.finish(), hold_steps, ..Changes::default() };
    unit.recorder().record(book, &changes).await?;
    unit.commit().await
}
