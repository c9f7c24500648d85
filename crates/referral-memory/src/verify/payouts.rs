//! Payouts against what they posted, and batches against what they sealed.

use std::collections::BTreeMap;

use referral_domain::id::{BookId, TransactionId, UserId};
use referral_domain::ledger::{Check, Party, Purpose, SystemAccount, Transaction, TransactionKind};
use referral_domain::payout::{Batch, BatchItem, BatchStatus, Payout, PayoutStatus, PayoutStep};

use super::{Finding, equal};
use crate::state::State;

const CHECK: Check = Check::Payouts;

/// [`Check::Payouts`].
pub(super) fn steps_are_posted(state: &State) -> Finding {
    let books: Vec<_> = state.books.iter().map(|(book, _)| *book).collect();
    books.into_iter().try_for_each(|book| {
        let steps: Vec<_> = state.payout_steps.iter().filter(|((of, ..), _)| *of == book).collect();
        steps.into_iter().try_for_each(|((_, id, n), step)| {
            let known = state.payouts.find(&(book, *id)).is_some();
            equal(CHECK, format!("step {n} of {}: its payout exists", step.payout), &true, &known)
        })?;
        state.payouts_in(book).try_for_each(|payout| payout_is_posted(state, book, &payout))?;
        state.transactions.iter().try_for_each(|((of, _), row)| is_a_step(state, (*of, book), row))?;
        banks_said_so(state, book)?;
        let batches: Vec<_> = state.payout_batches.iter().filter(|((of, _), _)| *of == book).collect();
        batches.into_iter().try_for_each(|((_, id), _)| match state.batch(book, *id) {
            Some(batch) => batch_is_whole(state, book, &batch),
            None => Ok(()),
        })?;
        reserved_is_in_payout(state, book)?;
        paid_has_left(state, book)
    })
}

/// What a step moved: its user's, into what is in payout or out of it, and on to whoever is paid.
#[derive(PartialEq, Eq, Debug)]
struct Moved {
    kind: TransactionKind,
    user: UserId,
    in_payout: i64,
    cleared: i64,
}

fn payout_is_posted(state: &State, book: BookId, payout: &Payout) -> Finding {
    let mut before: Option<&PayoutStep> = None;
    for (step, n) in payout.steps.iter().zip(1..) {
        let place = format!("step {n} of {}", payout.id);
        let stood = before.map(|before| before.stage.status());
        let follows = (step.n, step.after, step.stage.status().may_follow(stood));
        equal(CHECK, format!("{place}: it follows the one before"), &(n, stood, true), &follows)?;
        stays_in_its_batch(state, book, before, step)?;
        let expected = step.stage.transaction().map(|_| Some(posting_of(payout, step)));
        let posted = step.stage.transaction().map(|id| moved(state, book, id));
        equal(CHECK, place, &expected, &posted)?;
        before = Some(step);
    }
    equal(CHECK, format!("{}: it was asked for", payout.id), &true, &before.is_some())
}

fn posting_of(payout: &Payout, step: &PayoutStep) -> Moved {
    let (kind, user, amount) = (TransactionKind::AffiliatePayout, payout.user, payout.amount);
    let (in_payout, cleared) = match step.stage.status() {
        PayoutStatus::Requested => (amount, 0),
        PayoutStatus::Paid => (-amount, amount),
        _ => (-amount, 0),
    };
    Moved { kind, user, in_payout, cleared }
}

fn moved(state: &State, book: BookId, id: TransactionId) -> Option<Moved> {
    let Transaction { kind, user, .. } = *state.transactions.find(&(book, id))?;
    let clearing = Party::System(SystemAccount::PayoutClearing);
    let legs = state.transfers.iter().filter(|((of, _), leg)| *of == book && leg.transaction == id);
    let (mut in_payout, mut cleared) = (0, 0);
    for (_, leg) in legs {
        let side = |party| i64::from(is_in_payout(state, book, party)) * leg.amount;
        in_payout += side(leg.credit) - side(leg.debit);
        cleared += i64::from(leg.credit == clearing) * leg.amount;
    }
    Some(Moved { kind, user, in_payout, cleared })
}

fn is_in_payout(state: &State, book: BookId, party: Party) -> bool {
    let Party::Account(id) = party else { return false };
    state.accounts.find(&(book, id)).is_some_and(|account| account.purpose == Purpose::InPayout)
}

