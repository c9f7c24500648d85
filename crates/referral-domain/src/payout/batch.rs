//! A batch: approved payouts that leave together. What is in it is fixed when it is built, its manifest when it is
//! sealed; a person other than its maker approves it.

use sha2::{Digest, Sha256};

use super::{LeftOut, MethodKind, Payout};
use crate::audit::Actor;
use crate::auth::words;
use crate::id::{BatchId, PayoutId, UserId};
use crate::money::Currency;
use crate::time::Timestamp;

/// The most payouts a batch holds: as many as a bank takes in one file without ado, and as a unit moves at once.
pub const MOST_ITEMS: u32 = 1_000;

words! {
    /// Where a batch stands.
    BatchStatus {
        /// Built.
        Draft = "draft",
        /// Its manifest is fixed.
        Sealed = "sealed",
        /// A second person agreed.
        Approved = "approved",
        /// Handed to a bank.
        Exported = "exported",
        /// Every payout is paid or failed.
        Settled = "settled",
        /// Given up; its payouts are approved again.
        Discarded = "discarded",
    }
}

impl BatchStatus {
    /// Whether a step to it may follow one that stood `before`.
    ///
    /// ```
    /// use referral_domain::payout::BatchStatus::{Approved, Discarded, Draft, Exported, Sealed};
    /// assert!(Draft.may_follow(None) && Sealed.may_follow(Some(Draft)) && Discarded.may_follow(Some(Approved)));
    /// assert!(!Discarded.may_follow(Some(Exported)) && !Exported.may_follow(Some(Sealed)));
    /// ```
    #[must_use]
    pub const fn may_follow(self, before: Option<Self>) -> bool {
        match self {
            Self::Draft => before.is_none(),
            Self::Sealed => matches!(before, Some(Self::Draft)),
            Self::Approved => matches!(before, Some(Self::Sealed)),
            Self::Exported => matches!(before, Some(Self::Approved)),
            Self::Settled => matches!(before, Some(Self::Exported)),
            Self::Discarded => matches!(before, Some(Self::Draft | Self::Sealed | Self::Approved)),
        }
    }
}

/// A stage with just the fields that exist in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BatchStage {
    /// Built.
    Draft,
    /// Its manifest is fixed.
    Sealed {
        /// SHA-256 of the manifest.
        manifest: [u8; 32],
    },
    /// A second person agreed.
    Approved,
    /// Handed to a bank.
    Exported {
        /// In which format; there is one, since a second file could be paid beside the first.
        format: String,
    },
    /// Every payout is paid or failed.
    Settled,
    /// Given up.
    Discarded,
}

impl BatchStage {
    /// A stage from the parts it is stored in; `None` when they do not make one.
    #[must_use]
    pub fn of(status: BatchStatus, manifest: Option<[u8; 32]>, format: Option<String>) -> Option<Self> {
        Some(match status {
            BatchStatus::Draft => Self::Draft,
            BatchStatus::Sealed => Self::Sealed { manifest: manifest? },
            BatchStatus::Approved => Self::Approved,
            BatchStatus::Exported => Self::Exported { format: format? },
            BatchStatus::Settled => Self::Settled,
            BatchStatus::Discarded => Self::Discarded,
        })
    }

    /// What it keeps of a manifest, and the format it left in.
    #[must_use]
    pub const fn parts(&self) -> (Option<&[u8; 32]>, Option<&String>) {
        match self {
            Self::Sealed { manifest } => (Some(manifest), None),
            Self::Exported { format } => (None, Some(format)),
            Self::Draft | Self::Approved | Self::Settled | Self::Discarded => (None, None),
        }
    }

    /// Its name.
    #[must_use]
    pub const fn status(&self) -> BatchStatus {
        match self {
            Self::Draft => BatchStatus::Draft,
            Self::Sealed { .. } => BatchStatus::Sealed,
            Self::Approved => BatchStatus::Approved,
            Self::Exported { .. } => BatchStatus::Exported,
            Self::Settled => BatchStatus::Settled,
            Self::Discarded => BatchStatus::Discarded,
        }
    }
}

