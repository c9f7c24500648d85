//! Commissions: one running total a referral, posted either way; and what is not at its level because of them.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::commission::CommissionProgress;
use referral_domain::grant::CommissionStep;
use referral_domain::id::UserId;
use referral_domain::ledger::Verdict;
use referral_domain::port::Changes;
use referral_domain::program::{Commission, Program, Terms};
use referral_domain::referral::{Award, Referral, State, WithheldReason};
use referral_domain::spend::EventCommand;
use referral_domain::user::Word;

use super::referrals::brought;
use super::{Meeting, Subject, is_contended, race};
use crate::build::{a_program, a_refund, a_spend, usd};
use crate::fake::NOON;
use crate::world::World;

/// A program that gives a tenth of net spend for a year, at most 50.00, and no reward.
fn sharing() -> Program {
    let commission = Commission::of_millionths(100_000, 12, Some(50_00));
    let terms = Terms { commission, referrer_reward: 0, welcome_credit: 0, ..Terms::default() };
    a_program().terms(terms).limited_to(10_000).build()
}

async fn assert_verified(world: &World) {
    let verdict = world.reports.verify().await.expect("a report");
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
}

async fn referral(world: &World, referred: &str) -> Referral {
    let user = world.user(referred).await.id;
    world.referral(user).await.expect("a referral")
}

async fn commission(world: &World, referred: &str) -> CommissionProgress {
    referral(world, referred).await.progress.commission
}

async fn available(world: &World, user: UserId) -> i64 {
    world.wallet(user).await.balances().available
}

async fn ana_and_ben(world: &World) -> UserId {
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("applied");
    world.verify("u_ben").await;
    code.owner
}

fn spend(name: &str, minor: i64) -> EventCommand {
    EventCommand::Spend(a_spend(name, "u_ben", usd(minor)).build())
}

fn refund(name: &str, of: &str, minor: i64) -> EventCommand {
    EventCommand::Refund(a_refund(name, "u_ben", of, usd(minor)).build())
}

pub async fn a_commission_follows_net_spend_both_ways(subject: Subject) {
    let world = World::open_with(subject, sharing()).await;
    let ana = ana_and_ben(&world).await;
    let story = [
        (spend("inv_1", 30_00), 3_00, 1),
        (spend("inv_2", 12), 3_01, 2),
        (spend("inv_3", 1), 3_01, 2),
        (refund("back_1", "inv_1", 20_00), 1_01, 3),
        (spend("inv_4", 90_000), 50_00, 4),
        (refund("back_4", "inv_4", 10_000), 50_00, 4),
        (refund("back_5", "inv_4", 80_000), 1_01, 5),
    ];
    for (event, posted, steps) in story {
        world.tell(&[event]).await;
        let now = commission(&world, "u_ben").await;
        assert_eq!((now.due, now.posted, now.steps, now.withheld), (posted, posted, steps, None));
        assert_eq!(available(&world, ana).await, posted);
        assert_verified(&world).await;
    }
    let line = world.wallet(ana).await.last.expect("a line");
    assert_eq!((line.earned, line.taken), (52_00, 50_99));
}

pub async fn what_is_withheld_of_a_commission_is_posted_when_nothing_stands_in_the_way(subject: Subject) {
    let world = World::open_with(subject, sharing()).await;
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("applied");
    world.tell(&[spend("inv_1", 30_00)]).await;
    let waiting = commission(&world, "u_ben").await;
    let unverified = Some(WithheldReason::EmailNotVerified);
    assert_eq!((waiting.due, waiting.posted, waiting.withheld), (3_00, 0, unverified));
    world.verify("u_ben").await;
    let posted = commission(&world, "u_ben").await;
    assert_eq!((posted.posted, posted.withheld), (3_00, None));
    world.hear("u_ana", Word { at: world.now(), verified: false }).await;
    world.tell(&[spend("inv_2", 30_00), refund("back_1", "inv_1", 29_00)]).await;
    let mixed = commission(&world, "u_ben").await;
    let referrers = Some(WithheldReason::ReferrerEmailNotVerified);
    assert_eq!((mixed.due, mixed.posted, mixed.withheld), (3_10, 3_00, referrers));
    assert_verified(&world).await;
    let mut unit = world.begin().await;
    let waiting = unit.referrals().waiting_for(world.program.book, code.owner, 9).await.expect("users");
    drop(unit);
    assert_eq!(waiting, [world.user("u_ben").await.id], "its referral waits for its referrer's e-mail");
    world.clock.advance(1);
    world.verify("u_ana").await;
    assert_eq!(commission(&world, "u_ben").await.posted, 3_10);
    assert_verified(&world).await;
}

pub async fn spends_and_refunds_at_once_post_the_commission_of_the_net(subject: Subject) {
    let world = World::open_with(subject, sharing()).await;
    let ana = ana_and_ben(&world).await;
    let racers = 8;
    let meeting = Meeting::of(racers);
    race((0..racers).map(|n| {
        let (world, meeting, of) = (world.clone(), meeting.clone(), format!("inv_{}", n / 2));
        let event = if n % 2 == 0 { spend(&of, 10_05) } else { refund(&format!("back_{n}"), &of, 5_00) };
        async move {
            meeting.wait().await;
            world.tell(&[event]).await.len()
        }
    }))
    .await;
    let now = commission(&world, "u_ben").await;
    println!("events at once={racers} steps={}", now.steps);
    assert_eq!((now.gross, now.refunded, now.posted), (40_20, 20_00, 2_02));
    assert_eq!(available(&world, ana).await, 2_02);
    assert_verified(&world).await;
}

