//! From a grant to the ledger: what the user reads, which system account pays, which step is recorded.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::hold::{Hold, HoldKind, HoldStep, Holds};
use crate::id::{ReferralId, TransactionId};
use crate::ledger::{
    CreatedBy, Heading, Journal, LedgerFault, Origin, ReferenceType, Reversed, SystemAccount,
    TransactionKind, Wallet,
};
use crate::money::{Currency, Money};
use crate::port::Changes;
use crate::settle::{Grant, Promise, Withdrawal};
use crate::time::Timestamp;
use crate::tracking::DayDelta;

/// One grant or retraction of a referral's reward. They alternate; the stores refuse anything else.
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

/// One movement of a referral's commission, up or down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommissionStep {
    /// Whose commission.
    pub referral: ReferralId,
    /// Its number, from 1.
    pub n: u32,
    /// By how much, in minor units; negative when it was taken back, never 0.
    pub amount: i64,
    /// What is posted after it; never negative.
    pub posted: i64,
    /// By which transaction.
    pub transaction: TransactionId,
    /// When.
    pub at: Timestamp,
}

/// What came of posting a grant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Posted {
    /// The reward step to record, if it is one.
    pub step: Option<RewardStep>,
    /// The commission step to record, if it is one.
    pub commission: Option<CommissionStep>,
    /// By how much what is held changed.
    pub pending: i64,
}

/// Posts a grant: what is held is added to the holds, what is taken back leaves its own hold first.
///
/// A reward taken back takes what remains of its own hold, then what is available, and the rest becomes owed. A
/// commission taken back takes the holds of the event that brought it about, or the hold of the transaction that an
/// operator takes back, then what is available, then the other holds of this commission, the newest first, and the rest
/// becomes owed. No other hold is ever touched.
///
/// What an operator takes back is told in their words, and is unique by the transaction it takes back.
///
/// # Errors
/// A [`LedgerFault`]; nothing is posted then.
///
/// ```
/// use referral_domain::{grant, hold::Holds, id::*, ledger::{Journal, Wallet}, money::Currency, settle::*, time::Timestamp};
/// use uuid::Uuid;
/// let (ana, usd) = (UserId::from_uuid(Uuid::from_u128(1)), Currency::parse("USD")?);
/// let now = Timestamp::from_micros(1);
/// let reward = Grant {
///     transaction: TransactionId::from_uuid(Uuid::from_u128(2)),
///     promise: Promise::Reward { step: 1, threshold: 5_000 }, to: ana, amount: 2_500,
///     referral: ReferralId::from_uuid(Uuid::from_u128(3)), code: CodeId::from_uuid(Uuid::from_u128(4)), cause: None, spend: None,
///     by_hand: None, held_until: Some(now.plus_days(14)), effective_at: now,
/// };
/// let mut journal = Journal::open(vec![Wallet::empty(BookId(7), ana, usd)], now);
/// let (mut holds, mut last) = (Holds::default(), 10);
/// let mut ids = || { last += 1; Uuid::from_u128(last) };
/// let posted = grant::post(&mut journal, &mut holds, &reward, usd, &mut ids)?;
/// assert_eq!((posted.step.map(|step| step.n), posted.pending), (Some(1), 2_500));
/// assert_eq!(journal.balances(ana)?.held, 2_500);
/// assert_eq!(journal.finish().transactions[0].description, "Reward: a friend reached 50.00 USD");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn post(
    journal: &mut Journal,
    holds: &mut Holds,
    grant: &Grant,
    currency: Currency,
    ids: &mut dyn FnMut() -> Uuid,
) -> Result<Posted, LedgerFault> {
    let (heading, account) = (heading(grant, currency), account(grant.promise));
    let pending = if grant.promise.is_taken_back() {
        let voided = void(journal, holds, grant)?;
        journal.retract(heading, grant.to, grant.amount, voided, account, ids)?;
        -voided
    } else if let Some(matures_at) = grant.held_until {
        journal.hold(heading, grant.to, grant.amount, account, ids)?;
        holds.add(hold(grant, matures_at));
        grant.amount
    } else {
        journal.credit(heading, grant.to, grant.amount, account, ids)?;
        0
    };
    Ok(Posted { step: step(grant), commission: commission_step(grant), pending })
}

/// The referrals whose holds must be loaded before these grants are posted: of the others none can be taken from.
#[must_use]
pub fn takes_from(grants: &[Grant]) -> Vec<ReferralId> {
    let taken =
        grants.iter().filter(|grant| grant.promise.is_taken_back() && grant.promise.is_the_referrers());
    let each_once: BTreeSet<_> = taken.map(|grant| grant.referral).collect();
    each_once.into_iter().collect()
}

