//! What is posted to the ledger is read back equal, with what is owed.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::id::{ReferralId, UserId};
use referral_domain::ledger::{
    CreatedBy, Heading, Journal, Origin, Posting, ReferenceType, Reversed, SystemAccount, TransactionKind,
    Wallet,
};
use referral_domain::port::{Changes, HistoryFilter, HistoryItem};
use referral_domain::program::Program;

use super::Subject;
use super::wallets::a_bonus;
use crate::build::{a_program, a_referral};
use crate::fake::NOON;
use crate::world::World;

/// Enough that each variant of a heading occurs, with and without what may be missing.
const MANY: usize = 36;

fn heading(world: &World, referral: ReferralId, n: usize, before: Option<Reversed>) -> Heading {
    let type_of = ReferenceType::ALL.get(n % 5).copied();
    Heading {
        id: world.transaction_id(),
        kind: TransactionKind::ALL[n % 9],
        origin: Origin::ALL[n % Origin::ALL.len()],
        origin_id: format!("natural:{n}"),
        referral: n.is_multiple_of(2).then_some(referral),
        reverses: before.filter(|_| n.is_multiple_of(3)),
        description: format!("Zeile {n}: “ü”, 'x'; --"),
        reference: type_of.map(|kind| format!("{kind}:{n}")),
        reference_type: type_of,
        created_by: CreatedBy::ALL[n / 9],
        effective_at: NOON.plus_micros(-i64::try_from(n).expect("few")),
    }
}

pub async fn every_field_of_a_transaction_is_read_back_equal(subject: Subject) {
    let world = World::open(subject).await;
    let (code, ben) = (world.code("u_ana").await, world.user("u_ben").await);
    let referral = a_referral(&world.program, &code, ben.id).build();
    world.refer(std::slice::from_ref(&referral)).await;
    let mut journal = Journal::open(vec![world.wallet(ben.id).await], world.now());
    let mut before = None;
    for n in 0..MANY {
        let heading = heading(&world, referral.facts.id, n, before);
        before = Some(Reversed { id: heading.id, kind: heading.kind });
        let (from, ids) = (SystemAccount::ALL[n % 7], &mut || world.id());
        let posted = match heading.kind {
            TransactionKind::AffiliatePayout => journal.reserve(heading, ben.id, 100, ids),
            TransactionKind::CreditRetraction => journal.retract(heading, ben.id, 100, 0, from, ids),
            TransactionKind::AffiliateCommission => journal.hold(heading, ben.id, 100, from, ids),
            _ => journal.credit(heading, ben.id, 100, from, ids),
        };
        posted.expect("posted");
    }
    let posting = journal.finish();
    world.record(&Changes { posting: posting.clone(), ..Changes::default() }).await;
    assert_read_back(&world, ben.id, posting).await;
}

/// What a command posted: the key is the origin's and the program's own, and it is one transaction however many legs it has.
pub async fn what_a_command_posted_is_found_by_its_natural_key(subject: Subject) {
    let world = World::open(subject).await;
    let other = world.beside(a_program().named("other").build()).await;
    let (ana, eve) = (world.user("u_ana").await.id, other.user("u_eve").await.id);
    let named = |world: &World, origin, name: &str| {
        let (origin_id, id) = (name.to_owned(), world.transaction_id());
        Heading { id, origin, origin_id, ..a_bonus(world) }
    };
    let (mut journal, desk) = (Journal::open(vec![world.wallet(ana).await], NOON), SystemAccount::Adjustment);
    let mut ids = || world.id();
    let given = named(&world, Origin::Adjustment, "one");
    journal.credit(given.clone(), ana, 10_00, desk, &mut ids).expect("credited");
    // Two legs: what is available, and what becomes owed.
    let taken = Heading {
        kind: TransactionKind::CreditRetraction,
        reverses: Some(Reversed { id: given.id, kind: given.kind }),
        ..named(&world, Origin::Retraction, "one")
    };
    journal.retract(taken.clone(), ana, 15_00, 0, desk, &mut ids).expect("retracted");
    let posting = journal.finish();
    assert_eq!(posting.transfers.len(), 3);
    world.record(&Changes { posting: posting.clone(), ..Changes::default() }).await;
    let mut journal = Journal::open(vec![other.wallet(eve).await], NOON);
    let theirs = named(&other, Origin::Adjustment, "theirs");
    journal.credit(theirs, eve, 1_00, desk, &mut ids).expect("credited");
    other.record(&Changes { posting: journal.finish(), ..Changes::default() }).await;

    let mut unit = world.begin().await;
    let book = world.program.book;
    for (n, heading) in [given, taken].into_iter().enumerate() {
        let found = unit.ledger().posted(book, heading.origin, &heading.origin_id).await.expect("a look-up");
        let (line, transaction) = (posting.lines[n].clone(), posting.transactions[n].clone());
        assert_eq!(found, Some(HistoryItem { line, transaction }), "{}", heading.origin);
    }
    for (origin, name) in [
        (Origin::Adjustment, "theirs"),
        (Origin::Adjustment, "One"),
        (Origin::Adjustment, "on"),
        (Origin::Reward, "one"),
    ] {
        let found = unit.ledger().posted(book, origin, name).await.expect("a look-up");
        assert_eq!(found, None, "{origin} {name}");
    }
}

