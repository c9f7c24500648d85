//! Holds against what they posted, released and voided.

use std::collections::BTreeMap;

use referral_domain::hold::{Hold, HoldStep, HoldStepKind};
use referral_domain::id::{BookId, TransactionId, UserId};
use referral_domain::ledger::{Check, EntrySide, Purpose, TransactionKind};

use super::{Finding, equal};
use crate::holds::posting_kind;
use crate::state::State;

/// What passed into (`C`) or out of (`D`) what a user has held, by transaction.
type Moved = BTreeMap<(BookId, TransactionId, EntrySide), i64>;

/// [`Check::Holds`]: each hold is what its transaction added to what is held; its steps follow one another down to what
/// remains; what they took is what their transactions took from it; and what remains of all is what is held.
pub(super) fn are_what_they_posted(state: &State) -> Finding {
    let moved = moved(state);
    let mut explained = Moved::new();
    for ((book, id), hold) in state.holds.iter() {
        let place = format!("hold {id}");
        let kind = state.transactions.find(&(*book, *id)).map(|posted| (posted.kind, posted.user));
        equal(Check::Holds, &place, &Some((posting_kind(hold.kind), hold.user)), &kind)?;
        *explained.entry((*book, *id, EntrySide::Credit)).or_default() += hold.amount;
        steps_follow(state, *book, hold)?;
        for step in state.hold_steps_of(*book, hold.transaction) {
            step_is_posted(state, *book, step)?;
            *explained.entry((*book, step.transaction, EntrySide::Debit)).or_default() += step.amount;
        }
    }
    let keys: Vec<_> = moved.keys().chain(explained.keys()).copied().collect();
    keys.into_iter().try_for_each(|key| {
        let place = format!("what transaction {} moved of what is held, side {}", key.1, key.2);
        equal(Check::Holds, place, &moved.get(&key), &explained.get(&key))
    })?;
    remaining_is_held(state)
}

fn moved(state: &State) -> Moved {
    let mut moved = Moved::new();
    for ((book, ..), entry) in state.entries.iter().filter(|(_, entry)| entry.purpose == Purpose::Held) {
        if let Some(transfer) = state.transfers.find(&(*book, entry.transfer)) {
            *moved.entry((*book, transfer.transaction, entry.side)).or_default() += entry.amount;
        }
    }
    moved
}

fn steps_follow(state: &State, book: BookId, hold: &Hold) -> Finding {
    let (mut n, mut remaining) = (0, hold.amount);
    for step in state.hold_steps_of(book, hold.transaction) {
        let place = format!("step {} of hold {}", step.n, hold.transaction);
        let expected = (n + 1, remaining.saturating_sub(step.amount), true);
        equal(Check::Holds, place, &expected, &(step.n, step.remaining, step.remaining >= 0))?;
        (n, remaining) = (step.n, step.remaining);
    }
    let place = format!("hold {}: what remains", hold.transaction);
    equal(Check::Holds, place, &(remaining, n), &(hold.remaining, hold.steps))
}

fn step_is_posted(state: &State, book: BookId, step: &HoldStep) -> Finding {
    let kind = state.transactions.find(&(book, step.transaction)).map(|posted| posted.kind);
    let released = kind == Some(TransactionKind::HoldRelease);
    let place = format!("step {} of hold {}: its kind", step.n, step.hold);
    equal(Check::Holds, place, &(step.kind == HoldStepKind::Release), &released)
}

fn remaining_is_held(state: &State) -> Finding {
    let mut remaining = BTreeMap::<(BookId, UserId), i64>::new();
    for ((book, _), hold) in state.holds.iter() {
        *remaining.entry((*book, hold.user)).or_default() += hold.remaining;
    }
    for ((book, _), account) in state.accounts.iter().filter(|(_, it)| it.purpose == Purpose::Held) {
        let head = state.account_heads.find(&(*book, account.id)).map_or(0, |head| head.balance);
        let place = format!("what {} has held", account.user);
        let sum = remaining.remove(&(*book, account.user)).unwrap_or_default();
        equal(Check::Holds, place, &head, &sum)?;
    }
    equal(Check::Holds, "holds of users who have nothing held", &0, &remaining.values().sum::<i64>())
}
