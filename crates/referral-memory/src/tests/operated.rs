//! What operators did, and whoever tampers with it: each is found at its first bad place.

use std::sync::Arc;

use referral_domain::adjustment::{Adjustment, AdjustmentStatus, AdjustmentStep};
use referral_domain::id::{AdjustmentId, BookId, TransactionId};
use referral_domain::ledger::{Check, TransactionKind};
use referral_domain::payout::{Batch, BatchStage, Outcome, Payout, PayoutStage, PayoutStep};
use referral_testkit::operated;
use referral_testkit::world::World;

use crate::MemoryStore;
use crate::state::State;
use crate::verify::examine;

/// Who tampers with what, the check that must find it, and what the first bad place says.
type Tampering = (&'static str, Check, &'static str, fn(&mut State));

async fn told() -> State {
    let store = MemoryStore::new();
    let shared = Arc::new(store.clone());
    operated::tell(&World::with(shared.clone(), shared, operated::program()).await).await;
    store.committed().expect("the store answers")
}

fn payout(state: &State, amount: i64) -> (BookId, Payout) {
    let (key, _) = state.payouts.iter().find(|(_, payout)| payout.amount == amount).expect("a payout");
    (key.0, state.payout(key.0, key.1).expect("it has steps"))
}

fn change_payout(state: &mut State, amount: i64, change: impl FnOnce(&mut Payout)) {
    let (book, payout) = payout(state, amount);
    change(state.payouts.tamper().get_mut(&(book, payout.id)).expect("a payout"));
}

fn change_step(state: &mut State, amount: i64, n: u32, change: impl FnOnce(&mut PayoutStep)) {
    let (book, payout) = payout(state, amount);
    change(state.payout_steps.tamper().get_mut(&(book, payout.id, n)).expect("a step"));
}

fn remove_step(state: &mut State, amount: i64, n: u32) {
    let (book, payout) = payout(state, amount);
    state.payout_steps.tamper().remove(&(book, payout.id, n));
}

/// The batch of one payout, or of two.
fn change_batch(state: &mut State, amount: i64, change: impl FnOnce(&mut Batch)) {
    let of = |batch: &&mut Batch| batch.items.iter().any(|item| item.amount == amount);
    change(state.payout_batches.tamper().values_mut().find(of).expect("a batch"));
}

/// Everything that a transaction posted goes.
fn cut_out(state: &mut State, id: TransactionId) {
    state.transactions.tamper().retain(|_, row| row.id != id);
    state.transfers.tamper().retain(|_, leg| leg.transaction != id);
}

