//! The books as finance reads them: the trial balance, searches, a transaction in full, the journal.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::collections::BTreeMap;

use referral_domain::credit::RedeemMode;
use referral_domain::id::{TransactionId, TransferId, UserId};
use referral_domain::ledger::{
    Balances, CreatedBy, Heading, Journal, Party, Purpose, Side, SystemAccount, TransactionKind,
};
use referral_domain::port::{
    Changes, HistoryFilter, HistoryItem, JournalFilter, JournalItem, LegReport, TransactionFilter,
    TransactionReport, TransferFilter,
};
use referral_domain::time::{HOUR, Timestamp};
use referral_domain::trial_balance::{Movement, TrialBalance};

use super::Subject;
use super::snapshots::{ask_while_written, move_credits};
use super::wallets::a_bonus;
use crate::build::{a_program, reference, usd};
use crate::fake::NOON;
use crate::world::{World, a_redemption_of};

/// After every instant of a story.
const LATER: Timestamp = NOON.plus_days(1);

fn hour(n: i64) -> Timestamp {
    NOON.plus_micros(n * HOUR)
}

async fn post(world: &World, user: UserId, heading: Heading, amount: i64, system: SystemAccount) {
    let mut journal = Journal::open(vec![world.wallet(user).await], world.now());
    let ids = &mut || world.id();
    let posted = if amount > 0 {
        journal.credit(heading, user, amount, system, ids)
    } else {
        journal.debit(heading, user, -amount, system, ids)
    };
    posted.expect("it is posted");
    world.record(&Changes { posting: journal.finish(), ..Changes::default() }).await;
}

/// Ana is rewarded at noon, uses some of it an hour later, gets a part back after two; Ben is welcomed after three, and
/// an operator takes 1.00 from him after four. Another program has books of its own.
async fn told(world: &World) -> (UserId, UserId) {
    let other = world.beside(a_program().named("other").build()).await;
    let (ana, ben) = (world.user("u_ana").await.id, world.user("u_ben").await.id);
    let eve = other.user("u_ana").await.id;
    post(&other, eve, a_bonus(&other), 99_00, SystemAccount::RewardExpense).await;
    post(world, ana, a_bonus(world), 25_00, SystemAccount::RewardExpense).await;
    world.clock.set(hour(1));
    let redeemed =
        world.redeem(ana, 20_00, RedeemMode::Exact, &reference("order:1")).await.expect("redeemed");
    world.clock.set(hour(2));
    world.reverse(redeemed.id, Some(5_00), &reference("back:1")).await;
    world.clock.set(hour(3));
    let welcome = Heading { kind: TransactionKind::WelcomeCredit, ..a_bonus(world) };
    post(world, ben, welcome, 10_00, SystemAccount::WelcomeExpense).await;
    world.clock.set(hour(4));
    let kind = TransactionKind::ManualAdjustment;
    let taken =
        Heading { kind, created_by: CreatedBy::Operator, ..a_redemption_of(world, &reference("adjust")) };
    post(world, ben, taken, -1_00, SystemAccount::Adjustment).await;
    (ana, ben)
}

async fn trial(world: &World, as_of: Timestamp) -> TrialBalance {
    let moved = world.reports.movements(world.program.book, as_of).await.expect("a report");
    TrialBalance::of(as_of, &moved).expect("the columns are equal")
}

/// The accounts with movements: debits and credits.
fn moved(trial: &TrialBalance) -> Vec<(&'static str, i64, i64)> {
    let moved = trial.rows.iter().filter(|row| row.debits != 0 || row.credits != 0);
    moved.map(|Movement { account, debits, credits }| (account.as_str(), *debits, *credits)).collect()
}

pub async fn a_book_in_which_nothing_moved_has_an_empty_trial_balance(subject: Subject) {
    let world = World::open(subject).await;
    let trial = trial(&world, LATER).await;
    assert_eq!((trial.total, trial.rows.len(), moved(&trial)), (0, Side::ALL.len(), vec![]));
}

pub async fn a_trial_balance_is_of_what_was_recorded_at_or_before_an_instant(subject: Subject) {
    let world = World::open(subject).await;
    told(&world).await;
    let noon = trial(&world, NOON).await;
    assert_eq!(moved(&noon), [("available", 0, 25_00), ("reward_expense", 25_00, 0)]);
    assert_eq!(moved(&trial(&world, hour(1).plus_micros(-1)).await), moved(&noon));
    let used = [("available", 20_00, 25_00), ("reward_expense", 25_00, 0), ("redemption", 0, 20_00)];
    assert_eq!(moved(&trial(&world, hour(1)).await), used);
    let all = [
        ("available", 21_00, 40_00),
        ("reward_expense", 25_00, 0),
        ("welcome_expense", 10_00, 0),
        ("redemption", 5_00, 20_00),
        ("adjustment", 0, 1_00),
    ];
    assert_eq!(moved(&trial(&world, LATER).await), all, "and nothing of the other program");
    assert_eq!(moved(&trial(&world, NOON.plus_micros(-1)).await), []);
}