/// Posts grants in their order onto locked wallets; adds what is to be recorded of them to a unit's changes, the holds of
/// [`takes_from`] among what was loaded.
///
/// # Errors
/// A [`LedgerFault`]; the changes are of no use then.
pub fn post_all(
    changes: &mut Changes,
    (wallets, holds): (Vec<Wallet>, Vec<Hold>),
    grants: &[Grant],
    (currency, now): (Currency, Timestamp),
    ids: &mut dyn FnMut() -> Uuid,
) -> Result<(), LedgerFault> {
    let (mut journal, mut holds) = (Journal::open(wallets, now), Holds::loaded(holds));
    for grant in grants {
        let posted = post(&mut journal, &mut holds, grant, currency, ids)?;
        changes.steps.extend(posted.step);
        changes.commission_steps.extend(posted.commission);
        if posted.pending != 0 {
            let day = DayDelta::empty(grant.to, grant.code, now.day());
            changes.days.push(DayDelta { pending: posted.pending, ..day });
        }
    }
    changes.posting = journal.finish();
    (changes.holds, changes.hold_steps) = holds.finish();
    Ok(())
}

/// Releases all that remains of a hold that the unit loaded; `None` when nothing does. The natural key is the hold and
/// the number of its step, so that twice is once.
///
/// # Errors
/// A [`LedgerFault`]; nothing is posted then.
pub fn release(
    journal: &mut Journal,
    holds: &mut Holds,
    hold: &Hold,
    now: Timestamp,
    ids: &mut dyn FnMut() -> Uuid,
) -> Result<Option<HoldStep>, LedgerFault> {
    let id = TransactionId::from_uuid(ids());
    let Some(step) = holds.release(hold.transaction, id, now) else { return Ok(None) };
    let what = match hold.kind {
        HoldKind::Reward => "Reward",
        HoldKind::Commission => "Commission",
    };
    let heading = Heading {
        id,
        kind: TransactionKind::HoldRelease,
        origin: Origin::Hold,
        origin_id: format!("{}:{}", hold.transaction, step.n),
        referral: Some(hold.referral),
        reverses: None,
        description: format!("{what}: it can be used now"),
        reference: hold.cause.as_ref().map(ToString::to_string),
        reference_type: hold.cause.as_ref().map(|_| ReferenceType::Event),
        created_by: CreatedBy::System,
        effective_at: now,
    };
    journal.release(heading, hold.user, step.amount, ids)?;
    Ok(Some(step))
}

/// Voids what a grant that is taken back may take of what is held; answers how much.
fn void(journal: &Journal, holds: &mut Holds, grant: &Grant) -> Result<i64, LedgerFault> {
    let Grant { transaction: by, amount, effective_at: at, .. } = *grant;
    let void_all = |holds: &mut Holds, of: Vec<TransactionId>, most: i64| {
        of.into_iter().fold(0, |voided, hold| voided + holds.void(hold, most - voided, by, at))
    };
    match grant.promise {
        Promise::RewardRetraction { of, .. } => Ok(holds.void(of, amount, by, at)),
        Promise::CommissionRetraction { .. } => {
            let (own, others) = holds.of_commission(grant.referral, |hold| is_of(grant, hold));
            let first = void_all(holds, own, amount);
            let available = journal.balances(grant.to)?.available;
            Ok(first + void_all(holds, others, (amount - first - available).max(0)))
        }
        Promise::Welcome
        | Promise::WelcomeRetraction { .. }
        | Promise::Reward { .. }
        | Promise::Commission { .. } => Ok(0),
    }
}

/// Whether a commission's hold is of what a grant takes back: of the same transaction, or of the same spend.
fn is_of(grant: &Grant, hold: &Hold) -> bool {
    match &grant.by_hand {
        Some(order) => hold.transaction == order.of,
        None => grant.spend.is_some() && hold.cause == grant.spend,
    }
}

const fn account(promise: Promise) -> SystemAccount {
    match promise {
        Promise::Welcome | Promise::WelcomeRetraction { .. } => SystemAccount::WelcomeExpense,
        Promise::Reward { .. } | Promise::RewardRetraction { .. } => SystemAccount::RewardExpense,
        Promise::Commission { .. } | Promise::CommissionRetraction { .. } => SystemAccount::CommissionExpense,
    }
}

