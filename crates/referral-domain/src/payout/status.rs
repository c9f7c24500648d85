//! Where a payout stands, and what may follow what.

use crate::auth::words;

words! {
    /// Where a payout stands.
    PayoutStatus {
        /// Asked for; the money is reserved.
        Requested = "requested",
        /// A person agreed.
        Approved = "approved",
        /// In a batch that is not discarded.
        Batched = "batched",
        /// The batch was handed to a bank.
        Sent = "sent",
        /// The money has left.
        Paid = "paid",
        /// Given up before it was batched; the money is back.
        Cancelled = "cancelled",
        /// The bank could not pay; the money is back.
        Failed = "failed",
    }
}

impl PayoutStatus {
    /// Whether nothing follows it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Paid | Self::Cancelled | Self::Failed => true,
            Self::Requested | Self::Approved | Self::Batched | Self::Sent => false,
        }
    }

    /// Whether a step to it may follow one that stood `before`.
    ///
    /// ```
    /// use referral_domain::payout::PayoutStatus::{Approved, Batched, Paid, Requested, Sent};
    /// assert!(Requested.may_follow(None) && Approved.may_follow(Some(Batched)) && Paid.may_follow(Some(Sent)));
    /// assert!(!Paid.may_follow(Some(Batched)) && !Requested.may_follow(Some(Requested)));
    /// ```
    #[must_use]
    pub const fn may_follow(self, before: Option<Self>) -> bool {
        match self {
            Self::Requested => before.is_none(),
            Self::Approved => matches!(before, Some(Self::Requested | Self::Batched)),
            Self::Batched => matches!(before, Some(Self::Approved)),
            Self::Sent => matches!(before, Some(Self::Batched)),
            Self::Paid | Self::Failed => matches!(before, Some(Self::Sent)),
            Self::Cancelled => matches!(before, Some(Self::Requested | Self::Approved)),
        }
    }
}
