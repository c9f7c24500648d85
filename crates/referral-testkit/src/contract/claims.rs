//! What the workers claim: exactly what the port says, once, and never what another unit holds.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::collections::BTreeSet;

use referral_domain::code::Code;
use referral_domain::id::{ReferralId, TransactionId, UserId};
use referral_domain::port::Changes;
use referral_domain::referral::{Award, Referral, State, WithheldReason};
use referral_domain::settle::expire;
use referral_domain::user::Word;

use super::referrals::{brought, ending_at};
use super::{Meeting, Subject, race};
use crate::build::{a_program, a_user};
use crate::fake::NOON;
use crate::world::World;

const ACTIVE: State = State::Active { activated_at: NOON };
const COMPLETED: State = State::Completed { activated_at: NOON, completed_at: NOON };
const EXPIRED: State = State::Expired { activated_at: None, closed_at: NOON };
const EXPIRED_ACTIVE: State = State::Expired { activated_at: Some(NOON), closed_at: NOON };
const FRAUD: State = State::Fraud { activated_at: None, closed_at: NOON };

fn ids(referrals: &[Referral]) -> BTreeSet<ReferralId> {
    referrals.iter().map(|referral| referral.facts.id).collect()
}

pub async fn referrals_whose_window_is_over_are_claimed_and_no_others(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let now = NOON.plus_days(10);
    let states = [State::Pending, ACTIVE, COMPLETED, EXPIRED, EXPIRED_ACTIVE, FRAUD];
    let ends = [now.plus_micros(-1), now, now.plus_micros(1)];
    let made = brought(&world, &code, states.len() * ends.len(), |n, referral| {
        referral.progress.state = states[n / ends.len()];
        referral.progress.welcome = Award::Withheld(WithheldReason::UnderReview);
        ending_at(ends[n % ends.len()])(referral);
    });
    let made = made.await;
    let open =
        |referral: &&Referral| matches!(referral.progress.state, State::Pending | State::Active { .. });
    let over = |referral: &&Referral| referral.facts.qualifies_until <= now;
    let expected: Vec<_> = made.iter().filter(open).filter(over).cloned().collect();
    assert_eq!(expected.len(), 4);
    let mut unit = world.begin().await;
    let claimed = unit.referrals().claim_expired(world.program.book, now, 100).await.expect("referrals");
    assert_eq!(ids(&claimed), ids(&expected), "of {} referrals", made.len());
    assert!(claimed.iter().all(|referral| expected.contains(referral)), "as they are stored");
    println!("referrals looked at={} claimed={}", made.len(), claimed.len());
}

pub async fn one_programs_workers_claim_nothing_of_anothers(subject: Subject) {
    let world = World::open(subject).await;
    let other = world.beside(a_program().named("other").build()).await;
    let code = world.code("u_ana").await;
    brought(&world, &code, 2, |_, referral| {
        reached(referral);
        ending_at(NOON)(referral);
    })
    .await;
    let mut unit = other.begin().await;
    let expired = unit.referrals().claim_expired(other.program.book, NOON, 9).await.expect("referrals");
    let unsettled = unit.referrals().claim_unsettled(other.program.book, 9).await.expect("referrals");
    drop(unit);
    assert_eq!((expired, unsettled, claimed(&world, 9).await.len()), (vec![], vec![], 2));
}

pub async fn at_most_so_many_expired_referrals_are_claimed(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    brought(&world, &code, 5, |_, referral| ending_at(NOON)(referral)).await;
    for limit in [0, 1, 3, 5, 9] {
        let mut unit = world.begin().await;
        let claimed = unit.referrals().claim_expired(world.program.book, NOON, limit).await;
        let claimed = claimed.expect("referrals");
        assert_eq!(ids(&claimed).len(), limit.min(5) as usize);
        assert_eq!(ids(&claimed).len(), claimed.len(), "each once");
    }
}

pub async fn an_expired_referral_is_claimed_until_it_is_labelled(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    brought(&world, &code, 7, |_, referral| ending_at(NOON)(referral)).await;
    let mut labelled = Vec::new();
    for _ in 0..4 {
        labelled.push(expire_some(&world, 3, &Meeting::of(1)).await);
    }
    assert_eq!(labelled, [3, 3, 1, 0]);
    let counts = world.referrer("u_ana").await.counts;
    assert_eq!((counts.expired, counts.pending), (7, 0));
}

pub async fn two_workers_at_once_expire_each_referral_once(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let made = brought(&world, &code, 12, |_, referral| ending_at(NOON)(referral)).await;
    let meeting = Meeting::of(3);
    let expired = race((0..3).map(|_| {
        let (world, meeting) = (world.clone(), meeting.clone());
        async move {
            let mut expired = 0;
            for _ in 0..4 {
                expired += expire_some(&world, 2, &meeting).await;
            }
            expired
        }
    }));
    let expired: usize = expired.await.into_iter().sum();
    println!("referrals={} expired by three workers={expired}", made.len());
    assert_eq!(expired, made.len());
}

