//! The months' budgets.

use async_trait::async_trait;
use referral_domain::budget::BudgetMonth;
use referral_domain::id::BookId;
use referral_domain::port::{Budgets, StoreError};
use referral_domain::time::Month;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Budgets for MemoryUnit {
    async fn lock(&mut self, book: BookId, month: Month) -> Result<BudgetMonth, StoreError> {
        self.call(|state| {
            let found = state.budget_months.find(&(book, month)).copied();
            Ok(found.unwrap_or_else(|| BudgetMonth {
                granted: state.granted_in(book, month),
                ..BudgetMonth::untouched(month)
            }))
        })
        .await
    }
}

impl State {
    /// The sum of the rewards granted in a month.
    pub(crate) fn granted_in(&self, book: BookId, month: Month) -> i64 {
        let steps = self.reward_steps.iter().filter(|((of, ..), _)| *of == book).map(|(_, step)| step);
        let granted = steps.filter(|step| step.n % 2 == 1 && step.at.month() == month);
        granted.fold(0, |sum, step| sum.saturating_add(step.amount))
    }

    /// Replaces a month's budget: what was granted never becomes less.
    pub(crate) fn save_budget(&mut self, book: BookId, budget: &BudgetMonth) -> Result<(), StoreError> {
        let before = self.budget_months.find(&(book, budget.month)).map_or(0, |stored| stored.granted);
        let rule = self.budget_months.rule("granted", "what was granted in a month never becomes less");
        rule.holds(before <= budget.granted, budget)?;
        self.budget_months.put((book, budget.month), *budget);
        Ok(())
    }
}
