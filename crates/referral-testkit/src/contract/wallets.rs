//! The ledger's heads: opened under lock, and what a history says of the past.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::id::UserId;
use referral_domain::ledger::{Heading, Journal, Origin, SystemAccount, TransactionKind, Wallet};
use referral_domain::port::{AccountReport, Changes, HistoryItem, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::time::HOUR;

use super::{Meeting, Subject, is_contended, race};
use crate::build::{currency, reference};
use crate::world::{World, a_redemption_of};

/// A reward that no referral stands behind, for cases about balances alone.
pub(crate) fn a_bonus(world: &World) -> Heading {
    let heading = a_redemption_of(world, &reference("bonus"));
    let origin_id = heading.id.to_string();
    Heading { kind: TransactionKind::ReferralBonus, origin: Origin::Reward, origin_id, ..heading }
}

/// Credits a user now.
pub(crate) async fn credit(world: &World, user: UserId, amount: i64) {
    let body = world.transact(move |unit| Box::pin(credit_in(world, unit, user, amount)));
    body.await.expect("a user is credited");
}

async fn credit_in(world: &World, unit: &mut Unit<'_>, user: UserId, amount: i64) -> Result<(), StoreError> {
    let Program { book, currency, .. } = world.program;
    let mut journal = Journal::open(unit.ledger().open(book, currency, &[user]).await?, world.now());
    let from = SystemAccount::RewardExpense;
    journal.credit(a_bonus(world), user, amount, from, &mut || world.id()).expect("a user is credited");
    unit.recorder().record(book, &Changes { posting: journal.finish(), ..Changes::default() }).await
}

/// Takes an amount from what a user has, if there is as much; answers whether it was taken.
async fn take_in(
    world: &World,
    unit: &mut Unit<'_>,
    user: UserId,
    amount: i64,
    meeting: &Meeting,
) -> Result<bool, StoreError> {
    let Program { book, currency, .. } = world.program;
    let wallets = unit.ledger().open(book, currency, &[user]).await?;
    meeting.wait().await;
    let mut journal = Journal::open(wallets, world.now());
    let heading = a_redemption_of(world, &reference(&format!("r:{}", world.id())));
    let to = SystemAccount::Redemption;
    if journal.debit(heading, user, amount, to, &mut || world.id()).is_err() {
        return Ok(false);
    }
    unit.recorder().record(book, &Changes { posting: journal.finish(), ..Changes::default() }).await?;
    Ok(true)
}

async fn take(world: &World, user: UserId, amount: i64, meeting: &Meeting) -> bool {
    let body = world.transact(move |unit| Box::pin(take_in(world, unit, user, amount, meeting)));
    body.await.expect("a posting is recorded, or refused by its rule")
}

pub async fn wallets_are_opened_in_the_order_of_ids_empty_ones_too(subject: Subject) {
    let world = World::open(subject).await;
    let users = world.users(&["u_1", "u_2", "u_3"]).await;
    let [one, two, three] = [0, 1, 2].map(|n: usize| users[n].id);
    credit(&world, two, 700).await;
    let Program { book, currency, .. } = world.program;
    let mut unit = world.begin().await;
    let opened = unit.ledger().open(book, currency, &[three, two, one, two, three]).await.expect("wallets");
    let mut expected = [one, two, three];
    expected.sort();
    let order: Vec<_> = opened.iter().map(|wallet| wallet.user).collect();
    assert_eq!(order, expected, "the same user twice is one wallet");
    for wallet in &opened {
        let balance = if wallet.user == two { 700 } else { 0 };
        assert_eq!(wallet.balances().available, balance);
        let empty = *wallet == Wallet::empty(book, wallet.user, currency);
        assert_eq!(empty, wallet.user != two);
    }
    assert_eq!(unit.ledger().open(book, currency, &[]).await.expect("wallets"), []);
}

pub async fn a_wallet_is_read_back_as_the_journal_left_it(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    let Program { book, currency, .. } = world.program;
    let mut journal = Journal::open(vec![Wallet::empty(book, ana, currency)], world.now());
    let from = SystemAccount::RewardExpense;
    for _ in 0..5 {
        journal.credit(a_bonus(&world), ana, 300, from, &mut || world.id()).expect("credited");
        let heading = a_redemption_of(&world, &reference(&format!("r:{}", world.id())));
        journal.debit(heading, ana, 100, SystemAccount::Redemption, &mut || world.id()).expect("debited");
    }
    let left = journal.wallet(ana).cloned().expect("a wallet");
    world.record(&Changes { posting: journal.finish(), ..Changes::default() }).await;
    assert_eq!(world.wallet(ana).await, left);
    assert_eq!(left.last.map(|line| (line.n, line.after.available)), Some((10, 1_000)));
}

pub async fn a_wallet_of_a_currency_with_other_digits_is_its_own(subject: Subject) {
    let yen = crate::build::a_program().in_currency(currency("JPY")).build();
    let world = World::open_with(subject, yen).await;
    let ana = world.user("u_ana").await.id;
    credit(&world, ana, 9).await;
    assert_eq!(
        (world.wallet(ana).await.balances().available, world.wallet(ana).await.currency.digits()),
        (9, 0)
    );
}

pub async fn two_units_that_take_the_same_balance_at_once_never_overdraw(subject: Subject) {
    let world = World::open(subject).await;
    let (racers, rounds) = (5, 4);
    for round in 0..rounds {
        let user = world.user(&format!("u_{round}")).await.id;
        credit(&world, user, 10_00).await;
        let meeting = Meeting::of(racers);
        let taken = race((0..racers).map(|_| {
            let (world, meeting) = (world.clone(), meeting.clone());
            async move { take(&world, user, 4_00, &meeting).await }
        }));
        let taken = taken.await.into_iter().filter(|taken| *taken).count();
        let left = world.wallet(user).await.balances().available;
        assert_eq!((taken, left), (2, 2_00), "round {round}");
    }
    println!("balances taken at once={rounds} by units={racers}");
}

pub async fn a_hundred_redemptions_of_one_from_ten_are_exactly_ten(subject: Subject) {
    let world = World::open(subject).await;
    let user = world.user("u_ana").await.id;
    credit(&world, user, 10_00).await;
    let taken = race((0..100).map(|_| {
        let world = world.clone();
        async move { take(&world, user, 1_00, &Meeting::of(1)).await }
    }));
    let taken = taken.await.into_iter().filter(|taken| *taken).count();
    println!("redemptions at once=100 taken={taken}");
    assert_eq!((taken, world.wallet(user).await.balances().available), (10, 0));
}

pub async fn a_posting_onto_a_stale_wallet_is_refused(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    credit(&world, ana, 500).await;
    let stale = world.wallet(ana).await;
    credit(&world, ana, 1).await;
    let before = world.wallet(ana).await;
    let mut journal = Journal::open(vec![stale], world.now());
    let heading = a_redemption_of(&world, &reference("stale"));
    journal.debit(heading, ana, 500, SystemAccount::Redemption, &mut || world.id()).expect("debited");
    let changes = Changes { posting: journal.finish(), ..Changes::default() };
    let refused = world.try_record(&changes).await;
    assert!(is_contended(&refused), "{refused:?}");
    assert_eq!(world.wallet(ana).await, before, "and nothing of it is stored");
}

pub async fn what_was_earned_until_an_instant_includes_that_instant(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    let start = world.now();
    for amount in [100, 20, 3] {
        credit(&world, ana, amount).await;
        assert!(take(&world, ana, amount, &Meeting::of(1)).await, "what is used was earned all the same");
        world.clock.advance(HOUR);
    }
    let Program { book, .. } = world.program;
    let bounds = [
        (-1, 0),
        (0, 100),
        (HOUR - 1, 100),
        (HOUR, 120),
        (2 * HOUR - 1, 120),
        (2 * HOUR, 123),
        (9 * HOUR, 123),
    ];
    for (after, earned) in bounds {
        let at = start.plus_micros(after);
        let mut unit = world.begin().await;
        assert_eq!(unit.ledger().earned_until(book, ana, at).await.expect("a sum"), earned, "until {at}");
        drop(unit);
        let report = world.account("u_ana", at).await;
        assert_eq!(report.aged, earned, "in a report until {at}");
        assert_eq!(report.last, world.wallet(ana).await.last);
    }
    println!("instants asked={}", bounds.len());
}

pub async fn a_user_who_never_had_anything_earned_nothing(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    let mut unit = world.begin().await;
    let earned = unit.ledger().earned_until(world.program.book, ana, world.now()).await.expect("a sum");
    drop(unit);
    assert_eq!((earned, world.account("u_ana", world.now()).await), (0, AccountReport::default()));
}

pub async fn the_line_of_a_transaction_is_found_with_it(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    credit(&world, ana, 100).await;
    credit(&world, ana, 20).await;
    let book = world.program.book;
    let last = world.wallet(ana).await.last.expect("a line");
    let mut unit = world.begin().await;
    let found: Option<HistoryItem> = unit.ledger().line(book, last.transaction).await.expect("a line");
    let none = unit.ledger().line(book, world.transaction_id()).await.expect("a line");
    let found = found.expect("the transaction's line");
    assert_eq!((found.transaction.id, found.transaction.user), (last.transaction, ana));
    assert_eq!((found.line, none), (last, None));
}
