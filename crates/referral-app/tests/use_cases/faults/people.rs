//! Sweeps over what people do: codes, sign-ups, e-mails.

use referral_app::{ApplyCode, ApplyReceipt, CodeReport, Idempotent, SignUp};
use referral_domain::time::SECOND;
use referral_testkit::build::{host, slug};
use referral_testkit::faults::{Sweep, Swept};

use super::{answered, ben_has_spent, nothing, swept};
use crate::stage::{Stage, ip, word};

pub(super) async fn sweeps() -> Swept {
    [codes().await, sign_ups().await, applications().await, emails().await].into_iter().sum()
}

async fn codes() -> Swept {
    let first_ask = async |stage: &Stage| stage.app.code_of(&stage.program().slug, &host("u_ana")).await;
    let made = async |stage: &Stage| drop(stage.code("u_ana").await);
    let validate = async |stage: &Stage| {
        stage.app.validate_code(&stage.program().slug, "2222-2222", ip("8.8.4.4")).await
    };
    let crowded = async |stage: &Stage| {
        for owner in ["u_1", "u_2"] {
            stage.code(owner).await;
        }
    };
    let under_key = async |stage: &Stage| {
        let (slug, request) = (stage.program().slug.clone(), a_code_request(1));
        answered(stage.app.code_once(&slug, &host("u_ana"), &request).await)
    };
    let asked_under_key = async |stage: &Stage| {
        under_key(stage).await.expect("the store answers").expect("no refusal");
    };
    let sweeps = [
        swept(Sweep::of("a code, first asked for").in_steps(), nothing, first_ask).await,
        swept(Sweep::of("a code, after collisions").in_steps(), crowded, first_ask).await,
        swept(Sweep::of("a code, asked for again"), made, first_ask).await,
        swept(Sweep::of("a code, asked for under a key"), nothing, under_key).await,
        swept(Sweep::of("a code, asked for again under its key"), asked_under_key, under_key).await,
        swept(Sweep::of("a code validated"), made, validate).await,
    ];
    sweeps.into_iter().sum()
}

fn a_code_request(body: u8) -> Idempotent<'static, CodeReport> {
    Idempotent {
        caller: "key:billing",
        endpoint: "POST /api/codes",
        key: "k1",
        request: [body; 32],
        render: &|report| (200, report.code.text.to_string()),
    }
}

async fn sign_ups() -> Swept {
    let shared = async |stage: &Stage| drop(stage.code("u_ana").await);
    let early_spend = async |stage: &Stage| {
        shared(stage).await;
        stage.spend("inv_1", "u_ben", 60_00).await;
    };
    let done = async |stage: &Stage| {
        let code = stage.code("u_ana").await;
        stage.refer("u_ben", &code).await;
    };
    let noted = async |stage: &Stage| answered(stage.app.sign_up(&stage.a_sign_up("u_ben")).await);
    let sign_up = async |stage: &Stage| answered(stage.app.sign_up(&bens(stage)).await);
    let verified = async |stage: &Stage| {
        let told = SignUp { email_verified: Some(true), ..bens(stage) };
        answered(stage.app.sign_up(&told).await)
    };
    let refused = async |stage: &Stage| {
        let told = SignUp { email_verified: Some(true), code: Some("NOBODYS1".to_owned()), ..bens(stage) };
        answered(stage.app.sign_up(&told).await)
    };
    let sweeps = [
        swept(Sweep::of("a sign-up without a code"), nothing, noted).await,
        swept(Sweep::of("a sign-up with a code"), shared, sign_up).await,
        swept(Sweep::of("a sign-up, verified, after spend"), early_spend, verified).await,
        swept(Sweep::of("a sign-up repeated"), done, sign_up).await,
        swept(Sweep::of("a sign-up refused"), shared, refused).await,
    ];
    sweeps.into_iter().sum()
}

/// Ben signs up with Ana's code, from an address, with an e-mail.
fn bens(stage: &Stage) -> SignUp {
    SignUp {
        email: Some("ben@shop.example".to_owned()),
        ip: ip("8.8.4.4"),
        ..stage.with_code("u_ben", "2222-2222")
    }
}

async fn applications() -> Swept {
    let shared = async |stage: &Stage| drop(stage.code("u_ana").await);
    let spent = async |stage: &Stage| ben_has_spent(stage).await;
    let apply = async |stage: &Stage| {
        answered(stage.app.apply_code(&by_bens_token(stage), Some(&a_request(1))).await)
    };
    let other_body = async |stage: &Stage| {
        answered(stage.app.apply_code(&by_bens_token(stage), Some(&a_request(2))).await)
    };
    let applied = async |stage: &Stage| {
        shared(stage).await;
        apply(stage).await.expect("the store answers").expect("no refusal");
    };
    let sweeps = [
        swept(Sweep::of("a code applied under a key"), known_and(shared), apply).await,
        swept(Sweep::of("a code applied again, verified by token"), spent, apply).await,
        swept(Sweep::of("a request repeated under its key"), applied, apply).await,
        swept(Sweep::of("a key used for another body"), applied, other_body).await,
    ];
    sweeps.into_iter().sum()
}

/// Ben is known before, so that his accounts have the same ids in every run.
fn known_and(set: impl AsyncFn(&Stage)) -> impl AsyncFn(&Stage) {
    async move |stage: &Stage| {
        stage.world.user("u_ben").await;
        set(stage).await;
    }
}

/// Ben applies Ana's code by a token that says that his e-mail is verified.
pub(super) fn by_bens_token(stage: &Stage) -> ApplyCode {
    let email_verified = Some(word(stage.now(), true));
    ApplyCode { email_verified, ip: ip("8.8.4.4"), ..stage.an_application("u_ben", "2222-2222") }
}

pub(super) fn a_request(body: u8) -> Idempotent<'static, ApplyReceipt> {
    Idempotent {
        caller: "user:u_ben",
        endpoint: "POST /api/referral/apply",
        key: "k1",
        request: [body; 32],
        render: &|_| (201, "u_ben".to_owned()),
    }
}

async fn emails() -> Swept {
    let spent = async |stage: &Stage| ben_has_spent(stage).await;
    let granted = async |stage: &Stage| {
        ben_has_spent(stage).await;
        stage.hear("u_ben", true).await;
        stage.world.clock.advance(SECOND);
    };
    let waiting = async |stage: &Stage| {
        stage.hear("u_ana", false).await;
        ben_has_spent(stage).await;
        stage.hear("u_ben", true).await;
    };
    let heard = |user: &'static str, verified| {
        async move |stage: &Stage| {
            answered(stage.app.email_verified(&stage.an_email_event(user, verified, None)).await)
        }
    };
    let elsewhere =
        async |stage: &Stage| stage.app.program::<referral_app::Never>(&slug("default")).await.map(drop);
    let sweeps = [
        swept(Sweep::of("an e-mail of somebody nobody heard of"), nothing, heard("u_ben", true)).await,
        swept(Sweep::of("an e-mail verified, both rewarded"), spent, heard("u_ben", true)).await,
        swept(Sweep::of("an e-mail verified again"), granted, heard("u_ben", true)).await,
        swept(Sweep::of("an e-mail not verified any more"), granted, heard("u_ben", false)).await,
        swept(Sweep::of("a referrer's e-mail verified"), waiting, heard("u_ana", true)).await,
        swept(Sweep::of("a program looked up"), nothing, elsewhere).await,
    ];
    sweeps.into_iter().sum()
}
