//! One history told in any order: shuffled, repeated, in batches of any size. It ends the same (I7).

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use referral_domain::credit::BalanceSnapshot;
use referral_domain::referral::{Award, AwardStatus, StateName, WithheldReason};
use referral_domain::spend::SpendCommand;
use referral_domain::time::{DAY, SECOND, Timestamp};
use referral_testkit::build::{a_program, a_spend, usd};
use referral_testkit::fake::NOON;

use crate::stage::Stage;

/// How many histories are told, each in a few orders.
const HISTORIES: u32 = 200;
const ORDERS: usize = 3;
const FRIENDS: usize = 3;

/// A fact, with its own time in days after the codes were applied.
#[derive(Clone, Debug)]
enum Fact {
    Spend(SpendCommand),
    /// Of a friend, or of the referrer.
    Verified(String, Timestamp),
}

/// A history, and the orders it is told in: which fact comes next, and how many spends make a batch.
#[derive(Clone, Debug)]
struct History {
    facts: Vec<Fact>,
    orders: Vec<(Vec<usize>, usize)>,
}

/// How a history ends: for each friend, and in money.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Ending {
    referrals: Vec<(i64, StateName, Standing, Standing)>,
    balances: Vec<BalanceSnapshot>,
}

type Standing = (AwardStatus, Option<WithheldReason>);

#[test]
fn spends_and_verifications_in_any_order_repeated_and_in_batches_end_the_same() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let told = std::sync::atomic::AtomicU64::new(0);
    let played = TestRunner::new(Config { cases: HISTORIES, failure_persistence: None, ..Config::default() })
        .run(&histories(), |history| {
            let ending = runtime.block_on(tell(&history.facts, &in_order(history.facts.len()), 1))?;
            for (order, batch) in &history.orders {
                prop_assert_eq!(
                    &runtime.block_on(tell(&history.facts, order, *batch))?,
                    &ending,
                    "in {:?}",
                    order
                );
                told.fetch_add(order.len() as u64, std::sync::atomic::Ordering::Relaxed);
            }
            Ok(())
        });
    played.unwrap_or_else(|broken| panic!("{broken}"));
    let facts = told.into_inner();
    println!("histories={HISTORIES} orders={} facts={facts} mismatches=0", HISTORIES as usize * ORDERS);
    assert!(facts > 5_000, "histories that say nothing prove nothing");
}

fn in_order(facts: usize) -> Vec<usize> {
    (0..facts).collect()
}

fn histories() -> impl Strategy<Value = History> {
    vec(fact(), 3..18).prop_map(numbered).prop_flat_map(|facts| {
        let order = (Just(twice(facts.len())).prop_shuffle(), 1..6_usize, 0..=facts.len());
        let orders =
            vec(order.prop_map(|(order, batch, extra)| (each_and_some_again(order, extra), batch)), ORDERS);
        orders.prop_map(move |orders| History { facts: facts.clone(), orders })
    })
}

/// Every fact twice.
fn twice(facts: usize) -> Vec<usize> {
    (0..facts).chain(0..facts).collect()
}

/// Every fact once, and so many of them a second time.
fn each_and_some_again(order: Vec<usize>, extra: usize) -> Vec<usize> {
    let (mut seen, mut again) = (std::collections::BTreeSet::new(), 0);
    let kept = order.into_iter().filter(|fact| {
        let first = seen.insert(*fact);
        again += usize::from(!first);
        first || again <= extra
    });
    kept.collect()
}

fn fact() -> impl Strategy<Value = Fact> {
    let days = select(vec![-1, 0, 1, 45, 89, 90, 100]);
    let spend = (0..FRIENDS, select(vec![1, 20_00, 25_00, 49_99, 50_00]), days.clone());
    let verified = (0..=FRIENDS, days);
    prop_oneof![
        3 => spend.prop_map(|(friend, cents, days)| {
            Fact::Spend(a_spend("unnumbered", &name(friend), usd(cents)).at(after(days)).build())
        }),
        2 => verified.prop_map(|(person, days)| Fact::Verified(name(person), after(days))),
    ]
}

/// Each spend has an id of its own.
fn numbered(mut facts: Vec<Fact>) -> Vec<Fact> {
    for (n, fact) in facts.iter_mut().enumerate() {
        if let Fact::Spend(command) = fact {
            command.source = referral_testkit::build::source(&format!("inv_{n}"));
        }
    }
    facts
}

/// The referrer is the one after the last friend.
fn name(person: usize) -> String {
    format!("u_{person}")
}

fn after(days: i64) -> Timestamp {
    NOON.plus_micros(days * DAY)
}

/// Tells the facts in this order; spends that follow one another are told in batches of at most this size.
async fn tell(facts: &[Fact], order: &[usize], batch: usize) -> Result<Ending, TestCaseError> {
    let stage = Stage::with(a_program().limited_to(100).build()).await;
    let code = stage.code(&name(FRIENDS)).await;
    for friend in 0..FRIENDS {
        stage.refer(&name(friend), &code).await;
    }
    stage.world.clock.set(after(101));
    let mut waiting = Vec::new();
    for fact in order {
        match &facts[*fact] {
            Fact::Spend(command) if waiting.len() < batch => waiting.push(command.clone()),
            Fact::Spend(command) => {
                stage.spend_all(std::mem::replace(&mut waiting, vec![command.clone()])).await;
            }
            Fact::Verified(person, at) => {
                stage.spend_all(std::mem::take(&mut waiting)).await;
                stage.hear_at(person, true, *at).await;
            }
        }
        stage.world.clock.advance(SECOND);
    }
    stage.spend_all(waiting).await;
    stage.world.clock.set(after(102));
    ending(&stage).await
}

async fn ending(stage: &Stage) -> Result<Ending, TestCaseError> {
    stage.is_sound().await;
    let (mut referrals, mut balances) = (Vec::new(), Vec::new());
    for friend in 0..FRIENDS {
        let progress = stage.referral(&name(friend)).await.expect("every friend was referred").progress;
        let standing = |award: Award| (award.status(), award.reason());
        let (welcome, reward) = (standing(progress.welcome), standing(progress.reward));
        referrals.push((progress.spend.net(), progress.state.name(), welcome, reward));
    }
    for person in 0..=FRIENDS {
        balances.push(stage.balance(&name(person)).await);
    }
    Ok(Ending { referrals, balances })
}