/// Claims and labels a few, with others claiming at the same time.
async fn expire_some(world: &World, limit: u32, meeting: &Meeting) -> usize {
    let book = world.program.book;
    let expired = world.transact(move |unit| {
        Box::pin(async move {
            let mut claimed = unit.referrals().claim_expired(book, world.now(), limit).await?;
            meeting.wait().await;
            let labelled = claimed.iter_mut().filter_map(|referral| expire(referral, NOON).then_some(()));
            let labelled = labelled.count();
            let progress = claimed.into_iter().map(|referral| (referral.facts.id, referral.progress));
            let changes = Changes { progress: progress.collect(), ..Changes::default() };
            unit.recorder().record(book, &changes).await?;
            Ok(labelled)
        })
    });
    expired.await.expect("referrals are labelled")
}

/// One referral each; whether it is unsettled in an active program.
type Shape = (&'static str, bool, fn(&mut Referral));

fn reached(referral: &mut Referral) {
    referral.progress.spend.gross = referral.facts.terms.spend_threshold;
    referral.progress.welcome = Award::Withheld(WithheldReason::UnderReview);
}

fn activated(referral: &mut Referral) {
    referral.progress.state = ACTIVE;
    referral.progress.verified_at = Some(NOON);
    referral.progress.welcome = Award::Withheld(WithheldReason::UnderReview);
}

const SHAPES: [Shape; 22] = [
    ("pending, nothing spent", false, |_| ()),
    ("pending at the threshold", true, reached),
    ("pending below the threshold", false, |r| {
        reached(r);
        r.progress.spend.gross -= 1;
    }),
    ("pending, below the threshold by a refund", false, |r| {
        reached(r);
        r.progress.spend.refunded = 1;
    }),
    ("expired at the threshold", true, |r| {
        reached(r);
        r.progress.state = EXPIRED;
    }),
    ("at the threshold, verified only after the window", false, |r| {
        reached(r);
        r.progress.verified_at = Some(r.facts.qualifies_until);
    }),
    ("completed and not due", true, |r| {
        activated(r);
        reached(r);
        r.progress.state = COMPLETED;
    }),
    ("fraud at the threshold", false, |r| {
        reached(r);
        r.progress.state = FRAUD;
    }),
    ("fraud that was active, welcome not due", false, |r| {
        r.progress.state = State::Fraud { activated_at: Some(NOON), closed_at: NOON };
    }),
    ("at the threshold of a reward of nothing", false, |r| {
        reached(r);
        r.facts.terms.referrer_reward = 0;
    }),
    ("active, a welcome credit of nothing not due", false, |r| {
        activated(r);
        r.progress.welcome = Award::NotDue;
        r.facts.terms.welcome_credit = 0;
    }),
    ("active, welcome not due", true, |r| {
        activated(r);
        r.progress.welcome = Award::NotDue;
    }),
    ("expired after it was active, welcome not due", true, |r| {
        activated(r);
        r.progress.state = EXPIRED_ACTIVE;
        r.progress.welcome = Award::NotDue;
    }),
    ("expired before it was active, welcome not due", false, |r| r.progress.state = EXPIRED),
    ("welcome withheld: paused", true, |r| {
        activated(r);
        r.progress.welcome = Award::Withheld(WithheldReason::ProgramPaused);
    }),
    ("welcome withheld: review", false, activated),
    ("welcome withheld: e-mail", false, |r| {
        activated(r);
        r.progress.welcome = Award::Withheld(WithheldReason::EmailNotVerified);
    }),
    ("reward withheld: paused", true, |r| withheld(r, WithheldReason::ProgramPaused)),
    ("reward withheld: review", false, |r| withheld(r, WithheldReason::UnderReview)),
    ("reward withheld: budget", false, |r| withheld(r, WithheldReason::Budget)),
    ("reward withheld: e-mail", false, |r| withheld(r, WithheldReason::EmailNotVerified)),
    ("reward withheld: referrer's e-mail", true, |r| withheld(r, WithheldReason::ReferrerEmailNotVerified)),
];

fn withheld(referral: &mut Referral, reason: WithheldReason) {
    activated(referral);
    reached(referral);
    referral.progress.state = COMPLETED;
    referral.progress.reward = Award::Withheld(reason);
}

async fn claimed(world: &World, limit: u32) -> Vec<Referral> {
    let mut unit = world.begin().await;
    unit.referrals().claim_unsettled(world.program.book, limit).await.expect("referrals")
}

async fn of_each_shape(world: &World, code: &Code) -> Vec<Referral> {
    brought(world, code, SHAPES.len(), |n, referral| SHAPES[n].2(referral)).await
}

pub async fn referrals_not_at_their_level_are_claimed_and_no_others(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let made = of_each_shape(&world, &code).await;
    let found = claimed(&world, 100).await;
    for (referral, (what, unsettled, _)) in made.iter().zip(SHAPES) {
        assert_eq!(found.contains(referral), unsettled, "{what}");
    }
    let expected = SHAPES.iter().filter(|(_, unsettled, _)| *unsettled).count();
    println!("referrals looked at={} claimed={}", made.len(), found.len());
    assert_eq!((found.len(), ids(&found).len()), (expected, expected));
    assert_eq!(claimed(&world, 3).await.len(), 3);
    assert_eq!(claimed(&world, 0).await.len(), 0);
}

pub async fn what_a_paused_program_withholds_is_settled_while_it_is_paused(subject: Subject) {
    let world = World::open_with(subject, a_program().paused().build()).await;
    let code = world.code("u_ana").await;
    let made = of_each_shape(&world, &code).await;
    let found = claimed(&world, 100).await;
    for (referral, (what, unsettled, _)) in made.iter().zip(SHAPES) {
        let paused = [referral.progress.welcome, referral.progress.reward]
            .contains(&Award::Withheld(WithheldReason::ProgramPaused));
        assert_eq!(found.contains(referral), unsettled && !paused, "{what}");
    }
}

pub async fn only_a_referrers_email_known_to_be_unverified_keeps_a_reward_waiting(subject: Subject) {
    let world = World::open(subject).await;
    let (old, new) = (NOON, NOON.plus_micros(1));
    let said = |verified| Word { at: new, verified };
    let referrers = [
        (a_user("u_unknown"), true),
        (a_user("u_verified").verified(old), true),
        (a_user("u_unverified").unverified(old), false),
        (a_user("u_token").with_token(said(true)), true),
        (a_user("u_token_no").with_token(said(false)), false),
        (a_user("u_event_wins").verified(old).with_token(said(false)), true),
        (a_user("u_event_wins_no").unverified(old).with_token(said(true)), false),
    ];
    let reason = |_, referral: &mut Referral| withheld(referral, WithheldReason::ReferrerEmailNotVerified);
    let mut expected = BTreeSet::new();
    for (user, claimable) in referrers {
        let facts = user.build();
        let code = world.code(facts.host.as_str()).await;
        world.know(referral_domain::user::UserFacts { id: code.owner, ..facts }).await;
        let made = brought(&world, &code, 1, reason).await;
        expected.extend(made.iter().filter(|_| claimable).map(|referral| referral.facts.id));
    }
    assert_eq!(ids(&claimed(&world, 100).await), expected);
}

pub async fn two_reconcilers_at_once_claim_different_referrals(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    brought(&world, &code, 4, |_, referral| activated_not_due(referral)).await;
    let meeting = Meeting::of(2);
    let claims = race((0..2).map(|_| {
        let (world, meeting) = (world.clone(), meeting.clone());
        async move { settle_some(&world, 2, &meeting).await }
    }));
    let mut claimed: Vec<UserId> = claims.await.concat();
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 4, "two each, none twice");
}