const PAYOUTS: &[Tampering] = &[
    ("a payout's amount", Check::Payouts, "step 1 of", |state| {
        change_payout(state, 21_00, |payout| payout.amount += 1);
    }),
    ("a payout's user", Check::Payouts, "step 1 of", |state| {
        let other = payout(state, 27_00).1.user;
        change_payout(state, 21_00, |payout| payout.user = other);
    }),
    ("a payout removed", Check::Payouts, "step 1 of", |state| {
        state.payouts.tamper().retain(|_, payout| payout.amount != 27_00);
    }),
    ("a step removed", Check::Payouts, "step 2 of", |state| remove_step(state, 21_00, 2)),
    ("the last step removed", Check::Payouts, "transaction", |state| remove_step(state, 21_00, 5)),
    ("a step that sent it removed", Check::Payouts, "item", |state| remove_step(state, 23_00, 4)),
    ("a step inserted after the end", Check::Payouts, "step 6 of", |state| {
        let (book, paid) = payout(state, 21_00);
        let step = PayoutStep { n: 6, stage: PayoutStage::Approved { left: None }, ..paid.steps[1].clone() };
        state.payout_steps.tamper().insert((book, paid.id, 6), step);
    }),
    ("a step inserted before its time", Check::Payouts, "step 4 of", |state| {
        let (book, sealed) = payout(state, 24_00);
        let sent = payout(state, 23_00).1.steps[3].clone();
        let stage = PayoutStage::Sent { batch: sealed.batch().expect("it is in a batch") };
        let step = PayoutStep { payout: sealed.id, stage, ..sent };
        state.payout_steps.tamper().insert((book, sealed.id, 4), step);
    }),
    ("a step's transaction, another's", Check::Payouts, "step 5 of", |state| {
        let other = state.transactions.rows().next().expect("a transaction").id;
        change_step(state, 21_00, 5, |step| match &mut step.stage {
            PayoutStage::Paid { transaction, .. } => *transaction = other,
            stage => panic!("{stage:?}"),
        });
    }),
    ("the ledger's side of what was paid removed", Check::Payouts, "step 5 of", |state| {
        let paid = payout(state, 21_00).1.last().expect("a step").stage.transaction();
        cut_out(state, paid.expect("it posted"));
    }),
    ("an item swapped between batches", Check::Payouts, "item", |state| {
        let mut items = Vec::new();
        change_batch(state, 25_00, |batch| items.append(&mut batch.items));
        change_batch(state, 26_00, |batch| std::mem::swap(&mut items, &mut batch.items));
        state.payout_batches.tamper().values_mut().filter(|batch| batch.items.is_empty()).for_each(|batch| {
            batch.items.append(&mut items);
        });
    }),
    ("an item's amount", Check::Payouts, "item", |state| {
        change_batch(state, 25_00, |batch| batch.items[0].amount += 1);
    }),
    ("an item's destination", Check::Payouts, "item", |state| {
        change_batch(state, 25_00, |batch| batch.items[0].digest = [9; 32]);
    }),
    ("an item removed", Check::Payouts, "manifest", |state| {
        change_batch(state, 24_00, |batch| batch.items.clear());
    }),
    ("a settlement line's amount", Check::Payouts, "settlement line", |state| {
        state.settlement_lines.tamper().values_mut().for_each(|line| line.amount += 1);
    }),
    ("a settlement line's word", Check::Payouts, "settlement line", |state| {
        state.settlement_lines.tamper().values_mut().for_each(|line| line.outcome = Outcome::Failed);
    }),
    ("a settlement line removed", Check::Payouts, "a bank said so", |state| {
        state.settlement_lines.tamper().clear();
    }),
    ("a sealed manifest", Check::Payouts, "manifest", |state| {
        state.batch_steps.tamper().values_mut().for_each(|step| {
            if let BatchStage::Sealed { manifest } = &mut step.stage {
                manifest[0] ^= 1;
            }
        });
    }),
    ("a batch's step removed", Check::Payouts, "step 2 of", |state| {
        state.batch_steps.tamper().retain(|_, step| !matches!(step.stage, BatchStage::Sealed { .. }));
    }),
    ("a batch approved by its maker", Check::Payouts, "a second person", |state| {
        let maker = state.batch_steps.rows().next().expect("a step").by.clone();
        state.batch_steps.tamper().values_mut().for_each(|step| step.by = maker.clone());
    }),
    ("a batch that is settled no more", Check::Payouts, "it is settled", |state| {
        state.batch_steps.tamper().retain(|_, step| step.stage != BatchStage::Settled);
    }),
];

fn adjustment(state: &State, name: &str) -> (BookId, AdjustmentId) {
    let named = |row: &Adjustment| row.reference.to_string() == name;
    *state.adjustments.iter().find(|(_, row)| named(row)).expect("an adjustment").0
}

fn change_adjustment(state: &mut State, name: &str, change: impl FnOnce(&mut Adjustment)) {
    let key = adjustment(state, name);
    change(state.adjustments.tamper().get_mut(&key).expect("an adjustment"));
}

fn change_decision(state: &mut State, name: &str, n: u8, change: impl FnOnce(&mut AdjustmentStep)) {
    let (book, id) = adjustment(state, name);
    change(state.adjustment_steps.tamper().get_mut(&(book, id, n)).expect("a step"));
}

