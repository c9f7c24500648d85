//! Holds: rewards and commissions that are granted and not usable yet. Each belongs to one posting for ever.

use std::collections::BTreeMap;

use crate::auth::words;
use crate::id::{ReferralId, TransactionId, UserId};
use crate::reference::SourceId;
use crate::time::Timestamp;

words! {
    /// What is held.
    HoldKind {
        /// A reward.
        Reward = "reward",
        /// An increase of a commission.
        Commission = "commission",
    }
}

words! {
    /// What became of a part of a hold.
    HoldStepKind {
        /// It matured and can be used.
        Release = "release",
        /// It was taken back.
        Void = "void",
    }
}

/// An amount that is held. All but `remaining` and `steps` never changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// The transaction that posted it: no two holds have one.
    pub transaction: TransactionId,
    /// For which referral.
    pub referral: ReferralId,
    /// Of what.
    pub kind: HoldKind,
    /// Whose.
    pub user: UserId,
    /// The event that brought it about, when one did.
    pub cause: Option<SourceId>,
    /// How much, in minor units; positive.
    pub amount: i64,
    /// From when it can be used.
    pub matures_at: Timestamp,
    /// When it was posted.
    pub created_at: Timestamp,
    /// How much of it was neither released nor taken back; it only becomes less.
    pub remaining: i64,
    /// How many steps made it so.
    pub steps: u32,
}

/// A part of a hold that was released or taken back. It follows the step before, so that together they never exceed
/// the hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HoldStep {
    /// The hold.
    pub hold: TransactionId,
    /// Its number, from 1.
    pub n: u32,
    /// What became of it.
    pub kind: HoldStepKind,
    /// How much; positive.
    pub amount: i64,
    /// How much remains after it.
    pub remaining: i64,
    /// By which transaction.
    pub transaction: TransactionId,
    /// When.
    pub at: Timestamp,
}

impl Hold {
    /// Releases or voids a part; `None` for nothing, or beyond what remains. The hold is as it is after the step.
    ///
    /// ```
    /// use referral_domain::{hold::*, id::*, time::Timestamp};
    /// use uuid::Uuid;
    /// let (at, txn) = (Timestamp::from_micros(1), |n| TransactionId::from_uuid(Uuid::from_u128(n)));
    /// let mut hold = Hold {
    ///     transaction: txn(1), referral: ReferralId::from_uuid(Uuid::from_u128(2)), kind: HoldKind::Reward,
    ///     user: UserId::from_uuid(Uuid::from_u128(3)), cause: None, amount: 2_500, matures_at: at, created_at: at,
    ///     remaining: 2_500, steps: 0,
    /// };
    /// let voided = hold.step(HoldStepKind::Void, 1_000, txn(4), at).expect("there is as much");
    /// assert_eq!((voided.n, voided.remaining, hold.remaining), (1, 1_500, 1_500));
    /// assert!(hold.step(HoldStepKind::Release, 1_501, txn(5), at).is_none());
    /// ```
    pub fn step(
        &mut self,
        kind: HoldStepKind,
        amount: i64,
        transaction: TransactionId,
        at: Timestamp,
    ) -> Option<HoldStep> {
        let remaining = self.remaining.checked_sub(amount).filter(|left| *left >= 0 && amount > 0)?;
        self.remaining = remaining;
        self.steps += 1;
        Some(HoldStep { hold: self.transaction, n: self.steps, kind, amount, remaining, transaction, at })
    }
}

/// The holds of the referrals a unit has locked: those it loaded, then those it made.
///
/// ```
/// use referral_domain::hold::Holds;
/// assert_eq!(Holds::default().made(), []);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Holds {
    holds: BTreeMap<TransactionId, Hold>,
    /// As they were made, before any step.
    made: Vec<Hold>,
    steps: Vec<HoldStep>,
}

impl Holds {
    /// Starts from what was loaded.
    #[must_use]
    pub fn loaded(holds: Vec<Hold>) -> Self {
        let holds = holds.into_iter().map(|hold| (hold.transaction, hold)).collect();
        Self { holds, ..Self::default() }
    }

    /// The holds that were made, as they were before any step.
    #[must_use]
    pub fn made(&self) -> &[Hold] {
        &self.made
    }

    /// What is to be recorded: the holds made, and the steps, in order.
    #[must_use]
    pub fn finish(self) -> (Vec<Hold>, Vec<HoldStep>) {
        (self.made, self.steps)
    }

    /// Adds a hold.
    pub(crate) fn add(&mut self, hold: Hold) {
        self.made.push(hold.clone());
        self.holds.insert(hold.transaction, hold);
    }

    /// Voids at most so much of one posting's hold; answers how much.
    pub(crate) fn void(&mut self, of: TransactionId, most: i64, by: TransactionId, at: Timestamp) -> i64 {
        let Some(hold) = self.holds.get_mut(&of) else { return 0 };
        let amount = hold.remaining.min(most);
        let step = hold.step(HoldStepKind::Void, amount, by, at);
        let voided = step.as_ref().map_or(0, |step| step.amount);
        self.steps.extend(step);
        voided
    }

    /// Releases all that remains of one hold; answers how much.
    pub(crate) fn release(
        &mut self,
        of: TransactionId,
        by: TransactionId,
        at: Timestamp,
    ) -> Option<HoldStep> {
        let hold = self.holds.get_mut(&of)?;
        let step = hold.step(HoldStepKind::Release, hold.remaining, by, at)?;
        self.steps.push(step.clone());
        Some(step)
    }

    /// The commission holds of a referral of which something remains: first those that `first` holds for, then the
    /// others, each from the newest to the oldest.
    pub(crate) fn of_commission(
        &self,
        referral: ReferralId,
        first: impl Fn(&Hold) -> bool,
    ) -> (Vec<TransactionId>, Vec<TransactionId>) {
        let mut open: Vec<_> = self.holds.values().filter(|hold| hold.is_commission_of(referral)).collect();
        open.sort_by_key(|hold| std::cmp::Reverse((hold.created_at, hold.transaction)));
        let (own, others): (Vec<_>, Vec<_>) = open.into_iter().partition(|hold| first(hold));
        let ids = |holds: Vec<&Hold>| holds.into_iter().map(|hold| hold.transaction).collect();
        (ids(own), ids(others))
    }
}

impl Hold {
    fn is_commission_of(&self, referral: ReferralId) -> bool {
        self.kind == HoldKind::Commission && self.referral == referral && self.remaining > 0
    }
}
