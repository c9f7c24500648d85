//! The program's budget in a unit: the month is locked late, and only when it has something to say.

use referral_domain::budget::{Budget, BudgetMonth};
use referral_domain::port::{StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::time::Timestamp;

/// A program's budget as a unit knows it: admits everything until the month is locked.
pub(crate) struct Purse {
    limit: Option<i64>,
    locked: bool,
    pub(crate) budget: Budget,
}

impl Purse {
    /// The budget of the month, not looked at.
    pub(crate) fn closed(program: &Program, now: Timestamp) -> Self {
        let limit = program.rules.policy.reward_budget;
        Self { limit, locked: false, budget: Budget::unbounded(now.month()) }
    }

    /// Whether rewards were admitted that the month must be asked about first; then [`Self::open`] it, and decide again.
    pub(crate) const fn must_open(&self) -> bool {
        self.limit.is_some() && !self.locked && self.budget.was_used()
    }

    /// Locks the month, if the program has a budget. What was admitted before is forgotten.
    pub(crate) async fn open(&mut self, unit: &mut Unit<'_>, program: &Program) -> Result<(), StoreError> {
        if self.limit.is_some() && !self.locked {
            let month = unit.budgets().lock(program.book, self.budget.month().month).await?;
            self.budget = Budget::of(self.limit, month);
            self.locked = true;
        }
        Ok(())
    }

    /// Whether a reward may be granted this month.
    pub(crate) fn is_open(&self) -> bool {
        self.budget.month().is_open(self.limit)
    }

    /// What is to be recorded of the month.
    pub(crate) fn change(&self) -> Option<BudgetMonth> {
        self.budget.change().filter(|_| self.locked)
    }
}