pub async fn a_commission_step_taken_twice_is_refused(subject: Subject) {
    let world = World::open_with(subject, sharing()).await;
    let ana = ana_and_ben(&world).await;
    world.tell(&[spend("inv_1", 30_00)]).await;
    world.tell(&[spend("inv_2", 10_00)]).await;
    let last = world.wallet(ana).await.last.expect("a line");
    let (referral, transaction) = (referral(&world, "u_ben").await.facts.id, last.transaction);
    let step = CommissionStep { referral, n: 2, amount: 1_00, posted: 4_00, transaction, at: world.now() };
    let again = world.try_record(&Changes { commission_steps: vec![step], ..Changes::default() }).await;
    assert!(is_contended(&again), "{again:?}");
    assert_eq!(commission(&world, "u_ben").await.posted, 4_00);
}

/// One referral each; whether it is unsettled in an active program. None of them was posted anything.
type Shape = (&'static str, bool, fn(&mut CommissionProgress));

const SHAPES: [Shape; 9] = [
    ("nothing due", false, |_| ()),
    ("due and not posted", true, |c| c.due = 5),
    ("withheld: e-mail", false, |c| withhold(c, WithheldReason::EmailNotVerified)),
    ("withheld: referrer's e-mail, which nobody called unverified", true, |c| {
        withhold(c, WithheldReason::ReferrerEmailNotVerified);
    }),
    ("withheld: review", false, |c| withhold(c, WithheldReason::UnderReview)),
    ("withheld: budget", false, |c| withhold(c, WithheldReason::Budget)),
    ("withheld: paused, and it is not", true, |c| withhold(c, WithheldReason::ProgramPaused)),
    ("spent and nothing due", false, |c| c.gross = 5),
    ("refunded and nothing due", false, |c| (c.gross, c.refunded) = (5, 5)),
];

fn withhold(commission: &mut CommissionProgress, reason: WithheldReason) {
    commission.due = 5;
    commission.withheld = Some(reason);
}

async fn unsettled(world: &World) -> Vec<Referral> {
    let mut unit = world.begin().await;
    unit.referrals().claim_unsettled(world.program.book, 100).await.expect("referrals")
}

pub async fn commissions_not_at_their_level_are_claimed_and_no_others(subject: Subject) {
    let world = World::open_with(subject, sharing()).await;
    let code = world.code("u_ana").await;
    let shape = |n: usize, referral: &mut Referral| SHAPES[n].2(&mut referral.progress.commission);
    let made = brought(&world, &code, SHAPES.len(), shape).await;
    let found = unsettled(&world).await;
    for (referral, (what, unsettled, _)) in made.iter().zip(SHAPES) {
        assert_eq!(found.contains(referral), unsettled, "{what}");
    }
    println!("referrals looked at={} claimed={}", made.len(), found.len());
}

pub async fn a_commission_withheld_by_a_pause_is_not_claimed_while_it_lasts(subject: Subject) {
    let program = Program { status: referral_domain::program::ProgramStatus::Paused, ..sharing() };
    let world = World::open_with(subject, program).await;
    let code = world.code("u_ana").await;
    brought(&world, &code, 1, |_, referral| {
        withhold(&mut referral.progress.commission, WithheldReason::ProgramPaused);
    })
    .await;
    assert_eq!(unsettled(&world).await, []);
}

pub async fn what_was_posted_and_is_not_due_is_claimed(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let names = ["u_kept", "u_below", "u_fraud", "u_taken"];
    for name in names {
        world.sign_up(name, &code).await.expect("applied");
        world.verify(name).await;
        world.spend(&[a_spend(&format!("inv_{name}"), name, usd(60_00)).build()]).await;
    }
    world.refund(&[a_refund("back", "u_taken", "inv_u_taken", usd(60_00)).build()]).await;
    assert_eq!(unsettled(&world).await, [], "what was taken back is at its level");
    let (mut below, mut fraud) = (referral(&world, "u_below").await, referral(&world, "u_fraud").await);
    below.progress.spend.refunded = 60_00;
    fraud.progress.state = State::Fraud { activated_at: Some(NOON), closed_at: NOON };
    let mut taken = referral(&world, "u_taken").await;
    assert_eq!(taken.progress.reward, Award::Retracted);
    taken.progress.spend.refunded = 0;
    let progress = [&below, &fraud, &taken].map(|referral| (referral.facts.id, referral.progress.clone()));
    world.record(&Changes { progress: progress.to_vec(), ..Changes::default() }).await;
    let mut expected = vec![below, fraud, taken];
    expected.sort_by_key(|referral| referral.facts.id);
    let mut found = unsettled(&world).await;
    found.sort_by_key(|referral| referral.facts.id);
    assert_eq!(found, expected);
}

pub async fn a_commission_of_fraud_is_claimed_though_nothing_else_was_posted(subject: Subject) {
    let world = World::open_with(subject, sharing()).await;
    ana_and_ben(&world).await;
    world.tell(&[spend("inv_1", 40_00)]).await;
    let mut ben = referral(&world, "u_ben").await;
    assert_eq!((ben.progress.commission.posted, ben.progress.reward), (4_00, Award::NotDue));
    assert_eq!(unsettled(&world).await, []);
    ben.progress.state = State::Fraud { activated_at: Some(NOON), closed_at: NOON };
    let progress = vec![(ben.facts.id, ben.progress.clone())];
    world.record(&Changes { progress, ..Changes::default() }).await;
    assert_eq!(unsettled(&world).await, [ben]);
}