pub async fn a_trial_balance_agrees_with_what_users_have(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, ben) = told(&world).await;
    let mut sums = Balances::default();
    for user in [ana, ben] {
        let balances = world.wallet(user).await.balances();
        sums.available += balances.available;
        sums.owed += balances.owed;
    }
    let trial = trial(&world, LATER).await;
    let balance = |purpose| {
        trial.rows.iter().find(|row| row.account == Side::User(purpose)).expect("every account").balance()
    };
    assert_eq!((balance(Purpose::Available), -balance(Purpose::Owed)), (sums.available, sums.owed));
    assert_eq!(trial.rows.iter().map(Movement::balance).sum::<i64>(), 0);
}

pub async fn a_trial_balance_is_of_one_instant_while_credits_move(subject: Subject) {
    let world = World::open(subject).await;
    ask_while_written(
        &world,
        |world, _| Box::pin(async move { trial(&world, LATER).await.total }),
        |world, n| Box::pin(move_credits(world, n)),
    )
    .await;
}

pub async fn the_line_at_an_instant_is_the_last_one_recorded_at_or_before_it(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, _) = told(&world).await;
    let at = |at| {
        let world = &world;
        async move {
            let line = world.reports.line_at(world.program.book, ana, at).await.expect("a report");
            line.map(|line| (line.n, line.after.available))
        }
    };
    assert_eq!(at(NOON.plus_micros(-1)).await, None);
    assert_eq!(at(NOON).await, Some((1, 25_00)));
    assert_eq!(at(hour(1).plus_micros(-1)).await, Some((1, 25_00)));
    assert_eq!(at(hour(1)).await, Some((2, 5_00)));
    assert_eq!(at(LATER).await, Some((3, 10_00)));
}

async fn search(world: &World, filter: TransactionFilter) -> Vec<TransactionReport> {
    let filter = TransactionFilter { limit: if filter.limit == 0 { 100 } else { filter.limit }, ..filter };
    world.reports.transactions(world.program.book, &filter).await.expect("a report")
}

fn amounts(found: &[TransactionReport]) -> Vec<i64> {
    found.iter().map(|report| report.item.line.after.available - report.item.line.before.available).collect()
}

pub async fn transactions_are_found_newest_first_with_the_names_of_their_users(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, ben) = told(&world).await;
    let found = search(&world, TransactionFilter::default()).await;
    assert_eq!(amounts(&found), [-1_00, 10_00, 5_00, -20_00, 25_00]);
    let names: Vec<_> = found.iter().map(|report| report.user.clone().expect("named").to_string()).collect();
    assert_eq!(names, ["u_ben", "u_ben", "u_ana", "u_ana", "u_ana"]);
    for user in [ana, ben] {
        let everything = HistoryFilter { limit: 100, ..HistoryFilter::default() };
        let history = world.reports.history(world.program.book, user, &everything).await.expect("a report");
        let theirs = search(&world, TransactionFilter { user: Some(user), ..Default::default() }).await;
        assert_eq!(theirs.into_iter().map(|report| report.item).collect::<Vec<_>>(), history);
    }
}

pub async fn transactions_are_found_by_everything_a_filter_says(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, ben) = told(&world).await;
    let all = TransactionFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let kinds = vec![TransactionKind::WelcomeCredit, TransactionKind::ReferralBonus];
    let newest = search(&world, TransactionFilter { limit: 1, ..all() }).await[0].item.transaction.id;
    for (filter, expected) in [
        (TransactionFilter { id: Some(newest), ..all() }, vec![-1_00]),
        (TransactionFilter { kinds, ..all() }, vec![10_00, 25_00]),
        (TransactionFilter { reference: text("order:1"), ..all() }, vec![-20_00]),
        (TransactionFilter { reference: text("order:2"), ..all() }, vec![]),
        (TransactionFilter { created_by: Some(CreatedBy::Operator), ..all() }, vec![-1_00]),
        (TransactionFilter { from: Some(hour(3)), ..all() }, vec![-1_00, 10_00]),
        (TransactionFilter { from: Some(hour(1)), until: Some(hour(3)), ..all() }, vec![5_00, -20_00]),
        (TransactionFilter { least: Some(5_00), ..all() }, vec![10_00, 5_00, 25_00]),
        (TransactionFilter { most: Some(5_00), ..all() }, vec![-1_00, 5_00, -20_00]),
        (TransactionFilter { least: Some(-1_00), most: Some(9_99), ..all() }, vec![-1_00, 5_00]),
        (TransactionFilter { user: Some(ana), least: Some(10_00), ..all() }, vec![25_00]),
        (TransactionFilter { user: Some(ben), until: Some(hour(4)), ..all() }, vec![10_00]),
        (TransactionFilter { user: Some(UserId::from_uuid(world.id())), ..all() }, vec![]),
    ] {
        assert_eq!(amounts(&search(&world, filter.clone()).await), expected, "{filter:?}");
    }
}