fn hold(grant: &Grant, matures_at: Timestamp) -> Hold {
    let kind =
        if matches!(grant.promise, Promise::Reward { .. }) { HoldKind::Reward } else { HoldKind::Commission };
    Hold {
        transaction: grant.transaction,
        referral: grant.referral,
        kind,
        user: grant.to,
        cause: grant.spend.clone(),
        amount: grant.amount,
        matures_at,
        created_at: grant.effective_at,
        remaining: grant.amount,
        steps: 0,
    }
}

/// What a promise is in the ledger.
struct Entitled {
    kind: TransactionKind,
    origin: Origin,
    /// The number in the natural key.
    step: Option<u32>,
    reverses: Option<Reversed>,
    description: String,
}

fn entitled(promise: Promise, currency: Currency) -> Entitled {
    use TransactionKind::{AffiliateCommission, CreditRetraction, ReferralBonus, WelcomeCredit};
    let of = |kind, origin, step, description: &str| Entitled {
        kind,
        origin,
        step,
        reverses: None,
        description: description.to_owned(),
    };
    let reversing =
        |entitled: Entitled, id, kind| Entitled { reverses: Some(Reversed { id, kind }), ..entitled };
    match promise {
        Promise::Welcome => {
            of(WelcomeCredit, Origin::Welcome, None, "Welcome credit: your e-mail is verified")
        }
        Promise::WelcomeRetraction { of: id } => {
            let taken = of(CreditRetraction, Origin::WelcomeRetraction, None, "Welcome credit taken back");
            reversing(taken, id, WelcomeCredit)
        }
        Promise::Reward { step, threshold } => {
            let reached = format!("{} {}", Money::of(threshold, currency), currency.code());
            of(ReferralBonus, Origin::Reward, Some(step), &format!("Reward: a friend reached {reached}"))
        }
        Promise::RewardRetraction { step, of: id } => reversing(
            of(CreditRetraction, Origin::Reward, Some(step), "Reward taken back"),
            id,
            ReferralBonus,
        ),
        Promise::Commission { step, .. } => {
            of(AffiliateCommission, Origin::Commission, Some(step), "Commission on a friend's spend")
        }
        Promise::CommissionRetraction { step, .. } => {
            of(AffiliateCommission, Origin::Commission, Some(step), "Commission taken back")
        }
    }
}

fn heading(grant: &Grant, currency: Currency) -> Heading {
    let Entitled { kind, origin, step, reverses, description } = entitled(grant.promise, currency);
    let origin_id = match step {
        Some(step) => format!("{}:{step}", grant.referral),
        None => grant.referral.to_string(),
    };
    let heading = Heading {
        id: grant.transaction,
        kind,
        origin,
        origin_id,
        referral: Some(grant.referral),
        reverses,
        description,
        reference: grant.cause.as_ref().map(ToString::to_string),
        reference_type: grant.cause.as_ref().map(|_| ReferenceType::Event),
        created_by: CreatedBy::System,
        effective_at: grant.effective_at,
    };
    match &grant.by_hand {
        Some(order) => ordered(heading, order),
        None => heading,
    }
}

/// What an operator takes back, by what it takes back: a commission names it as well, though it is one running total.
fn ordered(heading: Heading, order: &Withdrawal) -> Heading {
    let earned = Reversed { id: order.of, kind: TransactionKind::AffiliateCommission };
    Heading {
        origin: Origin::Retraction,
        origin_id: order.of.to_string(),
        reverses: heading.reverses.or(Some(earned)),
        description: order.reason.clone(),
        created_by: CreatedBy::Operator,
        ..heading
    }
}

fn step(grant: &Grant) -> Option<RewardStep> {
    let Grant { referral, amount, transaction, effective_at: at, .. } = *grant;
    match grant.promise {
        Promise::Reward { step: n, .. } | Promise::RewardRetraction { step: n, .. } => {
            Some(RewardStep { referral, n, amount, transaction, at })
        }
        Promise::Welcome
        | Promise::WelcomeRetraction { .. }
        | Promise::Commission { .. }
        | Promise::CommissionRetraction { .. } => None,
    }
}

fn commission_step(grant: &Grant) -> Option<CommissionStep> {
    let Grant { referral, transaction, effective_at: at, .. } = *grant;
    match grant.promise {
        Promise::Commission { step: n, posted } | Promise::CommissionRetraction { step: n, posted } => {
            Some(CommissionStep { referral, n, amount: grant.signed(), posted, transaction, at })
        }
        Promise::Welcome
        | Promise::WelcomeRetraction { .. }
        | Promise::Reward { .. }
        | Promise::RewardRetraction { .. } => None,
    }
}
