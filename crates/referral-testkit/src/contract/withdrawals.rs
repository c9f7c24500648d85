//! Withdrawals: what an operator took back for good of what a rule granted is kept, and respected by everything else.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::id::TransactionId;
use referral_domain::ledger::{Balances, Verdict};
use referral_domain::port::{Changes, HistoryFilter, StoreError, Unit};
use referral_domain::program::{Commission, Program, Terms};
use referral_domain::referral::{Award, Progress, Referral};
use referral_domain::retraction::{Entitlement, Withdrawn};
use referral_domain::settle::{Circumstances, Withdrawal, withdraw};
use referral_domain::user::EmailStatus;

use super::{Meeting, Subject, race};
use crate::build::{a_program, a_spend, usd};
use crate::world::World;

/// A program with a welcome credit of 10.00, a reward of 25.00 and a tenth of net spend for a year.
fn giving(hold_days: u32) -> Program {
    let commission = Commission::of_millionths(100_000, 12, None);
    a_program().terms(Terms { commission, hold_days, ..Terms::default() }).build()
}

/// Ben, whom Ana referred, is verified and spent 60.00.
async fn granted(subject: Subject, hold_days: u32) -> World {
    let world = World::open_with(subject, giving(hold_days)).await;
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("applied");
    world.verify("u_ben").await;
    spend(&world, "inv_1").await;
    world
}

async fn spend(world: &World, name: &str) {
    world.spend(&[a_spend(name, "u_ben", usd(60_00)).build()]).await;
}

async fn referral(world: &World) -> Referral {
    let ben = world.user("u_ben").await.id;
    world.referral(ben).await.expect("a referral")
}

async fn balances(world: &World, name: &str) -> Balances {
    let user = world.user(name).await.id;
    world.wallet(user).await.balances()
}

/// The transaction that granted it last.
async fn standing(world: &World, what: Entitlement) -> TransactionId {
    let progress = referral(world).await.progress;
    match what {
        Entitlement::Welcome => progress.welcome.transaction().expect("granted"),
        Entitlement::Reward => progress.reward.transaction().expect("granted"),
        Entitlement::Commission(_) => {
            let ana = world.user("u_ana").await.id;
            let filter = HistoryFilter { limit: 1, ..HistoryFilter::default() };
            let lines = world.reports.history(world.program.book, ana, &filter).await.expect("a report");
            lines[0].transaction.id
        }
    }
}

/// Withdraws it in a unit of its own; answers whether it stood.
async fn withdrawn(world: &World, what: Entitlement, of: TransactionId) -> bool {
    world
        .transact(move |unit| Box::pin(async move { withdraw_in(world, unit, what, of).await }))
        .await
        .expect("a unit commits")
}

async fn withdraw_in(
    world: &World,
    unit: &mut Unit<'_>,
    what: Entitlement,
    of: TransactionId,
) -> Result<bool, StoreError> {
    let (book, ben) = (world.program.book, world.new_user("u_ben"));
    let ben = unit.users().lock(book, &[ben], &[], world.now()).await?.remove(0).id;
    let mut referral = unit.referrals().lock(book, &[ben]).await?.remove(0);
    let seen =
        Circumstances { paused: false, referrer: EmailStatus::Unknown, spent_at: None, now: world.now() };
    let (order, mut budget) = (Withdrawal { of, reason: "By mistake".to_owned() }, world.budget(unit).await?);
    let done = withdraw(&mut referral, what, &order, &seen, &mut budget, &mut || world.id());
    let Some(done) = done else { return Ok(false) };
    let mut changes = Changes { days: vec![done.day], ..Changes::default() };
    changes.progress = vec![(referral.facts.id, referral.progress)];
    world.post(unit, &done.grants, &mut changes).await?;
    unit.recorder().record(book, &changes).await?;
    Ok(true)
}

/// Nothing of it is found unsettled, and the whole ledger holds.
async fn assert_settled(world: &World) {
    let mut unit = world.begin().await;
    let found = unit.referrals().claim_unsettled(world.program.book, 9).await.expect("referrals");
    drop(unit);
    assert_eq!(found, []);
    let verdict = world.reports.verify().await.expect("a report");
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
}

