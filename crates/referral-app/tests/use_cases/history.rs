//! A user's history, in pages and in sums.

use referral_app::{Failure, HistoryPage, HistoryQuery};
use referral_domain::ledger::TransactionKind;
use referral_domain::port::{HistoryFilter, KindTotal, Summary};
use referral_domain::time::DAY;
use referral_testkit::build::{host, slug};

use crate::stage::{Stage, only};

#[tokio::test]
async fn pages_follow_one_another_without_overlap_or_gap_whatever_is_posted_meanwhile() {
    let stage = ten_lines().await;
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = ask(&stage, HistoryFilter { before, limit: 3, ..HistoryFilter::default() }).await;
        seen.extend(page.items.iter().map(|item| item.line.n));
        stage.redeem(&format!("meanwhile:{}", seen.len()), "u_ben", 1).await.expect("a cent is left");
        let Some(next) = page.next else { break };
        before = Some(next);
    }
    assert_eq!(seen, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn a_page_that_ends_the_history_has_no_next_one() {
    let stage = ten_lines().await;
    let page = |limit| ask(&stage, HistoryFilter { limit, ..HistoryFilter::default() });
    assert_eq!(page(9).await.next, Some(2));
    assert_eq!(page(10).await.next, None);
    assert_eq!(page(u32::MAX).await.items.len(), 10);
}

#[tokio::test]
async fn each_line_begins_where_the_one_before_ended() {
    let stage = ten_lines().await;
    let page = ask(&stage, HistoryFilter { limit: 100, ..HistoryFilter::default() }).await;
    for pair in page.items.windows(2) {
        assert_eq!(pair[0].line.before, pair[1].line.after);
        assert!(pair[0].line.at > pair[1].line.at, "newest first");
    }
    assert_eq!(page.items[0].line.after, stage.balance("u_ben").await.balances);
    assert_eq!(page.items[9].line.before, only(0));
}

#[tokio::test]
async fn a_history_shows_the_kinds_and_the_days_asked_for() {
    let stage = ten_lines().await;
    let noon = stage.now();
    stage.world.clock.advance(DAY);
    stage.redeem("order:next-day", "u_ben", 1).await.expect("a cent is left");
    let count = |filter: HistoryFilter| {
        let all = HistoryFilter { limit: 100, ..filter };
        let stage = &stage;
        async move { ask(stage, all).await.items.len() }
    };
    let none = HistoryFilter::default();
    let kinds = vec![TransactionKind::WelcomeCredit];
    assert_eq!(count(HistoryFilter { kinds, ..none.clone() }).await, 1);
    let kinds = vec![TransactionKind::WelcomeCredit, TransactionKind::CreditRedemption];
    assert_eq!(count(HistoryFilter { kinds, ..none.clone() }).await, 11);
    assert_eq!(count(HistoryFilter { from: Some(stage.now()), ..none.clone() }).await, 1);
    assert_eq!(count(HistoryFilter { until: Some(stage.now()), ..none.clone() }).await, 10);
    assert_eq!(count(HistoryFilter { until: Some(noon), ..none }).await, 0, "until is exclusive");
}

#[tokio::test]
async fn a_summary_adds_up_to_the_balance() {
    let stage = ten_lines().await;
    let (summary, view) = stage.app.summary(&stage.program().slug, &host("u_ben")).await.expect("a summary");
    let by_kind = vec![
        KindTotal { kind: TransactionKind::WelcomeCredit, count: 1, total: 10_00 },
        KindTotal { kind: TransactionKind::CreditRedemption, count: 9, total: -90 },
    ];
    assert_eq!(summary, Summary { credited: 10_00, debited: 90, by_kind });
    assert_eq!(view.balance.balances, only(summary.credited - summary.debited));
}

#[tokio::test]
async fn a_user_nobody_heard_of_has_an_empty_history() {
    let stage = Stage::open().await;
    let filter = HistoryFilter { limit: 10, ..HistoryFilter::default() };
    let page = ask(&stage, filter.clone()).await;
    assert_eq!((page.items.len(), page.next), (0, None));
    let (summary, view) = stage.app.summary(&stage.program().slug, &host("u_ben")).await.expect("a summary");
    assert_eq!((summary, view.balance.balances), (Summary::default(), only(0)));
    let elsewhere = HistoryQuery { program: slug("other"), user: host("u_ben"), filter };
    assert!(matches!(stage.app.history(&elsewhere).await, Err(Failure::NoProgram)));
    assert!(matches!(stage.app.summary(&slug("other"), &host("u_ben")).await, Err(Failure::NoProgram)));
}

#[tokio::test]
async fn nobody_sees_anybody_elses_lines() {
    let stage = ten_lines().await;
    stage.spend("inv_1", "u_ben", 50_00).await;
    let query = HistoryQuery {
        user: host("u_ana"),
        ..query(&stage, HistoryFilter { limit: 100, ..Default::default() })
    };
    let page = stage.app.history(&query).await.expect("a history");
    let kinds: Vec<_> = page.items.iter().map(|item| item.transaction.kind).collect();
    assert_eq!(kinds, [TransactionKind::ReferralBonus]);
}

/// Ben has his welcome credit and has used 0.10 nine times.
async fn ten_lines() -> Stage {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    for n in 1..=9 {
        stage.redeem(&format!("order:{n}"), "u_ben", 10).await.expect("10.00 are available");
    }
    stage
}

fn query(stage: &Stage, filter: HistoryFilter) -> HistoryQuery {
    HistoryQuery { program: stage.program().slug.clone(), user: host("u_ben"), filter }
}

async fn ask(stage: &Stage, filter: HistoryFilter) -> HistoryPage {
    stage.app.history(&query(stage, filter)).await.expect("a history")
}
