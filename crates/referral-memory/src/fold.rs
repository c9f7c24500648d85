//! What the ledger's rows add up to: one set of folds for whoever writes and for whoever verifies.

use referral_domain::ledger::{Balances, Entry, EntrySide, Party, Purpose, Transfer};

/// By how much an entry moves its account; `None` beyond 64 bits.
pub(crate) const fn signed(side: EntrySide, amount: i64) -> Option<i64> {
    match side {
        EntrySide::Credit => Some(amount),
        EntrySide::Debit => amount.checked_neg(),
    }
}

/// Whether an entry's balances add up. A sum that leaves 64 bits does not.
pub(crate) fn adds_up(entry: &Entry) -> bool {
    let moved = signed(entry.side, entry.amount).and_then(|moved| entry.balance_before.checked_add(moved));
    moved == Some(entry.balance_after)
}

/// Whether a balance is one that an account of this purpose may have: owed runs from 0 downward, the rest upward.
pub(crate) const fn within_bounds(purpose: Purpose, balance: i64) -> bool {
    match purpose {
        Purpose::Owed => balance <= 0,
        Purpose::Available | Purpose::Held | Purpose::InPayout => balance >= 0,
    }
}

/// Balances after an entry. They saturate: whatever leaves 64 bits was refused when it was written.
pub(crate) const fn after(before: Balances, entry: &Entry) -> Balances {
    let up = match entry.side {
        EntrySide::Credit => entry.amount,
        EntrySide::Debit => entry.amount.saturating_neg(),
    };
    let Balances { available, held, in_payout, owed } = before;
    match entry.purpose {
        Purpose::Available => Balances { available: available.saturating_add(up), ..before },
        Purpose::Held => Balances { held: held.saturating_add(up), ..before },
        Purpose::InPayout => Balances { in_payout: in_payout.saturating_add(up), ..before },
        Purpose::Owed => Balances { owed: owed.saturating_sub(up), ..before },
    }
}

/// Whether a history may show these balances: none below zero, and what is owed is repaid before any is available.
pub(crate) const fn may_be_shown(balances: Balances) -> bool {
    let Balances { available, held, in_payout, owed } = balances;
    available >= 0 && held >= 0 && in_payout >= 0 && owed >= 0 && (available == 0 || owed == 0)
}

/// The sides of a transfer: entries stand on those that are users' accounts.
pub(crate) const fn sides(transfer: &Transfer) -> [(EntrySide, Party); 2] {
    [(EntrySide::Debit, transfer.debit), (EntrySide::Credit, transfer.credit)]
}

/// Whether a transfer moves something, from one place to another, and a user is concerned.
pub(crate) fn is_well_shaped(transfer: &Transfer) -> bool {
    let is_system = |party| matches!(party, Party::System(_));
    let between_systems = is_system(transfer.debit) && is_system(transfer.credit);
    transfer.amount > 0 && transfer.debit != transfer.credit && !between_systems
}