pub async fn a_referrals_transactions_are_found(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    for name in ["u_ben", "u_cat"] {
        world.sign_up(name, &code).await.expect("applied");
        world.verify(name).await;
    }
    let spend = crate::build::a_spend("inv_1", "u_cat", usd(60_00)).build();
    world.spend(&[spend]).await;
    let referral = world.referral(world.user("u_cat").await.id).await.expect("referred").facts.id;
    let found = search(&world, TransactionFilter { referral: Some(referral), ..Default::default() }).await;
    let kinds: Vec<_> = found.iter().map(|report| report.item.transaction.kind).collect();
    assert_eq!(kinds, [TransactionKind::ReferralBonus, TransactionKind::WelcomeCredit]);
    assert!(found.iter().all(|report| report.item.transaction.referral == Some(referral)));
}

pub async fn pages_of_transactions_hold_each_once_whoever_is_asked_about(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, ben) = told(&world).await;
    let mut pages = 0;
    for user in [None, Some(ana), Some(ben)] {
        let all = search(&world, TransactionFilter { user, ..Default::default() }).await;
        for limit in 1..=6 {
            let (mut found, mut after) = (Vec::new(), None::<TransactionId>);
            loop {
                let page =
                    search(&world, TransactionFilter { user, after, limit, ..Default::default() }).await;
                pages += 1;
                let Some(last) = page.last() else { break };
                after = Some(last.item.transaction.id);
                found.extend(page);
            }
            assert_eq!(found, all, "in pages of {limit}");
        }
    }
    println!("pages={pages}");
}

pub async fn a_transaction_is_answered_with_everything_it_wrote(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, _) = told(&world).await;
    let book = world.program.book;
    for report in search(&world, TransactionFilter::default()).await {
        let HistoryItem { line, transaction } = report.item.clone();
        let detail = world.reports.transaction(book, transaction.id).await.expect("a report").expect("found");
        assert_eq!(detail.report, report);
        assert_eq!((detail.legs.len(), detail.entries.len()), (1, 1));
        let LegReport { transfer, debit, credit } = &detail.legs[0];
        let entry = &detail.entries[0];
        assert_eq!((transfer.transaction, transfer.recorded_at), (transaction.id, transaction.recorded_at));
        assert_eq!((entry.transfer, entry.amount), (transfer.id, transfer.amount));
        assert_eq!(
            (entry.balance_before, entry.balance_after),
            (line.before.available, line.after.available)
        );
        let theirs = Side::User(Purpose::Available);
        assert!((*debit == theirs) != (*credit == theirs), "{detail:?}");
    }
    let unknown = world.reports.transaction(book, TransactionId::from_uuid(world.id())).await;
    assert_eq!(unknown.expect("a report"), None);
    let other = search(&world, TransactionFilter { user: Some(ana), limit: 1, ..Default::default() }).await;
    let beside = world.beside(a_program().named("third").build()).await.program.book;
    let elsewhere = world.reports.transaction(beside, other[0].item.transaction.id).await;
    assert_eq!(elsewhere.expect("a report"), None, "one program's transaction is no other's");
}

pub async fn a_users_accounts_are_answered_with_their_heads(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, _) = told(&world).await;
    let (book, currency) = (world.program.book, world.program.currency);
    let found = world.reports.accounts(book, currency, ana).await.expect("a report");
    let wallet = world.wallet(ana).await;
    assert_eq!(found.len(), 1, "only what was ever needed");
    let (account, head) = &found[0];
    assert_eq!(head, wallet.head(Purpose::Available));
    assert_eq!((account.id, account.user, account.currency), (head.account, ana, currency));
    assert_eq!((account.purpose, account.created_at), (Purpose::Available, NOON));
    let nobody = world.reports.accounts(book, currency, UserId::from_uuid(world.id())).await;
    assert_eq!(nobody.expect("a report"), []);
}

