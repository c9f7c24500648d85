//! Redemptions and their reversals.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::credit::{RedeemMode, Redemption, Reversal};
use referral_domain::id::{RedemptionId, UserId};
use referral_domain::ledger::{Journal, SystemAccount};
use referral_domain::port::Changes;

use super::wallets::credit;
use super::{Subject, race};
use crate::build::reference;
use crate::world::{World, a_reversal_of};

async fn rich(world: &World, amount: i64) -> UserId {
    let ana = world.user("u_ana").await.id;
    credit(world, ana, amount).await;
    ana
}

async fn exact(world: &World, user: UserId, asked: i64, name: &str) -> Redemption {
    world.redeem(user, asked, RedeemMode::Exact, &reference(name)).await.expect("redeemed")
}

async fn remaining(world: &World, id: RedemptionId) -> Option<(Redemption, i64)> {
    let mut unit = world.begin().await;
    unit.redemptions().lock(world.program.book, id).await.expect("redemptions")
}

pub async fn a_redemption_is_found_by_its_reference_and_read_back_equal(subject: Subject) {
    let world = World::open(subject).await;
    let ana = rich(&world, 10_00).await;
    let made = [
        exact(&world, ana, 4_00, "order:1").await,
        world.redeem(ana, 99_00, RedeemMode::UpTo, &reference("Order:1")).await.expect("redeemed"),
        world.redeem(ana, 1_00, RedeemMode::UpTo, &reference("nothing-left")).await.expect("redeemed"),
    ];
    assert_eq!([4_00, 6_00, 0], made.each_ref().map(|redemption| redemption.redeemed));
    assert_eq!(made[2].transaction, None, "when nothing is taken, nothing is posted");
    let mut unit = world.begin().await;
    for redemption in &made {
        let found = unit.redemptions().find(world.program.book, &redemption.reference).await;
        assert_eq!(found.expect("redemptions").as_ref(), Some(redemption));
    }
    let none = unit.redemptions().find(world.program.book, &reference("order:2")).await;
    assert_eq!(none.expect("redemptions"), None);
    println!("redemptions read back={}", made.len());
}

pub async fn a_redemption_is_locked_with_what_remains_of_it(subject: Subject) {
    let world = World::open(subject).await;
    let ana = rich(&world, 10_00).await;
    let redemption = exact(&world, ana, 8_00, "order:1").await;
    let other = exact(&world, ana, 2_00, "order:2").await;
    let mut left = 8_00;
    assert_eq!(remaining(&world, redemption.id).await, Some((redemption.clone(), left)));
    for (n, asked) in [Some(1_00), Some(2_50), None].into_iter().enumerate() {
        let reversal = world.reverse(redemption.id, asked, &reference(&format!("back:{n}"))).await;
        left -= reversal.amount;
        assert_eq!(remaining(&world, redemption.id).await, Some((redemption.clone(), left)));
    }
    assert_eq!((left, world.wallet(ana).await.balances().available), (0, 8_00));
    assert_eq!(remaining(&world, other.id).await, Some((other, 2_00)), "another's is untouched");
    assert_eq!(remaining(&world, RedemptionId::from_uuid(world.id())).await, None);
}

pub async fn a_reversal_is_found_by_its_reference_and_read_back_equal(subject: Subject) {
    let world = World::open(subject).await;
    let ana = rich(&world, 10_00).await;
    let redemption = exact(&world, ana, 8_00, "order:1").await;
    let made = [
        world.reverse(redemption.id, Some(3_00), &reference("order:1")).await,
        world.reverse(redemption.id, None, &reference("back:2")).await,
    ];
    let mut unit = world.begin().await;
    for reversal in &made {
        let found = unit.redemptions().find_reversal(world.program.book, &reversal.reference).await;
        assert_eq!(found.expect("redemptions").as_ref(), Some(reversal));
    }
    let none = unit.redemptions().find_reversal(world.program.book, &reference("back:9")).await;
    assert_eq!(none.expect("redemptions"), None);
    let redeemed = unit.redemptions().find(world.program.book, &reference("order:1")).await;
    assert_eq!(redeemed.expect("redemptions"), Some(redemption), "one word may name one of each");
    println!("reversals read back={}", made.len());
}

pub async fn a_redemption_and_a_reversal_without_words_are_read_back_equal(subject: Subject) {
    let world = World::open(subject).await;
    let ana = rich(&world, 10_00).await;
    let made = exact(&world, ana, 8_00, "order:1").await;
    let (id, mode) = (RedemptionId::from_uuid(world.id()), RedeemMode::UpTo);
    let (name, transaction) = (reference("order:2"), None);
    let quiet =
        Redemption { id, mode, reference: name, description: None, redeemed: 0, transaction, ..made.clone() };
    let told = world.reverse(made.id, Some(1_00), &reference("back:1")).await;
    let mut journal = Journal::open(vec![world.wallet(ana).await], world.now());
    let heading = a_reversal_of(&world, &made, &reference("back:2"));
    let mut silent = Reversal { reference: reference("back:2"), asked: None, reason: None, ..told };
    (silent.amount, silent.remaining, silent.transaction) = (7_00, 0, heading.id);
    journal.credit(heading, ana, 7_00, SystemAccount::Redemption, &mut || world.id()).expect("credited");
    let (redemptions, reversals) = (vec![quiet.clone()], vec![silent.clone()]);
    let posting = journal.finish();
    world.record(&Changes { redemptions, reversals, posting, ..Changes::default() }).await;
    let mut unit = world.begin().await;
    let found = unit.redemptions().find(world.program.book, &quiet.reference).await.expect("redemptions");
    assert_eq!(found, Some(quiet));
    let found = unit.redemptions().find_reversal(world.program.book, &silent.reference).await;
    assert_eq!(found.expect("redemptions"), Some(silent));
}

pub async fn one_reference_redeemed_by_many_at_once_is_redeemed_once(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, racers) = (rich(&world, 10_00).await, 10);
    let redeemed = race((0..racers).map(|_| {
        let world = world.clone();
        async move { exact(&world, ana, 4_00, "order:1").await }
    }));
    let redeemed = redeemed.await;
    assert!(redeemed.iter().all(|redemption| *redemption == redeemed[0]));
    println!("redemptions of one reference at once={racers}");
    assert_eq!(world.wallet(ana).await.balances().available, 6_00);
}

pub async fn reversals_at_once_never_give_back_more_than_was_redeemed(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, racers) = (rich(&world, 10_00).await, 8);
    let redemption = exact(&world, ana, 10_00, "order:1").await;
    let given = race((0..racers).map(|n| {
        let (world, id) = (world.clone(), redemption.id);
        async move { give_back(&world, id, 3_00, &format!("back:{n}")).await }
    }));
    let given = given.await.into_iter().filter(|given| *given).count();
    println!("reversals at once={racers} given back={given}");
    assert_eq!((given, world.wallet(ana).await.balances().available), (3, 9_00));
}

/// Gives back an amount if as much remains, under the redemption's lock.
async fn give_back(world: &World, id: RedemptionId, amount: i64, name: &str) -> bool {
    let name = &reference(name);
    let given = world.transact(move |unit| {
        Box::pin(async move {
            let locked = unit.redemptions().lock(world.program.book, id).await?;
            tokio::task::yield_now().await;
            if locked.is_none_or(|(_, remaining)| remaining < amount) {
                return Ok(false);
            }
            world.reverse_in(unit, id, Some(amount), name).await?;
            Ok(true)
        })
    });
    given.await.expect("a reversal is recorded, or refused by its rule")
}
