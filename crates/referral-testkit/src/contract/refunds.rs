//! Refunds: what a scene brings of them, and what they take back, in any order and at once.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::collections::BTreeMap;

use referral_domain::budget::BudgetMonth;
use referral_domain::credit::RedeemMode;
use referral_domain::id::UserId;
use referral_domain::ledger::{Balances, Verdict};
use referral_domain::port::{Changes, EventReport};
use referral_domain::reference::SourceId;
use referral_domain::referral::{Award, AwardStatus, Progress};
use referral_domain::spend::{Answer, EventCommand, Outcome, RefundFact, RefundReason, SpendEvent};
use referral_domain::time::DAY;
use referral_domain::user::{EmailStatus, Word};

use super::{Meeting, Subject, race};
use crate::build::{
    a_program, a_referral, a_refund, a_refund_event, a_spend, an_event, host, reference, source, usd,
};
use crate::fake::NOON;
use crate::world::World;

async fn assert_verified(world: &World) {
    let verdict = world.reports.verify().await.expect("a report");
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
}

fn recorded(answers: Vec<Answer>) -> Vec<SpendEvent> {
    let told = |answer| match answer {
        Answer::Recorded(event) => event,
        other => panic!("not recorded: {other:?}"),
    };
    answers.into_iter().map(told).collect()
}

async fn progress(world: &World, user: UserId) -> Progress {
    world.referral(user).await.expect("a referral").progress
}

async fn balances(world: &World, user: UserId) -> Balances {
    world.wallet(user).await.balances()
}

/// Ben came by Ana's code and is verified; answers both.
async fn ana_and_ben(world: &World) -> (UserId, UserId) {
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("applied");
    world.verify("u_ben").await;
    (code.owner, world.user("u_ben").await.id)
}

