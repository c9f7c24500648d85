//! What is told of users: in any order, by events and by tokens, and never lost.

use referral_app::{Application, ApplyCode, ApplyRefusal as Refusal, EmailVerified, Failure, TimeOutOfRange};
use referral_domain::apply::ApplyRefusal;
use referral_domain::referral::{AwardStatus, StateName};
use referral_domain::time::{DAY, HOUR, SECOND};
use referral_domain::user::EmailStatus;
use referral_testkit::build::slug;

use crate::stage::{Stage, again, application, made, rule, word};

#[tokio::test]
async fn an_email_verified_before_the_sign_up_is_remembered() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let told_early = stage.hear("u_ben", true).await;
    assert_eq!((told_early.referral, told_early.welcome_credit_granted), (None, false));
    let referral = stage.refer("u_ben", &code).await;
    assert_eq!(referral.progress.state.name(), StateName::Active);
    assert_eq!(stage.available("u_ben").await, 10_00);
}

#[tokio::test]
async fn a_sign_up_that_says_not_verified_does_not_outweigh_an_event_before_it() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let verified_at = stage.now();
    stage.hear("u_ben", true).await;
    stage.world.clock.advance(SECOND);
    let not_yet = stage.with_code("u_ben", &code);
    let not_yet = referral_app::SignUp { email_verified: Some(false), ..not_yet };
    let referral = made(stage.app.sign_up(&not_yet).await);
    assert_eq!(referral.progress.verified_at, Some(verified_at));
    assert_eq!(stage.email_status("u_ben").await, EmailStatus::Verified(verified_at));
}

#[tokio::test]
async fn not_verified_at_sign_up_is_outweighed_by_any_other_word_in_any_order() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let not_yet = |user| referral_app::SignUp { email_verified: Some(false), ..stage.with_code(user, &code) };
    let a_minute_ago = stage.now().plus_micros(-60 * SECOND);
    stage.hear_at("u_ben", true, a_minute_ago).await;
    made(stage.app.sign_up(&not_yet("u_ben")).await);
    made(stage.app.sign_up(&not_yet("u_cid")).await);
    stage.hear_at("u_cid", true, a_minute_ago).await;
    made(stage.app.sign_up(&not_yet("u_dan")).await);
    let token =
        ApplyCode { email_verified: Some(word(a_minute_ago, true)), ..stage.an_application("u_dan", &code) };
    again(stage.app.apply_code(&token, None).await);
    for user in ["u_ben", "u_cid", "u_dan"] {
        assert_eq!(stage.email_status(user).await, EmailStatus::Verified(a_minute_ago), "{user}");
        assert_eq!(stage.available(user).await, 10_00, "{user}");
    }
}

#[tokio::test]
async fn a_sign_up_told_again_does_not_give_back_a_verification_that_was_lost() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let sign_up = referral_app::SignUp { email_verified: Some(true), ..stage.with_code("u_ben", &code) };
    made(stage.app.sign_up(&sign_up).await);
    stage.world.clock.advance(SECOND);
    stage.hear("u_ben", false).await;
    stage.world.clock.advance(SECOND);
    again(stage.app.sign_up(&sign_up).await);
    assert_eq!(stage.email_status("u_ben").await, EmailStatus::Unverified);
}

#[tokio::test]
async fn a_sign_up_may_say_that_the_email_is_verified() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let verified = referral_app::SignUp { email_verified: Some(true), ..stage.with_code("u_ben", &code) };
    let referral = made(stage.app.sign_up(&verified).await);
    assert_eq!(referral.progress.state.name(), StateName::Active);
    assert_eq!(stage.available("u_ben").await, 10_00);
}

#[tokio::test]
async fn verification_lost_moves_nothing_granted_and_grants_nothing_new_until_it_is_back() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    stage.world.clock.advance(HOUR);
    let lost = stage.hear("u_ben", false).await;
    assert!(lost.welcome_credit_granted, "nothing already granted moves");
    stage.spend("inv_1", "u_ben", 60_00).await;
    assert_eq!((stage.available("u_ana").await, stage.available("u_ben").await), (0, 10_00));
    let withheld = stage.referral("u_ben").await.expect("a referral").progress.reward;
    assert_eq!(withheld.status(), AwardStatus::Withheld);
    stage.world.clock.advance(HOUR);
    assert!(stage.hear("u_ben", true).await.reward.is_some());
    assert_eq!((stage.available("u_ana").await, stage.available("u_ben").await), (25_00, 10_00));
    stage.is_sound().await;
}

