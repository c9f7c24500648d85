//! What operators do with money, told once for every store: payouts at each of their stages, adjustments of each status,
//! a retraction. Beside it stands who would corrupt it: [tamperings](tamper) that `ledger verify` finds.
//!
//! It is told through the ports, and whatever changes it finds its rows by what they say, so that nothing here is written
//! in one store's dialect.

pub mod attack;
pub mod tamper;

use referral_domain::adjustment::Decision;
use referral_domain::id::UserId;
use referral_domain::ledger::{
    CreatedBy, Heading, Journal, Origin, Reversed, SystemAccount, TransactionKind,
};
use referral_domain::payout::{CancelledBy, Failure, MethodKind, Outcome, Payout};
use referral_domain::port::Changes;
use referral_domain::program::Program;

use crate::build::{a_program, a_spend, usd};
use crate::contract::adjustments::{ask, decide, staff};
use crate::world::{World, a_person};

/// The program of the story: a reward is 90.00.
#[must_use]
pub fn program() -> Program {
    a_program().rewarding(usd(90_00)).build()
}

/// Tells it. By the amounts of their payouts: 21.00 was paid, 22.00 failed, and its user asked for 22.50 since; 23.00 was
/// sent, 24.00 is sealed, 25.00 and 26.00 are each in a draft, 27.00 was cancelled. By their references: `posted` was
/// posted and retracted, `taken` took, `waits` waits, `agreed` was posted by a second person, `refused` was not.
///
/// # Panics
/// When the store refuses any of it.
pub async fn tell(world: &World) {
    let [paid, failed, sent, sealed, one, other, cancelled] = asked(world).await;
    settled(world, paid, failed).await;
    let (batch, entered) = built(world, sent).await;
    world.send_off(batch, entered).await;
    let (batch, _) = built(world, sealed).await;
    let sealed = batch.seal(world.program.currency, a_person("u_ada"), world.now()).expect("a draft");
    world.batch_step(&sealed, &[]).await;
    built(world, one).await;
    built(world, other).await;
    let reason = Failure { code: "asked-twice".to_owned(), message: "Asked for twice".to_owned() };
    world.give_up(cancelled, CancelledBy::Operator, Some(reason)).await;
    adjusted(world).await;
}

/// Seven users with 90.00, each of whom asked for a payout: approved but the last.
async fn asked(world: &World) -> [Payout; 7] {
    let mut payouts = Vec::new();
    for n in 1..=7_i64 {
        let user = rich(world, &format!("u_{n}")).await;
        let payout = world.request(user, 20_00 + n * 1_00).await.expect("none is open");
        payouts.push(if n < 7 { world.approve(payout).await } else { payout });
    }
    payouts.try_into().expect("seven")
}

async fn rich(world: &World, name: &str) -> UserId {
    let (code, friend) = (world.code(name).await, format!("friend of {name}"));
    world.sign_up(&friend, &code).await.expect("applied");
    world.verify(&friend).await;
    world.spend(&[a_spend(&format!("inv:{name}"), &friend, usd(60_00)).build()]).await;
    world.set_method(code.owner, MethodKind::Sepa).await;
    code.owner
}

async fn built(world: &World, payout: Payout) -> (referral_domain::payout::Batch, Vec<Payout>) {
    world.build(vec![payout], &a_person("u_ada")).await
}

/// One batch of two, of which the bank paid the one.
async fn settled(world: &World, paid: Payout, failed: Payout) {
    let (batch, entered) = world.build(vec![paid, failed], &a_person("u_ada")).await;
    let (batch, mut sent) = world.send_off(batch, entered).await;
    sent.sort_by_key(|payout| payout.amount);
    let user = sent[1].user;
    for (payout, outcome) in sent.into_iter().zip([Outcome::Paid, Outcome::Failed]) {
        world.settle(payout, outcome).await;
    }
    let over = batch.settle(a_person("u_ada"), world.now()).expect("exported");
    world.batch_step(&over, &[]).await;
    world.request(user, 22_50).await.expect("the one before has ended");
}

async fn adjusted(world: &World) {
    let user = rich(world, "u_8").await;
    let (ada, bob) = (staff("u_ada"), staff("u_bob"));
    let posted = ask(world, user, 7_00, "posted", &ada, true).await;
    ask(world, user, -3_00, "taken", &ada, true).await;
    ask(world, user, 90_000, "waits", &ada, false).await;
    for (name, decision) in [("agreed", Decision::Approve), ("refused", Decision::Reject)] {
        let waiting = ask(world, user, 80_000, name, &ada, false).await;
        assert!(decide(world, waiting.adjustment.id, decision, &bob).await.expect("decided"), "{name}");
    }
    let id = posted.transaction().expect("it is posted");
    let heading = Heading {
        id: world.transaction_id(),
        kind: TransactionKind::CreditRetraction,
        origin: Origin::Retraction,
        origin_id: id.to_string(),
        referral: None,
        reverses: Some(Reversed { id, kind: TransactionKind::ManualAdjustment }),
        description: "It was a mistake".to_owned(),
        reference: None,
        reference_type: None,
        created_by: CreatedBy::Operator,
        effective_at: world.now(),
    };
    let mut journal = Journal::open(vec![world.wallet(user).await], world.now());
    journal
        .retract(heading, user, 7_00, 0, SystemAccount::Adjustment, &mut || world.id())
        .expect("taken back");
    world.record(&Changes { posting: journal.finish(), ..Changes::default() }).await;
}