pub async fn every_field_of_a_refund_is_read_back_equal(subject: Subject) {
    let world = World::open(subject).await;
    ana_and_ben(&world).await;
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    let told = RefundReason::ALL.iter().zip(1_i64..).map(|(reason, n)| {
        let refund = a_refund(&format!("back_{n}"), "u_ben", "inv_1", usd(n * 20_00));
        refund.at(NOON.plus_micros(n)).because(*reason).noting(r#"{"why":"because"}"#).build()
    });
    let told: Vec<_> = told.chain([a_refund("early", "u_ben", "inv_9", usd(1_00)).build()]).collect();
    let events = recorded(world.refund(&told).await);
    let outcomes: Vec<_> = events.iter().map(|event| (event.outcome, event.over_refund)).collect();
    println!("refunds={} outcomes={outcomes:?}", events.len());
    assert_eq!(events[0].outcome, Outcome::RewardRetracted);
    assert!(events[3].over_refund && events[4].outcome == Outcome::AwaitingSpend);
    for event in events {
        assert_eq!(world.event(event.source.as_str()).await, Some(event));
    }
}

/// Refunds of two spends by two users, recorded at different instants; those that name each spend, oldest first.
async fn told_of(world: &World) -> BTreeMap<SourceId, Vec<RefundFact>> {
    let (ben, cat) = (world.user("u_ben").await, world.user("u_cat").await);
    let of = |n: i64, user: &referral_domain::user::UserFacts, spend: &str| {
        let command = a_refund(&format!("back_{n}"), user.host.as_str(), spend, usd(n)).build();
        a_refund_event(&command, user.id).recorded(NOON.plus_micros(n)).build()
    };
    let spend = an_event(&a_spend("inv_1", "u_ben", usd(60_00)).build(), ben.id).build();
    let first = [of(1, &ben, "inv_1"), of(2, &cat, "inv_1"), of(4, &ben, "inv_1")];
    let second = [of(3, &ben, "inv_2")];
    let stored = [&first[2], &spend, &second[0], &first[0], &first[1]];
    world.record(&Changes { events: stored.map(Clone::clone).to_vec(), ..Changes::default() }).await;
    let facts = |events: &[SpendEvent]| events.iter().filter_map(RefundFact::of).collect();
    [(source("inv_1"), facts(&first)), (source("inv_2"), facts(&second))].into()
}

pub async fn a_scene_holds_the_refunds_that_name_the_ids_asked_for(subject: Subject) {
    let world = World::open(subject).await;
    let expected = told_of(&world).await;
    let ids: Vec<_> = ["inv_2", "inv_9", "inv_1", "back_1"].map(source).to_vec();
    let mut unit = world.begin().await;
    let scene = unit.spending().scene(world.program.book, &[], &ids, world.now()).await.expect("a scene");
    assert_eq!(scene.refunds, expected, "whoever's, whatever their outcome, oldest first");
    assert_eq!(scene.known.len(), 2, "and the events themselves");
}

pub async fn the_refunds_of_spends_are_answered_as_a_scene_does(subject: Subject) {
    let world = World::open(subject).await;
    let other = world.beside(a_program().named("other").build()).await;
    let expected = told_of(&world).await;
    let ids: Vec<_> = ["inv_1", "inv_2", "inv_9"].map(source).to_vec();
    for (ids, expected) in
        [(&ids[..], expected.clone()), (&ids[2..], BTreeMap::new()), (&[], BTreeMap::new())]
    {
        let mut unit = world.begin().await;
        let found = unit.spending().refunds_of(world.program.book, ids).await.expect("refunds");
        assert_eq!(found, expected);
    }
    let mut unit = other.begin().await;
    let found = unit.spending().refunds_of(other.program.book, &ids).await.expect("refunds");
    assert_eq!(found, BTreeMap::new(), "of another program");
}

pub async fn refunds_do_not_wait_for_a_sign_up_and_go_with_their_spend(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    let told = [
        a_refund("back_1", "u_ben", "inv_1", usd(5_00)).build(),
        a_refund("back_2", "u_ben", "inv_2", usd(7_00)).build(),
    ];
    world.refund(&told).await;
    let ben = world.user("u_ben").await.id;
    let mut unit = world.begin().await;
    let parked =
        unit.spending().parked(world.program.book, ben, NOON.plus_micros(-DAY)).await.expect("events");
    drop(unit);
    let waiting: Vec<_> = parked.iter().map(|event| event.source.as_str()).collect();
    assert_eq!(waiting, ["inv_1"]);
    world.sign_up("u_ben", &code).await.expect("applied");
    let spend = progress(&world, ben).await.spend;
    assert_eq!((spend.gross, spend.refunded), (60_00, 5_00));
    world.spend(&[a_spend("inv_2", "u_ben", usd(10_00)).build()]).await;
    let spend = progress(&world, ben).await.spend;
    assert_eq!(
        (spend.gross, spend.refunded),
        (70_00, 12_00),
        "what waited for its spend weighs on it at once"
    );
    assert_verified(&world).await;
}

pub async fn a_refund_of_a_spend_that_waited_too_long_is_recorded_as_that_was(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    let ben = world.user("u_ben").await.id;
    let late = a_referral(&world.program, &code, ben);
    world.refer(&[late.with(|referral| referral.facts.created_at = NOON.plus_days(4)).build()]).await;
    world.clock.set(NOON.plus_days(4));
    let told = a_refund("back_1", "u_ben", "inv_1", usd(5_00)).at(world.now()).build();
    let event = recorded(world.refund(&[told]).await).remove(0);
    assert_eq!((event.outcome, event.referral, event.level), (Outcome::NotReferred, None, None));
    assert_eq!(world.event("back_1").await, Some(event));
    assert_eq!(progress(&world, ben).await.spend.refunded, 0);
    assert_verified(&world).await;
}

pub async fn an_event_is_reported_with_all_that_decides_it(subject: Subject) {
    let world = World::open(subject).await;
    let (month, book) = (world.now().month(), world.program.book);
    let report = |name: &str| {
        let (world, name) = (world.clone(), source(name));
        async move { world.reports.event(book, &name, month).await.expect("a report") }
    };
    assert_eq!(report("inv_1").await, None);
    world.spend(&[a_spend("alone", "u_cat", usd(5_00)).build()]).await;
    let alone = report("alone").await.expect("an event");
    assert_eq!((alone.user, alone.referral, alone.referrer), (host("u_cat"), None, EmailStatus::Unknown));
    let (ana, ben) = ana_and_ben(&world).await;
    world.hear("u_ana", Word { at: world.now(), verified: false }).await;
    let spend = recorded(world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await).remove(0);
    let first =
        recorded(world.refund(&[a_refund("back_1", "u_ben", "inv_1", usd(5_00)).build()]).await).remove(0);
    world.clock.advance(1);
    let second =
        recorded(world.refund(&[a_refund("back_2", "u_ben", "inv_1", usd(6_00)).build()]).await).remove(0);
    let refunds: Vec<_> = [&first, &second].into_iter().filter_map(RefundFact::of).collect();
    let referral = world.referral(ben).await;
    assert_eq!(referral.as_ref().map(|referral| referral.facts.referrer), Some(ana));
    let expected = |event: &SpendEvent, spend: Option<&SpendEvent>| EventReport {
        event: event.clone(),
        user: host("u_ben"),
        spend: spend.cloned(),
        refunds: refunds.clone(),
        referral: referral.clone(),
        referrer: EmailStatus::Unverified,
        budget: None,
    };
    assert_eq!(report("inv_1").await, Some(expected(&spend, None)));
    assert_eq!(report("back_2").await, Some(expected(&second, Some(&spend))));
    let closed = BudgetMonth { month, granted: 0, closed_under: Some(1) };
    world.record(&Changes { budget: Some(closed), ..Changes::default() }).await;
    assert_eq!(report("alone").await.and_then(|report| report.budget), Some(closed));
}

pub async fn a_reward_is_taken_back_and_granted_again(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, ben) = ana_and_ben(&world).await;
    let (spend, refund) = (
        |name: &str| EventCommand::Spend(a_spend(name, "u_ben", usd(50_00)).build()),
        |name: &str, spend: &str| EventCommand::Refund(a_refund(name, "u_ben", spend, usd(1)).build()),
    );
    let story = [
        (spend("inv_1"), AwardStatus::Granted, 1, 25_00),
        (refund("back_1", "inv_1"), AwardStatus::Retracted, 2, 0),
        (spend("inv_2"), AwardStatus::Granted, 3, 25_00),
        (refund("back_2", "inv_2"), AwardStatus::Granted, 3, 25_00),
    ];
    for (event, status, steps, available) in story {
        world.tell(&[event]).await;
        let progress = progress(&world, ben).await;
        assert_eq!((progress.reward.status(), progress.reward_steps), (status, steps));
        assert_eq!(balances(&world, ana).await.available, available);
        assert_verified(&world).await;
    }
}

