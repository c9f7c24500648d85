//! What a unit records is read back equal: every field, every variant, with and without what may be missing.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::code::Code;
use referral_domain::commission::CommissionProgress;
use referral_domain::id::{CaseId, ClickId};
use referral_domain::identity::Fingerprint;
use referral_domain::money::Money;
use referral_domain::port::{Changes, MyReferralReport};
use referral_domain::program::{Commission, Terms};
use referral_domain::referral::{
    Attribution, Award, Progress, Referral, Review, Source, SpendTotals, State, WithheldReason,
};
use referral_domain::retraction::Withdrawn;
use referral_domain::settle::{Grant, Promise};
use referral_domain::spend::{Effect, Level, Outcome, RefundReason, SpendEvent, Withheld};
use referral_domain::user::UserFacts;

use super::Subject;
use crate::build::{
    AnEvent, a_program, a_referral, a_refund, a_refund_event, a_spend, an_event, currency, source, usd,
};
use crate::fake::NOON;
use crate::world::World;

/// Every field differs from its default and from the others.
fn odd_terms() -> Terms {
    Terms {
        referrer_reward: 3_100,
        welcome_credit: 3_700,
        spend_threshold: 4_100,
        qualification_window_days: 43,
        clawback_window_days: 47,
        hold_days: 53,
        commission: Commission::of_millionths(123_457, 59, Some(6_100)),
    }
}

fn states() -> [State; 7] {
    let [one, two] = [1, 2].map(|n| NOON.plus_micros(n));
    [
        State::Pending,
        State::Active { activated_at: one },
        State::Completed { activated_at: one, completed_at: two },
        State::Expired { activated_at: None, closed_at: two },
        State::Expired { activated_at: Some(one), closed_at: two },
        State::Fraud { activated_at: None, closed_at: two },
        State::Fraud { activated_at: Some(one), closed_at: two },
    ]
}

fn attribution(world: &World, n: usize) -> Attribution {
    let source = Source::ALL[n % Source::ALL.len()];
    match n % 2 {
        0 => Attribution { source, click: None, clicked_at: None, sub_id: None },
        _ => Attribution {
            source,
            click: Some(ClickId::from_uuid(world.id())),
            clicked_at: Some(NOON.plus_micros(-3)),
            sub_id: Some(format!("läbel {n}")),
        },
    }
}

/// The `n`-th of progresses in which each variant and each absence occurs; nothing is granted in any.
fn progress(world: &World, n: usize) -> Progress {
    let reason = |n: usize| WithheldReason::ALL.get(n % 6).map_or(Award::NotDue, |why| Award::Withheld(*why));
    let small = i64::try_from(n).expect("few");
    let welcome = n % 11 == 3;
    Progress {
        state: states()[n % 7],
        review: Review::ALL[n % 4],
        case: n.is_multiple_of(3).then(|| CaseId::from_uuid(world.id())),
        verified_at: n.is_multiple_of(2).then(|| NOON.plus_micros(small)),
        spend: SpendTotals { gross: 1_000 + small, refunded: small },
        welcome: if welcome { Award::Retracted } else { reason(n) },
        reward: reason(n + 2),
        reward_steps: 0,
        commission: CommissionProgress {
            gross: 2_000 + small,
            refunded: 500 + small,
            due: 70 + small,
            posted: 0,
            steps: 0,
            withheld: reason(n + 4).reason(),
        },
        withdrawn: Withdrawn { welcome, reward: false, commission: small % 5 },
        updated_at: NOON.plus_micros(100 + small),
    }
}

/// Enough that each variant meets each other.
const MANY: usize = 84;

