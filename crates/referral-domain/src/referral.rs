//! A referral: who brought whom, on which terms, how far it is, and what was granted.

use crate::auth::words;
use crate::code::CodeText;
use crate::commission::CommissionProgress;
use crate::id::{BookId, CaseId, ClickId, CodeId, ReferralId, TransactionId, UserId};
use crate::program::Terms;
use crate::retraction::Withdrawn;
use crate::time::Timestamp;

words! {
    /// How a code reached the referred user.
    Source {
        /// Typed in.
        Typed = "typed",
        /// By a link.
        Link = "link",
        /// By the cookie a link left.
        Cookie = "cookie",
        /// By the host's server.
        Api = "api",
    }
}

words! {
    /// What a person decided about a suspected referral.
    Review {
        /// Nothing was suspected.
        None = "none",
        /// A case is open: nothing is granted.
        Open = "open",
        /// Cleared.
        Cleared = "cleared",
        /// Confirmed as fraud.
        Confirmed = "confirmed",
    }
}

words! {
    /// Why an amount that is due is not granted.
    WithheldReason {
        /// The referred user is not verified.
        EmailNotVerified = "email-not-verified",
        /// Whoever would be paid is known not to be verified.
        ReferrerEmailNotVerified = "referrer-email-not-verified",
        /// A fraud case is open.
        UnderReview = "under-review",
        /// The month's budget is spent.
        Budget = "budget",
        /// The program is paused.
        ProgramPaused = "program-paused",
    }
}

/// Where a referral came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribution {
    /// How.
    pub source: Source,
    /// By which click.
    pub click: Option<ClickId>,
    /// When that was.
    pub clicked_at: Option<Timestamp>,
    /// The affiliate's own label.
    pub sub_id: Option<String>,
}

/// The state of a referral, with what belongs to that state alone.
///
/// ```
/// use referral_domain::{referral::{State, StateName}, time::Timestamp};
/// let at = Timestamp::from_micros;
/// let state = State::Completed { activated_at: at(1), completed_at: at(2) };
/// assert_eq!((state.name(), state.name().as_str()), (StateName::Completed, "completed"));
/// assert_eq!((state.activated_at(), state.completed_at(), state.closed_at()), (Some(at(1)), Some(at(2)), None));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The code is applied; the e-mail is not verified.
    Pending,
    /// Verified within the window.
    Active {
        /// Since when.
        activated_at: Timestamp,
    },
    /// Verified, and net spend reached the threshold.
    Completed {
        /// When it was verified.
        activated_at: Timestamp,
        /// When the threshold was reached.
        completed_at: Timestamp,
    },
    /// The window passed without qualifying: a label, not a gate.
    Expired {
        /// When it was verified, if ever.
        activated_at: Option<Timestamp>,
        /// When the label was put on.
        closed_at: Timestamp,
    },
    /// Confirmed by a person.
    Fraud {
        /// When it was verified, if ever.
        activated_at: Option<Timestamp>,
        /// When it was confirmed.
        closed_at: Timestamp,
    },
}

words! {
    /// The word of a [`State`].
    StateName {
        /// [`State::Pending`].
        Pending = "pending",
        /// [`State::Active`].
        Active = "active",
        /// [`State::Completed`].
        Completed = "completed",
        /// [`State::Expired`].
        Expired = "expired",
        /// [`State::Fraud`].
        Fraud = "fraud",
    }
}

impl State {
    /// Its word.
    #[must_use]
    pub const fn name(self) -> StateName {
        match self {
            Self::Pending => StateName::Pending,
            Self::Active { .. } => StateName::Active,
            Self::Completed { .. } => StateName::Completed,
            Self::Expired { .. } => StateName::Expired,
            Self::Fraud { .. } => StateName::Fraud,
        }
    }

    /// When the referred user was verified within the window, if ever.
    #[must_use]
    pub const fn activated_at(self) -> Option<Timestamp> {
        match self {
            Self::Pending => None,
            Self::Active { activated_at } | Self::Completed { activated_at, .. } => Some(activated_at),
            Self::Expired { activated_at, .. } | Self::Fraud { activated_at, .. } => activated_at,
        }
    }

    /// When the threshold was reached.
    #[must_use]
    pub const fn completed_at(self) -> Option<Timestamp> {
        match self {
            Self::Completed { completed_at, .. } => Some(completed_at),
            Self::Pending | Self::Active { .. } | Self::Expired { .. } | Self::Fraud { .. } => None,
        }
    }

    /// When it expired or was confirmed as fraud.
    #[must_use]
    pub const fn closed_at(self) -> Option<Timestamp> {
        match self {
            Self::Expired { closed_at, .. } | Self::Fraud { closed_at, .. } => Some(closed_at),
            Self::Pending | Self::Active { .. } | Self::Completed { .. } => None,
        }
    }
}

/// What became of an amount that was promised.
///
/// ```
/// use referral_domain::referral::{Award, AwardStatus, WithheldReason};
/// let award = Award::Withheld(WithheldReason::EmailNotVerified);
/// assert_eq!((award.status(), award.reason()), (AwardStatus::Withheld, Some(WithheldReason::EmailNotVerified)));
/// assert!(!award.is_posted());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Award {
    /// Its condition is not met.
    NotDue,
    /// Its condition is met; this stands in the way.
    Withheld(WithheldReason),
    /// Posted to the ledger, and not usable yet.
    Held {
        /// When.
        at: Timestamp,
        /// By which transaction.
        transaction: TransactionId,
        /// From when it can be used.
        available_at: Timestamp,
    },
    /// Posted to the ledger.
    Granted {
        /// When.
        at: Timestamp,
        /// By which transaction.
        transaction: TransactionId,
    },
    /// Posted once, and taken back.
    Retracted,
}