const EACH: [Entitlement; 3] = [Entitlement::Commission(6_00), Entitlement::Reward, Entitlement::Welcome];

pub async fn what_was_withdrawn_is_read_back_and_not_granted_again(subject: Subject) {
    let world = granted(subject, 0).await;
    let mut withdrawals = 0;
    for what in EACH {
        let of = standing(&world, what).await;
        assert!(withdrawn(&world, what, of).await, "{what:?}");
        assert!(!withdrawn(&world, what, of).await, "{what:?} does not stand any more");
        assert_settled(&world).await;
        withdrawals += 1;
    }
    let progress = referral(&world).await.progress;
    assert_eq!(progress.withdrawn, Withdrawn { welcome: true, reward: true, commission: 6_00 });
    assert_eq!((progress.welcome, progress.reward), (Award::Retracted, Award::Retracted));
    let nothing = Balances::default();
    assert_eq!((balances(&world, "u_ana").await, balances(&world, "u_ben").await), (nothing, nothing));
    spend(&world, "inv_2").await;
    let later = referral(&world).await.progress;
    assert_eq!(
        (later.withdrawn, later.welcome, later.reward),
        (progress.withdrawn, Award::Retracted, Award::Retracted)
    );
    assert_eq!((later.commission.due, later.commission.posted), (6_00, 6_00), "of 12.00, less 6.00");
    assert_eq!(balances(&world, "u_ana").await, Balances { available: 6_00, ..nothing });
    assert_settled(&world).await;
    println!("withdrawals={withdrawals}");
}

pub async fn what_is_withdrawn_while_it_is_held_leaves_its_own_hold_first(subject: Subject) {
    let world = granted(subject, 14).await;
    let nothing = Balances::default();
    for (what, held) in [(EACH[0], 25_00), (EACH[1], 0)] {
        let of = standing(&world, what).await;
        assert!(withdrawn(&world, what, of).await, "{what:?}");
        assert_eq!(balances(&world, "u_ana").await, Balances { held, ..nothing });
        assert_settled(&world).await;
    }
}

pub async fn withdrawals_of_one_transaction_at_once_take_it_back_once(subject: Subject) {
    let world = granted(subject, 0).await;
    let (of, racers) = (standing(&world, Entitlement::Reward).await, 6);
    let meeting = Meeting::of(racers);
    let took = race((0..racers).map(|_| {
        let (world, meeting) = (world.clone(), meeting.clone());
        async move {
            meeting.wait().await;
            withdrawn(&world, Entitlement::Reward, of).await
        }
    }))
    .await;
    assert_eq!(took.iter().filter(|took| **took).count(), 1, "of {racers}");
    assert_eq!(balances(&world, "u_ana").await, Balances { available: 6_00, ..Balances::default() });
    assert_settled(&world).await;
}

/// What no unit may make of a referral whose every award was withdrawn.
type Undo = (&'static str, fn(&mut Progress));

const UNDONE: [Undo; 5] = [
    ("the welcome credit is not withdrawn any more", |p| p.withdrawn.welcome = false),
    ("the reward is not withdrawn any more", |p| p.withdrawn.reward = false),
    ("less of the commission is withdrawn", |p| p.withdrawn.commission -= 1),
    ("the welcome credit is due, and was not", |p| p.welcome = Award::NotDue),
    ("the reward is due, and was not", |p| p.reward = Award::NotDue),
];

pub async fn what_was_withdrawn_stays_withdrawn(subject: Subject) {
    let world = granted(subject, 0).await;
    for what in EACH {
        let of = standing(&world, what).await;
        assert!(withdrawn(&world, what, of).await, "{what:?}");
    }
    let before = referral(&world).await;
    for (what, undo) in UNDONE {
        let mut progress = before.progress.clone();
        undo(&mut progress);
        let progress = vec![(before.facts.id, progress)];
        assert!(world.try_record(&Changes { progress, ..Changes::default() }).await.is_err(), "{what}");
        assert_eq!(referral(&world).await, before, "{what}");
    }
    println!("undone={}", UNDONE.len());
}
