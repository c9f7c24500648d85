//! Sweeps over the workers, the keys and the first start.

use referral_app::CreateApiKey;
use referral_domain::audit::Actor;
use referral_domain::auth::Scope;
use referral_domain::port::{Changes, Reports};
use referral_domain::referral::{Award, WithheldReason};
use referral_domain::time::DAY;
use referral_testkit::build::a_referral;
use referral_testkit::faults::{Fault, Sweep, Swept};

use super::{ben_has_spent, nothing, swept};
use crate::stage::Stage;

pub(super) async fn sweeps() -> Swept {
    [workers().await, api_keys().await].into_iter().sum()
}

async fn workers() -> Swept {
    let sweeps = [
        swept(Sweep::of("referrals expire"), over, async |stage: &Stage| stage.app.expire_referrals().await)
            .await,
        swept(Sweep::of("nothing expires"), nothing, async |stage: &Stage| {
            stage.app.expire_referrals().await
        })
        .await,
        swept(Sweep::of("referrals reconciled"), missed, async |stage: &Stage| {
            stage.app.reconcile_referrals().await
        })
        .await,
        swept(Sweep::of("nothing to reconcile"), nothing, async |stage: &Stage| {
            stage.app.reconcile_referrals().await
        })
        .await,
        swept(Sweep::of("replies forgotten"), replied, async |stage: &Stage| {
            stage.app.forget_replies().await
        })
        .await,
        swept(Sweep::of("the first start"), nothing, async |stage: &Stage| {
            stage.app.ensure_default_program("https://shop.example/").await
        })
        .await,
    ];
    sweeps.into_iter().sum()
}

/// A reply was kept for its key 31 days ago.
async fn replied(stage: &Stage) {
    stage.code("u_ana").await;
    let command = super::people::by_bens_token(stage);
    let replied = stage.app.apply_code(&command, Some(&super::people::a_request(1))).await;
    assert!(replied.is_ok(), "{replied:?}");
    stage.world.clock.advance(31 * DAY);
}

/// The window of two referrals is over.
async fn over(stage: &Stage) {
    let code = stage.code("u_ana").await;
    for user in ["u_ben", "u_eva"] {
        stage.refer(user, &code).await;
    }
    stage.hear("u_eva", true).await;
    stage.world.clock.advance(91 * DAY);
}

/// What fell due while the program was paused was not granted yet.
async fn missed(stage: &Stage) {
    ben_has_spent(stage).await;
    let (code, eva) = (stage.world.code("u_ana").await, stage.world.user("u_eva").await);
    let referral = a_referral(stage.program(), &code, eva.id).having_spent(60_00).with(|referral| {
        let now = referral.facts.applied_at;
        referral.progress.verified_at = Some(now);
        referral.progress.state =
            referral_domain::referral::State::Completed { activated_at: now, completed_at: now };
        let paused = Award::Withheld(WithheldReason::ProgramPaused);
        (referral.progress.welcome, referral.progress.reward) = (paused, paused);
    });
    stage.world.record(&Changes { new_referrals: vec![referral.build()], ..Changes::default() }).await;
}

/// Making a key twice makes two: it cannot be repeated when its commit may be stored unheard.
async fn api_keys() -> Swept {
    let unstored = [Fault::Unavailable, Fault::Contended, Fault::ContendedForEver];
    let make = async |stage: &Stage| {
        let program = stage.program().slug.clone();
        let (name, scopes) = ("billing".to_owned(), vec![Scope::EventsWrite]);
        let command = CreateApiKey { program, name, scopes, expires_at: None, by: Actor::command_line() };
        stage.app.create_api_key(&command, None).await.map(drop)
    };
    let made = async |stage: &Stage| make(stage).await.expect("a key is made");
    let revoke = async |stage: &Stage| {
        stage.app.revoke_api_key(&crate::keys::revoking(the_key(stage).await), None).await
    };
    let touch = async |stage: &Stage| stage.app.touch_api_key(the_key(stage).await).await;
    let sweeps = [
        swept(Sweep::of("an API key made").with(&unstored), nothing, make).await,
        swept(Sweep::of("an API key revoked"), made, revoke).await,
        swept(Sweep::of("an API key used"), made, touch).await,
    ];
    sweeps.into_iter().sum()
}

/// The one key there is, found without the ports that fail.
async fn the_key(stage: &Stage) -> referral_domain::id::ApiKeyId {
    stage.memory.api_keys().await.expect("the store answers")[0].id
}
