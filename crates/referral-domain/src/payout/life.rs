//! A payout's life: `requested -> approved -> batched -> sent -> paid`, or `cancelled` before it is batched, or `failed`.

use super::{MethodKind, PayoutMethod, PayoutStatus};
use crate::auth::words;
use crate::id::{BatchId, PayoutId, TransactionId, UserId};
use crate::time::Timestamp;

words! {
    /// Who gave a payout up.
    CancelledBy {
        /// The user.
        User = "user",
        /// A person of the company.
        Operator = "operator",
        /// A rule: the user owes something.
        Rule = "rule",
    }
}

/// Why a payout came to nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// A word for programs: `user-owes`, `rejected`, `not-paid`.
    pub code: String,
    /// What a person reads.
    pub message: String,
}

/// A stage with just the fields that exist in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PayoutStage {
    /// Asked for.
    Requested {
        /// What reserved the money.
        transaction: TransactionId,
    },
    /// A person agreed, or the batch it was in was discarded.
    Approved {
        /// The batch that was discarded.
        left: Option<BatchId>,
    },
    /// In a batch.
    Batched {
        /// Which.
        batch: BatchId,
    },
    /// Handed to a bank.
    Sent {
        /// In which batch.
        batch: BatchId,
    },
    /// The money has left.
    Paid {
        /// In which batch.
        batch: BatchId,
        /// What settled it.
        transaction: TransactionId,
    },
    /// Given up.
    Cancelled {
        /// Who did.
        by: CancelledBy,
        /// Why.
        reason: Option<Failure>,
        /// What gave the money back.
        transaction: TransactionId,
    },
    /// The bank could not pay.
    Failed {
        /// In which batch.
        batch: BatchId,
        /// Why.
        reason: Failure,
        /// What gave the money back.
        transaction: TransactionId,
    },
}

impl PayoutStage {
    /// A stage from the parts it is stored in; `None` when they do not make one.
    #[must_use]
    pub fn of(
        status: PayoutStatus,
        batch: Option<BatchId>,
        transaction: Option<TransactionId>,
        by: Option<CancelledBy>,
        reason: Option<Failure>,
    ) -> Option<Self> {
        Some(match status {
            PayoutStatus::Requested => Self::Requested { transaction: transaction? },
            PayoutStatus::Approved => Self::Approved { left: batch },
            PayoutStatus::Batched => Self::Batched { batch: batch? },
            PayoutStatus::Sent => Self::Sent { batch: batch? },
            PayoutStatus::Paid => Self::Paid { batch: batch?, transaction: transaction? },
            PayoutStatus::Cancelled => Self::Cancelled { by: by?, reason, transaction: transaction? },
            PayoutStatus::Failed => {
                Self::Failed { batch: batch?, reason: reason?, transaction: transaction? }
            }
        })
    }

    /// Its name.
    #[must_use]
    pub const fn status(&self) -> PayoutStatus {
        match self {
            Self::Requested { .. } => PayoutStatus::Requested,
            Self::Approved { .. } => PayoutStatus::Approved,
            Self::Batched { .. } => PayoutStatus::Batched,
            Self::Sent { .. } => PayoutStatus::Sent,
            Self::Paid { .. } => PayoutStatus::Paid,
            Self::Cancelled { .. } => PayoutStatus::Cancelled,
            Self::Failed { .. } => PayoutStatus::Failed,
        }
    }

    /// The batch it is about.
    #[must_use]
    pub const fn batch(&self) -> Option<BatchId> {
        match self {
            Self::Batched { batch } | Self::Sent { batch } => Some(*batch),
            Self::Paid { batch, .. } | Self::Failed { batch, .. } => Some(*batch),
            Self::Approved { left } => *left,
            Self::Requested { .. } | Self::Cancelled { .. } => None,
        }
    }

    /// What it posted.
    #[must_use]
    pub const fn transaction(&self) -> Option<TransactionId> {
        match self {
            Self::Requested { transaction } | Self::Paid { transaction, .. } => Some(*transaction),
            Self::Cancelled { transaction, .. } | Self::Failed { transaction, .. } => Some(*transaction),
            Self::Approved { .. } | Self::Batched { .. } | Self::Sent { .. } => None,
        }
    }

