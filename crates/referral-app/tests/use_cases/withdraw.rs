//! What a rule granted and an operator takes back: it is gone for good, whatever is told later.

use referral_app::{RetractReceipt, RetractTransaction, RetractionRefused};
use referral_domain::id::TransactionId;
use referral_domain::ledger::{Balances, CreatedBy, TransactionKind};
use referral_domain::port::Reports as _;
use referral_domain::port::{Changes, HistoryFilter};
use referral_domain::program::{Commission, Policy, Program, Terms};
use referral_domain::referral::{Award, AwardStatus, Progress, Review, State, StateName};
use referral_domain::retraction::Withdrawn;
use referral_domain::time::DAY;
use referral_testkit::build::a_program;
use referral_testkit::contract::race;

use crate::governing::{ada, pausing};
use crate::stage::{Stage, done, only};

/// Rewards and commissions are held for so many days; the commission is a tenth of net spend.
fn giving(hold_days: u32) -> Program {
    let commission = Commission::of_millionths(100_000, 12, None);
    a_program().terms(Terms { hold_days, commission, ..Terms::default() }).build()
}

/// Ben, whom Ana referred, is verified and spent 60.00: a reward of 25.00 and a commission of 6.00.
async fn granted(hold_days: u32) -> Stage {
    let stage = Stage::with(giving(hold_days)).await;
    stage.ben_is_verified().await;
    stage.spend("inv_1", "u_ben", 60_00).await;
    stage
}

async fn balances(stage: &Stage, user: &str) -> Balances {
    stage.balance(user).await.balances
}

async fn progress(stage: &Stage) -> Progress {
    stage.referral("u_ben").await.expect("a referral").progress
}

/// The newest transaction of a kind in a user's history.
async fn newest(stage: &Stage, user: &str, kind: TransactionKind) -> TransactionId {
    let filter = HistoryFilter { kinds: vec![kind], limit: 1, ..HistoryFilter::default() };
    let id = stage.world.user(user).await.id;
    let lines = stage.memory.history(stage.program().book, id, &filter).await.expect("a page");
    lines[0].transaction.id
}

async fn reward(stage: &Stage) -> TransactionId {
    newest(stage, "u_ana", TransactionKind::ReferralBonus).await
}

async fn commission(stage: &Stage) -> TransactionId {
    newest(stage, "u_ana", TransactionKind::AffiliateCommission).await
}

async fn retract(
    stage: &Stage,
    transaction: TransactionId,
    reason: &str,
) -> Result<RetractReceipt, RetractionRefused> {
    let (program, reason) = (stage.program().slug.clone(), reason.to_owned());
    done(
        stage
            .app
            .retract_transaction(&RetractTransaction { program, transaction, reason, by: ada() }, None)
            .await,
    )
}

async fn retracted(stage: &Stage, transaction: TransactionId) -> RetractReceipt {
    retract(stage, transaction, "By mistake").await.expect("it stands")
}

/// A person confirms that Ben's referral is fraud, and what was granted is taken back.
async fn confirm(stage: &Stage) {
    let mut referral = stage.referral("u_ben").await.expect("a referral");
    let activated_at = referral.progress.state.activated_at();
    referral.progress.state = State::Fraud { activated_at, closed_at: stage.now() };
    referral.progress.review = Review::Confirmed;
    let progress = vec![(referral.facts.id, referral.progress)];
    stage.world.record(&Changes { progress, ..Changes::default() }).await;
    stage.app.reconcile_referrals().await.expect("a sweep");
}

/// Nothing that is told or swept later grants anything.
async fn nothing_comes_back(stage: &Stage) {
    let before = (balances(stage, "u_ana").await, balances(stage, "u_ben").await);
    stage.refund("back_1", "u_ben", "inv_1", 1).await;
    stage.hear("u_ben", false).await;
    stage.world.clock.advance(1);
    stage.hear("u_ben", true).await;
    let swept = stage.app.reconcile_referrals().await.expect("a sweep");
    assert_eq!(swept.changed, 0, "it is at its level");
    assert_eq!((balances(stage, "u_ana").await, balances(stage, "u_ben").await), before);
    stage.is_sound().await;
}