async fn assert_read_back(world: &World, user: UserId, posting: Posting) {
    let Posting { transactions, lines, .. } = posting;
    let item = |(line, transaction)| HistoryItem { line, transaction };
    let posted: Vec<_> = lines.into_iter().zip(transactions).map(item).collect();
    let mut unit = world.begin().await;
    for item in &posted {
        let found = unit.ledger().line(world.program.book, item.transaction.id).await.expect("a line");
        assert_eq!(found.as_ref(), Some(item), "by its transaction");
    }
    drop(unit);
    let filter = HistoryFilter { limit: 1_000, ..HistoryFilter::default() };
    let mut history = world.reports.history(world.program.book, user, &filter).await.expect("a report");
    history.reverse();
    assert_eq!(history, posted, "in the history");
    println!("transactions read back={}", posted.len());
}

pub async fn a_posting_to_many_users_reaches_each(subject: Subject) {
    let world = World::open(subject).await;
    let users = world.users(&["u_1", "u_2", "u_3"]).await;
    let ids: Vec<_> = users.iter().map(|user| user.id).collect();
    let Program { book, currency, .. } = world.program;
    let mut unit = world.begin().await;
    let mut journal =
        Journal::open(unit.ledger().open(book, currency, &ids).await.expect("wallets"), world.now());
    for (n, id) in (1_i64..).zip(ids.iter().cycle().take(9)) {
        let from = SystemAccount::RewardExpense;
        journal.credit(a_bonus(&world), *id, n, from, &mut || world.id()).expect("credited");
    }
    let left: Vec<_> = ids.iter().map(|id| journal.wallet(*id).cloned()).collect();
    let changes = Changes { posting: journal.finish(), ..Changes::default() };
    unit.recorder().record(book, &changes).await.expect("recorded");
    unit.commit().await.expect("a unit commits");
    for (id, left) in ids.iter().zip(left) {
        assert_eq!(Some(world.wallet(*id).await), left);
    }
}

pub async fn one_unit_may_record_twice_and_open_what_it_posted(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    let Program { book, currency, .. } = world.program;
    let mut unit = world.begin().await;
    for n in 1..4 {
        let wallets = unit.ledger().open(book, currency, &[ana]).await.expect("wallets");
        assert_eq!(wallets[0].balances().available, (n - 1) * 100);
        let mut journal = Journal::open(wallets, world.now());
        let from = SystemAccount::RewardExpense;
        journal.credit(a_bonus(&world), ana, 100, from, &mut || world.id()).expect("credited");
        let changes = Changes { posting: journal.finish(), ..Changes::default() };
        unit.recorder().record(book, &changes).await.expect("recorded");
    }
    unit.commit().await.expect("a unit commits");
    assert_eq!(world.wallet(ana).await.balances().available, 300);
}

pub async fn what_a_user_owes_is_kept_and_repaid_first(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    let owing = owing(&world, &world.wallet(ana).await, 7_00);
    world.record(&Changes { posting: owing.clone(), ..Changes::default() }).await;
    let wallet = world.wallet(ana).await;
    assert_eq!((wallet.balances().owed, wallet.balances().available), (7_00, 0));
    assert_eq!(wallet.last.as_ref(), owing.lines.first());
    let mut journal = Journal::open(vec![wallet], world.now());
    for (amount, from) in [(3_00, SystemAccount::RewardExpense), (25_00, SystemAccount::RewardExpense)] {
        journal.credit(a_bonus(&world), ana, amount, from, &mut || world.id()).expect("credited");
    }
    let left = journal.wallet(ana).cloned().expect("a wallet");
    let posting = journal.finish();
    assert_eq!(posting.transfers.len(), 3, "one leg repays, then two legs repay and credit");
    world.record(&Changes { posting, ..Changes::default() }).await;
    let found = world.wallet(ana).await;
    assert_eq!((found.balances().owed, found.balances().available), (0, 21_00));
    assert_eq!(found, left);
}

/// A posting that leaves a user owing: what they had is gone, so it is taken from below zero.
fn owing(world: &World, wallet: &Wallet, amount: i64) -> Posting {
    let mut journal = Journal::open(vec![wallet.clone()], world.now());
    let heading = Heading { kind: TransactionKind::CreditRetraction, ..a_bonus(world) };
    let (to, ids) = (SystemAccount::RewardExpense, &mut || world.id());
    journal.retract(heading, wallet.user, amount, 0, to, ids).expect("taken back");
    journal.finish()
}