    /// Why it came to nothing.
    #[must_use]
    pub const fn reason(&self) -> Option<&Failure> {
        match self {
            Self::Cancelled { reason, .. } => reason.as_ref(),
            Self::Failed { reason, .. } => Some(reason),
            Self::Requested { .. } | Self::Approved { .. } | Self::Batched { .. } => None,
            Self::Sent { .. } | Self::Paid { .. } => None,
        }
    }

    /// Who gave it up.
    #[must_use]
    pub const fn cancelled_by(&self) -> Option<CancelledBy> {
        match self {
            Self::Cancelled { by, .. } => Some(*by),
            Self::Requested { .. } | Self::Approved { .. } | Self::Batched { .. } => None,
            Self::Sent { .. } | Self::Paid { .. } | Self::Failed { .. } => None,
        }
    }
}

/// One step of a payout; it never changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayoutStep {
    /// Of which payout.
    pub payout: PayoutId,
    /// Its place, from 1 without gaps.
    pub n: u32,
    /// Where the payout stood before.
    pub after: Option<PayoutStatus>,
    /// What was reached by it.
    pub stage: PayoutStage,
    /// When.
    pub at: Timestamp,
}

/// A payout does not stand where the command needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payout is {status}")]
pub struct WrongState {
    /// Where it stands.
    pub status: PayoutStatus,
}

/// A payout: what was asked for, and every step since. A transition consumes it and answers it with one more step, which
/// is what is to be recorded.
///
/// ```
/// use referral_domain::{id::*, payout::*, time::Timestamp};
/// use uuid::Uuid;
/// let (at, user) = (Timestamp::from_micros(7), UserId::from_uuid(Uuid::from_u128(1)));
/// let method = PayoutMethod {
///     user, n: 1, kind: MethodKind::External, label: "****".into(), digest: [7; 32], sealed: Some(vec![1]),
///     changed_at: at,
/// };
/// let (id, reserve) = (PayoutId::from_uuid(Uuid::from_u128(2)), TransactionId::from_uuid(Uuid::from_u128(3)));
/// let payout = Payout::request(id, 1, &method, 2_500, reserve, at);
/// let batch = BatchId::from_uuid(Uuid::from_u128(4));
/// let payout = payout.approve(at)?.enter(batch, at)?;
/// assert_eq!(payout.clone().cancel(CancelledBy::User, None, reserve, at), Err(WrongState { status: PayoutStatus::Batched }));
/// let slow_clock = Timestamp::from_micros(0);
/// let paid = payout.send(slow_clock)?.pay(TransactionId::from_uuid(Uuid::from_u128(5)), at)?;
/// assert_eq!((paid.status(), paid.steps.len()), (PayoutStatus::Paid, 5));
/// assert!(paid.steps.iter().all(|step| step.at == at));
/// # Ok::<(), WrongState>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payout {
    /// Its id; later ones are greater.
    pub id: PayoutId,
    /// Whose.
    pub user: UserId,
    /// The user's how-manieth, from 1 without gaps: the one before has ended.
    pub n: u32,
    /// Which version of the user's method it goes to.
    pub method: u32,
    /// How it is paid.
    pub kind: MethodKind,
    /// How much, in minor units; positive.
    pub amount: i64,
    /// Every step so far, the first first; never empty.
    pub steps: Vec<PayoutStep>,
}

