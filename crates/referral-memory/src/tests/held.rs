//! What is refused of holds, their steps and budgets: each forgery by the rule it breaks.

use referral_domain::hold::{Hold, HoldKind, HoldStep, HoldStepKind};
use referral_domain::id::{BookId, TransactionId};
use referral_domain::ledger::TransactionKind;
use referral_domain::port::StoreError;

use super::story;
use crate::state::State;

/// The column of the rule that refuses, or `taken` for a key.
fn refused(result: Result<(), StoreError>) -> &'static str {
    match result {
        Err(StoreError::Corrupt { column, .. }) => column,
        Err(StoreError::Contended(_)) => "taken",
        other => panic!("not refused: {other:?}"),
    }
}

fn hold(state: &State, kind: HoldKind) -> (BookId, Hold) {
    let found = state.holds.iter().find(|(_, hold)| hold.kind == kind);
    found.map(|((book, _), hold)| (*book, hold.clone())).expect("there is one")
}

fn transaction(state: &State, kind: TransactionKind) -> TransactionId {
    state.transactions.rows().find(|row| row.kind == kind).expect("there is one").id
}

/// The next step of a hold, all of what remains.
fn step(hold: &Hold, kind: HoldStepKind, transaction: TransactionId) -> HoldStep {
    let (n, amount) = (hold.steps + 1, hold.remaining);
    HoldStep { hold: hold.transaction, n, kind, amount, remaining: 0, transaction, at: hold.matures_at }
}

#[tokio::test]
async fn a_step_of_a_hold_follows_the_one_before_and_is_of_its_own_reward() {
    let state = story::held().await;
    let (book, reward) = hold(&state, HoldKind::Reward);
    let commission = transaction(&state, TransactionKind::AffiliateCommission);
    let forged = |change: fn(&mut HoldStep)| {
        let mut step = step(&reward, HoldStepKind::Release, commission);
        change(&mut step);
        refused(state.clone().add_hold_step(book, &step))
    };
    assert_eq!(forged(|_| ()), "transaction_id", "a commission releases nothing");
    assert_eq!(forged(|step| step.kind = HoldStepKind::Void), "transaction_id", "nor does it void a reward");
    assert_eq!(forged(|step| step.n += 1), "n");
    assert_eq!(forged(|step| (step.amount, step.remaining) = (0, step.amount)), "amount");
    assert_eq!(forged(|step| (step.amount, step.remaining) = (step.amount + 1, -1)), "remaining");
    assert_eq!(forged(|step| step.remaining = 1), "remaining");
}

#[tokio::test]
async fn a_hold_is_whole_and_of_what_its_transaction_posted() {
    let state = story::held().await;
    let (book, reward) = hold(&state, HoldKind::Reward);
    assert_eq!(refused(state.clone().add_hold(book, &reward)), "taken");
    let welcome = Hold { transaction: transaction(&state, TransactionKind::WelcomeCredit), ..reward };
    let forged = |change: fn(&mut Hold)| {
        let mut hold = welcome.clone();
        change(&mut hold);
        refused(state.clone().add_hold(book, &hold))
    };
    assert_eq!(forged(|_| ()), "transaction_id", "a welcome credit is never held");
    assert_eq!(forged(|hold| hold.remaining -= 1), "remaining");
    assert_eq!(forged(|hold| (hold.amount, hold.remaining) = (0, 0)), "amount");
}

#[tokio::test]
async fn what_a_month_granted_never_becomes_less() {
    let mut state = story::held().await;
    let ((book, _), mut month) =
        state.budget_months.iter().next().map(|(key, row)| (*key, *row)).expect("a month");
    assert_eq!((month.granted, month.closed_under), (25_00, None));
    month.granted -= 1;
    assert_eq!(refused(state.save_budget(book, &month)), "granted");
}
