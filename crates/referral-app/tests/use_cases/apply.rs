//! Applying a code: repeated, refused for each reason a rule has, and what a refusal leaves behind.

use referral_app::{Application, ApplyCode, Failure, SignUp};
use referral_domain::apply::ApplyRefusal;
use referral_domain::code::{Code, Unusable};
use referral_domain::program::Policy;
use referral_domain::referral::{Attribution, Source};
use referral_domain::time::{DAY, SECOND, Timestamp};
use referral_domain::user::EmailStatus;
use referral_testkit::build::{a_code, a_program, host, slug};

use crate::stage::{Stage, again, application, made, refused, rule, word};

/// Makes a code one that may not be used now.
type Spoil = fn(&mut Code, Timestamp);

#[tokio::test]
async fn a_code_applied_twice_answers_the_same_referral() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let first = stage.refer("u_ben", &code).await;
    stage.world.clock.advance(SECOND);
    assert_eq!(again(stage.app.sign_up(&stage.with_code("u_ben", &code.to_lowercase())).await), first);
    assert_eq!(again(stage.app.apply_code(&stage.an_application("u_ben", &code), None).await), first);
    let report = stage.app.code_of(&stage.program().slug, &host("u_ana")).await;
    assert_eq!(report.expect("a code").code.uses, 1);
}

#[tokio::test]
async fn a_repetition_names_both_people() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    let Application::Again(report) = application(stage.app.sign_up(&stage.with_code("u_ben", &code)).await)
    else {
        panic!("a repetition")
    };
    assert_eq!((report.referrer, report.referred), (Some(host("u_ana")), Some(host("u_ben"))));
}

#[tokio::test]
async fn a_referral_pins_the_terms_in_force_and_remembers_where_it_came_from() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let applied_at = stage.now().plus_micros(-DAY);
    let attribution =
        Attribution { source: Source::Link, sub_id: Some("newsletter".to_owned()), ..crate::stage::api() };
    let told = SignUp {
        attribution: attribution.clone(),
        applied_at: Some(applied_at),
        created_at: Some(applied_at),
        ..stage.with_code("u_ben", &code)
    };
    let facts = made(stage.app.sign_up(&told).await).facts;
    assert_eq!((facts.terms, facts.rule_version), (stage.program().rules.terms, 1));
    assert_eq!((facts.attribution, facts.code_text.to_string()), (attribution, code));
    assert_eq!((facts.applied_at, facts.qualifies_until), (applied_at, applied_at.plus_days(90)));
    assert_eq!((facts.created_at, facts.signed_up_at), (stage.now(), Some(applied_at)));
}

#[tokio::test]
async fn a_code_nobody_has_is_refused() {
    let stage = Stage::open().await;
    for code in ["NOBODYS1", "", "ça va"] {
        assert_eq!(stage.refusal(&stage.with_code("u_ben", code)).await, rule(ApplyRefusal::CodeUnknown));
    }
}

#[tokio::test]
async fn a_code_that_may_not_be_used_is_refused_with_its_reason() {
    let stage = Stage::open().await;
    let now = stage.now();
    let spoil: [(&str, Spoil, Unusable); 3] = [
        ("SPOILT-1", |code, _| code.active = false, Unusable::Inactive),
        ("SPOILT-2", |code, now| code.expires_at = Some(now), Unusable::Expired),
        ("SPOILT-3", |code, _| code.max_uses = Some(0), Unusable::Exhausted),
    ];
    for (text, spoilt, why) in spoil {
        let owner = stage.world.user(text).await;
        let code = a_code(stage.program().book, owner.id).spelt(text).with(|code| spoilt(code, now)).build();
        stage.world.claim(code).await;
        assert_eq!(stage.refusal(&stage.with_code("u_ben", text)).await, rule(ApplyRefusal::Code(why)));
    }
}