/// One step of a batch; it never changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchStep {
    /// Of which batch.
    pub batch: BatchId,
    /// Its place, from 1 without gaps.
    pub n: u32,
    /// Where the batch stood before.
    pub after: Option<BatchStatus>,
    /// What was reached by it.
    pub stage: BatchStage,
    /// Who took it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// One payout in a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchItem {
    /// Which.
    pub payout: PayoutId,
    /// The payout's step that entered the batch.
    pub step: u32,
    /// Whose.
    pub user: UserId,
    /// Which version of the user's method.
    pub method: u32,
    /// How much.
    pub amount: i64,
    /// The keyed hash of where it goes.
    pub digest: [u8; 32],
}

/// Why a batch does not do what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchRefusal {
    /// It does not stand where the command needs it.
    #[error("the batch is {0}")]
    State(BatchStatus),
    /// Its maker may not approve it.
    #[error("a batch is approved by a person other than its maker")]
    SecondPerson,
}

/// A batch of one method and currency: its payouts by id, and every step since it was built.
///
/// ```
/// use referral_domain::{audit::*, id::*, money::Currency, payout::*, time::Timestamp};
/// use uuid::Uuid;
/// let person = |id: &str| Actor { kind: ActorKind::Staff, id: id.into() };
/// let (id, at) = (BatchId::from_uuid(Uuid::from_u128(1)), Timestamp::from_micros(7));
/// let item = BatchItem {
///     payout: PayoutId::from_uuid(Uuid::from_u128(2)), step: 3, user: UserId::from_uuid(Uuid::from_u128(3)),
///     method: 1, amount: 2_500, digest: [7; 32],
/// };
/// let batch = Batch::draft(id, MethodKind::Sepa, vec![item], person("u_ada"), at);
/// let batch = batch.seal(Currency::parse("EUR").expect("euros"), person("u_ada"), at)?;
/// assert_eq!(batch.clone().approve(person("u_ada"), at), Err(BatchRefusal::SecondPerson));
/// let batch = batch.approve(person("u_bob"), Timestamp::from_micros(0))?.export("sepa", person("u_ada"), at)?;
/// assert_eq!((batch.status(), batch.total()), (BatchStatus::Exported, Some(2_500)));
/// assert!(batch.steps.iter().all(|step| step.at == at));
/// # Ok::<(), BatchRefusal>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    /// Its id; later ones are greater.
    pub id: BatchId,
    /// How all of it is paid.
    pub kind: MethodKind,
    /// Its payouts, by id; never empty.
    pub items: Vec<BatchItem>,
    /// What was asked for, or approved, when it was built and is not in it; by id.
    pub left_out: Vec<(PayoutId, LeftOut)>,
    /// Every step so far, the first first; never empty.
    pub steps: Vec<BatchStep>,
}

impl Batch {
    /// A batch of these payouts, built now.
    #[must_use]
    pub fn draft(id: BatchId, kind: MethodKind, mut items: Vec<BatchItem>, by: Actor, at: Timestamp) -> Self {
        items.sort_unstable_by_key(|item| item.payout);
        let first = BatchStep { batch: id, n: 1, after: None, stage: BatchStage::Draft, by, at };
        Self { id, kind, items, left_out: Vec::new(), steps: vec![first] }
    }