async fn legs(world: &World, filter: TransferFilter) -> Vec<LegReport> {
    let filter = TransferFilter { limit: if filter.limit == 0 { 100 } else { filter.limit }, ..filter };
    world.reports.transfers(world.program.book, &filter).await.expect("a report")
}

fn sizes(legs: &[LegReport]) -> Vec<i64> {
    legs.iter().map(|leg| leg.transfer.amount).collect()
}

pub async fn transfers_are_found_newest_first_and_by_everything_a_filter_says(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, _) = told(&world).await;
    let all = TransferFilter::default;
    let newest = search(&world, TransactionFilter { limit: 1, ..Default::default() }).await;
    let transaction = Some(newest[0].item.transaction.id);
    let theirs = world.wallet(ana).await.head(Purpose::Available).account;
    let account = Some(theirs);
    for (filter, expected) in [
        (all(), vec![1_00, 10_00, 5_00, 20_00, 25_00]),
        (TransferFilter { transaction, ..all() }, vec![1_00]),
        (TransferFilter { account, ..all() }, vec![5_00, 20_00, 25_00]),
        (TransferFilter { account, transaction, ..all() }, vec![]),
        (TransferFilter { account, from: Some(hour(1)), until: Some(hour(2)), ..all() }, vec![20_00]),
        (TransferFilter { kind: Some(TransactionKind::CreditRedemption), ..all() }, vec![5_00, 20_00]),
        (TransferFilter { from: Some(hour(2)), ..all() }, vec![1_00, 10_00, 5_00]),
        (TransferFilter { until: Some(hour(2)), ..all() }, vec![20_00, 25_00]),
    ] {
        assert_eq!(sizes(&legs(&world, filter.clone()).await), expected, "{filter:?}");
    }
    for leg in legs(&world, TransferFilter { account, ..all() }).await {
        let sides = [(leg.transfer.debit, leg.debit), (leg.transfer.credit, leg.credit)];
        assert!(sides.iter().any(|(party, side)| {
            *party == Party::Account(theirs) && *side == Side::User(Purpose::Available)
        }));
    }
}

pub async fn pages_of_transfers_hold_each_once_whichever_account_is_asked_about(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, _) = told(&world).await;
    let theirs = world.wallet(ana).await.head(Purpose::Available).account;
    for account in [None, Some(theirs)] {
        let all = legs(&world, TransferFilter { account, ..Default::default() }).await;
        for limit in 1..=6 {
            let (mut found, mut after) = (Vec::new(), None::<TransferId>);
            loop {
                let page = legs(&world, TransferFilter { account, after, limit, ..Default::default() }).await;
                let Some(last) = page.last() else { break };
                after = Some(last.transfer.id);
                found.extend(page);
            }
            assert_eq!(found, all, "in pages of {limit}");
        }
    }
}

async fn journal(world: &World, from: Timestamp, until: Timestamp, limit: u32) -> Vec<JournalItem> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let filter = JournalFilter { from, until, after, limit };
        let page = world.reports.journal(world.program.book, &filter).await.expect("a report");
        let Some(last) = page.last() else { return found };
        after = Some(last.transaction.id);
        found.extend(page);
    }
}

pub async fn a_journal_holds_every_transaction_of_a_span_once_oldest_first(subject: Subject) {
    let world = World::open(subject).await;
    told(&world).await;
    let mut searched = search(&world, TransactionFilter::default()).await;
    searched.reverse();
    let expected: Vec<_> = searched.into_iter().map(|report| report.item.transaction).collect();
    for limit in [1, 2, 3, 100] {
        let found = journal(&world, NOON, LATER, limit).await;
        let told: Vec<_> = found.iter().map(|item| item.transaction.clone()).collect();
        assert_eq!(told, expected, "in pages of {limit}");
    }
    let span = journal(&world, hour(1), hour(3), 2).await;
    assert_eq!(span.iter().map(|item| item.transaction.recorded_at).collect::<Vec<_>>(), [hour(1), hour(2)]);
}

pub async fn a_journals_legs_come_to_the_trial_balance(subject: Subject) {
    let world = World::open(subject).await;
    told(&world).await;
    let mut sums = BTreeMap::<Side, (i64, i64)>::new();
    for leg in journal(&world, NOON, LATER, 2).await.iter().flat_map(|item| &item.legs) {
        sums.entry(leg.debit).or_default().0 += leg.transfer.amount;
        sums.entry(leg.credit).or_default().1 += leg.transfer.amount;
    }
    let told = |(side, (debits, credits)): (&Side, &(i64, i64))| (side.as_str(), *debits, *credits);
    assert_eq!(sums.iter().map(told).collect::<Vec<_>>(), moved(&trial(&world, LATER).await));
}