#[tokio::test]
async fn a_code_makes_no_more_referrals_than_it_may_in_all() {
    let stage = Stage::open().await;
    let owner = stage.world.user("u_ana").await;
    let code = a_code(stage.program().book, owner.id).spelt("TWICE").with(|code| code.max_uses = Some(2));
    stage.world.claim(code.build()).await;
    stage.refer("u_ben", "TWICE").await;
    stage.refer("u_eva", "TWICE").await;
    let refusal = stage.refusal(&stage.with_code("u_zoe", "TWICE")).await;
    assert_eq!(refusal, rule(ApplyRefusal::Code(Unusable::Exhausted)));
    again(stage.app.sign_up(&stage.with_code("u_ben", "TWICE")).await);
}

#[tokio::test]
async fn a_paused_program_takes_no_new_referral() {
    let stage = Stage::with(a_program().paused().build()).await;
    let code = stage.code("u_ana").await;
    assert_eq!(stage.refusal(&stage.with_code("u_ben", &code)).await, rule(ApplyRefusal::ProgramPaused));
}

#[tokio::test]
async fn nobody_refers_themselves() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    assert_eq!(stage.refusal(&stage.with_code("u_ana", &code)).await, rule(ApplyRefusal::SelfReferral));
}

#[tokio::test]
async fn one_mailbox_does_not_refer_itself_however_it_is_spelt() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.app.sign_up(&mailed(stage.a_sign_up("u_ana"), "ana@gmail.com")).await.expect("noted");
    let same = mailed(stage.with_code("u_ben", &code), "A.n.a+shop@googlemail.com");
    assert_eq!(stage.refusal(&same).await, rule(ApplyRefusal::SameEmail));
}

#[tokio::test]
async fn a_mailbox_the_referrer_ever_had_is_still_theirs() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    for address in ["ana@old.example", "ana@new.example"] {
        stage.app.sign_up(&mailed(stage.a_sign_up("u_ana"), address)).await.expect("noted");
    }
    let same = mailed(stage.with_code("u_ben", &code), "ana@old.example");
    assert_eq!(stage.refusal(&same).await, rule(ApplyRefusal::SameEmail));
}

#[tokio::test]
async fn a_user_or_a_mailbox_is_referred_once() {
    let stage = Stage::open().await;
    let (anas, evas) = (stage.code("u_ana").await, stage.code("u_eva").await);
    made(stage.app.sign_up(&mailed(stage.with_code("u_ben", &anas), "ben@shop.example")).await);
    assert_eq!(stage.refusal(&stage.with_code("u_ben", &evas)).await, rule(ApplyRefusal::AlreadyReferred));
    let other_user = mailed(stage.with_code("u_ben2", &evas), "BEN+2@shop.example");
    assert_eq!(stage.refusal(&other_user).await, rule(ApplyRefusal::AlreadyReferred));
}

#[tokio::test]
async fn a_ring_of_referrals_is_not_closed() {
    let stage = Stage::open().await;
    let names = ["u_1", "u_2", "u_3", "u_4"];
    for pair in names.windows(2) {
        let code = stage.code(pair[0]).await;
        stage.refer(pair[1], &code).await;
    }
    let last = stage.code("u_4").await;
    assert_eq!(stage.refusal(&stage.with_code("u_1", &last)).await, rule(ApplyRefusal::ReferralCycle));
}

#[tokio::test]
async fn whoever_signed_up_nobody_knows_when_is_refused_unless_the_program_does_not_ask() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let silent = ApplyCode { signed_up_at: None, ..stage.an_application("u_ben", &code) };
    assert_eq!(refused(stage.app.apply_code(&silent, None).await), rule(ApplyRefusal::SignupTimeUnknown));
    let lenient = Policy { require_signup_time: false, ..Policy::default() };
    let stage = Stage::with(a_program().policy(lenient).build()).await;
    let code = stage.code("u_ana").await;
    let silent = ApplyCode { signed_up_at: None, ..stage.an_application("u_ben", &code) };
    assert_eq!(made(stage.app.apply_code(&silent, None).await).facts.signed_up_at, None);
}

