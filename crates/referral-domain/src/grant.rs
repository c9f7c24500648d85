//! From a grant to the ledger: what the user reads, which system account pays, which step is recorded.

use uuid::Uuid;

use crate::id::{ReferralId, TransactionId};
use crate::ledger::{
    CreatedBy, Heading, Journal, LedgerFault, Origin, ReferenceType, SystemAccount, TransactionKind,
};
use crate::money::{Currency, Money};
use crate::settle::{Grant, Promise};
use crate::time::Timestamp;

/// One grant of a referral's reward. Steps alternate grant and retract; the stores refuse anything else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RewardStep {
    /// Whose reward.
    pub referral: ReferralId,
    /// Its number, from 1; odd for a grant.
    pub n: u32,
    /// How much, in minor units.
    pub amount: i64,
    /// By which transaction.
    pub transaction: TransactionId,
    /// When.
    pub at: Timestamp,
}

/// Posts a grant; answers the reward step to record, if it is one.
///
/// # Errors
/// A [`LedgerFault`]; nothing is posted then.
///
/// ```
/// use referral_domain::{grant, id::*, ledger::{Journal, Wallet}, money::Currency, settle::*, time::Timestamp};
/// use uuid::Uuid;
/// let (ana, usd) = (UserId::from_uuid(Uuid::from_u128(1)), Currency::parse("USD")?);
/// let now = Timestamp::from_micros(1);
/// let reward = Grant {
///     transaction: TransactionId::from_uuid(Uuid::from_u128(2)),
///     promise: Promise::Reward { step: 1, threshold: 5_000 }, to: ana, amount: 2_500,
///     referral: ReferralId::from_uuid(Uuid::from_u128(3)), cause: None, effective_at: now,
/// };
/// let mut journal = Journal::open(vec![Wallet::empty(BookId(7), ana, usd)], now);
/// let step = grant::post(&mut journal, &reward, usd, &mut || Uuid::from_u128(4))?;
/// assert_eq!(step.map(|step| step.n), Some(1));
/// assert_eq!(journal.balances(ana)?.available, 2_500);
/// assert_eq!(journal.finish().transactions[0].description, "Reward: a friend reached 50.00 USD");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn post(
    journal: &mut Journal,
    grant: &Grant,
    currency: Currency,
    ids: &mut dyn FnMut() -> Uuid,
) -> Result<Option<RewardStep>, LedgerFault> {
    let from = match grant.promise {
        Promise::Welcome => SystemAccount::WelcomeExpense,
        Promise::Reward { .. } => SystemAccount::RewardExpense,
    };
    journal.credit(heading(grant, currency), grant.to, grant.amount, from, ids)?;
    Ok(step(grant))
}

fn heading(grant: &Grant, currency: Currency) -> Heading {
    let (kind, origin, origin_id, description) = match grant.promise {
        Promise::Welcome => (
            TransactionKind::WelcomeCredit,
            Origin::Welcome,
            grant.referral.to_string(),
            "Welcome credit: your e-mail is verified".to_owned(),
        ),
        Promise::Reward { step, threshold } => (
            TransactionKind::ReferralBonus,
            Origin::Reward,
            format!("{}:{step}", grant.referral),
            format!("Reward: a friend reached {} {}", Money::of(threshold, currency), currency.code()),
        ),
    };
    Heading {
        id: grant.transaction,
        kind,
        origin,
        origin_id,
        referral: Some(grant.referral),
        reverses: None,
        description,
        reference: grant.cause.as_ref().map(ToString::to_string),
        reference_type: grant.cause.as_ref().map(|_| ReferenceType::Event),
        created_by: CreatedBy::System,
        effective_at: grant.effective_at,
    }
}

fn step(grant: &Grant) -> Option<RewardStep> {
    let Grant { referral, amount, transaction, effective_at: at, .. } = *grant;
    match grant.promise {
        Promise::Welcome => None,
        Promise::Reward { step: n, .. } => Some(RewardStep { referral, n, amount, transaction, at }),
    }
}
