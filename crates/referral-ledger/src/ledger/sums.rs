//! The sums that run along a user's history.

use super::{Balances, Line, TransactionKind};

/// What a history adds up to, in minor units: the running sums of its last line. None is ever negative.
///
/// They follow from the lines' own balances and the kinds of their transactions, so that anybody can recompute them.
///
/// ```
/// use referral_ledger::ledger::{Balances, Sums, TransactionKind::{AffiliatePayout, CreditRetraction, ReferralBonus}};
/// let nothing = Balances::default();
/// let rewarded = Balances { available: 2_500, ..nothing };
/// let reserved = Balances { available: 500, in_payout: 2_000, ..nothing };
/// let sums = Sums::default().then(ReferralBonus, None, nothing, rewarded).expect("it fits");
/// let sums = sums.then(AffiliatePayout, None, rewarded, reserved).expect("it fits");
/// assert_eq!(sums, Sums { earned: 2_500, taken: 0, paid_out: 2_000 });
/// let owing = Balances { available: 0, in_payout: 2_000, owed: 2_000, ..nothing };
/// let sums = sums.then(CreditRetraction, Some(ReferralBonus), reserved, owing).expect("it fits");
/// assert_eq!(sums, Sums { earned: 2_500, taken: 2_500, paid_out: 2_000 });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// Rewards and commissions ever granted, whole, even where a part of them repaid what was owed.
    pub earned: i64,
    /// What was taken back of them.
    pub taken: i64,
    /// What payouts reserved and neither cancelled nor failed.
    pub paid_out: i64,
}

impl Sums {
    /// The sums of a line.
    #[must_use]
    pub const fn of(line: &Line) -> Self {
        Self { earned: line.earned, taken: line.taken, paid_out: line.paid_out }
    }

    /// The sums after one more transaction; `reverses` is the kind of the one it takes back. `None` beyond 64 bits.
    #[must_use]
    pub fn then(
        self,
        kind: TransactionKind,
        reverses: Option<TransactionKind>,
        before: Balances,
        after: Balances,
    ) -> Option<Self> {
        let gain = after.worth().checked_sub(before.worth())?;
        let takes_back =
            kind == TransactionKind::CreditRetraction && reverses.is_some_and(TransactionKind::earns);
        let earned = if kind.earns() { gain.max(0) } else { 0 };
        let taken = if kind.earns() || takes_back { gain.checked_neg()?.max(0) } else { 0 };
        let spendable = |balances: Balances| balances.available.checked_sub(balances.owed);
        let paid = if kind == TransactionKind::AffiliatePayout {
            spendable(before)?.checked_sub(spendable(after)?)?
        } else {
            0
        };
        Some(Self {
            earned: self.earned.checked_add(earned)?,
            taken: self.taken.checked_add(taken)?,
            paid_out: self.paid_out.checked_add(paid)?,
        })
    }
}