    /// The same, and it says what was left out of it.
    #[must_use]
    pub fn without(self, left_out: Vec<(PayoutId, LeftOut)>) -> Self {
        Self { left_out, ..self }
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> BatchStatus {
        self.steps.last().map_or(BatchStatus::Draft, |step| step.stage.status())
    }

    /// The step that reached a stage.
    #[must_use]
    pub fn step(&self, status: BatchStatus) -> Option<&BatchStep> {
        self.steps.iter().find(|step| step.stage.status() == status)
    }

    /// Who built it.
    #[must_use]
    pub fn maker(&self) -> Option<&Actor> {
        self.steps.first().map(|step| &step.by)
    }

    /// The sum of its payouts; `None` beyond 64 bits.
    #[must_use]
    pub fn total(&self) -> Option<i64> {
        self.items.iter().try_fold(0_i64, |sum, item| sum.checked_add(item.amount))
    }

    /// SHA-256 of its manifest, once sealed.
    #[must_use]
    pub fn manifest(&self) -> Option<[u8; 32]> {
        self.steps.iter().find_map(|step| match step.stage {
            BatchStage::Sealed { manifest } => Some(manifest),
            BatchStage::Draft | BatchStage::Approved | BatchStage::Exported { .. } => None,
            BatchStage::Settled | BatchStage::Discarded => None,
        })
    }

    /// The format it was exported in, and when.
    #[must_use]
    pub fn exported(&self) -> Option<(&str, Timestamp)> {
        self.steps.iter().find_map(|step| match &step.stage {
            BatchStage::Exported { format } => Some((format.as_str(), step.at)),
            BatchStage::Draft | BatchStage::Sealed { .. } | BatchStage::Approved => None,
            BatchStage::Settled | BatchStage::Discarded => None,
        })
    }

    /// SHA-256 over its canonical bytes: what it is, how and in which currency it is paid, and each payout's id, amount
    /// and destination's digest, by id. Each part of varying length stands behind its length.
    #[must_use]
    pub fn digest(&self, currency: Currency) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in ["referral payout batch 1", self.kind.as_str(), currency.code()] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        hash.update([currency.digits()]);
        hash.update(self.id.uuid().as_bytes());
        hash.update(u64::try_from(self.items.len()).unwrap_or(u64::MAX).to_be_bytes());
        for item in &self.items {
            hash.update(item.payout.uuid().as_bytes());
            hash.update(item.amount.to_be_bytes());
            hash.update(item.digest);
        }
        hash.finalize().into()
    }

    /// Its manifest is fixed.
    ///
    /// # Errors
    /// [`BatchRefusal::State`] unless it is a draft.
    pub fn seal(self, currency: Currency, by: Actor, at: Timestamp) -> Result<Self, BatchRefusal> {
        let manifest = self.digest(currency);
        self.then(BatchStage::Sealed { manifest }, by, at)
    }

    /// A second person agrees.
    ///
    /// # Errors
    /// [`BatchRefusal::State`] unless it is sealed, [`BatchRefusal::SecondPerson`] for its maker.
    pub fn approve(self, by: Actor, at: Timestamp) -> Result<Self, BatchRefusal> {
        let second = self.maker() != Some(&by);
        let approved = self.then(BatchStage::Approved, by, at)?;
        if second { Ok(approved) } else { Err(BatchRefusal::SecondPerson) }
    }

    /// It is given up.
    ///
    /// # Errors
    /// [`BatchRefusal::State`] once it was exported, settled or discarded.
    pub fn discard(self, by: Actor, at: Timestamp) -> Result<Self, BatchRefusal> {
        self.then(BatchStage::Discarded, by, at)
    }

    /// It is handed to a bank.
    ///
    /// # Errors
    /// [`BatchRefusal::State`] unless it is approved.
    pub fn export(self, format: &str, by: Actor, at: Timestamp) -> Result<Self, BatchRefusal> {
        self.then(BatchStage::Exported { format: format.to_owned() }, by, at)
    }

    /// Every payout is paid or failed.
    ///
    /// # Errors
    /// [`BatchRefusal::State`] unless it is exported.
    pub fn settle(self, by: Actor, at: Timestamp) -> Result<Self, BatchRefusal> {
        self.then(BatchStage::Settled, by, at)
    }

    /// A step is never earlier than the one before it, whichever server's clock ran ahead or read the time before it waited.
    fn then(mut self, stage: BatchStage, by: Actor, at: Timestamp) -> Result<Self, BatchRefusal> {
        let status = self.status();
        if !stage.status().may_follow(Some(status)) {
            return Err(BatchRefusal::State(status));
        }
        let (n, after) = (self.steps.last().map_or(0, |step| step.n) + 1, Some(status));
        let at = self.steps.last().map_or(at, |step| step.at.max(at));
        self.steps.push(BatchStep { batch: self.id, n, after, stage, by, at });
        Ok(self)
    }
}

impl BatchItem {
    /// A payout that has just entered a batch.
    #[must_use]
    pub fn of(payout: &Payout, digest: [u8; 32]) -> Self {
        let step = payout.last().map_or(0, |step| step.n);
        let Payout { id, user, method, amount, .. } = *payout;
        Self { payout: id, step, user, method, amount, digest }
    }
}