#[tokio::test]
async fn the_newest_event_decides_in_whatever_order_they_come() {
    let stage = Stage::open().await;
    let now = stage.now();
    stage.hear_at("u_ben", true, now).await;
    stage.hear_at("u_ben", false, now.plus_micros(-HOUR)).await;
    assert_eq!(stage.email_status("u_ben").await, EmailStatus::Verified(now));
    stage.hear_at("u_eva", false, now).await;
    stage.hear_at("u_eva", true, now.plus_micros(-HOUR)).await;
    assert_eq!(stage.email_status("u_eva").await, EmailStatus::Unverified);
    stage.hear_at("u_zoe", true, now).await;
    stage.hear_at("u_zoe", false, now).await;
    stage.hear_at("u_zoe", true, now).await;
    assert_eq!(stage.email_status("u_zoe").await, EmailStatus::Unverified, "at one instant, no");
}

#[tokio::test]
async fn an_event_outweighs_every_token_however_new() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.hear("u_ben", false).await;
    stage.world.clock.advance(HOUR);
    let by_token = with_word(&stage, stage.an_application("u_ben", &code), true);
    assert_eq!(made(stage.app.apply_code(&by_token, None).await).progress.verified_at, None);
    assert_eq!(stage.email_status("u_ben").await, EmailStatus::Unverified);
}

#[tokio::test]
async fn the_newest_token_decides_while_no_event_spoke() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let command = stage.an_application("u_ben", &code);
    let older =
        ApplyCode { email_verified: Some(word(stage.now().plus_micros(-HOUR), true)), ..command.clone() };
    made(stage.app.apply_code(&with_word(&stage, command, false), None).await);
    assert_eq!(again(stage.app.apply_code(&older, None).await).progress.verified_at, None);
    assert_eq!(stage.email_status("u_ben").await, EmailStatus::Unverified);
}

#[tokio::test]
async fn applying_again_with_a_token_that_says_verified_verifies_a_pending_referral() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let command = stage.an_application("u_ben", &code);
    made(stage.app.apply_code(&command, None).await);
    stage.spend("inv_1", "u_ben", 60_00).await;
    let referral = again(stage.app.apply_code(&with_word(&stage, command, true), None).await);
    assert_eq!(referral.progress.state.name(), StateName::Completed);
    assert_eq!((stage.available("u_ana").await, stage.available("u_ben").await), (25_00, 10_00));
    stage.is_sound().await;
}

#[tokio::test]
async fn the_sign_up_time_is_the_earliest_ever_told() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let long_ago = stage.now().plus_micros(-31 * DAY);
    stage.app.sign_up(&stage.a_sign_up("u_ben")).await.expect("a sign-up");
    let earlier = referral_app::SignUp { created_at: Some(long_ago), ..stage.a_sign_up("u_ben") };
    assert_eq!(application(stage.app.sign_up(&earlier).await), Application::Noted);
    let refusal = stage.refusal(&stage.with_code("u_ben", &code)).await;
    assert_eq!(refusal, rule(ApplyRefusal::ApplyWindowOver), "a later time never replaces it");
}

#[tokio::test]
async fn a_sign_up_without_a_code_notes_when_and_makes_no_referral() {
    let stage = Stage::open().await;
    assert_eq!(application(stage.app.sign_up(&stage.a_sign_up("u_ben")).await), Application::Noted);
    assert_eq!(stage.referral("u_ben").await, None);
    assert_eq!(stage.email_status("u_ben").await, EmailStatus::Unknown);
}

#[tokio::test]
async fn a_word_of_the_future_is_refused_and_changes_nothing() {
    let stage = Stage::open().await;
    let before = stage.stored();
    let ahead = Some(stage.now().plus_micros(300 * SECOND + 1));
    let refused = stage.app.email_verified(&stage.an_email_event("u_ben", true, ahead)).await;
    assert!(matches!(refused, Err(Failure::Refused(TimeOutOfRange))));
    let sign_up = referral_app::SignUp { created_at: ahead, ..stage.a_sign_up("u_ben") };
    assert_eq!(stage.refusal(&sign_up).await, Refusal::SignedUpAhead);
    assert_eq!(stage.stored(), before);
    let just = Some(stage.now().plus_micros(300 * SECOND));
    assert!(stage.app.email_verified(&stage.an_email_event("u_ben", true, just)).await.is_ok());
}

#[tokio::test]
async fn nothing_is_told_in_a_program_that_does_not_exist() {
    let stage = Stage::open().await;
    let elsewhere = EmailVerified { program: slug("other"), ..stage.an_email_event("u_ben", true, None) };
    assert!(matches!(stage.app.email_verified(&elsewhere).await, Err(Failure::NoProgram)));
    let elsewhere = referral_app::SignUp { program: slug("other"), ..stage.a_sign_up("u_ben") };
    assert!(matches!(stage.app.sign_up(&elsewhere).await, Err(Failure::NoProgram)));
}

/// What came by a token says this of the e-mail, as of now.
fn with_word(stage: &Stage, command: ApplyCode, verified: bool) -> ApplyCode {
    ApplyCode { email_verified: Some(word(stage.now(), verified)), ..command }
}