async fn odd_world(subject: Subject) -> (World, Code, Vec<UserFacts>) {
    let world = World::open_with(subject, a_program().terms(odd_terms()).build()).await;
    let code = world.code("u_ana").await;
    let names: Vec<_> = (0..MANY).map(|n| format!("u_{n}")).collect();
    let users = world.users(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    (world, code, users)
}

fn odd_referral(world: &World, code: &Code, referred: &UserFacts, n: usize) -> Referral {
    let change = |referral: &mut Referral| {
        let facts = &mut referral.facts;
        facts.attribution = attribution(world, n);
        facts.signed_up_at = n.is_multiple_of(2).then(|| NOON.plus_micros(-7));
        facts.applied_at = NOON.plus_micros(-5);
        facts.created_at = NOON.plus_micros(5);
        referral.progress = progress(world, n);
    };
    a_referral(&world.program, code, referred.id).with(change).build()
}

async fn assert_stored(world: &World, referral: &Referral, referred: &UserFacts) {
    assert_eq!(world.referral(referred.id).await.as_ref(), Some(referral), "by a lock");
    let report = world.reports.my_referral(world.program.book, &referred.host).await.expect("a report");
    let (email, referral) = (referred.email_status(), Some(referral.clone()));
    assert_eq!(report, MyReferralReport { email, referral }, "by a report");
}

pub async fn every_field_of_a_referral_is_read_back_equal(subject: Subject) {
    let (world, code, users) = odd_world(subject).await;
    let referrals = users.iter().enumerate().map(|(n, user)| odd_referral(&world, &code, user, n));
    let referrals: Vec<_> = referrals.collect();
    world.refer(&referrals).await;
    for (referral, user) in referrals.iter().zip(&users) {
        assert_stored(&world, referral, user).await;
    }
    println!("referrals read back={}", referrals.len());
}

pub async fn every_field_of_a_referrals_progress_is_replaced(subject: Subject) {
    let (world, code, users) = odd_world(subject).await;
    let mut referrals: Vec<_> =
        users.iter().map(|user| a_referral(&world.program, &code, user.id).build()).collect();
    world.refer(&referrals).await;
    for (n, referral) in referrals.iter_mut().enumerate() {
        referral.progress = progress(&world, n + 1);
    }
    let told = referrals.iter().map(|referral| (referral.facts.id, referral.progress.clone()));
    world.record(&Changes { progress: told.collect(), ..Changes::default() }).await;
    for (referral, user) in referrals.iter().zip(&users) {
        assert_stored(&world, referral, user).await;
    }
    let mut first = a_referral(&world.program, &code, users[0].id).build();
    first.progress.withdrawn = referrals[0].progress.withdrawn;
    let back = vec![(first.facts.id, first.progress.clone())];
    world.record(&Changes { progress: back, ..Changes::default() }).await;
    assert_stored(&world, &first, &users[0]).await;
    println!("progresses read back={}", referrals.len() + 1);
}

pub async fn what_was_granted_is_read_back_with_its_transaction(subject: Subject) {
    let world = World::open(subject).await;
    let (code, ben) = (world.code("u_ana").await, world.user("u_ben").await);
    let (referral, grants) = granted(&world, &code, &ben);
    let mut unit = world.begin().await;
    let mut changes = Changes::default();
    world.post(unit.as_mut(), &grants, &mut changes).await.expect("posted");
    assert_eq!(changes.steps.len(), 1);
    changes.new_referrals = vec![referral.clone()];
    unit.recorder().record(world.program.book, &changes).await.expect("recorded");
    unit.commit().await.expect("a unit commits");
    assert_stored(&world, &referral, &ben).await;
    let counts = world.referrer("u_ana").await.counts;
    assert_eq!((counts.completed, counts.earned), (1, 25_00));
}

/// A completed referral whose welcome credit and reward are granted, and the grants.
fn granted(world: &World, code: &Code, referred: &UserFacts) -> (Referral, [Grant; 2]) {
    let [welcome, reward] = [world.transaction_id(), world.transaction_id()];
    let state = State::Completed { activated_at: NOON, completed_at: NOON };
    let mut referral =
        a_referral(&world.program, code, referred.id).in_state(state).having_spent(50_00).build();
    referral.progress.welcome = Award::Granted { at: NOON, transaction: welcome };
    referral.progress.reward = Award::Granted { at: NOON, transaction: reward };
    referral.progress.reward_steps = 1;
    let grant = |transaction, promise, to, amount| Grant {
        transaction,
        promise,
        to,
        amount,
        referral: referral.facts.id,
        code: code.id,
        cause: Some(source("inv_1")),
        spend: Some(source("inv_1")),
        by_hand: None,
        held_until: None,
        effective_at: NOON,
    };
    let step = Promise::Reward { step: 1, threshold: 50_00 };
    let grants =
        [grant(welcome, Promise::Welcome, referred.id, 10_00), grant(reward, step, code.owner, 25_00)];
    (referral, grants)
}

pub async fn every_field_of_an_event_is_read_back_equal(subject: Subject) {
    let world = World::open(subject).await;
    let (code, ben) = (world.code("u_ana").await, world.user("u_ben").await);
    let (referral, grants) = granted(&world, &code, &ben);
    let events: Vec<_> = (0..MANY).map(|n| odd_event(&referral, &ben, &grants[1], n)).collect();
    let mut unit = world.begin().await;
    let mut changes = Changes::default();
    world.post(unit.as_mut(), &grants, &mut changes).await.expect("posted");
    (changes.new_referrals, changes.events) = (vec![referral], events.clone());
    unit.recorder().record(world.program.book, &changes).await.expect("recorded");
    unit.commit().await.expect("a unit commits");
    for event in &events {
        assert_eq!(world.event(event.source.as_str()).await.as_ref(), Some(event));
    }
    println!("events read back={}", events.len());
}

fn odd_event(referral: &Referral, user: &UserFacts, reward: &Grant, n: usize) -> SpendEvent {
    let outcome = Outcome::ALL[n % Outcome::ALL.len()];
    let small = i64::try_from(n).expect("few");
    let odd = outcome == Outcome::CurrencyMismatch;
    let amount = if odd { Money::of(999_999_999_999, currency("BHD")) } else { usd(1 + small) };
    let is_refund = match outcome {
        Outcome::AwaitingSpend | Outcome::RewardRetracted => true,
        Outcome::ThresholdCrossed => false,
        _ => n / Outcome::ALL.len() % 2 == 1,
    };
    let event = if is_refund { odd_refund(user, amount, n) } else { odd_spend(user, amount, n) };
    let threshold = referral.facts.terms.spend_threshold;
    let change = |event: &mut SpendEvent| {
        event.outcome = outcome;
        if outcome == Outcome::NotReferred {
            return;
        }
        event.referral = Some(referral.facts.id);
        event.level = Some(Level { net: small, threshold });
        let sign = if is_refund { -1 } else { 1 };
        event.counted = if odd { 0 } else { sign * amount.minor() };
        event.over_refund = is_refund && n.is_multiple_of(2);
        let reason = WithheldReason::ALL[n / 7 % 5];
        event.withheld = (n % 3 == 1).then_some(Withheld { amount: 1 + small, reason });
        let of = |amount| Effect { amount: sign * amount, transaction: reward.transaction };
        event.reward = (n % 3 == 2).then_some(of(reward.amount));
        event.commission = (n % 4 == 2).then_some(of(1 + small));
    };
    event.recorded(NOON.plus_micros(small)).with(change).build()
}

fn odd_spend(user: &UserFacts, amount: Money, n: usize) -> AnEvent {
    let at = NOON.plus_micros(-i64::try_from(n).expect("few"));
    let mut spend = a_spend(&format!("inv_{n}"), user.host.as_str(), amount).at(at);
    if n.is_multiple_of(2) {
        spend = spend.paid_with(Fingerprint([7; 32])).noting("{ \"ü\" : [1,  2] }");
    }
    an_event(&spend.build(), user.id)
}

fn odd_refund(user: &UserFacts, amount: Money, n: usize) -> AnEvent {
    let reason = RefundReason::ALL[n % RefundReason::ALL.len()];
    let refund = a_refund(&format!("inv_{n}"), user.host.as_str(), &format!("inv_{}", n / 2), amount);
    let mut refund = refund.at(NOON.plus_micros(i64::try_from(n).expect("few"))).because(reason);
    if n.is_multiple_of(3) {
        refund = refund.noting("{ \"ü\" : [1,  2] }");
    }
    a_refund_event(&refund.build(), user.id)
}

pub async fn recording_nothing_changes_nothing(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await;
    world.record(&Changes::default()).await;
    assert_eq!(world.user("u_ana").await, ana);
}
