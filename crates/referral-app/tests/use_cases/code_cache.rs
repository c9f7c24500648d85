//! Codes remembered for a moment: by those who only ask, never by those who apply.

use referral_app::{PublishRules, Validity};
use referral_domain::code::{FoldedCode, Unusable};
use referral_domain::rules::RulesDraft;
use referral_testkit::build::{a_code, currency};

use crate::governing::welcoming;
use crate::stage::{Stage, made};

/// A stage whose application remembers codes.
async fn remembering() -> Stage {
    let stage = Stage::open().await;
    Stage { app: stage.app.clone().with_code_cache(), ..stage }
}

async fn validate(stage: &Stage, text: &str) -> Validity {
    stage.app.validate_code(&stage.program().slug, text, None).await.expect("answered")
}

/// Makes a code behind the application's back, as another server would.
async fn made_elsewhere(stage: &Stage, text: &str, most: Option<u32>) {
    let owner = stage.world.user(text).await;
    let code = a_code(stage.program().book, owner.id).spelt(text).with(|code| code.max_uses = most).build();
    stage.world.claim(code).await;
}

#[tokio::test]
async fn an_unknown_code_is_remembered_until_it_is_told_of() {
    let stage = remembering().await;
    assert_eq!(validate(&stage, "SUMMER-26").await, Validity::Unknown);
    made_elsewhere(&stage, "SUMMER-26", None).await;
    assert_eq!(validate(&stage, "SUMMER-26").await, Validity::Unknown, "another server made it");
    let folded = FoldedCode::fold("summer 26").expect("a code");
    stage.app.forget_code(stage.program().book, &folded);
    assert!(matches!(validate(&stage, "SUMMER-26").await, Validity::Valid { .. }));
}

#[tokio::test]
async fn applying_sees_the_code_as_it_is_and_forgets_what_was_remembered() {
    let stage = remembering().await;
    made_elsewhere(&stage, "LAST-ONE", Some(1)).await;
    assert!(matches!(validate(&stage, "LAST-ONE").await, Validity::Valid { .. }));
    made(stage.app.sign_up(&stage.with_code("u_ben", "LAST-ONE")).await);
    assert_eq!(validate(&stage, "LAST-ONE").await, Validity::Unusable(Unusable::Exhausted));
}

#[tokio::test]
async fn a_code_that_only_seems_to_be_there_refers_nobody() {
    let stage = remembering().await;
    made_elsewhere(&stage, "LAST-TWO", Some(1)).await;
    assert!(matches!(validate(&stage, "LAST-TWO").await, Validity::Valid { .. }));
    let other = stage.exchanging(|parts| parts);
    made(other.app.sign_up(&other.with_code("u_ben", "LAST-TWO")).await);
    assert!(matches!(validate(&stage, "LAST-TWO").await, Validity::Valid { .. }), "remembered here");
    let refusal = stage.refusal(&stage.with_code("u_cid", "LAST-TWO")).await;
    assert_eq!(
        refusal.to_string(),
        referral_domain::apply::ApplyRefusal::Code(Unusable::Exhausted).to_string()
    );
}

#[tokio::test]
async fn all_is_forgotten_at_once_when_news_were_missed() {
    let stage = remembering().await;
    assert_eq!(validate(&stage, "SUMMER-26").await, Validity::Unknown);
    made_elsewhere(&stage, "SUMMER-26", None).await;
    stage.app.forget_codes();
    assert!(matches!(validate(&stage, "SUMMER-26").await, Validity::Valid { .. }));
}

#[tokio::test]
async fn a_code_made_here_is_valid_at_once() {
    let stage = remembering().await;
    let code = stage.code("u_ana").await;
    assert!(matches!(validate(&stage, &code).await, Validity::Valid { .. }));
}

#[tokio::test]
async fn what_is_payable_is_told_by_the_rules_of_a_moment_ago() {
    let stage = remembering().await;
    stage.ben_is_verified().await;
    stage.spend("inv_1", "u_ben", 50_00).await;
    stage.world.clock.set(stage.now().plus_micros(1));
    assert_eq!(stage.balance("u_ana").await.payable, 0, "a reward is payable after 30 days");
    let mut rules = RulesDraft::default_in(currency("USD"));
    rules.rest.policy.payout_delay_days = 0;
    let other = stage.exchanging(|parts| parts);
    other
        .app
        .publish_rules(&PublishRules { rules, ..welcoming(10_00) }, None)
        .await
        .expect("published elsewhere");
    assert_eq!(other.balance("u_ana").await.payable, 25_00, "another server has the new rules");
    assert_eq!(stage.balance("u_ana").await.payable, 0, "remembered here");
    stage.app.forget_program(&stage.program().slug);
    assert_eq!(stage.balance("u_ana").await.payable, 25_00);
}
