//! Payouts against what they posted, and batches against what they sealed.

use std::collections::BTreeMap;

use referral_domain::id::{BookId, UserId};
use referral_domain::ledger::{Check, Party, SystemAccount, TransactionKind};
use referral_domain::payout::{Batch, BatchStatus, Payout, PayoutStatus};

use super::rewards::Posted;
use super::{Finding, equal};
use crate::state::State;

const CHECK: Check = Check::Payouts;

/// [`Check::Payouts`].
pub(super) fn steps_are_posted(state: &State) -> Finding {
    let books: Vec<_> = state.books.iter().map(|(book, _)| *book).collect();
    books.into_iter().try_for_each(|book| {
        state.payouts_in(book).try_for_each(|payout| payout_is_posted(state, book, &payout))?;
        reserved_is_in_payout(state, book)?;
        paid_has_left(state, book)?;
        let batches: Vec<_> = state.payout_batches.iter().filter(|((of, _), _)| *of == book).collect();
        batches.into_iter().try_for_each(|((_, id), _)| match state.batch(book, *id) {
            Some(batch) => batch_is_sealed(state, book, &batch),
            None => Ok(()),
        })
    })
}

fn payout_is_posted(state: &State, book: BookId, payout: &Payout) -> Finding {
    let mut before = None;
    for (step, n) in payout.steps.iter().zip(1..) {
        let place = format!("step {n} of {}", payout.id);
        equal(CHECK, format!("{place}: it follows the one before"), &(n, before), &(step.n, step.after))?;
        let posted = step.stage.transaction().map(|id| state.posted(book, id));
        let kind = TransactionKind::AffiliatePayout;
        let expected = posted.map(|_| Some(Posted { kind, referral: None, amount: payout.amount }));
        equal(CHECK, place, &expected, &posted)?;
        before = Some(step.stage.status());
    }
    equal(CHECK, format!("{}: it was asked for", payout.id), &true, &before.is_some())
}

/// What open payouts reserved is what their users have in payout, and nothing else is there.
fn reserved_is_in_payout(state: &State, book: BookId) -> Finding {
    let mut reserved: BTreeMap<UserId, i64> = BTreeMap::new();
    for payout in state.payouts_in(book).filter(|payout| !payout.status().is_final()) {
        *reserved.entry(payout.user).or_default() += payout.amount;
    }
    let users = state.users.iter().filter(|((of, _), _)| *of == book).map(|((_, user), _)| *user);
    users.into_iter().try_for_each(|user| {
        let found = state.last_line(book, user).map_or(0, |line| line.after.in_payout);
        let expected = reserved.get(&user).copied().unwrap_or(0);
        equal(CHECK, format!("in payout of {user}"), &expected, &found)
    })
}

/// The sum of what was paid is what left for clearing.
fn paid_has_left(state: &State, book: BookId) -> Finding {
    let paid = state.payouts_in(book).filter(|payout| payout.status() == PayoutStatus::Paid);
    let paid: i64 = paid.map(|payout| payout.amount).sum();
    let clearing = Party::System(SystemAccount::PayoutClearing);
    let legs = state.transfers.iter().filter(|((of, _), leg)| *of == book && leg.credit == clearing);
    let left: i64 = legs.map(|(_, leg)| leg.amount).sum();
    equal(CHECK, "payout_clearing: the sum of what was paid", &paid, &left)
}

fn batch_is_sealed(state: &State, book: BookId, batch: &Batch) -> Finding {
    let currency = state.program_of(book).ok().map(|program| program.currency);
    let digest = currency.map(|currency| batch.digest(currency));
    let sealed = batch.manifest().or(digest);
    equal(CHECK, format!("manifest of {}", batch.id), &digest, &sealed)?;
    let over = |id| state.payout(book, id).is_some_and(|payout| payout.status().is_final());
    let all = batch.items.iter().all(|item| over(item.payout));
    let settled = batch.status() == BatchStatus::Settled;
    let exported = batch.step(BatchStatus::Exported).is_some();
    equal(CHECK, format!("{}: it is settled when all is", batch.id), &(exported && all), &settled)
}
