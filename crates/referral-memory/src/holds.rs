//! Holds and their steps.

use referral_domain::hold::{Hold, HoldKind, HoldStep, HoldStepKind};
use referral_domain::id::{BookId, ReferralId, TransactionId};
use referral_domain::ledger::{Transaction, TransactionKind};
use referral_domain::port::StoreError;

use crate::state::State;

impl State {
    /// What remains of holds of these referrals, by referral, then when they were posted.
    pub(crate) fn open_holds(&self, book: BookId, referrals: &[ReferralId]) -> Vec<Hold> {
        let of_them = |hold: &&Hold| hold.remaining > 0 && referrals.contains(&hold.referral);
        let mut open: Vec<_> = self.holds_in(book).filter(of_them).cloned().collect();
        open.sort_by_key(|hold| (hold.referral, hold.created_at, hold.transaction));
        open
    }

    /// Every hold of a book.
    pub(crate) fn holds_in(&self, book: BookId) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(move |((of, _), _)| *of == book).map(|(_, hold)| hold)
    }

    /// Stores a new hold: of what its transaction posted, whole.
    pub(crate) fn add_hold(&mut self, book: BookId, hold: &Hold) -> Result<(), StoreError> {
        let transaction = self.transactions.get(&(book, hold.transaction))?.clone();
        self.holds.add((book, hold.transaction), hold.clone())?;
        let rule = |column, says| self.holds.rule(column, says);
        rule("amount", "a hold holds something").holds(hold.amount > 0, hold)?;
        let untouched = (hold.remaining, hold.steps) == (hold.amount, 0);
        rule("remaining", "all of a new hold remains").holds(untouched, hold)?;
        let same = (transaction.user, transaction.referral) == (hold.user, Some(hold.referral));
        let kind = transaction.kind == posting_kind(hold.kind);
        rule("transaction_id", "a hold is of what was posted for its referral").holds(same && kind, hold)
    }

    /// Stores a step and moves its hold: it follows the step before, and is of a transaction that may take it.
    pub(crate) fn add_hold_step(&mut self, book: BookId, step: &HoldStep) -> Result<(), StoreError> {
        let transaction = self.transactions.get(&(book, step.transaction))?.clone();
        let hold = self.holds.get(&(book, step.hold))?.clone();
        self.hold_steps.add((book, step.hold, step.n), step.clone())?;
        self.hold_step_transactions.add((book, step.hold, step.transaction), step.n)?;
        let rule = |column, says| self.hold_steps.rule(column, says);
        rule("n", "each step follows the one before").holds(step.n == hold.steps + 1, step)?;
        rule("amount", "a step moves something").holds(step.amount > 0, step)?;
        let left = hold.remaining.checked_sub(step.amount);
        let follows = step.remaining >= 0 && left == Some(step.remaining);
        rule("remaining", "steps take at most what remains").holds(follows, step)?;
        let may = may_step(&hold, step.kind, &transaction);
        rule("transaction_id", "a step is of its own hold's referral").holds(may, step)?;
        self.holds.change(&(book, step.hold), |hold| {
            (hold.remaining, hold.steps) = (step.remaining, step.n);
        })
    }

    /// A hold's steps, the first first.
    pub(crate) fn hold_steps_of(&self, book: BookId, hold: TransactionId) -> impl Iterator<Item = &HoldStep> {
        self.hold_steps.range((book, hold, u32::MIN)..=(book, hold, u32::MAX))
    }
}

/// What posts a hold.
pub(crate) const fn posting_kind(kind: HoldKind) -> TransactionKind {
    match kind {
        HoldKind::Reward => TransactionKind::ReferralBonus,
        HoldKind::Commission => TransactionKind::AffiliateCommission,
    }
}

/// Whether a transaction may step a hold: it is the same user's and referral's, and a reward is voided by its own
/// retraction alone.
fn may_step(hold: &Hold, kind: HoldStepKind, by: &Transaction) -> bool {
    let theirs = (by.user, by.referral) == (hold.user, Some(hold.referral));
    let fits = match (kind, hold.kind) {
        (HoldStepKind::Release, _) => by.kind == TransactionKind::HoldRelease,
        (HoldStepKind::Void, HoldKind::Reward) => by.reverses == Some(hold.transaction),
        (HoldStepKind::Void, HoldKind::Commission) => {
            by.kind == TransactionKind::AffiliateCommission || by.reverses == Some(hold.transaction)
        }
    };
    theirs && fits
}