fn activated_not_due(referral: &mut Referral) {
    activated(referral);
    referral.progress.welcome = Award::NotDue;
}

/// Claims a few and withholds what was unsettled, with others claiming at the same time.
async fn settle_some(world: &World, limit: u32, meeting: &Meeting) -> Vec<UserId> {
    let book = world.program.book;
    let settled = world.transact(move |unit| {
        Box::pin(async move {
            let mut claimed = unit.referrals().claim_unsettled(book, limit).await?;
            meeting.wait().await;
            for referral in &mut claimed {
                referral.progress.welcome = Award::Withheld(WithheldReason::UnderReview);
            }
            let referred = claimed.iter().map(|referral| referral.facts.referred).collect();
            let progress = claimed.into_iter().map(|referral| (referral.facts.id, referral.progress));
            let changes = Changes { progress: progress.collect(), ..Changes::default() };
            unit.recorder().record(book, &changes).await?;
            Ok(referred)
        })
    });
    settled.await.expect("referrals are settled")
}

pub async fn a_story_told_honestly_leaves_nothing_unsettled(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("applied");
    world.sign_up("u_cat", &code).await.expect("applied");
    world.verify("u_ben").await;
    world.spend(&[crate::build::a_spend("inv_1", "u_ben", crate::build::usd(60_00)).build()]).await;
    world.spend(&[crate::build::a_spend("inv_2", "u_cat", crate::build::usd(60_00)).build()]).await;
    assert_eq!(claimed(&world, 100).await, []);
    let granted = world.wallet(code.owner).await.last.map(|line| line.transaction);
    let ben = world.user("u_ben").await;
    let reward = world.referral(ben.id).await.map(|referral| referral.progress.reward);
    let by = |transaction: TransactionId| Award::Granted { at: world.now(), transaction };
    assert_eq!(reward, granted.map(by));
}