pub async fn what_was_used_is_owed_and_repaid_by_the_next_reward(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, _) = ana_and_ben(&world).await;
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    let order = reference("order_1");
    world.redeem(ana, 20_00, RedeemMode::Exact, &order).await.expect("there is as much");
    world.refund(&[a_refund("back_1", "u_ben", "inv_1", usd(60_00)).build()]).await;
    let owing = balances(&world, ana).await;
    assert_eq!((owing.available, owing.owed), (0, 20_00));
    assert_verified(&world).await;
    world.spend(&[a_spend("inv_2", "u_ben", usd(60_00)).build()]).await;
    let repaid = balances(&world, ana).await;
    assert_eq!((repaid.available, repaid.owed), (5_00, 0), "what is owed is repaid first");
    let last = world.wallet(ana).await.last.expect("a line");
    assert_eq!((last.earned, last.taken), (50_00, 25_00));
    assert_verified(&world).await;
}

/// A history whose events may come in any order: 60.00 and 30.00 spent, 45.00 and 10.00 of them refunded.
fn history(user: &str) -> Vec<EventCommand> {
    let named = |name: &str| format!("{user}_{name}");
    let spend = |name: &str, minor| EventCommand::Spend(a_spend(&named(name), user, usd(minor)).build());
    let refund = |name: &str, of: &str, minor| {
        EventCommand::Refund(a_refund(&named(name), user, &named(of), usd(minor)).build())
    };
    vec![spend("a", 60_00), spend("b", 30_00), refund("r", "a", 45_00), refund("s", "b", 10_00)]
}