/// A payout goes on in the batch it entered, when that has come so far.
fn stays_in_its_batch(
    state: &State,
    book: BookId,
    before: Option<&PayoutStep>,
    step: &PayoutStep,
) -> Finding {
    let place = format!("step {} of {}: its batch allows it", step.n, step.payout);
    let inside =
        |step: &&PayoutStep| matches!(step.stage.status(), PayoutStatus::Batched | PayoutStatus::Sent);
    let carried = before.filter(inside).and_then(|before| before.stage.batch());
    if carried.is_some() {
        equal(CHECK, &place, &carried, &step.stage.batch())?;
    }
    let needed = match (step.stage.status(), carried) {
        (PayoutStatus::Sent, _) => BatchStatus::Exported,
        (PayoutStatus::Approved, Some(_)) => BatchStatus::Discarded,
        _ => return Ok(()),
    };
    let batch = carried.and_then(|id| state.batch(book, id));
    let reached = batch.is_some_and(|batch| batch.step(needed).is_some());
    equal(CHECK, place, &true, &reached)
}

/// Whatever posted a payout is a step of one.
fn is_a_step(state: &State, (of, book): (BookId, BookId), row: &Transaction) -> Finding {
    if of != book || row.kind != TransactionKind::AffiliatePayout {
        return Ok(());
    }
    let mut steps = state.payout_steps.iter().filter(|((of, ..), _)| *of == book);
    let known = steps.any(|(_, step)| step.stage.transaction() == Some(row.id));
    equal(CHECK, format!("transaction {}: a payout posted it", row.id), &true, &known)
}

/// What a bank said is of an item of its batch, of its amount, and became a step; and no step ends without it.
fn banks_said_so(state: &State, book: BookId) -> Finding {
    let lines: Vec<_> = state.settlement_lines.iter().filter(|((of, _), _)| *of == book).collect();
    for ((_, payout), line) in &lines {
        let batch = state.payout_batches.find(&(book, line.batch));
        let item = batch.and_then(|batch| batch.items.iter().find(|item| item.payout == *payout));
        let last = state.payout(book, *payout).map(|payout| payout.status().as_str());
        let expected = (item.map(|item| item.amount), last);
        let found = (Some(line.amount), Some(line.outcome.as_str()));
        equal(CHECK, format!("settlement line of {payout}"), &expected, &found)?;
    }
    state.payouts_in(book).try_for_each(|payout| {
        let over = matches!(payout.status(), PayoutStatus::Paid | PayoutStatus::Failed);
        let said = state.settlement_lines.find(&(book, payout.id)).is_some();
        equal(CHECK, format!("{}: a bank said so", payout.id), &over, &said)
    })
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

fn batch_is_whole(state: &State, book: BookId, batch: &Batch) -> Finding {
    let mut before = None;
    for (step, n) in batch.steps.iter().zip(1..) {
        let status = step.stage.status();
        let found = (step.n, step.after, status.may_follow(before));
        equal(CHECK, format!("step {n} of {}", batch.id), &(n, before, true), &found)?;
        let second = status != BatchStatus::Approved || batch.maker() != Some(&step.by);
        equal(CHECK, format!("step {n} of {}: a second person approves", batch.id), &true, &second)?;
        before = Some(status);
    }
    equal(CHECK, format!("{}: it was made", batch.id), &true, &before.is_some())?;
    batch.items.iter().try_for_each(|item| item_is_its_payout(state, book, batch, item))?;
    batch_is_sealed(state, book, batch)
}

/// An item is its payout, in the batch that this entered and left only with it, and goes where its method says.
fn item_is_its_payout(state: &State, book: BookId, batch: &Batch, item: &BatchItem) -> Finding {
    let place = format!("item {} of {}", item.payout, batch.id);
    let payout = state.payout(book, item.payout);
    let method = state.payout_methods.find(&(book, item.user, item.method)).map(|method| method.digest);
    let step = state.payout_steps.find(&(book, item.payout, item.step)).map(|step| step.stage.batch());
    let known = payout.map(|payout| (payout.user, payout.method, payout.kind, payout.amount));
    let told = Some((item.user, item.method, batch.kind, item.amount));
    let expected = (known, method, Some(Some(batch.id)));
    equal(CHECK, &place, &expected, &(told, Some(item.digest), step))?;
    let after = state.payout_steps.find(&(book, item.payout, item.step + 1)).map(|step| step.stage.status());
    let expected = match batch.status() {
        BatchStatus::Exported | BatchStatus::Settled => Some(PayoutStatus::Sent),
        BatchStatus::Discarded => Some(PayoutStatus::Approved),
        BatchStatus::Draft | BatchStatus::Sealed | BatchStatus::Approved => None,
    };
    equal(CHECK, format!("{place}: it goes with its batch"), &expected, &after)
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
