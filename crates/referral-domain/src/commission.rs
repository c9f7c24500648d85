//! The commission: one running total a referral, a share of the net spend in its months.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::program::Commission;
use crate::referral::WithheldReason;

/// How far the commission of a referral is, in minor units. All zero where none was promised.
///
/// Its first two are plain sums of facts, as those of [`crate::referral::SpendTotals`], over the spends in its months.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CommissionProgress {
    /// Spend in the commission's months.
    pub gross: i64,
    /// What weighing refunds took from it.
    pub refunded: i64,
    /// What the referrer should have been given: [`due`] of the net.
    pub due: i64,
    /// What they were given, less what was taken back.
    pub posted: i64,
    /// How often an amount was posted, either way.
    pub steps: u32,
    /// Why what is due beyond what is posted is not.
    pub withheld: Option<WithheldReason>,
}

impl CommissionProgress {
    /// Gross less refunded.
    #[must_use]
    pub const fn net(&self) -> i64 {
        self.gross.saturating_sub(self.refunded)
    }
}

/// What a commission on this net spend comes to: `min(cap, rate * net)`, rounded half to even. This is the one place
/// where money is rounded.
///
/// ```
/// use referral_domain::{commission::due, program::Commission};
/// use rust_decimal::Decimal;
/// let terms = Commission { rate: Decimal::new(5, 2), months: 12, cap: Some(300) };
/// assert_eq!([due(&terms, 1_010), due(&terms, 1_030), due(&terms, 1_050)], [50, 52, 52], "half goes to even");
/// assert_eq!(due(&terms, 9_000), 300, "the cap");
/// ```
#[must_use]
pub fn due(terms: &Commission, net: i64) -> i64 {
    let exact = Decimal::from(net.max(0)).checked_mul(terms.rate);
    let rounded = exact.map(|exact| exact.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven));
    let whole = rounded.and_then(|rounded| rounded.to_i64()).unwrap_or(i64::MAX);
    whole.min(terms.cap.unwrap_or(i64::MAX)).max(0)
}
