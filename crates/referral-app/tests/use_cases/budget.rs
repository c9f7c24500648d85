//! What a month's budget admits, decided on the month as it is locked.

use referral_domain::program::{Policy, Program};
use referral_domain::referral::{Award, AwardStatus, WithheldReason};
use referral_domain::time::DAY;
use referral_testkit::build::a_program;

use crate::stage::Stage;

fn granting(reward_budget: Option<i64>) -> Program {
    a_program().policy(Policy { reward_budget, ..Policy::default() }).build()
}

/// Friends of Ana's who are verified.
async fn friends(stage: &Stage, names: &[&str]) {
    let code = stage.code("u_ana").await;
    for name in names {
        stage.refer(name, &code).await;
        stage.hear(name, true).await;
    }
}

async fn reward(stage: &Stage, name: &str) -> Award {
    let user = stage.world.user(name).await.id;
    stage.world.referral(user).await.expect("a referral").progress.reward
}

#[tokio::test]
async fn a_reward_is_decided_on_the_month_as_it_is_once_it_is_locked() {
    let stage = Stage::with(granting(Some(60_00))).await;
    friends(&stage, &["u_1", "u_2", "u_3", "u_4"]).await;
    for (n, name) in ["u_1", "u_2", "u_3", "u_4"].into_iter().enumerate() {
        stage.spend(&format!("inv_{n}"), name, 50_00).await;
    }
    let mut statuses = Vec::new();
    for name in ["u_1", "u_2", "u_3", "u_4"] {
        statuses.push(reward(&stage, name).await.status());
    }
    use AwardStatus::{Granted, Withheld};
    assert_eq!(statuses, [Granted, Granted, Withheld, Withheld], "75.00 do not fit 60.00");
    assert_eq!(reward(&stage, "u_3").await, Award::Withheld(WithheldReason::Budget));
    assert_eq!(stage.available("u_ana").await, 50_00);
}

#[tokio::test]
async fn what_the_budget_withheld_is_granted_when_the_next_month_opens_and_not_before() {
    let stage = Stage::with(granting(Some(25_00))).await;
    friends(&stage, &["u_1", "u_2", "u_3"]).await;
    for (n, name) in ["u_1", "u_2", "u_3"].into_iter().enumerate() {
        stage.spend(&format!("inv_{n}"), name, 50_00).await;
        stage.world.clock.advance(1);
    }
    stage.app.grant_budgeted().await.expect("a sweep");
    assert_eq!(stage.available("u_ana").await, 25_00, "the month is closed");
    stage.world.clock.advance(31 * DAY);
    stage.app.grant_budgeted().await.expect("a sweep");
    assert_eq!(stage.available("u_ana").await, 50_00, "one more fits");
    assert_eq!(reward(&stage, "u_2").await.status(), AwardStatus::Granted, "the oldest comes first");
    assert_eq!(reward(&stage, "u_3").await.status(), AwardStatus::Withheld);
}
