//! Granting what the budget withheld: when a new month begins, or a higher budget is published.

use referral_domain::port::{StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::time::Timestamp;
use uuid::Uuid;

use crate::app::App;
use crate::spread::Spread;
use crate::transact::transact;
use crate::worker::{SWEEP, Swept, until_done, with_referrers};

impl App {
    /// Grants rewards that the budget withheld, those first that were due first, until the month's budget is spent or
    /// nothing waits. Those that are no longer due are not granted.
    ///
    /// # Errors
    /// The store's.
    pub async fn grant_budgeted(&self) -> Result<Swept, StoreError> {
        let now = self.now();
        let mut swept = Swept::default();
        for program in &self.reports().programs(now).await? {
            swept.changed += until_done(|| {
                transact(self.store(), move |unit| {
                    Box::pin(async move { grant_some(unit, program, now, &mut || self.draw_id()).await })
                })
            })
            .await?;
        }
        Ok(swept)
    }
}

async fn grant_some(
    unit: &mut Unit<'_>,
    program: &Program,
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<u64, StoreError> {
    let claimed = unit.referrals().claim_budgeted(program.book, SWEEP).await?;
    if claimed.is_empty() {
        return Ok(0);
    }
    let mut spread = Spread::begin(program, now);
    let concerned = with_referrers(unit, program, claimed, now).await?;
    spread.purse.open(unit, program).await?;
    if !spread.purse.is_open() {
        return Ok(0);
    }
    spread.settle(unit, program, concerned, ids).await?;
    let changed = spread.changes.progress.len() as u64;
    spread.record(unit, program, now, ids).await?;
    Ok(changed)
}
