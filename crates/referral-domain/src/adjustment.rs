//! Adjustments: what an operator puts right by hand, with a reason, once a reference. Beyond a limit it waits until a
//! second person approves it.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use crate::audit::Actor;
use crate::auth::words;
use crate::id::{AdjustmentId, AuditId, TransactionId, UserId};
use crate::ledger::{
    CreatedBy, Heading, Journal, LedgerFault, Origin, ReferenceType, SystemAccount, TransactionKind,
};
use crate::money::Currency;
use crate::reference::Reference;
use crate::time::Timestamp;

words! {
    /// Where an adjustment stands.
    AdjustmentStatus {
        /// In the ledger.
        Posted = "posted",
        /// A second person has not decided it yet.
        Waiting = "waiting",
        /// A second person said no.
        Rejected = "rejected",
    }
}

/// How far one person may adjust alone, in whole units of a program's currency: 100 unless configured.
///
/// ```
/// use referral_domain::{adjustment::AdjustmentLimit, money::Currency};
/// let hundred = AdjustmentLimit::default();
/// assert_eq!(hundred.minor(Currency::parse("USD")?), 10_000);
/// assert_eq!(hundred.minor(Currency::parse("JPY")?), 100);
/// assert_eq!(AdjustmentLimit::parse("0.50").map(|limit| limit.minor(Currency::parse("JPY").unwrap())), Some(0));
/// assert_eq!(AdjustmentLimit::parse("-1"), None);
/// # Ok::<(), referral_domain::money::MoneyFault>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AdjustmentLimit(Decimal);

impl Default for AdjustmentLimit {
    fn default() -> Self {
        Self(Decimal::ONE_HUNDRED)
    }
}

impl AdjustmentLimit {
    /// Reads whole units with at most four digits after the point; `None` for anything else, and for less than zero.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let units = Decimal::from_str_exact(text).ok().filter(|_| plain)?;
        let bounded = units.scale() <= 4 && units <= Decimal::new(999_999_999_999, 0);
        bounded.then_some(Self(units))
    }

    /// The same in minor units of a currency; what is finer than one is dropped, so that nobody may do more alone.
    #[must_use]
    pub fn minor(self, currency: Currency) -> i64 {
        let unit = Decimal::from(10_u64.pow(u32::from(currency.digits())));
        self.0.checked_mul(unit).and_then(|minor| minor.trunc().to_i64()).unwrap_or(0)
    }
}

/// An adjustment as it was asked for. It never changes; its steps stand beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Adjustment {
    /// Its id.
    pub id: AdjustmentId,
    /// Whose credits.
    pub user: UserId,
    /// The operator's reference, unique per program for ever.
    pub reference: Reference,
    /// By how much, in minor units: positive gives, negative takes; never zero.
    pub amount: i64,
    /// Why; the user reads it in their history.
    pub reason: String,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// A step of an adjustment: it is asked for, and when it waits, decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdjustmentStep {
    /// Of which adjustment.
    pub adjustment: AdjustmentId,
    /// 1 for asking, 2 for deciding.
    pub n: u8,
    /// Where the adjustment stands after it.
    pub status: AdjustmentStatus,
    /// The entry of the audit log that it is; recorded with it.
    pub audit: AuditId,
    /// Who took it: the actor of that entry. The id is empty once the person was erased.
    pub by: Actor,
    /// By which transaction, when it was posted.
    pub transaction: Option<TransactionId>,
    /// What the person who decided says.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// An adjustment with its steps, of which there is at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdjustmentFile {
    /// What was asked for.
    pub adjustment: Adjustment,
    /// By whom, and at once posted or waiting.
    pub asked: AdjustmentStep,
    /// What a second person decided.
    pub decided: Option<AdjustmentStep>,
}

/// What a second person says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