fn remove_decision(state: &mut State, name: &str, n: u8) {
    let (book, id) = adjustment(state, name);
    state.adjustment_steps.tamper().remove(&(book, id, n));
}

fn posted(state: &State, name: &str, n: u8) -> TransactionId {
    let (book, id) = adjustment(state, name);
    state.adjustment_steps.find(&(book, id, n)).and_then(|step| step.transaction).expect("it is posted")
}

const ADJUSTMENTS: &[Tampering] = &[
    ("an adjustment's amount", Check::Adjustments, "step 1 of", |state| {
        change_adjustment(state, "posted", |row| row.amount += 1);
    }),
    ("an adjustment's user", Check::Adjustments, "step 2 of", |state| {
        let other = payout(state, 21_00).1.user;
        change_adjustment(state, "agreed", |row| row.user = other);
    }),
    ("an adjustment removed", Check::Adjustments, "step 1 of", |state| {
        let key = adjustment(state, "posted");
        state.adjustments.tamper().remove(&key);
    }),
    ("an adjustment removed with its steps", Check::Adjustments, "transaction", |state| {
        remove_decision(state, "posted", 1);
        let key = adjustment(state, "posted");
        state.adjustments.tamper().remove(&key);
    }),
    ("an adjustment nobody asked for", Check::Adjustments, "it was asked for", |state| {
        remove_decision(state, "waits", 1);
    }),
    ("a decision without the asking", Check::Adjustments, "step 2 of", |state| {
        remove_decision(state, "agreed", 1);
    }),
    ("a decision removed", Check::Adjustments, "transaction", |state| remove_decision(state, "agreed", 2)),
    ("one that waits, posted by nothing", Check::Adjustments, "step 1 of", |state| {
        change_decision(state, "waits", 1, |step| step.status = AdjustmentStatus::Posted);
    }),
    ("a transaction of one that waits", Check::Adjustments, "step 1 of", |state| {
        change_decision(state, "posted", 1, |step| step.status = AdjustmentStatus::Waiting);
    }),
    ("the ledger's side of an adjustment removed", Check::Adjustments, "step 2 of", |state| {
        let id = posted(state, "agreed", 2);
        cut_out(state, id);
    }),
    ("decided by who asked", Check::Adjustments, "a second person", |state| {
        let (book, id) = adjustment(state, "agreed");
        let asked = state.adjustment_steps.find(&(book, id, 1)).expect("a step").by.clone();
        change_decision(state, "agreed", 2, |step| step.by = asked);
    }),
    ("a retraction of nothing", Check::Adjustments, "transaction", |state| retraction(state, None)),
    ("a retraction of another adjustment", Check::Adjustments, "retraction", |state| {
        let other = posted(state, "agreed", 2);
        retraction(state, Some(other));
    }),
];

/// What the retraction says it takes back.
fn retraction(state: &mut State, of: Option<TransactionId>) {
    let mut rows = state.transactions.tamper().values_mut();
    let kind = TransactionKind::CreditRetraction;
    rows.find(|row| row.kind == kind).expect("a retraction").reverses = of;
}

#[tokio::test]
async fn every_tampering_with_what_operators_did_is_found_where_it_is() {
    let honest = told().await;
    let (mut tried, mut missed) = (0, Vec::new());
    for (what, check, place, tamper) in PAYOUTS.iter().chain(ADJUSTMENTS) {
        let mut state = honest.clone();
        assert_eq!(examine(&state, *check), Ok(()), "before: {what}");
        tamper(&mut state);
        tried += 1;
        match examine(&state, *check) {
            Err(broken) if broken.place.contains(place) && broken.expected != broken.found => {}
            other => missed.push(format!("{what}: {other:?} instead of {place}")),
        }
    }
    println!("tamperings={tried} found={}", tried - missed.len());
    assert!(missed.is_empty(), "{missed:#?}");
}
