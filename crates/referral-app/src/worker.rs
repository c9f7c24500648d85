//! What is done without being asked: labels put on, levels restored, old replies forgotten.
//!
//! Each sweep takes a bounded number of rows, passes over what another unit holds, and changes nothing when repeated.

use referral_domain::id::UserId;
use referral_domain::port::{Changes, NewUser, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::referral::Referral;
use referral_domain::settle::{Circumstances, expire};
use referral_domain::time::{DAY, Timestamp};
use uuid::Uuid;

use crate::app::App;
use crate::spread::{Concerned, Spread, status_of};
use crate::transact::transact;

/// How many rows one unit takes from one program.
pub(crate) const SWEEP: u32 = 500;
/// How many units a sweep spends on one program: what is left waits for the next.
const UNITS: usize = 200;
/// How long a reply is kept for its idempotency key.
const REPLIES_KEPT: i64 = 30 * DAY;

/// What a sweep did, over all programs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// How many rows it changed.
    pub changed: u64,
}

impl App {
    /// Puts the label `expired` on referrals whose window is over.
    ///
    /// # Errors
    /// The store's.
    pub async fn expire_referrals(&self) -> Result<Swept, StoreError> {
        let now = self.now();
        let mut swept = Swept::default();
        for program in &self.reports().programs(now).await? {
            swept.changed +=
                until_done(|| transact(self.store(), move |unit| Box::pin(expire_some(unit, program, now))))
                    .await?;
        }
        Ok(swept)
    }

    /// Finds referrals whose awards are not at their level and puts them right. In a sound program with nothing
    /// withheld it finds none: `referral_reconciled_total` is expected to stay 0.
    ///
    /// # Errors
    /// The store's.
    pub async fn reconcile_referrals(&self) -> Result<Swept, StoreError> {
        let now = self.now();
        let mut swept = Swept::default();
        for program in &self.reports().programs(now).await? {
            swept.changed += until_done(|| {
                transact(self.store(), move |unit| {
                    Box::pin(async move { reconcile_some(unit, program, now, &mut || self.draw_id()).await })
                })
            })
            .await?;
        }
        metrics::counter!("referral_reconciled_total").increment(swept.changed);
        Ok(swept)
    }

    /// Forgets replies kept for idempotency keys for more than 30 days.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_replies(&self) -> Result<Swept, StoreError> {
        let before = self.now().plus_micros(-REPLIES_KEPT);
        let changed = until_done(|| {
            transact(self.store(), move |unit| {
                Box::pin(async move { unit.idempotency().forget(before, SWEEP).await })
            })
        });
        Ok(Swept { changed: changed.await? })
    }
}

/// Runs one unit after the other until one finds less than it may take; answers how many rows they changed.
pub(crate) async fn until_done<F>(unit: impl Fn() -> F + Send) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>> + Send,
{
    let mut total = 0;
    for _ in 0..UNITS {
        let changed = unit().await?;
        total += changed;
        if changed < u64::from(SWEEP) {
            break;
        }
    }
    Ok(total)
}

async fn expire_some(unit: &mut Unit<'_>, program: &Program, now: Timestamp) -> Result<u64, StoreError> {
    let mut due = unit.referrals().claim_expired(program.book, now, SWEEP).await?;
    due.retain_mut(|referral| expire(referral, now));
    let changed = due.len() as u64;
    let progress = due.into_iter().map(|referral| (referral.facts.id, referral.progress)).collect();
    unit.recorder().record(program.book, &Changes { progress, ..Changes::default() }).await?;
    Ok(changed)
}

async fn reconcile_some(
    unit: &mut Unit<'_>,
    program: &Program,
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<u64, StoreError> {
    let claimed = unit.referrals().claim_unsettled(program.book, SWEEP).await?;
    if claimed.is_empty() {
        return Ok(0);
    }
    let mut spread = Spread::begin(program, now);
    let concerned = with_referrers(unit, program, claimed, now).await?;
    spread.settle(unit, program, concerned, ids).await?;
    let changed = spread.changes.progress.len() as u64;
    spread.record(unit, program, now, ids).await?;
    Ok(changed)
}

/// The claimed referrals, each with what is known of its people's e-mails.
pub(crate) async fn with_referrers(
    unit: &mut Unit<'_>,
    program: &Program,
    claimed: Vec<Referral>,
    now: Timestamp,
) -> Result<Vec<Concerned>, StoreError> {
    let referred: Vec<UserId> = claimed.iter().map(|referral| referral.facts.referred).collect();
    let names = unit.users().names(program.book, &referred).await?;
    let users: Vec<_> =
        names.into_iter().zip(referred).map(|(host, fresh)| NewUser { host, fresh }).collect();
    let scene = unit.spending().scene(program.book, &users, &[], now).await?;
    let with = |referral: Referral| {
        let referrer = status_of(&scene.referrers, referral.facts.referrer);
        let paused = program.is_paused();
        Concerned::as_it_is(referral, Circumstances { paused, referrer, spent_at: None, now })
    };
    Ok(claimed.into_iter().map(with).collect())
}
