//! Adjustments against what they posted, and retractions by hand against what they take back.

use referral_domain::adjustment::{Adjustment, AdjustmentStatus, AdjustmentStep};
use referral_domain::id::{BookId, TransactionId, UserId};
use referral_domain::ledger::{Check, Origin, Transaction, TransactionKind, Transfer};
use referral_domain::retraction;

use super::{Finding, equal};
use crate::state::State;

const CHECK: Check = Check::Adjustments;

/// [`Check::Adjustments`].
pub(super) fn are_what_they_posted(state: &State) -> Finding {
    state
        .adjustment_steps
        .iter()
        .try_for_each(|((book, _, n), step)| step_is_posted(state, *book, *n, step))?;
    state.adjustments.iter().try_for_each(|((book, id), _)| {
        let asked = state.adjustment_steps.find(&(*book, *id, 1)).is_some();
        equal(CHECK, format!("adjustment {id}: it was asked for"), &true, &asked)
    })?;
    state.transactions.iter().try_for_each(|((book, _), row)| is_asked_for(state, *book, row))?;
    let by_hand = state.transfers.iter().filter(|(_, leg)| leg.origin == Origin::Retraction && leg.leg == 0);
    let by_hand: Vec<_> = by_hand.collect();
    by_hand.into_iter().try_for_each(|((book, _), leg)| takes_it_back(state, *book, leg))
}

/// What an adjustment or a retraction changes: whose it is, what it is, and by how much.
type Changed = (TransactionKind, UserId, i64);

fn changed(state: &State, book: BookId, id: TransactionId) -> Option<Changed> {
    let Transaction { kind, user, .. } = *state.transactions.find(&(book, id))?;
    let (owner, n) = state.line_transactions.find(&(book, id))?;
    let line = state.lines.find(&(book, *owner, *n))?;
    Some((kind, user, retraction::change(line)))
}

fn step_is_posted(state: &State, book: BookId, n: u8, step: &AdjustmentStep) -> Finding {
    let place = format!("step {n} of adjustment {}", step.adjustment);
    let before = state.adjustment_steps.find(&(book, step.adjustment, n.saturating_sub(1)));
    let waited = before.map(|before| before.status);
    let legal = match n {
        1 => waited.is_none() && step.status != AdjustmentStatus::Rejected,
        _ => n == 2 && waited == Some(AdjustmentStatus::Waiting) && step.status != AdjustmentStatus::Waiting,
    };
    equal(CHECK, format!("{place}: it follows the one before"), &true, &legal)?;
    let another = before.is_none_or(|asked| asked.by != step.by);
    equal(CHECK, format!("{place}: a second person decides"), &true, &another)?;
    let adjustment = state.adjustments.find(&(book, step.adjustment));
    let expected = adjustment.map(|Adjustment { user, amount, .. }| {
        let posted = step.status == AdjustmentStatus::Posted;
        posted.then_some((TransactionKind::ManualAdjustment, *user, *amount))
    });
    let found = step.transaction.map(|id| changed(state, book, id));
    equal(CHECK, place, &expected, &found.map_or(Some(None), Some))
}

/// Who was adjusted was adjusted by a step, and who gave back gave back something of theirs.
fn is_asked_for(state: &State, book: BookId, row: &Transaction) -> Finding {
    let place = format!("transaction {}", row.id);
    match row.kind {
        TransactionKind::ManualAdjustment => {
            let mut steps = state.adjustment_steps.iter().filter(|((of, ..), _)| *of == book);
            let asked = steps.any(|(_, step)| step.transaction == Some(row.id));
            equal(CHECK, format!("{place}: an adjustment posted it"), &true, &asked)
        }
        TransactionKind::CreditRetraction => {
            let taken = row.reverses.and_then(|id| state.transactions.find(&(book, id)));
            equal(CHECK, place, &Some(row.user), &taken.map(|taken| taken.user))
        }
        _ => Ok(()),
    }
}

/// What an operator takes back is the transaction that the leg is of, and an adjustment or what a rule granted: whole, and
/// of a commission at most what it gave.
fn takes_it_back(state: &State, book: BookId, leg: &Transfer) -> Finding {
    let row = state.transactions.find(&(book, leg.transaction));
    let given = row.and_then(|row| row.reverses);
    let taken = given.and_then(|id| changed(state, book, id));
    let place = format!("retraction {}", leg.transaction);
    equal(CHECK, &place, &Some(leg.origin_id.clone()), &given.map(|id| id.to_string()))?;
    let found = changed(state, book, leg.transaction);
    let took = found.map_or(0, |(.., amount)| amount);
    let expected = taken.and_then(|(kind, user, amount)| match kind {
        TransactionKind::ManualAdjustment
        | TransactionKind::WelcomeCredit
        | TransactionKind::ReferralBonus => Some((TransactionKind::CreditRetraction, user, -amount)),
        TransactionKind::AffiliateCommission => Some((kind, user, took.clamp(-amount, -1))),
        _ => None,
    });
    equal(CHECK, &place, &true, &expected.is_some())?;
    equal(CHECK, place, &expected, &found)
}
