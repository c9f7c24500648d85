//! What a referrer sees of their referrals, and a referred user of theirs.

use referral_app::{Failure, ReferralStats};
use referral_domain::port::ReferralCounts;
use referral_domain::referral::StateName;
use referral_domain::time::DAY;
use referral_testkit::build::{a_program, host, slug, usd};

use crate::stage::Stage;

#[tokio::test]
async fn stats_count_referrals_by_state_and_what_they_earn() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_old", &code).await;
    stage.world.clock.advance(91 * DAY);
    stage.app.expire_referrals().await.expect("a sweep");
    for user in ["u_pending", "u_active", "u_done"] {
        stage.refer(user, &code).await;
    }
    stage.hear("u_active", true).await;
    stage.hear("u_done", true).await;
    stage.spend("inv_1", "u_done", 50_00).await;
    let stats = stats(&stage, "u_ana").await;
    let counts = ReferralCounts {
        pending: 1,
        active: 1,
        completed: 1,
        expired: 1,
        fraud: 0,
        potential: 50_00,
        earned: 25_00,
    };
    assert_eq!((stats.counts, stats.total()), (counts, 4));
    assert_eq!((stats.total_earned, stats.potential_earnings), (usd(25_00), usd(50_00)));
    assert_eq!(stats.code.map(|text| text.to_string()), Some(code));
}

#[tokio::test]
async fn asking_for_stats_makes_no_code_and_no_user() {
    let stage = Stage::open().await;
    let stored = stage.stored();
    let empty = stats(&stage, "u_nobody").await;
    assert_eq!((empty.code, empty.counts), (None, ReferralCounts::default()));
    assert_eq!((empty.total_earned, empty.potential_earnings), (usd(0), usd(0)));
    assert_eq!(stage.stored(), stored);
    stage.app.sign_up(&stage.a_sign_up("u_ana")).await.expect("noted");
    assert_eq!(stats(&stage, "u_ana").await.code, None);
}

#[tokio::test]
async fn redeeming_earns_nothing_back() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    stage.spend("inv_1", "u_ben", 50_00).await;
    stage.redeem("order:1", "u_ana", 20_00).await.expect("25.00 are available");
    assert_eq!(stats(&stage, "u_ana").await.total_earned, usd(25_00));
}

#[tokio::test]
async fn a_referral_keeps_the_terms_it_was_promised() {
    let stage = Stage::with(a_program().rewarding(usd(7_00)).build()).await;
    stage.ben_is_verified().await;
    assert_eq!(stats(&stage, "u_ana").await.potential_earnings, usd(7_00));
    stage.spend("inv_1", "u_ben", 50_00).await;
    assert_eq!(stage.available("u_ana").await, 7_00);
}

#[tokio::test]
async fn a_referred_user_sees_their_referral_and_whether_they_may_use_credits() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    assert_eq!(seen(&stage, "u_ben").await, (Some(StateName::Pending), false, false));
    stage.hear("u_ben", true).await;
    assert_eq!(seen(&stage, "u_ben").await, (Some(StateName::Active), true, true));
    stage.world.clock.advance(1);
    stage.hear("u_ben", false).await;
    assert_eq!(seen(&stage, "u_ben").await, (Some(StateName::Active), false, false));
}

#[tokio::test]
async fn a_user_nobody_referred_counts_as_verified_until_the_contrary_is_known() {
    let stage = Stage::open().await;
    assert_eq!(seen(&stage, "u_nobody").await, (None, true, true));
    stage.hear("u_ana", false).await;
    assert_eq!(seen(&stage, "u_ana").await, (None, false, false));
}

#[tokio::test]
async fn there_is_nothing_to_see_in_a_program_that_does_not_exist() {
    let stage = Stage::open().await;
    assert!(matches!(
        stage.app.referral_stats(&slug("other"), &host("u_ana")).await,
        Err(Failure::NoProgram)
    ));
    assert!(matches!(stage.app.my_referrer(&slug("other"), &host("u_ana")).await, Err(Failure::NoProgram)));
}

async fn stats(stage: &Stage, user: &str) -> ReferralStats {
    stage.app.referral_stats(&stage.program().slug, &host(user)).await.expect("stats")
}

/// The state of their referral, whether they count as verified, and whether they may use credits.
async fn seen(stage: &Stage, user: &str) -> (Option<StateName>, bool, bool) {
    let view = stage.app.my_referrer(&stage.program().slug, &host(user)).await.expect("a view");
    (view.referral.map(|referral| referral.progress.state.name()), view.email_verified, view.can_use_credits)
}
