//! What is held: nobody can use it, a worker releases it once, and what is taken back leaves its own hold first.

use referral_app::Swept;
use referral_domain::ledger::Balances;
use referral_domain::program::{Commission, Program, Terms};
use referral_domain::referral::{AwardStatus, Review};
use referral_domain::time::DAY;
use referral_testkit::build::a_program;

use crate::stage::Stage;

/// Rewards and commissions are held for 14 days; the commission is a tenth of net spend.
fn holding() -> Program {
    let commission = Commission::of_millionths(100_000, 12, None);
    a_program().terms(Terms { hold_days: 14, commission, ..Terms::default() }).build()
}

/// Ben, whom Ana referred, is verified and spent 60.00: 25.00 of reward and 6.00 of commission are held.
async fn held() -> Stage {
    let stage = Stage::with(holding()).await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    stage.hear("u_ben", true).await;
    stage.spend("inv_1", "u_ben", 60_00).await;
    stage
}

async fn balances(stage: &Stage) -> Balances {
    let ana = stage.world.user("u_ana").await.id;
    stage.world.wallet(ana).await.balances()
}

async fn released(stage: &Stage) -> Swept {
    stage.app.release_holds().await.expect("a sweep")
}

async fn award(stage: &Stage) -> AwardStatus {
    stage.referral("u_ben").await.expect("a referral").progress.reward.status()
}

const NOTHING: Swept = Swept { changed: 0 };

#[tokio::test]
async fn what_is_held_is_released_once_when_it_has_matured_and_not_before() {
    let stage = held().await;
    assert_eq!(balances(&stage).await, Balances { held: 31_00, ..Balances::default() });
    assert_eq!(award(&stage).await, AwardStatus::Held);
    assert!(stage.app.redeem_credits(&stage.a_redemption("order_1", "u_ana", 1)).await.is_err());
    stage.world.clock.advance(14 * DAY - 1);
    assert_eq!(released(&stage).await, NOTHING);
    stage.world.clock.advance(1);
    assert_eq!(released(&stage).await, Swept { changed: 2 });
    assert_eq!((balances(&stage).await.available, award(&stage).await), (31_00, AwardStatus::Granted));
    assert_eq!(released(&stage).await, NOTHING, "twice is once");
    stage.is_sound().await;
}

#[tokio::test]
async fn two_workers_at_once_release_each_hold_once() {
    let stage = held().await;
    stage.world.clock.advance(15 * DAY);
    let (one, other) = tokio::join!(stage.app.release_holds(), stage.app.release_holds());
    let changed = one.expect("a sweep").changed + other.expect("a sweep").changed;
    assert_eq!((changed, balances(&stage).await.available), (2, 31_00));
    stage.is_sound().await;
}

#[tokio::test]
async fn nothing_of_a_referral_under_review_is_released_and_take_backs_go_on() {
    let stage = held().await;
    stage.world.clock.advance(15 * DAY);
    stage.review("u_ben", Review::Open).await;
    assert_eq!(released(&stage).await, NOTHING);
    stage.refund("back_1", "u_ben", "inv_1", 20_00).await;
    assert_eq!(balances(&stage).await, Balances { held: 4_00, ..Balances::default() });
    assert_eq!(award(&stage).await, AwardStatus::Retracted);
    stage.review("u_ben", Review::Cleared).await;
    assert_eq!(released(&stage).await, Swept { changed: 1 });
    assert_eq!(balances(&stage).await, Balances { available: 4_00, ..Balances::default() });
    stage.is_sound().await;
}

#[tokio::test]
async fn what_was_used_before_it_was_taken_back_is_owed_and_a_release_repays_it_first() {
    let stage = held().await;
    stage.world.clock.advance(14 * DAY);
    released(&stage).await;
    stage.app.redeem_credits(&stage.a_redemption("order_1", "u_ana", 30_00)).await.expect("redeemed");
    stage.spend("inv_2", "u_ben", 10_00).await;
    assert_eq!(balances(&stage).await, Balances { available: 1_00, held: 1_00, ..Balances::default() });
    stage.refund("back_1", "u_ben", "inv_1", 60_00).await;
    let owing = balances(&stage).await;
    assert_eq!(
        (owing.available, owing.held + owing.owed),
        (0, 29_00),
        "25.00 and 6.00, less 1.00 available and 1.00 held"
    );
    stage.spend("inv_3", "u_ben", 50_00).await;
    stage.world.clock.advance(14 * DAY);
    released(&stage).await;
    let repaid = balances(&stage).await;
    assert_eq!(
        (repaid.held, repaid.available - repaid.owed),
        (0, 1_00),
        "31.00 of 60.00, 30.00 of them used"
    );
    stage.is_sound().await;
}