#[tokio::test]
async fn a_reward_that_was_used_is_taken_back_and_the_rest_is_owed() {
    let stage = Stage::with(a_program().build()).await;
    stage.ben_is_verified().await;
    stage.spend("inv_1", "u_ben", 60_00).await;
    stage.redeem("order_1", "u_ana", 20_00).await.expect("redeemed");
    let of = reward(&stage).await;
    let receipt = retracted(&stage, of).await;
    let (line, transaction) = (receipt.item.line, receipt.item.transaction);
    assert_eq!((transaction.kind, transaction.reverses), (TransactionKind::CreditRetraction, Some(of)));
    assert_eq!(
        (transaction.description.as_str(), transaction.created_by),
        ("By mistake", CreatedBy::Operator)
    );
    assert_eq!((line.after, line.taken), (Balances { owed: 20_00, ..Balances::default() }, 25_00));
    assert_eq!(
        (receipt.replayed, receipt.user.map(|user| user.to_string())),
        (false, Some("u_ana".to_owned()))
    );
    nothing_comes_back(&stage).await;
    let now = progress(&stage).await;
    assert_eq!((now.reward, now.reward_steps, now.state.name()), (Award::Retracted, 2, StateName::Completed));
    assert_eq!(now.withdrawn, Withdrawn { reward: true, ..Withdrawn::default() });
    let told = stage.spend("inv_2", "u_ben", 60_00).await;
    assert!(matches!(told, referral_domain::spend::Answer::Recorded(event) if event.reward.is_none()));
    stage.refund("back_2", "u_ben", "inv_1", 59_99).await;
    stage.refund("back_3", "u_ben", "inv_2", 60_00).await;
    stage.spend("inv_3", "u_ben", 60_00).await;
    assert_eq!(progress(&stage).await.reward, Award::Retracted, "below the threshold and over it again");
    assert_eq!(balances(&stage, "u_ana").await.owed, 20_00);
    stage.is_sound().await;
}

#[tokio::test]
async fn a_held_reward_voids_its_own_hold_alone() {
    let stage = granted(14).await;
    retracted(&stage, reward(&stage).await).await;
    assert_eq!(balances(&stage, "u_ana").await, Balances { held: 6_00, ..Balances::default() });
    stage.world.clock.advance(15 * DAY);
    assert_eq!(stage.app.release_holds().await.expect("a sweep").changed, 1);
    assert_eq!(balances(&stage, "u_ana").await, only(6_00));
    assert_eq!(progress(&stage).await.reward.status(), AwardStatus::Retracted);
    nothing_comes_back(&stage).await;
}

#[tokio::test]
async fn a_welcome_credit_is_taken_back_for_good() {
    let stage = granted(0).await;
    let of = newest(&stage, "u_ben", TransactionKind::WelcomeCredit).await;
    let receipt = retracted(&stage, of).await;
    assert_eq!(receipt.user.map(|user| user.to_string()), Some("u_ben".to_owned()));
    assert_eq!(balances(&stage, "u_ben").await, only(0));
    assert_eq!(balances(&stage, "u_ana").await, only(31_00), "nothing else is touched");
    let now = progress(&stage).await;
    assert_eq!((now.welcome, now.withdrawn.welcome), (Award::Retracted, true));
    nothing_comes_back(&stage).await;
}

#[tokio::test]
async fn a_commission_is_lowered_by_what_was_taken_back_of_it() {
    let stage = granted(0).await;
    let first = commission(&stage).await;
    let taken = retracted(&stage, first).await.item;
    assert_eq!(taken.transaction.kind, TransactionKind::AffiliateCommission);
    assert_eq!((taken.transaction.reverses, taken.line.taken), (Some(first), 6_00));
    assert_eq!(balances(&stage, "u_ana").await, only(25_00));
    nothing_comes_back(&stage).await;
    stage.spend("inv_2", "u_ben", 40_00).await;
    assert_eq!(balances(&stage, "u_ana").await, only(29_00), "only what came later");
    stage.refund("back_2", "u_ben", "inv_2", 30_00).await;
    let now = progress(&stage).await;
    assert_eq!((now.commission.due, now.commission.posted), (1_00, 1_00), "of 7.00, less 6.00");
    stage.refund("back_3", "u_ben", "inv_1", 30_00).await;
    let now = progress(&stage).await;
    assert_eq!(
        (now.commission.due, now.commission.posted, now.withdrawn.commission),
        (0, 0, 6_00),
        "never below nothing"
    );
    assert_eq!(retract(&stage, first, "Again").await, Err(RetractionRefused::AlreadyRetracted));
    stage.is_sound().await;
}

#[tokio::test]
async fn of_a_commission_no_more_is_taken_back_than_is_posted() {
    let stage = granted(0).await;
    let first = commission(&stage).await;
    stage.refund("back_1", "u_ben", "inv_1", 45_00).await;
    let fall = commission(&stage).await;
    let refusal = retract(&stage, fall, "No").await;
    assert!(matches!(refusal, Err(RetractionRefused::NotRetractable(_))), "{refusal:?}");
    stage.spend("inv_2", "u_ben", 5_00).await;
    let second = commission(&stage).await;
    let taken = retracted(&stage, first).await.item.line;
    assert_eq!(taken.before.available - taken.after.available, 2_00, "of 6.00, of which 2.00 are posted");
    assert_eq!(progress(&stage).await.withdrawn.commission, 2_00);
    assert_eq!(
        retract(&stage, second, "Late").await,
        Err(RetractionRefused::AlreadyRetracted),
        "nothing is posted"
    );
    stage.is_sound().await;
}

