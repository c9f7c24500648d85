//! Events as the host tells them, and as they are recorded.

use crate::auth::words;
use crate::id::{EventId, ReferralId, TransactionId, UserId};
use crate::identity::Fingerprint;
use crate::money::Money;
use crate::reference::{HostId, SourceId};
use crate::referral::WithheldReason;
use crate::spend::BodyHash;
use crate::time::Timestamp;

/// Money received from a user, as the host tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpendCommand {
    /// The host's id of it; unique per program for ever.
    pub source: SourceId,
    /// Who paid.
    pub user: HostId,
    /// How much; positive.
    pub amount: Money,
    /// When.
    pub occurred_at: Timestamp,
    /// Keyed hash of the payment method's fingerprint.
    pub payment: Option<Fingerprint>,
    /// The host's own JSON object: stored, never interpreted, never compared.
    pub metadata: Option<String>,
}

/// Money given back to a user, as the host tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefundCommand {
    /// The host's id of it; unique per program for ever, among spends and refunds.
    pub source: SourceId,
    /// Who paid, and was refunded.
    pub user: HostId,
    /// Which spend it refunds, known or not.
    pub spend: SourceId,
    /// How much; positive.
    pub amount: Money,
    /// When.
    pub occurred_at: Timestamp,
    /// Why.
    pub reason: RefundReason,
    /// The host's own JSON object: stored, never interpreted, never compared.
    pub metadata: Option<String>,
}

words! {
    /// Why money was given back.
    RefundReason {
        /// The customer asked; also what a host means that gives no reason.
        Requested = "requested",
        /// The bank took it back.
        Chargeback = "chargeback",
        /// The payment was a fraud.
        Fraud = "fraud",
        /// Anything else.
        Other = "other",
    }
}

impl RefundReason {
    /// Whether such a refund weighs on its spend however late it comes.
    #[must_use]
    pub const fn always_weighs(self) -> bool {
        match self {
            Self::Chargeback | Self::Fraud => true,
            Self::Requested | Self::Other => false,
        }
    }
}

/// An event as the host tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventCommand {
    /// Money received.
    Spend(SpendCommand),
    /// Money given back.
    Refund(RefundCommand),
}

impl EventCommand {
    /// The host's id of it.
    #[must_use]
    pub const fn source(&self) -> &SourceId {
        match self {
            Self::Spend(spend) => &spend.source,
            Self::Refund(refund) => &refund.source,
        }
    }

    /// Who paid.
    #[must_use]
    pub const fn user(&self) -> &HostId {
        match self {
            Self::Spend(spend) => &spend.user,
            Self::Refund(refund) => &refund.user,
        }
    }

    /// How much.
    #[must_use]
    pub const fn amount(&self) -> Money {
        match self {
            Self::Spend(spend) => spend.amount,
            Self::Refund(refund) => refund.amount,
        }
    }

    /// When.
    #[must_use]
    pub const fn occurred_at(&self) -> Timestamp {
        match self {
            Self::Spend(spend) => spend.occurred_at,
            Self::Refund(refund) => refund.occurred_at,
        }
    }

    /// The spend that a refund names.
    #[must_use]
    pub const fn names(&self) -> Option<&SourceId> {
        match self {
            Self::Spend(_) => None,
            Self::Refund(refund) => Some(&refund.spend),
        }
    }
}

impl From<SpendCommand> for EventCommand {
    fn from(spend: SpendCommand) -> Self {
        Self::Spend(spend)
    }
}

impl From<RefundCommand> for EventCommand {
    fn from(refund: RefundCommand) -> Self {
        Self::Refund(refund)
    }
}

words! {
    /// What an event counted for.
    Outcome {
        /// It was counted, and neither reached the threshold nor took a reward back.
        Counted = "counted",
        /// The reward became due with it.
        ThresholdCrossed = "threshold_crossed",
        /// A refund: net spend fell below the threshold, and the reward was taken back.
        RewardRetracted = "reward_retracted",
        /// Nobody referred this user yet; kept for [`PARKED_FOR`].
        NotReferred = "not_referred",
        /// It happened before the code was applied.
        BeforeReferral = "before_referral",
        /// It happened after the window, and after the commission's.
        AfterWindow = "after_window",
        /// It is in another currency than the program's.
        CurrencyMismatch = "currency_mismatch",
        /// The referral was confirmed as fraud.
        ReferralClosed = "referral_closed",
        /// A refund whose spend is not known yet: it weighs as soon as that is told.
        AwaitingSpend = "awaiting_spend",
    }
}

/// A recorded event. It never changes; a repetition is answered from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpendEvent {
    /// Its id.
    pub id: EventId,
    /// The host's id.
    pub source: SourceId,
    /// Who paid.
    pub user: UserId,
    /// How much.
    pub amount: Money,
    /// When.
    pub occurred_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Keyed hash of the payment method's fingerprint.
    pub payment: Option<Fingerprint>,
    /// The host's own JSON object.
    pub metadata: Option<String>,
    /// What it refunds and why, if it is a refund.
    pub refund: Option<RefundOf>,
    /// Hash of what makes two events the same.
    pub body: BodyHash,
    /// What it counted for.
    pub outcome: Outcome,
    /// Whose referral it met.
    pub referral: Option<ReferralId>,
    /// By how much it changed what its spend counts for: towards the threshold, the commission or both, by the instant of
    /// that spend. Negative for a refund.
    pub counted: i64,
    /// Whether, with this refund, more was refunded than the spend was: what goes beyond changes nothing.
    pub over_refund: bool,
    /// The net spend and threshold after it.
    pub level: Option<Level>,
    /// What it had posted of the reward; negative when that was taken back.
    pub reward: Option<Effect>,
    /// What it had posted of the commission; negative when that was taken back.
    pub commission: Option<Effect>,
    /// What became due with it and was withheld.
    pub withheld: Option<Withheld>,
}

/// What a recorded refund names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefundOf {
    /// The spend it refunds.
    pub spend: SourceId,
    /// Why.
    pub reason: RefundReason,
}

/// Net spend and threshold, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    /// Counted spend less weighing refunds.
    pub net: i64,
    /// Where the reward becomes due.
    pub threshold: i64,
}

/// What an event had posted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effect {
    /// How much, in minor units; negative when it was taken back, never 0.
    pub amount: i64,
    /// By which transaction.
    pub transaction: TransactionId,
}

/// A reward that became due with an event and was not granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Withheld {
    /// How much, in minor units.
    pub amount: i64,
    /// Why.
    pub reason: WithheldReason,
}