#[tokio::test]
async fn a_code_is_applied_until_the_last_instant_of_the_apply_window() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let ago = |micros: i64| Some(stage.now().plus_micros(-micros));
    let late = SignUp { created_at: ago(30 * DAY + 1), ..stage.with_code("u_eva", &code) };
    assert_eq!(stage.refusal(&late).await, rule(ApplyRefusal::ApplyWindowOver));
    let just = SignUp { created_at: ago(30 * DAY), ..stage.with_code("u_ben", &code) };
    assert_eq!(made(stage.app.sign_up(&just).await).facts.signed_up_at, ago(30 * DAY));
}

#[tokio::test]
async fn a_time_of_applying_out_of_range_is_refused() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    for away in [300 * SECOND + 1, -400 * DAY - 1] {
        let applied_at = Some(stage.now().plus_micros(away));
        let odd = SignUp { applied_at, ..stage.with_code("u_ben", &code) };
        assert_eq!(stage.refusal(&odd).await, rule(ApplyRefusal::TimeOutOfRange));
    }
}

#[tokio::test]
async fn the_daily_limit_of_a_referrer_opens_a_day_after_the_one_that_filled_it() {
    let stage = Stage::with(a_program().limited_to(2).build()).await;
    let code = stage.code("u_ana").await;
    let first_at = stage.now();
    stage.refer("u_ben", &code).await;
    stage.world.clock.advance(SECOND);
    stage.refer("u_eva", &code).await;
    let zoe = stage.with_code("u_zoe", &code);
    let free_at = first_at.plus_micros(DAY);
    assert_eq!(stage.refusal(&zoe).await, rule(ApplyRefusal::ReferrerLimit { free_at }));
    stage.world.clock.set(free_at.plus_micros(-1));
    assert_eq!(stage.refusal(&zoe).await, rule(ApplyRefusal::ReferrerLimit { free_at }));
    stage.world.clock.set(free_at);
    made(stage.app.sign_up(&zoe).await);
}

#[tokio::test]
async fn a_codes_own_limit_overrides_the_programs() {
    let stage = Stage::open().await;
    let owner = stage.world.user("u_ana").await;
    let code = a_code(stage.program().book, owner.id).spelt("NEVER").with(|code| code.daily_limit = Some(0));
    stage.world.claim(code.build()).await;
    let free_at = stage.now().plus_micros(DAY);
    let refusal = stage.refusal(&stage.with_code("u_ben", "NEVER")).await;
    assert_eq!(refusal, rule(ApplyRefusal::ReferrerLimit { free_at }));
}

#[tokio::test]
async fn a_refusal_keeps_what_was_told() {
    let stage = Stage::open().await;
    let told = SignUp { email_verified: Some(true), ..stage.with_code("u_ben", "NOBODYS1") };
    stage.refusal(&mailed(told, "ben@shop.example")).await;
    assert_eq!(stage.email_status("u_ben").await, EmailStatus::Verified(stage.now()));
    let code = stage.code("u_ana").await;
    let by_token = ApplyCode { signed_up_at: None, ..stage.an_application("u_ben", &code) };
    assert_eq!(made(stage.app.apply_code(&by_token, None).await).facts.signed_up_at, Some(stage.now()));
    let other_user = mailed(stage.with_code("u_eva", &code), "ben@shop.example");
    assert_eq!(stage.refusal(&other_user).await, rule(ApplyRefusal::AlreadyReferred));
}

#[tokio::test]
async fn a_refused_application_by_token_keeps_the_tokens_word() {
    let stage = Stage::open().await;
    let told = word(stage.now(), true);
    let command = ApplyCode { email_verified: Some(told), ..stage.an_application("u_ben", "NOBODYS1") };
    assert_eq!(refused(stage.app.apply_code(&command, None).await), rule(ApplyRefusal::CodeUnknown));
    assert_eq!(stage.email_status("u_ben").await, EmailStatus::Verified(stage.now()));
}

#[tokio::test]
async fn no_code_is_applied_in_a_program_that_does_not_exist() {
    let stage = Stage::open().await;
    let elsewhere = ApplyCode { program: slug("other"), ..stage.an_application("u_ben", "2222") };
    assert!(matches!(stage.app.apply_code(&elsewhere, None).await, Err(Failure::NoProgram)));
}

fn mailed(command: SignUp, address: &str) -> SignUp {
    SignUp { email: Some(address.to_owned()), ..command }
}