/// The `n`-th order of some events, all different below the factorial of their number.
fn ordered(mut events: Vec<EventCommand>, mut n: usize) -> Vec<EventCommand> {
    let mut order = Vec::with_capacity(events.len());
    while !events.is_empty() {
        order.push(events.remove(n % events.len()));
        n /= events.len() + 1;
    }
    order
}

pub async fn events_in_any_order_and_batches_end_the_same(subject: Subject) {
    let world = World::open_with(subject, a_program().limited_to(10_000).build()).await;
    let mut ends = BTreeMap::new();
    for n in 0..24 {
        let (name, owner) = (format!("u_friend_{n}"), format!("u_owner_{n}"));
        let code = world.code(&owner).await;
        world.sign_up(&name, &code).await.expect("applied");
        let order = ordered(history(&name), n);
        let (first, second) = order.split_at(n % 5);
        world.tell(first).await;
        world.verify(&name).await;
        world.tell(second).await;
        let progress = progress(&world, world.user(&name).await.id).await;
        let end = (progress.spend.gross, progress.spend.refunded, progress.reward.is_posted());
        *ends.entry((end, balances(&world, code.owner).await.available)).or_insert(0) += 1;
    }
    println!("orders=24 ends={ends:?}");
    assert_eq!(ends, [(((90_00, 55_00, false), 0), 24)].into());
    assert_verified(&world).await;
}

pub async fn one_refund_sent_many_times_at_once_counts_once(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, ben) = ana_and_ben(&world).await;
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    let refund = a_refund("back_1", "u_ben", "inv_1", usd(20_00)).build();
    let answers = race((0..20).map(|_| {
        let (world, refund) = (world.clone(), refund.clone());
        async move { world.refund(&[refund]).await.remove(0) }
    }));
    let answers = answers.await;
    let recorded = answers.iter().filter(|answer| matches!(answer, Answer::Recorded(_))).count();
    println!("times sent={} recorded={recorded}", answers.len());
    let progress = progress(&world, ben).await;
    assert_eq!((recorded, progress.spend.refunded, progress.reward), (1, 20_00, Award::Retracted));
    assert_eq!(balances(&world, ana).await.available, 0);
    assert_verified(&world).await;
}

pub async fn spends_and_refunds_at_once_end_at_their_level(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, ben) = ana_and_ben(&world).await;
    let (rounds, racers) = (4, 6);
    for round in 0..rounds {
        let meeting = Meeting::of(racers);
        let told = race((0..racers).map(|n| {
            let (world, meeting) = (world.clone(), meeting.clone());
            let spend = format!("inv_{round}_{}", n / 2);
            let event = match n % 2 {
                0 => EventCommand::Spend(a_spend(&spend, "u_ben", usd(30_00)).build()),
                _ => EventCommand::Refund(
                    a_refund(&format!("back_{round}_{n}"), "u_ben", &spend, usd(29_00)).build(),
                ),
            };
            async move {
                meeting.wait().await;
                world.tell(&[event]).await.len()
            }
        }));
        assert_eq!(told.await.iter().sum::<usize>(), racers);
    }
    let progress = progress(&world, ben).await;
    println!("events at once={} steps={}", rounds * racers, progress.reward_steps);
    assert_eq!((progress.spend.gross, progress.spend.net()), (36_000, 12_00));
    assert_eq!((progress.reward.is_posted(), balances(&world, ana).await.available), (false, 0));
    assert_verified(&world).await;
}