impl Payout {
    /// A payout that is asked for.
    #[must_use]
    pub fn request(
        id: PayoutId,
        n: u32,
        method: &PayoutMethod,
        amount: i64,
        transaction: TransactionId,
        at: Timestamp,
    ) -> Self {
        let first =
            PayoutStep { payout: id, n: 1, after: None, stage: PayoutStage::Requested { transaction }, at };
        let (user, kind, method) = (method.user, method.kind, method.n);
        Self { id, user, n, method, kind, amount, steps: vec![first] }
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> PayoutStatus {
        self.steps.last().map_or(PayoutStatus::Requested, |step| step.stage.status())
    }

    /// The last step.
    #[must_use]
    pub fn last(&self) -> Option<&PayoutStep> {
        self.steps.last()
    }

    /// The batch it is in.
    #[must_use]
    pub fn batch(&self) -> Option<BatchId> {
        self.last().filter(|step| step.stage.status() != PayoutStatus::Approved)?.stage.batch()
    }

    /// When it was asked for.
    #[must_use]
    pub fn requested_at(&self) -> Option<Timestamp> {
        self.steps.first().map(|step| step.at)
    }

    /// When it was paid.
    #[must_use]
    pub fn paid_at(&self) -> Option<Timestamp> {
        self.last().filter(|step| step.stage.status() == PayoutStatus::Paid).map(|step| step.at)
    }

    /// A person agrees.
    ///
    /// # Errors
    /// [`WrongState`] unless it is requested.
    pub fn approve(self, at: Timestamp) -> Result<Self, WrongState> {
        let status = self.status();
        if status == PayoutStatus::Batched {
            return Err(WrongState { status });
        }
        self.then(PayoutStage::Approved { left: None }, at)
    }

    /// It is given up; `transaction` gives the money back.
    ///
    /// # Errors
    /// [`WrongState`] unless it is requested or approved.
    pub fn cancel(
        self,
        by: CancelledBy,
        reason: Option<Failure>,
        transaction: TransactionId,
        at: Timestamp,
    ) -> Result<Self, WrongState> {
        self.then(PayoutStage::Cancelled { by, reason, transaction }, at)
    }

    /// A batch takes it in.
    ///
    /// # Errors
    /// [`WrongState`] unless it is approved.
    pub fn enter(self, batch: BatchId, at: Timestamp) -> Result<Self, WrongState> {
        self.then(PayoutStage::Batched { batch }, at)
    }

    /// Its batch is discarded.
    ///
    /// # Errors
    /// [`WrongState`] unless it is batched.
    pub fn leave(self, at: Timestamp) -> Result<Self, WrongState> {
        let left = self.carried(PayoutStatus::Batched)?;
        self.then(PayoutStage::Approved { left: Some(left) }, at)
    }

    /// Its batch is handed to a bank.
    ///
    /// # Errors
    /// [`WrongState`] unless it is batched.
    pub fn send(self, at: Timestamp) -> Result<Self, WrongState> {
        let batch = self.carried(PayoutStatus::Batched)?;
        self.then(PayoutStage::Sent { batch }, at)
    }

    /// The bank has paid; `transaction` settles it.
    ///
    /// # Errors
    /// [`WrongState`] unless it is sent.
    pub fn pay(self, transaction: TransactionId, at: Timestamp) -> Result<Self, WrongState> {
        let batch = self.carried(PayoutStatus::Sent)?;
        self.then(PayoutStage::Paid { batch, transaction }, at)
    }

    /// The bank could not pay; `transaction` gives the money back.
    ///
    /// # Errors
    /// [`WrongState`] unless it is sent.
    pub fn fail(
        self,
        reason: Failure,
        transaction: TransactionId,
        at: Timestamp,
    ) -> Result<Self, WrongState> {
        let batch = self.carried(PayoutStatus::Sent)?;
        self.then(PayoutStage::Failed { batch, reason, transaction }, at)
    }

    /// The batch of a payout that stands where a batch must be.
    fn carried(&self, needed: PayoutStatus) -> Result<BatchId, WrongState> {
        let status = self.status();
        self.batch().filter(|_| status == needed).ok_or(WrongState { status })
    }

    /// A step is never earlier than the one before it, whichever server's clock ran ahead or read the time before it waited.
    fn then(mut self, stage: PayoutStage, at: Timestamp) -> Result<Self, WrongState> {
        let status = self.status();
        if !stage.status().may_follow(Some(status)) {
            return Err(WrongState { status });
        }
        let (n, after) = (self.last().map_or(0, |step| step.n) + 1, Some(status));
        let at = self.last().map_or(at, |step| step.at.max(at));
        self.steps.push(PayoutStep { payout: self.id, n, after, stage, at });
        Ok(self)
    }
}
