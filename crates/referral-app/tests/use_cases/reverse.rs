//! Giving back what was redeemed: whole, in parts, never more.

use referral_app::{Failure, RedeemReceipt, ReversalRefused, ReverseRedemption};
use referral_domain::credit::OverReversal;
use referral_domain::id::RedemptionId;
use referral_domain::time::DAY;
use referral_testkit::build::{named_id, reference, slug};

use crate::stage::{Stage, answer, only};

#[tokio::test]
async fn a_reversal_gives_back_all_that_remains_when_nothing_is_asked() {
    let (stage, id) = redeemed().await;
    let part = reverse(&stage, &a_reversal(&stage, id, "back:1", Some(3_00))).await.expect("8.00 remain");
    assert_eq!((part.redeemed, part.balance.balances), (5_00, only(5_00)));
    let rest = reverse(&stage, &a_reversal(&stage, id, "back:2", None)).await.expect("5.00 remain");
    assert_eq!((rest.id, rest.redeemed, rest.balance.balances), (id, 0, only(10_00)));
    let item = rest.item.expect("a history line");
    assert_eq!(item.line.after.available - item.line.before.available, 5_00);
    assert_eq!(item.transaction.description, "Credits given back: order:1");
    assert!(item.transaction.reverses.is_some());
    stage.is_sound().await;
}

#[tokio::test]
async fn more_than_remains_is_refused_and_changes_nothing() {
    let (stage, id) = redeemed().await;
    let over = |remaining| Err(ReversalRefused::Over(OverReversal { remaining }));
    let stored = stage.stored();
    assert_eq!(reverse(&stage, &a_reversal(&stage, id, "back:1", Some(8_01))).await, over(8_00));
    assert_eq!(stage.stored(), stored);
    reverse(&stage, &a_reversal(&stage, id, "back:1", Some(8_00))).await.expect("8.00 remain");
    assert_eq!(reverse(&stage, &a_reversal(&stage, id, "back:2", Some(1))).await, over(0));
    assert_eq!(reverse(&stage, &a_reversal(&stage, id, "back:2", None)).await, over(0));
    assert_eq!(stage.available("u_ben").await, 10_00);
}

#[tokio::test]
async fn the_same_reversal_again_gets_the_first_answer() {
    let (stage, id) = redeemed().await;
    for command in [a_reversal(&stage, id, "back:1", Some(3_00)), a_reversal(&stage, id, "back:2", None)] {
        let first = reverse(&stage, &command).await.expect("as much remains");
        let stored = stage.stored();
        stage.world.clock.advance(DAY);
        let again = reverse(&stage, &command).await.expect("a repetition");
        assert_eq!(again, RedeemReceipt { replayed: true, ..first });
        assert_eq!(stage.stored(), stored);
    }
}

#[tokio::test]
async fn another_body_under_the_same_reference_is_a_conflict_and_changes_nothing() {
    let (stage, id) = redeemed().await;
    let other = stage.redeem("order:2", "u_ben", 1_00).await.expect("2.00 are available").id;
    let command = a_reversal(&stage, id, "back:1", Some(3_00));
    reverse(&stage, &command).await.expect("8.00 remain");
    let stored = stage.stored();
    let others = [
        ReverseRedemption { amount: Some(3_01), ..command.clone() },
        ReverseRedemption { amount: None, ..command.clone() },
        ReverseRedemption { reason: Some("A mistake".to_owned()), ..command.clone() },
        ReverseRedemption { redemption: other, ..command },
    ];
    for other in others {
        assert_eq!(reverse(&stage, &other).await, Err(ReversalRefused::Conflict));
        assert_eq!(stage.stored(), stored);
    }
}

#[tokio::test]
async fn a_redemption_nobody_made_is_not_found() {
    let (stage, id) = redeemed().await;
    let nobodys = RedemptionId::from_uuid(named_id("nobody's"));
    let not_found = Err(ReversalRefused::NotFound);
    assert_eq!(reverse(&stage, &a_reversal(&stage, nobodys, "back:1", None)).await, not_found);
    let elsewhere = ReverseRedemption { program: slug("other"), ..a_reversal(&stage, id, "back:1", None) };
    assert!(matches!(stage.app.reverse_redemption(&elsewhere).await, Err(Failure::NoProgram)));
}

#[tokio::test]
async fn an_unverified_user_is_given_back_what_was_theirs_and_told_that_they_cannot_use_it() {
    let (stage, id) = redeemed().await;
    stage.world.clock.advance(1);
    stage.hear("u_ben", false).await;
    let back = reverse(&stage, &a_reversal(&stage, id, "back:1", None)).await.expect("8.00 remain");
    assert_eq!((back.balance.balances, back.can_redeem), (only(10_00), false));
}

#[tokio::test]
async fn a_reason_is_what_the_user_reads() {
    let (stage, id) = redeemed().await;
    let reason = Some("Order 1 was cancelled".to_owned());
    let command = ReverseRedemption { reason: reason.clone(), ..a_reversal(&stage, id, "back:1", None) };
    let item = reverse(&stage, &command).await.expect("8.00 remain").item.expect("a history line");
    assert_eq!(Some(item.transaction.description), reason);
}

/// Ben has used 8.00 of his 10.00.
async fn redeemed() -> (Stage, RedemptionId) {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    let id = stage.redeem("order:1", "u_ben", 8_00).await.expect("10.00 are available").id;
    (stage, id)
}

fn a_reversal(stage: &Stage, id: RedemptionId, name: &str, amount: Option<i64>) -> ReverseRedemption {
    let (program, reference) = (stage.program().slug.clone(), reference(name));
    ReverseRedemption { program, redemption: id, reference, amount, reason: None }
}

async fn reverse(stage: &Stage, command: &ReverseRedemption) -> Result<RedeemReceipt, ReversalRefused> {
    answer(stage.app.reverse_redemption(command).await)
}
