//! Using credits: exactly or up to, repeated, refused.

use referral_app::{Failure, RedeemCredits, RedeemReceipt, RedeemRefused};
use referral_domain::credit::{RedeemMode, RedeemRefusal};
use referral_domain::ledger::{CreatedBy, ReferenceType, TransactionKind};
use referral_domain::time::DAY;
use referral_testkit::build::{a_program, slug};

use crate::stage::{Stage, answer, only};

const TOO_LITTLE: fn(i64) -> RedeemRefused =
    |available| RedeemRefused::Rule(RedeemRefusal::InsufficientBalance { available });

#[tokio::test]
async fn exactly_what_is_asked_is_taken() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let receipt = stage.redeem("order:1", "u_ben", 4_00).await.expect("10.00 are available");
    assert_eq!((receipt.redeemed, receipt.balance.balances), (4_00, only(6_00)));
    assert!(receipt.can_redeem && !receipt.replayed);
    let item = receipt.item.expect("a history line");
    assert_eq!((item.line.before, item.line.after), (only(10_00), only(6_00)));
    let its = item.transaction;
    assert_eq!((its.kind, its.created_by), (TransactionKind::CreditRedemption, CreatedBy::Service));
    assert_eq!(its.description, "Credits used: order:1");
    assert_eq!(
        (its.reference.as_deref(), its.reference_type),
        (Some("order:1"), Some(ReferenceType::Redemption))
    );
    assert_eq!(stage.balance("u_ben").await.balances, only(6_00));
    stage.is_sound().await;
}

#[tokio::test]
async fn more_than_there_is_is_refused_and_changes_nothing() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let stored = stage.stored();
    assert_eq!(stage.redeem("order:1", "u_ben", 10_01).await, Err(TOO_LITTLE(10_00)));
    assert_eq!(stage.redeem("order:1", "u_nobody", 1).await, Err(TOO_LITTLE(0)));
    assert_eq!(stage.stored(), stored, "not even the user is remembered");
    stage.redeem("order:1", "u_ben", 10_00).await.expect("the reference is still free");
    assert_eq!(stage.available("u_ben").await, 0);
}

#[tokio::test]
async fn up_to_takes_what_there_is() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let first = answer(stage.app.redeem_credits(&up_to(&stage, "order:1", 4_00)).await).expect("no refusal");
    assert_eq!(first.redeemed, 4_00);
    let rest = answer(stage.app.redeem_credits(&up_to(&stage, "order:2", 40_00)).await).expect("no refusal");
    assert_eq!((rest.redeemed, rest.balance.balances), (6_00, only(0)));
    let nothing =
        answer(stage.app.redeem_credits(&up_to(&stage, "order:3", 40_00)).await).expect("no refusal");
    assert_eq!((nothing.redeemed, nothing.item), (0, None));
    assert_eq!(stage.is_sound().await.transactions, 3);
}

#[tokio::test]
async fn the_same_redemption_again_gets_the_first_answer() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    for command in [
        stage.a_redemption("order:1", "u_ben", 4_00),
        up_to(&stage, "order:2", 99_00),
        up_to(&stage, "order:3", 1),
    ] {
        let first = answer(stage.app.redeem_credits(&command).await).expect("no refusal");
        let stored = stage.stored();
        stage.world.clock.advance(DAY);
        let again = answer(stage.app.redeem_credits(&command).await).expect("no refusal");
        assert_eq!(again, RedeemReceipt { replayed: true, ..first });
        assert_eq!(stage.stored(), stored);
    }
}

#[tokio::test]
async fn another_body_under_the_same_reference_is_a_conflict_and_changes_nothing() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    stage.world.verify("u_eva").await;
    let command = stage.a_redemption("order:1", "u_ben", 4_00);
    stage.app.redeem_credits(&command).await.expect("10.00 are available");
    let stored = stage.stored();
    let others = [
        RedeemCredits { amount: 4_01, ..command.clone() },
        RedeemCredits { mode: RedeemMode::UpTo, ..command.clone() },
        RedeemCredits { description: Some("An invoice".to_owned()), ..command.clone() },
        stage.a_redemption("order:1", "u_eva", 4_00),
    ];
    for other in others {
        let conflict = answer(stage.app.redeem_credits(&other).await);
        assert_eq!(conflict, Err(RedeemRefused::Conflict));
        assert_eq!(stage.stored(), stored);
    }
}

#[tokio::test]
async fn a_referred_user_not_yet_verified_cannot_redeem() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    let stored = stage.stored();
    let refused = Err(RedeemRefused::Rule(RedeemRefusal::EmailNotVerified));
    assert_eq!(stage.redeem("order:1", "u_ben", 1).await, refused);
    assert_eq!(stage.stored(), stored);
    stage.hear("u_ben", true).await;
    assert!(stage.redeem("order:1", "u_ben", 1).await.is_ok());
    stage.world.clock.advance(1);
    stage.hear("u_ben", false).await;
    assert_eq!(stage.redeem("order:2", "u_ben", 1).await, refused, "until it is back");
}

#[tokio::test]
async fn a_user_nobody_referred_may_redeem_while_nothing_is_known_and_not_once_known_to_be_unverified() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    stage.spend("inv_1", "u_ben", 50_00).await;
    stage.redeem("order:1", "u_ana", 5_00).await.expect("unknown is not unverified");
    stage.hear("u_ana", false).await;
    let refused = Err(RedeemRefused::Rule(RedeemRefusal::EmailNotVerified));
    assert_eq!(stage.redeem("order:2", "u_ana", 5_00).await, refused);
    assert_eq!(stage.available("u_ana").await, 20_00);
}

#[tokio::test]
async fn what_was_redeemed_once_is_answered_again_though_the_user_is_not_verified_any_more() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let first = stage.redeem("order:1", "u_ben", 4_00).await.expect("10.00 are available");
    stage.world.clock.advance(1);
    stage.hear("u_ben", false).await;
    let again = stage.redeem("order:1", "u_ben", 4_00).await.expect("a repetition");
    assert_eq!(again, RedeemReceipt { replayed: true, ..first });
}

#[tokio::test]
async fn a_paused_program_still_lets_credits_be_used() {
    let stage = Stage::with(a_program().paused().build()).await;
    let receipt = answer(stage.app.redeem_credits(&up_to(&stage, "order:1", 4_00)).await);
    assert_eq!(receipt.expect("no refusal").redeemed, 0);
}

#[tokio::test]
async fn nothing_is_redeemed_in_a_program_that_does_not_exist() {
    let stage = Stage::open().await;
    let elsewhere = RedeemCredits { program: slug("other"), ..stage.a_redemption("order:1", "u_ben", 1) };
    assert!(matches!(stage.app.redeem_credits(&elsewhere).await, Err(Failure::NoProgram)));
}

fn up_to(stage: &Stage, reference: &str, cents: i64) -> RedeemCredits {
    RedeemCredits { mode: RedeemMode::UpTo, ..stage.a_redemption(reference, "u_ben", cents) }
}
