//! What `ledger verify` means: every check recomputes what it compares from the rows, and trusts no index.

mod adjustments;
mod chains;
mod facts;
mod holds;
mod payouts;
mod rewards;
mod seals;
mod transfers;

use std::fmt::{Debug, Display};

use referral_domain::ledger::{Broken, Check, LedgerCounts, Verdict};

use crate::state::State;

/// Looks at everything; answers the first bad place, in the order of [`Check::ALL`].
pub(crate) fn verdict(state: &State) -> Verdict {
    let counts = counts(state);
    match Check::ALL.iter().try_for_each(|check| examine(state, *check)) {
        Ok(()) => Verdict::Verified(counts),
        Err(first) => Verdict::Broken { counts, first: *first },
    }
}

/// What a check answers: nothing, or the first bad place. It is boxed because it is rare and large.
pub(crate) type Finding = Result<(), Box<Broken>>;

/// One check, over everything.
pub(crate) fn examine(state: &State, check: Check) -> Finding {
    match check {
        Check::TransferEntries => transfers::have_their_entries(state),
        Check::EntryChain => chains::entries_follow(state),
        Check::Heads => chains::heads_are_last_entries(state),
        Check::Bounds => chains::balances_keep_their_bounds(state),
        Check::Zero => transfers::accounts_sum_to_zero(state),
        Check::Lines => chains::lines_follow(state),
        Check::RewardSteps => rewards::steps_are_posted(state),
        Check::DueRewards => rewards::are_granted_when_due(state),
        Check::Redemptions => rewards::redemptions_are_posted(state),
        Check::Holds => holds::are_what_they_posted(state),
        Check::Commissions => facts::commissions_are_posted(state),
        Check::NetSpend => facts::net_is_the_sum_of_events(state),
        Check::Budgets => facts::budgets_gave_what_was_granted(state),
        Check::Payouts => payouts::steps_are_posted(state),
        Check::Adjustments => adjustments::are_what_they_posted(state),
        Check::Seals => seals::blocks_hold(state),
    }
}

fn counts(state: &State) -> LedgerCounts {
    LedgerCounts {
        books: state.books.count(),
        transactions: state.transactions.count(),
        transfers: state.transfers.count(),
        entries: state.entries.count(),
        accounts: state.accounts.count(),
        lines: state.lines.count(),
        referrals: state.referrals.count(),
        blocks: state.ledger_blocks.count(),
        sealed: state.sealed_transfers.count(),
        heads: state.chain_heads(),
        unsealed: state.unsealed_tails(),
    }
}

/// Says where a check fails, unless what is found is what is expected.
fn equal<T: PartialEq + Debug>(check: Check, place: impl Display, expected: &T, found: &T) -> Finding {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
    Err(Box::new(Broken { check, place: place.to_string(), expected, found }))
}
