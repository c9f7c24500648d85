//! What a payout moves, and how much may be asked for.

use crate::id::{PayoutId, TransactionId};
use crate::ledger::{CreatedBy, Heading, Origin, ReferenceType, TransactionKind};
use crate::time::Timestamp;

/// Why nothing is paid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestRefusal {
    /// The user is known to be unverified, or was referred and is not verified yet.
    #[error("the user's e-mail is not verified")]
    EmailNotVerified,
    /// Another payout of theirs has not ended.
    #[error("{0} has not ended")]
    Open(PayoutId),
    /// They have not said where to.
    #[error("no payout method is set")]
    NoMethod,
    /// They have just said where to.
    #[error("the payout method can be used from {from}")]
    MethodTooYoung {
        /// From when it can be used.
        from: Timestamp,
    },
    /// Less than is paid out at all.
    #[error("below the least that is paid out")]
    BelowMinimum {
        /// The least that is paid out.
        minimum: i64,
    },
    /// More than may leave.
    #[error("more than is payable")]
    AbovePayable {
        /// What may leave.
        payable: i64,
    },
}

/// How much a payout takes: what is asked, or all that is payable.
///
/// # Errors
/// [`RequestRefusal::BelowMinimum`], [`RequestRefusal::AbovePayable`].
///
/// ```
/// use referral_domain::payout::{RequestRefusal, requestable};
/// assert_eq!(requestable(None, 4_000, 2_500), Ok(4_000), "all of it");
/// assert_eq!(requestable(Some(2_500), 4_000, 2_500), Ok(2_500));
/// assert_eq!(requestable(Some(4_001), 4_000, 2_500), Err(RequestRefusal::AbovePayable { payable: 4_000 }));
/// assert_eq!(requestable(None, 2_499, 2_500), Err(RequestRefusal::BelowMinimum { minimum: 2_500 }));
/// assert_eq!(requestable(None, 0, 0), Err(RequestRefusal::BelowMinimum { minimum: 1 }), "nothing is no payout");
/// ```
pub fn requestable(asked: Option<i64>, payable: i64, minimum: i64) -> Result<i64, RequestRefusal> {
    let (amount, minimum) = (asked.unwrap_or(payable), minimum.max(1));
    if amount < minimum {
        return Err(RequestRefusal::BelowMinimum { minimum });
    }
    if amount > payable { Err(RequestRefusal::AbovePayable { payable }) } else { Ok(amount) }
}

/// What must become payable before a payout can be asked for.
///
/// ```
/// use referral_domain::payout::missing;
/// assert_eq!((missing(2_000, 2_500), missing(2_500, 2_500)), (500, 0));
/// ```
#[must_use]
pub fn missing(payable: i64, minimum: i64) -> i64 {
    minimum.saturating_sub(payable).max(0)
}

/// What a step does to the money.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Movement {
    /// Available becomes reserved.
    Reserve,
    /// Reserved leaves.
    Settle,
    /// Reserved comes back: the payout failed.
    Fail,
    /// Reserved comes back: the payout was given up.
    Cancel,
}

impl Movement {
    /// Its word in the natural key: each is posted at most once a payout, for ever.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Settle => "settle",
            Self::Fail => "fail",
            Self::Cancel => "cancel",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Reserve => "Payout requested",
            Self::Settle => "Payout paid",
            Self::Fail => "Payout failed: the money is back",
            Self::Cancel => "Payout cancelled: the money is back",
        }
    }
}

/// The heading of what a payout's step posts.
///
/// ```
/// use referral_domain::{id::*, ledger::CreatedBy, payout::{Movement, heading}, time::Timestamp};
/// use uuid::Uuid;
/// let (payout, transaction) = (PayoutId::from_uuid(Uuid::from_u128(1)), TransactionId::from_uuid(Uuid::from_u128(2)));
/// let heading = heading(payout, Movement::Settle, transaction, CreatedBy::Operator, Timestamp::from_micros(0));
/// assert_eq!(heading.origin_id, format!("{payout}:settle"));
/// ```
#[must_use]
pub fn heading(
    payout: PayoutId,
    movement: Movement,
    id: TransactionId,
    created_by: CreatedBy,
    at: Timestamp,
) -> Heading {
    Heading {
        id,
        kind: TransactionKind::AffiliatePayout,
        origin: Origin::Payout,
        origin_id: format!("{payout}:{}", movement.as_str()),
        referral: None,
        reverses: None,
        description: movement.description().to_owned(),
        reference: Some(payout.to_string()),
        reference_type: Some(ReferenceType::Payout),
        created_by,
        effective_at: at,
    }
}
