//! Sweeps over refunds, holds and the budget.

use referral_domain::program::{Commission, Policy, Program, Terms};
use referral_domain::time::{DAY, SECOND};
use referral_testkit::build::{a_program, a_refund, a_spend, usd};
use referral_testkit::faults::{Sweep, Swept};

use super::{answered, ben_has_spent, swept_in};
use crate::stage::Stage;

/// Rewards are held for 14 days, a tenth of spend is paid besides, and one reward a month fits the budget.
fn strict() -> Program {
    let terms =
        Terms { hold_days: 14, commission: Commission::of_millionths(100_000, 12, None), ..Terms::default() };
    let policy = Policy { reward_budget: Some(25_00), ..Policy::default() };
    a_program().terms(terms).policy(policy).build()
}

pub(super) async fn sweeps() -> Swept {
    let refund = async |stage: &Stage| {
        let refund = a_refund("back_1", "u_ben", "inv_1", usd(20_00)).at(stage.world.now()).build();
        answered(stage.app.record_spend(&stage.a_batch_of(vec![refund.into()])).await)
    };
    let spend = async |stage: &Stage| {
        let spend = a_spend("inv_2", "u_ben", usd(50_00)).at(stage.world.now()).build();
        answered(stage.app.record_spend(&stage.a_batch(vec![spend])).await)
    };
    let sweeps = [
        swept_in(strict(), Sweep::of("a refund that voids holds"), rewarded, refund).await,
        swept_in(strict(), Sweep::of("a spend that asks the budget"), verified, spend).await,
        swept_in(strict(), Sweep::of("holds released"), matured, async |stage: &Stage| {
            stage.app.release_holds().await
        })
        .await,
        swept_in(strict(), Sweep::of("the budget of a new month"), withheld, async |stage: &Stage| {
            stage.app.grant_budgeted().await
        })
        .await,
    ];
    sweeps.into_iter().sum()
}

/// Ben is verified and has spent nothing.
async fn verified(stage: &Stage) {
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    stage.hear("u_ben", true).await;
}

/// Ben has spent 60.00 and is verified: a reward and a commission are held.
async fn rewarded(stage: &Stage) {
    ben_has_spent(stage).await;
    stage.hear("u_ben", true).await;
    stage.world.clock.advance(SECOND);
}

/// The holds are over.
async fn matured(stage: &Stage) {
    rewarded(stage).await;
    stage.world.clock.advance(14 * DAY);
}

/// Eva's reward did not fit last month.
async fn withheld(stage: &Stage) {
    rewarded(stage).await;
    let code = stage.code("u_ana").await;
    stage.refer("u_eva", &code).await;
    stage.hear("u_eva", true).await;
    stage.spend("inv_eva", "u_eva", 60_00).await;
    stage.world.clock.advance(31 * DAY);
}
