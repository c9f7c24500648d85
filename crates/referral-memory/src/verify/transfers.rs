//! Transfers against entries, and everything against zero.

use std::collections::BTreeMap;

use referral_domain::id::{BookId, TransferId};
use referral_domain::ledger::{Check, Entry, EntrySide, Party};

use super::{Finding, equal};
use crate::fold;
use crate::state::State;

/// What an entry and a side of its transfer have in common.
type Share = (Party, i64);
type Shares = BTreeMap<(BookId, TransferId, EntrySide), Vec<Share>>;

/// [`Check::TransferEntries`]: the sides that transfers name are the sides that entries stand on, each once.
pub(super) fn have_their_entries(state: &State) -> Finding {
    let (mut named, mut entered) = (named_by_transfers(state), entered_by_entries(state));
    let keys: Vec<_> = named.keys().chain(entered.keys()).copied().collect();
    keys.into_iter().try_for_each(|key| {
        let place = format!("transfer {} side {} of book {}", key.1, key.2, key.0.0);
        let (expected, found) = (named.remove(&key), entered.remove(&key));
        equal(Check::TransferEntries, place, &expected, &found)
    })
}

fn named_by_transfers(state: &State) -> Shares {
    let mut named = Shares::new();
    for ((book, id), transfer) in state.transfers.iter() {
        let of_users = fold::sides(transfer).into_iter().filter(|(_, party)| is_user(*party));
        named.extend(of_users.map(|(side, party)| ((*book, *id, side), vec![(party, transfer.amount)])));
    }
    named
}

fn entered_by_entries(state: &State) -> Shares {
    let mut entered = Shares::new();
    for ((book, ..), entry) in state.entries.iter() {
        let Entry { account, transfer, side, amount, .. } = *entry;
        entered.entry((*book, transfer, side)).or_default().push((Party::Account(account), amount));
    }
    entered
}

const fn is_user(party: Party) -> bool {
    matches!(party, Party::Account(_))
}

/// [`Check::Zero`]: the users' balances by the heads and the system's by the transfers, book by book.
pub(super) fn accounts_sum_to_zero(state: &State) -> Finding {
    let mut sums = BTreeMap::<BookId, i128>::new();
    for ((book, _), head) in state.account_heads.iter() {
        *sums.entry(*book).or_default() += i128::from(head.balance);
    }
    for ((book, _), transfer) in state.transfers.iter() {
        let amount = i128::from(transfer.amount);
        let sum = sums.entry(*book).or_default();
        *sum -= if is_user(transfer.debit) { 0 } else { amount };
        *sum += if is_user(transfer.credit) { 0 } else { amount };
    }
    let mut sums = sums.into_iter();
    sums.try_for_each(|(book, sum)| equal(Check::Zero, format!("book {}", book.0), &0, &sum))
}
