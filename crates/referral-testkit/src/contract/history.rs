//! A user's history: newest first, in pages, filtered, and in sums.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::id::UserId;
use referral_domain::ledger::{Heading, Journal, SystemAccount, TransactionKind};
use referral_domain::port::{Changes, HistoryFilter, HistoryItem, KindTotal, Summary};
use referral_domain::time::{HOUR, Timestamp};

use super::Subject;
use super::wallets::a_bonus;
use crate::build::host;
use crate::fake::NOON;
use crate::world::World;

/// How long the history is: three of each kind, one an hour.
const LONG: usize = 27;

fn hour(n: usize) -> Timestamp {
    NOON.plus_micros(i64::try_from(n).expect("few") * HOUR)
}

/// A history of all kinds, every third a debit, beside another user's; answers it oldest first.
async fn told(world: &World) -> (UserId, Vec<HistoryItem>) {
    let (ana, eve) = (world.user("u_ana").await.id, world.user("u_eve").await.id);
    let mut items = Vec::new();
    for n in 0..LONG {
        world.clock.set(hour(n));
        items.push(post(world, ana, n).await);
        post(world, eve, n).await;
    }
    (ana, items)
}

async fn post(world: &World, user: UserId, n: usize) -> HistoryItem {
    let mut journal = Journal::open(vec![world.wallet(user).await], world.now());
    let heading = Heading { kind: TransactionKind::ALL[n % 9], ..a_bonus(world) };
    let amount = i64::try_from(n).expect("few") + 1;
    let system = SystemAccount::Adjustment;
    let ids = &mut || world.id();
    match (heading.kind, n % 3) {
        (TransactionKind::AffiliatePayout, _) => {
            journal.reserve(heading, user, amount, ids).expect("reserved")
        }
        (_, 2) => journal.debit(heading, user, amount, system, ids).expect("debited"),
        _ => journal.credit(heading, user, 100 + amount, system, ids).expect("credited"),
    }
    let posting = journal.finish();
    let item = HistoryItem { line: posting.lines[0].clone(), transaction: posting.transactions[0].clone() };
    world.record(&Changes { posting, ..Changes::default() }).await;
    item
}

async fn asked(world: &World, user: UserId, filter: &HistoryFilter) -> Vec<HistoryItem> {
    world.reports.history(world.program.book, user, filter).await.expect("a report")
}

fn all() -> HistoryFilter {
    HistoryFilter { limit: 1_000, ..HistoryFilter::default() }
}

pub async fn a_history_is_answered_newest_first(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, mut items) = told(&world).await;
    items.reverse();
    assert_eq!(asked(&world, ana, &all()).await, items);
    let numbers: Vec<_> = items.iter().map(|item| item.line.n).collect();
    assert_eq!(numbers, (1..=27).rev().collect::<Vec<_>>(), "without gaps");
    let nobody = world.user("u_nobody").await.id;
    assert_eq!(asked(&world, nobody, &all()).await, []);
}

pub async fn pages_of_any_size_hold_each_line_once(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, mut items) = told(&world).await;
    items.reverse();
    let mut pages = 0;
    for limit in [1, 2, 7, 26, 27, 28, 100] {
        let (mut found, mut before) = (Vec::new(), None);
        for _ in 0..=LONG {
            let page = asked(&world, ana, &HistoryFilter { before, limit, ..HistoryFilter::default() }).await;
            assert!(page.len() <= limit as usize);
            pages += 1;
            before = page.last().map(|item| item.line.n).or(before);
            found.extend(page);
        }
        assert_eq!(found, items, "in pages of {limit}");
    }
    println!("pages asked={pages} of a history of {LONG}");
}

pub async fn a_page_of_a_filtered_history_is_filled(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, _) = told(&world).await;
    let kinds = vec![TransactionKind::ALL[4]];
    let page = |before| HistoryFilter { kinds: kinds.clone(), before, limit: 2, ..HistoryFilter::default() };
    let first = asked(&world, ana, &page(None)).await;
    let numbers = |items: &[HistoryItem]| items.iter().map(|item| item.line.n).collect::<Vec<_>>();
    assert_eq!(numbers(&first), [23, 14], "two lines that match, not two that were looked at");
    assert_eq!(numbers(&asked(&world, ana, &page(Some(14))).await), [5]);
}

pub async fn a_history_is_filtered_by_kind_and_time(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, mut items) = told(&world).await;
    items.reverse();
    let kinds = [vec![], vec![TransactionKind::HoldRelease], TransactionKind::ALL[1..4].to_vec()];
    let from = [None, Some(hour(5)), Some(hour(5).plus_micros(1)), Some(hour(40))];
    let until = [None, Some(hour(20)), Some(hour(20).plus_micros(1)), Some(hour(0))];
    let mut filters = 0;
    for (kinds, from, until) in product(&kinds, &from, &until) {
        let matches = |item: &&HistoryItem| {
            (kinds.is_empty() || kinds.contains(&item.transaction.kind))
                && from.is_none_or(|from| item.line.at >= from)
                && until.is_none_or(|until| item.line.at < until)
        };
        let expected: Vec<_> = items.iter().filter(matches).cloned().collect();
        let filter = HistoryFilter { kinds, from, until, before: None, limit: 1_000 };
        assert_eq!(asked(&world, ana, &filter).await, expected, "{filter:?}");
        filters += 1;
    }
    println!("filters asked={filters} of a history of {LONG}");
}

fn product<A: Clone, B: Copy>(a: &[A], b: &[B], c: &[B]) -> Vec<(A, B, B)> {
    let pairs = b.iter().flat_map(|b| c.iter().map(move |c| (*b, *c)));
    pairs.flat_map(|(b, c)| a.iter().map(move |a| (a.clone(), b, c))).collect()
}

async fn sums(world: &World) -> Summary {
    let (book, ana) = (world.program.book, host("u_ana"));
    world.reports.summary(book, &ana, world.now()).await.expect("a report").sums
}

pub async fn a_summary_adds_up_the_history(subject: Subject) {
    let world = World::open(subject).await;
    let (_, items) = told(&world).await;
    let changes = |item: &HistoryItem| item.line.after.available - item.line.before.available;
    let sum = |keep: &dyn Fn(i64) -> bool| items.iter().map(changes).filter(|by| keep(*by)).sum::<i64>();
    let by_kind = TransactionKind::ALL.iter().map(|kind| {
        let totals = items.iter().filter(|item| item.transaction.kind == *kind).map(changes);
        KindTotal { kind: *kind, count: 3, total: totals.sum() }
    });
    let expected =
        Summary { credited: sum(&|by| by > 0), debited: -sum(&|by| by < 0), by_kind: by_kind.collect() };
    let summary = sums(&world).await;
    assert_eq!(summary, expected);
    assert!(summary.credited > 0 && summary.debited > 0);
}

pub async fn a_summary_leaves_out_kinds_without_transactions(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    assert_eq!(sums(&world).await, Summary::default());
    post(&world, ana, 3).await;
    let only = KindTotal { kind: TransactionKind::ALL[3], count: 1, total: 104 };
    assert_eq!(sums(&world).await, Summary { credited: 104, debited: 0, by_kind: vec![only] });
}
