//! Day rows: what a referrer's code brought, on the UTC day it was recorded.

use crate::id::{CodeId, UserId};
use crate::referral::ReferralFacts;
use crate::time::Day;

/// What one day row gains. A fact counts on the day it was recorded, so past days never change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayDelta {
    /// The referrer.
    pub referrer: UserId,
    /// The code.
    pub code: CodeId,
    /// The day.
    pub day: Day,
    /// Referrals made.
    pub signups: i64,
    /// Referrals whose referred user was verified.
    pub verified_signups: i64,
    /// Referrals that reached the threshold.
    pub conversions: i64,
    /// Referrals that had reached it and fell below it again.
    pub conversions_reversed: i64,
    /// Counted net spend, in minor units; negative after refunds.
    pub revenue: i64,
    /// Rewards and commissions posted, held included, less what was taken back of them, in minor units.
    pub earned: i64,
    /// What of them became held, less what ceased to be, in minor units.
    pub pending: i64,
}

impl DayDelta {
    /// A row that gains nothing yet.
    #[must_use]
    pub const fn of(facts: &ReferralFacts, day: Day) -> Self {
        Self::empty(facts.referrer, facts.code, day)
    }

    /// The same, of a referrer and a code.
    #[must_use]
    pub const fn empty(referrer: UserId, code: CodeId, day: Day) -> Self {
        Self {
            referrer,
            code,
            day,
            signups: 0,
            verified_signups: 0,
            conversions: 0,
            conversions_reversed: 0,
            revenue: 0,
            earned: 0,
            pending: 0,
        }
    }

    /// The deltas of one row added up, in key order, so that a unit writes each row once.
    ///
    /// ```
    /// use referral_domain::{id::*, time::Day, tracking::DayDelta};
    /// use uuid::Uuid;
    /// let (referrer, code) = (UserId::from_uuid(Uuid::from_u128(1)), CodeId::from_uuid(Uuid::from_u128(2)));
    /// let empty = DayDelta::empty(referrer, code, Day::from_number(20_000));
    /// let (spent, earned) = (DayDelta { revenue: 5_000, ..empty }, DayDelta { earned: 2_500, ..empty });
    /// assert_eq!(DayDelta::merged(vec![spent, earned]), [DayDelta { revenue: 5_000, earned: 2_500, ..empty }]);
    /// ```
    #[must_use]
    pub fn merged(deltas: Vec<Self>) -> Vec<Self> {
        let mut rows = std::collections::BTreeMap::<_, Self>::new();
        for delta in deltas {
            rows.entry((delta.referrer, delta.code, delta.day))
                .and_modify(|row| row.add(&delta))
                .or_insert(delta);
        }
        rows.into_values().collect()
    }

    const fn add(&mut self, other: &Self) {
        self.signups += other.signups;
        self.verified_signups += other.verified_signups;
        self.conversions += other.conversions;
        self.conversions_reversed += other.conversions_reversed;
        self.revenue += other.revenue;
        self.earned += other.earned;
        self.pending += other.pending;
    }
}
