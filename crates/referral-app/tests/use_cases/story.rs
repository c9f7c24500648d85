//! The story, end to end: a code is shared, someone signs up with it, verifies their e-mail, spends, both are credited.

use referral_domain::ledger::TransactionKind;
use referral_domain::port::HistoryFilter;
use referral_domain::referral::{AwardStatus, StateName};
use referral_domain::spend::Outcome;
use referral_testkit::build::host;

use referral_app::HistoryQuery;

use crate::stage::{Stage, only, outcome};

#[tokio::test]
async fn a_friend_who_signs_up_verifies_and_spends_earns_both_their_credit() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let referral = stage.refer("u_ben", &code.to_lowercase()).await;
    assert_eq!(referral.progress.state.name(), StateName::Pending);
    let heard = stage.hear("u_ben", true).await;
    assert!(heard.welcome_credit_granted);
    assert_eq!(heard.reward, None);
    assert_eq!(outcome(&stage.spend("inv_1", "u_ben", 30_00).await), Outcome::Counted);
    assert_eq!(stage.balance("u_ana").await.balances, only(0));
    assert_eq!(outcome(&stage.spend("inv_2", "u_ben", 20_00).await), Outcome::ThresholdCrossed);
    assert_eq!(stage.balance("u_ana").await.balances, only(25_00));
    assert_eq!(stage.balance("u_ben").await.balances, only(10_00));
    let referral = stage.referral("u_ben").await.expect("Ben was referred");
    assert_eq!(referral.progress.state.name(), StateName::Completed);
    assert_eq!(referral.progress.reward.status(), AwardStatus::Granted);
    let counts = stage.is_sound().await;
    assert_eq!((counts.transactions, counts.entries, counts.referrals), (2, 2, 1));
}

#[tokio::test]
async fn both_histories_say_why() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    stage.spend("inv_1", "u_ben", 60_00).await;
    let told = [
        ("u_ana", "Reward: a friend reached 50.00 USD"),
        ("u_ben", "Welcome credit: your e-mail is verified"),
    ];
    for (user, why) in told {
        let query = HistoryQuery {
            program: stage.program().slug.clone(),
            user: host(user),
            filter: HistoryFilter { limit: 10, ..HistoryFilter::default() },
        };
        let page = stage.app.history(&query).await.expect("a history");
        let [item] = page.items.as_slice() else { panic!("{user} has one line: {page:?}") };
        assert_eq!(item.transaction.description, why);
    }
}

#[tokio::test]
async fn spend_before_verification_counts_and_rewards_when_it_comes() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    let answer = stage.spend("inv_1", "u_ben", 60_00).await;
    assert_eq!(outcome(&answer), Outcome::ThresholdCrossed);
    assert_eq!(stage.available("u_ana").await, 0, "nobody is rewarded for somebody who is not verified");
    let heard = stage.hear("u_ben", true).await;
    assert_eq!(heard.reward.map(|reward| reward.minor()), Some(25_00));
    assert_eq!((stage.available("u_ana").await, stage.available("u_ben").await), (25_00, 10_00));
    assert_eq!(stage.hear("u_ben", true).await, heard, "repeating it answers the same");
    assert_eq!((stage.available("u_ana").await, stage.available("u_ben").await), (25_00, 10_00));
    let kinds = [TransactionKind::WelcomeCredit, TransactionKind::ReferralBonus];
    assert_eq!(stage.is_sound().await.transactions, kinds.len() as u64);
}