impl Decision {
    /// Where an adjustment stands after it.
    #[must_use]
    pub const fn leads_to(self) -> AdjustmentStatus {
        match self {
            Self::Approve => AdjustmentStatus::Posted,
            Self::Reject => AdjustmentStatus::Rejected,
        }
    }
}

/// Why an adjustment cannot be decided so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecisionRefusal {
    /// Who asked for it may not decide it.
    #[error("a second person must decide")]
    SecondPersonRequired,
    /// It waits for nobody any more.
    #[error("the adjustment is {0}")]
    Settled(AdjustmentStatus),
}

impl AdjustmentFile {
    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> AdjustmentStatus {
        self.last().status
    }

    /// By which transaction it was posted.
    #[must_use]
    pub fn transaction(&self) -> Option<TransactionId> {
        self.last().transaction
    }

    fn last(&self) -> &AdjustmentStep {
        self.decided.as_ref().unwrap_or(&self.asked)
    }

    /// Whether somebody may decide it so: true for the first time, false when they decided just that before.
    ///
    /// # Errors
    /// A [`DecisionRefusal`]; nothing changes then.
    pub fn may_decide(&self, decision: Decision, by: &Actor) -> Result<bool, DecisionRefusal> {
        match &self.decided {
            Some(step) if step.by == *by && step.status == decision.leads_to() => Ok(false),
            Some(step) => Err(DecisionRefusal::Settled(step.status)),
            None if self.asked.status != AdjustmentStatus::Waiting => {
                Err(DecisionRefusal::Settled(self.asked.status))
            }
            None if self.asked.by == *by => Err(DecisionRefusal::SecondPersonRequired),
            None => Ok(true),
        }
    }
}

/// Whether one person may post this alone.
///
/// ```
/// use referral_domain::adjustment::may_post_alone;
/// assert!(may_post_alone(-10_000, 10_000));
/// assert!(!may_post_alone(10_001, 10_000));
/// assert!(!may_post_alone(i64::MIN, i64::MAX));
/// ```
#[must_use]
pub const fn may_post_alone(amount: i64, limit: i64) -> bool {
    match amount.checked_abs() {
        Some(size) => size <= limit,
        None => false,
    }
}

/// Less is available than is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("only {available} minor units are available")]
pub struct InsufficientBalance {
    /// How much there is.
    pub available: i64,
}

/// Whether an adjustment can be posted onto what is available: taking leaves nobody owing.
///
/// # Errors
/// [`InsufficientBalance`].
pub const fn affordable(amount: i64, available: i64) -> Result<(), InsufficientBalance> {
    if amount < 0 && amount.saturating_neg() > available {
        return Err(InsufficientBalance { available });
    }
    Ok(())
}

/// Posts an adjustment: giving repays what is owed first, taking takes what is available.
///
/// # Errors
/// [`LedgerFault`]; ask [`affordable`] before.
pub fn post(
    journal: &mut Journal,
    adjustment: &Adjustment,
    transaction: TransactionId,
    now: Timestamp,
    ids: &mut dyn FnMut() -> Uuid,
) -> Result<(), LedgerFault> {
    let Adjustment { user, amount, .. } = *adjustment;
    let (heading, account) = (heading(adjustment, transaction, now), SystemAccount::Adjustment);
    if amount < 0 {
        journal.debit(heading, user, amount.saturating_neg(), account, ids)
    } else {
        journal.credit(heading, user, amount, account, ids)
    }
}

fn heading(adjustment: &Adjustment, id: TransactionId, now: Timestamp) -> Heading {
    Heading {
        id,
        kind: TransactionKind::ManualAdjustment,
        origin: Origin::Adjustment,
        origin_id: adjustment.reference.to_string(),
        referral: None,
        reverses: None,
        description: adjustment.reason.clone(),
        reference: Some(adjustment.reference.to_string()),
        reference_type: Some(ReferenceType::Adjustment),
        created_by: CreatedBy::Operator,
        effective_at: now,
    }
}
