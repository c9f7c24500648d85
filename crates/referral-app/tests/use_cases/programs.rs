//! Two programs on one store know nothing of one another.

use referral_app::{ReversalRefused, ReverseRedemption, Validity};
use referral_domain::apply::ApplyRefusal;
use referral_domain::money::Money;
use referral_domain::spend::Outcome;
use referral_testkit::build::{a_program, a_spend, currency, host, reference};

use crate::stage::{Stage, answer, outcome, rule};

#[tokio::test]
async fn a_code_of_one_program_is_unknown_in_another() {
    let (here, there) = side_by_side().await;
    let code = here.code("u_ana").await;
    let told = there.app.validate_code(&there.program().slug, &code, None).await.expect("not throttled");
    assert_eq!(told, Validity::Unknown);
    assert_eq!(there.refusal(&there.with_code("u_ben", &code)).await, rule(ApplyRefusal::CodeUnknown));
    assert_ne!(there.code("u_ana").await, code);
}

#[tokio::test]
async fn a_user_of_two_programs_is_two_users() {
    let (here, there) = side_by_side().await;
    here.ben_is_verified().await;
    assert_eq!(there.referral("u_ben").await, None);
    let code = there.code("u_ana").await;
    let referral = there.refer("u_ben", &code).await;
    assert_eq!(referral.progress.verified_at, None, "what was told here is not known there");
    assert_eq!((here.available("u_ben").await, there.available("u_ben").await), (10_00, 0));
}

#[tokio::test]
async fn ids_and_references_are_free_in_every_program() {
    let (here, there) = side_by_side().await;
    for stage in [&here, &there] {
        stage.ben_is_verified().await;
        let money = Money::of(60_00, stage.program().currency);
        let told = stage.spend_all(vec![a_spend("inv_1", "u_ben", money).at(stage.now()).build()]).await;
        assert_eq!(outcome(&told[0]), Outcome::ThresholdCrossed);
        stage.redeem("order:1", "u_ana", 5_00).await.expect("25.00 are available");
        assert_eq!(stage.available("u_ana").await, 20_00);
    }
    assert_eq!(here.is_sound().await.books, 2);
}

#[tokio::test]
async fn nobody_reverses_what_was_redeemed_in_another_program() {
    let (here, there) = side_by_side().await;
    here.ben_is_verified().await;
    let redemption = here.redeem("order:1", "u_ben", 5_00).await.expect("10.00 are available").id;
    let program = there.program().slug.clone();
    let command =
        ReverseRedemption { program, redemption, reference: reference("back:1"), amount: None, reason: None };
    assert_eq!(answer(there.app.reverse_redemption(&command).await), Err(ReversalRefused::NotFound));
    assert_eq!(here.available("u_ben").await, 5_00);
}

#[tokio::test]
async fn each_program_counts_in_its_own_currency() {
    let (here, there) = side_by_side().await;
    let codes = [&here, &there].map(|stage| stage.program().currency.code().to_owned());
    assert_eq!(codes, ["USD", "EUR"]);
    let stats = there.app.referral_stats(&there.program().slug, &host("u_ana")).await.expect("stats");
    assert_eq!(stats.total_earned, Money::zero(currency("EUR")));
}

/// Two programs on one store: one in dollars, one in euros.
async fn side_by_side() -> (Stage, Stage) {
    let here = Stage::open().await;
    let euros = a_program().named("europe").in_currency(currency("EUR")).build();
    let there = Stage { world: here.world.beside(euros).await, ..here.clone() };
    (here, there)
}
