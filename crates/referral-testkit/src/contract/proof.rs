//! The proof: honest work verifies, with true counts; what is due and not granted is found.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::credit::RedeemMode;
use referral_domain::ledger::{Check, LedgerCounts, Verdict};
use referral_domain::referral::{Award, State, WithheldReason};

use super::Subject;
use crate::build::{a_program, a_referral, a_spend, reference, usd};
use crate::fake::NOON;
use crate::world::World;

/// The verdict, and within it everything but what seals say: that is for the cases of `sealing`.
async fn verdict(world: &World) -> Verdict {
    match world.reports.verify().await.expect("a report") {
        Verdict::Verified(counts) => Verdict::Verified(LedgerCounts { unsealed: Vec::new(), ..counts }),
        broken @ Verdict::Broken { .. } => broken,
    }
}

pub async fn an_empty_ledger_verifies(subject: Subject) {
    let world = World::open(subject).await;
    let counts = LedgerCounts { books: 1, ..LedgerCounts::default() };
    assert_eq!(verdict(&world).await, Verdict::Verified(counts));
}

pub async fn honest_work_verifies_with_true_counts(subject: Subject) {
    let world = World::open(subject).await;
    let other = world.beside(a_program().named("other").build()).await;
    tell(&world).await;
    tell(&other).await;
    // In each program: two welcome credits, two rewards, one redemption and its two reversals, each one transfer with
    // one user side; Ana, Ben and Cat each have one account; Dan came and did nothing.
    let each = LedgerCounts {
        books: 2,
        transactions: 14,
        transfers: 14,
        entries: 14,
        accounts: 6,
        lines: 14,
        referrals: 6,
        ..LedgerCounts::default()
    };
    assert_eq!(verdict(&world).await, Verdict::Verified(each));
}

async fn tell(world: &World) {
    let code = world.code("u_ana").await;
    for name in ["u_ben", "u_cat", "u_dan"] {
        world.sign_up(name, &code).await.expect("applied");
    }
    world.verify("u_ben").await;
    let spends = ["u_ben", "u_cat"].map(|name| a_spend(&format!("inv:{name}"), name, usd(60_00)).build());
    world.spend(&spends).await;
    world.verify("u_cat").await;
    let redeemed = world.redeem(code.owner, 30_00, RedeemMode::Exact, &reference("order:1")).await;
    let id = redeemed.expect("redeemed").id;
    world
        .redeem(world.user("u_dan").await.id, 5_00, RedeemMode::UpTo, &reference("order:2"))
        .await
        .expect("nothing");
    world.reverse(id, Some(10_00), &reference("back:1")).await;
    world.reverse(id, None, &reference("back:2")).await;
}

pub async fn what_is_withheld_is_not_missing(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("applied");
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    let counts = LedgerCounts { books: 1, referrals: 1, ..LedgerCounts::default() };
    assert_eq!(verdict(&world).await, Verdict::Verified(counts));
}

pub async fn a_reward_that_is_due_and_not_granted_is_found(subject: Subject) {
    let world = World::open(subject).await;
    let (code, ben) = (world.code("u_ana").await, world.user("u_ben").await);
    let state = State::Completed { activated_at: NOON, completed_at: NOON };
    let forgotten = a_referral(&world.program, &code, ben.id).in_state(state).having_spent(50_00);
    let forgotten = forgotten.welcome(Award::Withheld(WithheldReason::UnderReview)).build();
    world.refer(std::slice::from_ref(&forgotten)).await;
    match verdict(&world).await {
        Verdict::Broken { first, .. } => {
            assert_eq!(first.check, Check::DueRewards, "{first:?}");
            assert_eq!(first.book(), Some(world.program.book), "{first:?}");
        }
        other => panic!("nothing was found: {other:?}"),
    }
}
