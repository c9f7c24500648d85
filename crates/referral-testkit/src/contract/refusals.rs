//! A key that is taken: the record is refused as contended, and nothing of the unit is stored.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::credit::RedeemMode;
use referral_domain::grant::RewardStep;
use referral_domain::id::{EventId, RedemptionId, ReferralId};
use referral_domain::ledger::{Heading, Journal, Posting, SystemAccount};
use referral_domain::port::Changes;
use referral_domain::user::UserFacts;

use super::wallets::a_bonus;
use super::{Subject, is_contended};
use crate::build::{a_referral, a_spend, reference, source, usd};
use crate::fake::NOON;
use crate::world::World;

/// Ana referred Ben, who was verified and spent enough; she redeemed, and half of it was given back.
async fn told(subject: Subject) -> World {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("applied");
    world.verify("u_ben").await;
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    let redeemed = world.redeem(code.owner, 20_00, RedeemMode::Exact, &reference("order:1")).await;
    let redeemed = redeemed.expect("redeemed");
    world.reverse(redeemed.id, Some(10_00), &reference("back:1")).await;
    world
}

/// Records changes beside a fact that is fine by itself; both must be refused.
async fn assert_refused(world: &World, changes: Changes) {
    let before = world.user("u_cat").await;
    let fact = UserFacts { signed_up_at: Some(NOON.plus_micros(9)), ..before.clone() };
    let refused = world.try_record(&Changes { users: vec![fact], ..changes }).await;
    assert!(is_contended(&refused), "{refused:?}");
    assert_eq!(world.user("u_cat").await, before, "what was beside it is not stored either");
}

pub async fn a_second_referral_of_one_user_is_refused(subject: Subject) {
    let world = told(subject).await;
    let (code, ben) = (world.code("u_eve").await, world.user("u_ben").await);
    let first = world.referral(ben.id).await;
    let twin = |id| a_referral(&world.program, &code, ben.id).with(|it| it.facts.id = id).build();
    let new_referrals = vec![twin(ReferralId::from_uuid(world.id()))];
    assert_refused(&world, Changes { new_referrals, ..Changes::default() }).await;
    assert_eq!(world.referral(ben.id).await, first);
}

pub async fn a_second_event_of_one_source_is_refused(subject: Subject) {
    let world = told(subject).await;
    let first = world.event("inv_1").await.expect("recorded");
    let mut twin = first.clone();
    twin.id = EventId::from_uuid(world.id());
    twin.recorded_at = NOON.plus_micros(5);
    assert_refused(&world, Changes { events: vec![twin], ..Changes::default() }).await;
    assert_eq!(world.event("inv_1").await, Some(first));
}

pub async fn an_event_folded_in_twice_is_refused(subject: Subject) {
    let world = told(subject).await;
    world.spend(&[a_spend("early", "u_dan", usd(5_00)).build()]).await;
    let dan = world.sign_up("u_dan", &world.code("u_ana").await).await.expect("applied");
    let folded = vec![(source("early"), dan.facts.id)];
    assert_refused(&world, Changes { folded, ..Changes::default() }).await;
}

pub async fn a_second_redemption_of_one_reference_is_refused(subject: Subject) {
    let world = told(subject).await;
    let mut unit = world.begin().await;
    let found = unit.redemptions().find(world.program.book, &reference("order:1")).await;
    let first = found.expect("redemptions").expect("recorded");
    drop(unit);
    let mut twin = first.clone();
    (twin.id, twin.mode) = (RedemptionId::from_uuid(world.id()), RedeemMode::UpTo);
    (twin.redeemed, twin.transaction) = (0, None);
    assert_refused(&world, Changes { redemptions: vec![twin], ..Changes::default() }).await;
}

pub async fn a_second_reversal_of_one_reference_is_refused(subject: Subject) {
    let world = told(subject).await;
    let mut unit = world.begin().await;
    let found = unit.redemptions().find_reversal(world.program.book, &reference("back:1")).await;
    let first = found.expect("redemptions").expect("recorded");
    drop(unit);
    let (posting, heading) = bonus(&world, |heading| heading).await;
    let mut twin = first.clone();
    (twin.amount, twin.remaining, twin.transaction) = (5_00, 5_00, heading.id);
    assert_refused(&world, Changes { reversals: vec![twin], posting, ..Changes::default() }).await;
    let ana = world.user("u_ana").await.id;
    assert_eq!(world.wallet(ana).await.balances().available, 15_00, "nothing was posted");
}

/// One credit of Ana's, posted onto her wallet as it is.
async fn bonus(world: &World, change: impl FnOnce(Heading) -> Heading) -> (Posting, Heading) {
    let ana = world.user("u_ana").await.id;
    let mut journal = Journal::open(vec![world.wallet(ana).await], world.now());
    let heading = change(a_bonus(world));
    let from = SystemAccount::RewardExpense;
    journal.credit(heading.clone(), ana, 5_00, from, &mut || world.id()).expect("credited");
    (journal.finish(), heading)
}

pub async fn a_reward_step_taken_twice_is_refused(subject: Subject) {
    let world = told(subject).await;
    let (ana, ben) = (world.user("u_ana").await.id, world.user("u_ben").await.id);
    let referral = world.referral(ben).await.expect("a referral").facts.id;
    let (posting, heading) = bonus(&world, |heading| heading).await;
    let step = RewardStep { referral, n: 1, amount: 5_00, transaction: heading.id, at: NOON };
    assert_refused(&world, Changes { steps: vec![step], posting, ..Changes::default() }).await;
    assert_eq!(world.wallet(ana).await.balances().available, 15_00, "nothing was posted");
}

pub async fn one_command_posted_twice_is_refused(subject: Subject) {
    let world = told(subject).await;
    let (ana, ben) = (world.user("u_ana").await.id, world.user("u_ben").await.id);
    let referral = world.referral(ben).await.expect("a referral").facts.id;
    let natural = |heading: Heading| Heading { origin_id: format!("{referral}:1"), ..heading };
    let (posting, _) = bonus(&world, natural).await;
    assert_refused(&world, Changes { posting, ..Changes::default() }).await;
    assert_eq!(world.wallet(ana).await.balances().available, 15_00, "nothing was posted");
}

pub async fn a_unit_that_was_refused_leaves_the_store_of_use(subject: Subject) {
    let world = told(subject).await;
    let twin = world.event("inv_1").await.expect("recorded");
    for _ in 0..20 {
        assert_refused(&world, Changes { events: vec![twin.clone()], ..Changes::default() }).await;
    }
    let answers = world.spend(&[a_spend("inv_2", "u_ben", usd(1_00)).build()]).await;
    assert_eq!(answers.len(), 1);
}