#[tokio::test]
async fn what_is_withheld_of_a_commission_stays_withheld_when_the_rest_is_taken_back() {
    let stage = granted(0).await;
    let first = commission(&stage).await;
    stage.hear("u_ana", false).await;
    stage.spend("inv_2", "u_ben", 60_00).await;
    retracted(&stage, first).await;
    let now = progress(&stage).await;
    assert_eq!((now.commission.due, now.commission.posted), (6_00, 0));
    assert!(now.commission.withheld.is_some());
    stage.world.clock.advance(1);
    stage.hear("u_ana", true).await;
    assert_eq!(balances(&stage, "u_ana").await, only(31_00), "the later 6.00 are granted");
    stage.is_sound().await;
}

#[tokio::test]
async fn a_held_commission_leaves_the_hold_of_its_own_transaction() {
    let stage = granted(14).await;
    let first = commission(&stage).await;
    stage.world.clock.advance(DAY);
    stage.spend("inv_2", "u_ben", 40_00).await;
    retracted(&stage, first).await;
    assert_eq!(balances(&stage, "u_ana").await.held, 29_00);
    stage.world.clock.advance(13 * DAY);
    stage.app.release_holds().await.expect("a sweep");
    assert_eq!(
        balances(&stage, "u_ana").await,
        Balances { held: 4_00, ..only(25_00) },
        "the later one waits"
    );
    stage.is_sound().await;
}

#[tokio::test]
async fn the_same_reason_again_is_the_first_answer_and_another_is_refused() {
    let stage = granted(0).await;
    for of in [reward(&stage).await, commission(&stage).await] {
        let first = retracted(&stage, of).await;
        let stored = stage.stored();
        let again = retracted(&stage, of).await;
        assert_eq!((again.item, again.replayed, again.user), (first.item.clone(), true, first.user));
        assert_eq!(retract(&stage, of, "Else").await, Err(RetractionRefused::AlreadyRetracted));
        let of = first.item.transaction.id;
        let refusal = retract(&stage, of, "Undo").await;
        assert!(matches!(refusal, Err(RetractionRefused::NotRetractable(_))), "{refusal:?}");
        assert_eq!(stage.stored(), stored);
    }
}

#[tokio::test]
async fn what_a_refund_or_fraud_took_back_is_not_taken_back_again() {
    let stage = granted(0).await;
    let first = reward(&stage).await;
    stage.refund("back_1", "u_ben", "inv_1", 20_00).await;
    assert_eq!(retract(&stage, first, "Late").await, Err(RetractionRefused::AlreadyRetracted));
    stage.spend("inv_2", "u_ben", 60_00).await;
    assert_eq!(
        retract(&stage, first, "Late").await,
        Err(RetractionRefused::AlreadyRetracted),
        "another stands"
    );
    assert!(!progress(&stage).await.withdrawn.reward);
    retracted(&stage, reward(&stage).await).await;
    let stage = granted(0).await;
    let welcome = newest(&stage, "u_ben", TransactionKind::WelcomeCredit).await;
    let all = [reward(&stage).await, commission(&stage).await, welcome];
    confirm(&stage).await;
    for of in all {
        assert_eq!(retract(&stage, of, "Late").await, Err(RetractionRefused::AlreadyRetracted));
    }
    stage.is_sound().await;
}

#[tokio::test]
async fn nothing_stands_in_the_way_of_taking_back() {
    let stage = granted(0).await;
    stage.review("u_ben", Review::Open).await;
    retracted(&stage, reward(&stage).await).await;
    stage.app.change_program(&pausing(), None).await.expect("paused");
    retracted(&stage, commission(&stage).await).await;
    assert_eq!(balances(&stage, "u_ana").await, only(0));
    stage.is_sound().await;
}

#[tokio::test]
async fn the_budget_is_asked_only_for_what_else_is_granted() {
    let policy = Policy { reward_budget: Some(25_00), ..Policy::default() };
    let stage = Stage::with(a_program().policy(policy).build()).await;
    stage.ben_is_verified().await;
    stage.spend("inv_1", "u_ben", 60_00).await;
    retracted(&stage, reward(&stage).await).await;
    let code = stage.code("u_ana").await;
    stage.refer("u_cat", &code).await;
    stage.hear("u_cat", true).await;
    stage.spend("inv_2", "u_cat", 60_00).await;
    assert_eq!(
        balances(&stage, "u_ana").await,
        only(0),
        "what was granted in a month counts, taken back or not"
    );
    stage.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn retracted_by_many_at_once_it_is_retracted_once() {
    let stage = granted(0).await;
    let of = reward(&stage).await;
    let people = (0..8).map(|n| {
        let stage = stage.clone();
        async move { retract(&stage, of, if n < 4 { "By mistake" } else { "Twice" }).await }
    });
    let told = race(people).await;
    let fresh = told.iter().filter(|told| told.as_ref().is_ok_and(|receipt| !receipt.replayed)).count();
    let refused = told.iter().filter(|told| told.is_err()).count();
    assert_eq!((fresh, refused), (1, 4), "the others of its reason are answered from it");
    assert_eq!(balances(&stage, "u_ana").await, only(6_00));
    stage.is_sound().await;
}