words! {
    /// The word of an [`Award`] in JSON and in the store.
    AwardStatus {
        /// [`Award::NotDue`].
        NotDue = "not_due",
        /// [`Award::Withheld`].
        Withheld = "withheld",
        /// Posted, and not usable yet.
        Held = "held",
        /// [`Award::Granted`].
        Granted = "granted",
        /// Posted and taken back.
        Retracted = "retracted",
    }
}

impl Award {
    /// Its word.
    #[must_use]
    pub const fn status(self) -> AwardStatus {
        match self {
            Self::NotDue => AwardStatus::NotDue,
            Self::Withheld(_) => AwardStatus::Withheld,
            Self::Held { .. } => AwardStatus::Held,
            Self::Granted { .. } => AwardStatus::Granted,
            Self::Retracted => AwardStatus::Retracted,
        }
    }

    /// Whether it is posted, held or not.
    #[must_use]
    pub const fn is_posted(self) -> bool {
        self.transaction().is_some()
    }

    /// The transaction that posted it, while it is posted.
    #[must_use]
    pub const fn transaction(self) -> Option<TransactionId> {
        match self {
            Self::Held { transaction, .. } | Self::Granted { transaction, .. } => Some(transaction),
            Self::NotDue | Self::Withheld(_) | Self::Retracted => None,
        }
    }

    /// When it was posted, while it is.
    #[must_use]
    pub const fn posted_at(self) -> Option<Timestamp> {
        match self {
            Self::Held { at, .. } | Self::Granted { at, .. } => Some(at),
            Self::NotDue | Self::Withheld(_) | Self::Retracted => None,
        }
    }

    /// From when it can be used, while it is held.
    #[must_use]
    pub const fn available_at(self) -> Option<Timestamp> {
        match self {
            Self::Held { available_at, .. } => Some(available_at),
            Self::NotDue | Self::Withheld(_) | Self::Granted { .. } | Self::Retracted => None,
        }
    }

    /// What stands in the way.
    #[must_use]
    pub const fn reason(self) -> Option<WithheldReason> {
        match self {
            Self::Withheld(reason) => Some(reason),
            Self::NotDue | Self::Held { .. } | Self::Granted { .. } | Self::Retracted => None,
        }
    }
}

/// Counted spend, in minor units of the program's currency: plain sums of facts.
///
/// ```
/// use referral_domain::referral::SpendTotals;
/// assert_eq!(SpendTotals { gross: 6_000, refunded: 1_500 }.net(), 4_500);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SpendTotals {
    /// In-window spend.
    pub gross: i64,
    /// What weighing refunds took from it.
    pub refunded: i64,
}

impl SpendTotals {
    /// Gross less refunded.
    #[must_use]
    pub const fn net(self) -> i64 {
        self.gross - self.refunded
    }
}

/// A referral. What was promised and who is concerned never change; progress does, under its lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Referral {
    /// What never changes.
    pub facts: ReferralFacts,
    /// What does.
    pub progress: Progress,
}

/// The immutable part of a referral: one row that the database refuses to change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReferralFacts {
    /// The program's book.
    pub book: BookId,
    /// Its id.
    pub id: ReferralId,
    /// Who shared.
    pub referrer: UserId,
    /// Who came.
    pub referred: UserId,
    /// By which code.
    pub code: CodeId,
    /// That code's spelling.
    pub code_text: CodeText,
    /// The version of the rules pinned.
    pub rule_version: u32,
    /// The terms of that version.
    pub terms: Terms,
    /// Where it came from.
    pub attribution: Attribution,
    /// When the referred user signed up, as known on applying.
    pub signed_up_at: Option<Timestamp>,
    /// When the code was applied.
    pub applied_at: Timestamp,
    /// Spend counts strictly before this instant.
    pub qualifies_until: Timestamp,
    /// When it was recorded.
    pub created_at: Timestamp,
}

/// The changing part of a referral.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Its state.
    pub state: State,
    /// What a person decided.
    pub review: Review,
    /// The case, when one was opened.
    pub case: Option<CaseId>,
    /// Since when the referred user's e-mail is verified, by the teller's clock; `None` while it is not.
    pub verified_at: Option<Timestamp>,
    /// Counted spend.
    pub spend: SpendTotals,
    /// The referred user's welcome credit.
    pub welcome: Award,
    /// The referrer's reward.
    pub reward: Award,
    /// How often the reward was granted or retracted; odd while it is posted.
    pub reward_steps: u32,
    /// The referrer's commission.
    pub commission: CommissionProgress,
    /// What an operator took back of it for good.
    pub withdrawn: Withdrawn,
    /// When anything here last changed.
    pub updated_at: Timestamp,
}

impl ReferralFacts {
    /// Whether spend of that instant counts towards the threshold: `applied_at <= at < qualifies_until`.
    #[must_use]
    pub fn window_holds(&self, at: Timestamp) -> bool {
        self.applied_at <= at && at < self.qualifies_until
    }

    /// Whether spend of that instant earns commission: `applied_at <= at < applied_at + months`; never where none was
    /// promised.
    #[must_use]
    pub fn commission_holds(&self, at: Timestamp) -> bool {
        self.applied_at <= at && self.commission_until().is_some_and(|until| at < until)
    }

    /// The end of the commission's months; `None` where none was promised.
    #[must_use]
    pub fn commission_until(&self) -> Option<Timestamp> {
        self.terms.commission.map(|terms| self.applied_at.plus_months(terms.months))
    }
}

impl Referral {
    /// Whether counted net spend has reached the threshold: a level, whatever brought it there.
    #[must_use]
    pub const fn reached(&self) -> bool {
        self.progress.spend.net() >= self.facts.terms.spend_threshold
    }
}
