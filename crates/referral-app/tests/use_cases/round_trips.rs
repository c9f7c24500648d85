//! How often a use case asks the store: it does not depend on how much it is told.

use std::sync::Arc;

use referral_domain::spend::SpendCommand;
use referral_testkit::build::{a_program, a_spend, usd};
use referral_testkit::faults::{FaultyStore, Plan};

use crate::stage::Stage;

/// Begin, scene, record, commit; with a store on the network begin is not a trip of its own.
const SPEND: u32 = 4;

#[tokio::test]
async fn a_batch_asks_the_store_as_often_as_one_event() {
    let (stage, plan) = counted().await;
    friends(&stage, 1).await;
    for events in [0, 1, 500] {
        let batch = (0..events).map(|n| spend(&stage, &format!("inv_{events}_{n}"), "u_0", 1)).collect();
        assert_eq!(calls(&stage, &plan, batch).await, SPEND, "{events} events");
    }
}

#[tokio::test]
async fn wallets_are_opened_once_and_only_when_something_is_granted() {
    for crossing in [1, 50] {
        let (stage, plan) = counted().await;
        friends(&stage, 50).await;
        let batch =
            (0..crossing).map(|n| spend(&stage, &format!("inv_{n}"), &format!("u_{n}"), 50_00)).collect();
        assert_eq!(calls(&stage, &plan, batch).await, SPEND + 1, "{crossing} crossings");
        assert_eq!(stage.available("u_ana").await, crossing * 25_00);
    }
}

#[tokio::test]
async fn a_referrers_verification_asks_as_often_for_400_that_wait_as_for_one() {
    let mut asked = Vec::new();
    for waiting in [1, 400] {
        let (stage, plan) = counted().await;
        stage.hear("u_ana", false).await;
        friends(&stage, waiting).await;
        let batch =
            (0..waiting).map(|n| spend(&stage, &format!("inv_{n}"), &format!("u_{n}"), 50_00)).collect();
        stage.spend_all(batch).await;
        stage.world.clock.advance(1);
        plan.disarm();
        stage.hear("u_ana", true).await;
        asked.push(plan.disarm().0);
        assert_eq!(stage.available("u_ana").await, i64::from(waiting) * 25_00);
    }
    assert_eq!(asked[0], asked[1]);
}

/// A stage whose units' calls are counted.
async fn counted() -> (Stage, Arc<Plan>) {
    let plan = Plan::new();
    let counting = |parts: referral_app::Parts| {
        let store = Arc::new(FaultyStore::new(parts.store, plan.clone()));
        referral_app::Parts { store, ..parts }
    };
    (Stage::made_of(a_program().limited_to(1_000).build(), counting).await, plan)
}

/// So many verified users came by Ana's code.
async fn friends(stage: &Stage, count: u32) {
    let code = stage.code("u_ana").await;
    for n in 0..count {
        let verified =
            referral_app::SignUp { email_verified: Some(true), ..stage.with_code(&format!("u_{n}"), &code) };
        stage.app.sign_up(&verified).await.expect("nothing refuses");
    }
}

fn spend(stage: &Stage, name: &str, user: &str, cents: i64) -> SpendCommand {
    a_spend(name, user, usd(cents)).at(stage.now()).build()
}

async fn calls(stage: &Stage, plan: &Plan, batch: Vec<SpendCommand>) -> u32 {
    plan.disarm();
    stage.spend_all(batch).await;
    plan.disarm().0
}
