//! Balances, and what of them could be paid out.

use referral_app::Failure;
use referral_domain::credit::BalanceSnapshot;
use referral_domain::time::DAY;
use referral_testkit::build::{host, slug};

use crate::stage::{Stage, only};

#[tokio::test]
async fn a_user_nobody_heard_of_has_nothing_and_may_redeem_it() {
    let stage = Stage::open().await;
    let stored = stage.stored();
    let view = stage.app.balance(&stage.program().slug, &host("u_nobody")).await.expect("a balance");
    assert_eq!(view.balance, BalanceSnapshot { balances: only(0), payable: 0, as_of: stage.now() });
    assert!(view.can_redeem);
    assert_eq!(stage.stored(), stored, "a question stores nothing");
}

#[tokio::test]
async fn a_reward_is_payable_once_it_is_more_than_30_days_old() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    stage.spend("inv_1", "u_ben", 50_00).await;
    let granted_at = stage.now();
    assert_eq!(stage.balance("u_ana").await.payable, 0);
    stage.world.clock.set(granted_at.plus_micros(30 * DAY));
    assert_eq!(stage.balance("u_ana").await.payable, 0);
    stage.world.clock.set(granted_at.plus_micros(30 * DAY + 1));
    let balance = stage.balance("u_ana").await;
    assert_eq!((balance.balances, balance.payable), (only(25_00), 25_00));
    assert_eq!(balance.as_of, stage.now());
}

#[tokio::test]
async fn a_welcome_credit_is_never_payable() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    stage.world.clock.advance(31 * DAY);
    let balance = stage.balance("u_ben").await;
    assert_eq!((balance.balances, balance.payable), (only(10_00), 0));
}

#[tokio::test]
async fn no_more_is_payable_than_is_available() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    stage.spend("inv_1", "u_ben", 50_00).await;
    stage.world.clock.advance(31 * DAY);
    let receipt = stage.redeem("order:1", "u_ana", 20_00).await.expect("25.00 are available");
    assert_eq!(receipt.balance.payable, 5_00, "the receipt says what the balance says");
    assert_eq!(stage.balance("u_ana").await.payable, 5_00);
}

#[tokio::test]
async fn a_referred_user_may_not_redeem_before_they_are_verified_and_the_balance_says_so() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    assert!(!can_redeem(&stage, "u_ben").await);
    assert!(can_redeem(&stage, "u_ana").await, "unknown is not unverified");
    stage.hear("u_ben", true).await;
    assert!(can_redeem(&stage, "u_ben").await);
    stage.hear("u_ana", false).await;
    assert!(!can_redeem(&stage, "u_ana").await);
}

#[tokio::test]
async fn there_is_no_balance_in_a_program_that_does_not_exist() {
    let stage = Stage::open().await;
    assert!(matches!(stage.app.balance(&slug("other"), &host("u_ana")).await, Err(Failure::NoProgram)));
}

async fn can_redeem(stage: &Stage, user: &str) -> bool {
    let program = &stage.program().slug;
    let view = stage.app.balance(program, &host(user)).await.expect("a balance");
    let (_, summed) = stage.app.summary(program, &host(user)).await.expect("a summary");
    assert_eq!(view, summed, "the summary shows the same balance");
    view.can_redeem
}
