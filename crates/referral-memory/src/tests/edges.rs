//! What no port lets anybody ask, and what only two commands in an odd order show.

use referral_domain::auth::ApiKey;
use referral_domain::id::ApiKeyId;
use referral_domain::port::Reports;
use referral_domain::referral::State as ReferralState;
use referral_domain::time::{DAY, SECOND};
use referral_testkit::build::{a_program, a_referral, a_spend, named_id, usd};

use super::story::told;

#[tokio::test]
async fn what_a_code_brought_on_one_day_adds_up_in_one_row() {
    let story = told().await;
    let code = story.world.code("u_ana").await;
    story.world.sign_up("u_cyd", &code).await.expect("the code is applied");
    story.world.spend(&[a_spend("inv_2", "u_ben", usd(5_00)).build()]).await;
    let first_day = story.world.now().day();
    story.world.clock.advance(DAY);
    story.world.verify("u_cyd").await;
    let state = story.state();
    let rows: Vec<_> = state.affiliate_tracking.rows().collect();
    let [first, second] = rows[..] else { panic!("one row a day: {rows:?}") };
    assert_eq!((first.day, second.day), (first_day, first_day.next()));
    assert_eq!((first.signups, first.verified_signups, first.conversions), (2, 1, 1));
    assert_eq!((first.revenue, first.earned), (65_00, 25_00));
    assert_eq!((second.signups, second.verified_signups, second.revenue), (0, 1, 0));
}

#[tokio::test]
async fn an_award_of_nothing_is_never_unsettled() {
    let story = told().await;
    let generous = story.world.beside(a_program().named("generous").build()).await;
    let frugal = a_program().named("frugal").rewarding(usd(0)).welcoming(usd(0)).build();
    let frugal = story.world.beside(frugal).await;
    let mut claimed = Vec::new();
    for world in [generous, frugal] {
        let (code, ben) = (world.code("u_ana").await, world.user("u_ben").await);
        let activated_at = world.now();
        let due = a_referral(&world.program, &code, ben.id).in_state(ReferralState::Active { activated_at });
        world.refer(&[due.having_spent(60_00).build()]).await;
        let mut unit = world.begin().await;
        let unsettled = unit.referrals().claim_unsettled(world.program.book, 10).await;
        claimed.push(unsettled.expect("referrals").len());
    }
    assert_eq!(claimed, [1, 0]);
}

#[tokio::test]
async fn the_latest_use_of_a_key_is_remembered_in_whatever_order_uses_are_told() {
    let story = told().await;
    let now = story.world.now();
    let key = ApiKey {
        id: ApiKeyId::from_uuid(named_id("key")),
        book: story.book,
        program: story.world.program.slug.clone(),
        name: "shop".to_owned(),
        prefix: "rk_".to_owned(),
        hash: [7; 32],
        scopes: Vec::new(),
        created_at: now,
        last_used_at: None,
        expires_at: None,
        revoked_at: None,
    };
    let mut unit = story.world.begin().await;
    unit.api_keys().insert(&key).await.expect("a key is stored");
    for at in [now.plus_micros(SECOND), now] {
        unit.api_keys().touch(key.id, at).await.expect("a use is told");
    }
    unit.commit().await.expect("a unit commits");
    let found = story.store.api_key(&key.hash).await.expect("a report").expect("the key");
    assert_eq!(found.last_used_at, Some(now.plus_micros(SECOND)));
}
