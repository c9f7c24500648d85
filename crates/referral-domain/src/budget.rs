//! The budget: what rewards granted in one UTC calendar month may sum up to.

use crate::time::Month;

/// What a month's budget has given, as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BudgetMonth {
    /// Which month.
    pub month: Month,
    /// Sum of the rewards granted in it, gross, in minor units: taking one back gives nothing back.
    pub granted: i64,
    /// The limit under which a reward did not fit: at that limit or a lower one the month is closed to all later ones.
    pub closed_under: Option<i64>,
}

impl BudgetMonth {
    /// A month in which nothing was granted.
    #[must_use]
    pub const fn untouched(month: Month) -> Self {
        Self { month, granted: 0, closed_under: None }
    }

    /// Whether a reward may still be granted under this limit; `None` is no limit.
    #[must_use]
    pub fn is_open(&self, limit: Option<i64>) -> bool {
        match (limit, self.closed_under) {
            (Some(limit), Some(closed_under)) => limit > closed_under,
            (None, _) | (_, None) => true,
        }
    }
}

/// A month's budget while a unit decides: each reward asks it, in the order in which they are decided.
///
/// Without a limit it admits everything and says what it admitted, so that a unit knows whether to lock the month.
///
/// ```
/// use referral_domain::{budget::{Budget, BudgetMonth}, time::Month};
/// let mut budget = Budget::of(Some(6_000), BudgetMonth::untouched(Month::from_number(24_312)));
/// assert!(budget.admits(2_500) && budget.admits(2_500));
/// assert!(!budget.admits(2_500), "75.00 of 60.00");
/// assert!(!budget.admits(1_000), "the first that does not fit closes the month to later ones");
/// assert_eq!((budget.month().granted, budget.month().closed_under), (5_000, Some(6_000)));
/// assert!(Budget::of(Some(9_000), budget.month()).admits(2_500), "a higher limit opens it again");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    limit: Option<i64>,
    before: BudgetMonth,
    now: BudgetMonth,
}

impl Budget {
    /// A locked month under the program's limit; `None` is no limit.
    #[must_use]
    pub const fn of(limit: Option<i64>, month: BudgetMonth) -> Self {
        Self { limit, before: month, now: month }
    }

    /// A month nobody locked: it admits everything.
    #[must_use]
    pub const fn unbounded(month: Month) -> Self {
        Self::of(None, BudgetMonth::untouched(month))
    }

    /// Whether a reward of so many minor units fits; if it does, it is counted, else the month is closed.
    pub fn admits(&mut self, amount: i64) -> bool {
        let after = self.now.granted.saturating_add(amount);
        let fits = self.now.is_open(self.limit) && self.limit.is_none_or(|limit| after <= limit);
        if fits {
            self.now.granted = after;
        } else if self.now.is_open(self.limit) {
            self.now.closed_under = self.limit;
        }
        fits
    }

    /// The month as it is now.
    #[must_use]
    pub const fn month(&self) -> BudgetMonth {
        self.now
    }

    /// Whether any reward was admitted.
    #[must_use]
    pub const fn was_used(&self) -> bool {
        self.now.granted != self.before.granted
    }

    /// The month to be recorded, when it changed.
    #[must_use]
    pub fn change(&self) -> Option<BudgetMonth> {
        (self.now != self.before).then_some(self.now)
    }
}
