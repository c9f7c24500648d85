//! Chains of entries, their heads and bounds, and the users' histories.

use std::collections::BTreeMap;

use referral_domain::id::{AccountId, BookId, TransactionId, UserId};
use referral_domain::ledger::{Balances, Check, Entry, Head, Line, Sums};

use super::{Finding, equal};
use crate::fold;
use crate::state::State;

/// [`Check::EntryChain`]: each entry begins where the one before ended, and its sum is right.
pub(super) fn entries_follow(state: &State) -> Finding {
    let mut ends = BTreeMap::<(BookId, AccountId), (i64, i64)>::new();
    for ((book, account, seq), entry) in state.entries.iter() {
        let place = place_of(*book, entry);
        let (last, balance) = ends.get(&(*book, *account)).copied().unwrap_or_default();
        let expected = (*account, last + 1, last + 1, balance);
        let found = (entry.account, *seq, entry.seq, entry.balance_before);
        equal(Check::EntryChain, &place, &expected, &found)?;
        equal(Check::EntryChain, format!("{place}: its sum is right"), &true, &fold::adds_up(entry))?;
        ends.insert((*book, *account), (*seq, entry.balance_after));
    }
    Ok(())
}

fn place_of(book: BookId, entry: &Entry) -> String {
    format!("entry {} of {} in book {}", entry.seq, entry.account, book.0)
}

/// [`Check::Heads`]: the heads are the ends of the chains, no more and no fewer.
pub(super) fn heads_are_last_entries(state: &State) -> Finding {
    let mut ends = BTreeMap::<(BookId, AccountId), Head>::new();
    for ((book, account, seq), entry) in state.entries.iter() {
        ends.insert((*book, *account), Head { account: *account, seq: *seq, balance: entry.balance_after });
    }
    let accounts = ends.keys().chain(state.account_heads.iter().map(|(key, _)| key));
    accounts.into_iter().try_for_each(|key| {
        let place = format!("head of {} in book {}", key.1, key.0.0);
        equal(Check::Heads, place, &ends.get(key), &state.account_heads.find(key))
    })
}

/// [`Check::Bounds`]: no entry leaves a balance, and no line shows one, that may not be; each entry is of a known
/// account and for its purpose.
pub(super) fn balances_keep_their_bounds(state: &State) -> Finding {
    for ((book, account, _), entry) in state.entries.iter() {
        let place = place_of(*book, entry);
        let purpose = state.accounts.find(&(*book, *account)).map(|account| account.purpose);
        equal(Check::Bounds, &place, &purpose, &Some(entry.purpose))?;
        let within = fold::within_bounds(entry.purpose, entry.balance_after);
        equal(Check::Bounds, format!("{place}: {} is within bounds", entry.balance_after), &true, &within)?;
    }
    state.lines.iter().try_for_each(|((book, ..), line)| {
        let place = format!("{}: {:?} may be shown", place_in_history(*book, line), line.after);
        equal(Check::Bounds, place, &true, &fold::may_be_shown(line.after))
    })
}

fn place_in_history(book: BookId, line: &Line) -> String {
    format!("line {} of {} in book {}", line.n, line.user, book.0)
}

/// [`Check::Lines`]: each line follows the one before by what the entries of its transaction moved, its running sums
/// too; each transaction has one line, and the last one shows what the user's heads say.
pub(super) fn lines_follow(state: &State) -> Finding {
    let moved = Moved::of(state);
    let mut ends = BTreeMap::<(BookId, UserId), Line>::new();
    let mut told = BTreeMap::<(BookId, TransactionId), u64>::new();
    for ((book, user, _), line) in state.lines.iter() {
        let before = ends.insert((*book, *user), line.clone());
        let expected = moved.next_line(state, *book, *user, before.as_ref(), line);
        equal(Check::Lines, place_in_history(*book, line), &expected.as_ref(), &Some(line))?;
        let later = before.is_none_or(|before| before.at < line.at);
        equal(Check::Lines, format!("{}: it is later", place_in_history(*book, line)), &true, &later)?;
        *told.entry((*book, line.transaction)).or_default() += 1;
    }
    state.transactions.iter().try_for_each(|(key, _)| {
        let place = format!("lines of transaction {} in book {}", key.1, key.0.0);
        equal(Check::Lines, place, &Some(&1), &told.get(key))
    })?;
    ends_agree(state, &ends)
}

/// The balances that a user's heads give are those of their last line.
fn ends_agree(state: &State, ends: &BTreeMap<(BookId, UserId), Line>) -> Finding {
    for ((book, user), line) in ends {
        let currency =
            state.accounts.rows().find(|account| account.user == *user).map(|account| account.currency);
        let heads = currency.map(|currency| state.wallet(*book, *user, currency).balances());
        let place = format!("{}: the heads agree", place_in_history(*book, line));
        equal(Check::Lines, place, &heads, &Some(line.after))?;
    }
    Ok(())
}

/// What transactions moved, by their entries.
struct Moved<'a> {
    entries: BTreeMap<(BookId, TransactionId), Vec<&'a Entry>>,
}

impl<'a> Moved<'a> {
    fn of(state: &'a State) -> Self {
        let mut moved = Self { entries: BTreeMap::new() };
        for ((book, ..), entry) in state.entries.iter() {
            if let Some(transfer) = state.transfers.find(&(*book, entry.transfer)) {
                moved.entries.entry((*book, transfer.transaction)).or_default().push(entry);
            }
        }
        moved
    }

    /// The line that must follow; `None` when its transaction does not exist or is another user's.
    fn next_line(
        &self,
        state: &State,
        book: BookId,
        user: UserId,
        before: Option<&Line>,
        found: &Line,
    ) -> Option<Line> {
        let key = (book, found.transaction);
        let transaction = state.transactions.find(&key).filter(|transaction| transaction.user == user)?;
        let (n, balances) = before.map_or_else(|| (0, Balances::default()), |line| (line.n, line.after));
        let entries = self.entries.get(&key).into_iter().flatten();
        let after = entries.fold(balances, |balances, entry| fold::after(balances, entry));
        let sums = state.sums_after(book, before, transaction, after)?;
        let Sums { earned, taken, paid_out } = sums;
        let (before, at) = (balances, transaction.recorded_at);
        Some(Line {
            user,
            n: n + 1,
            transaction: found.transaction,
            before,
            after,
            earned,
            taken,
            paid_out,
            at,
        })
    }
}
