//! Releasing holds that have matured: what they are of can be used from then on.

use std::collections::BTreeMap;

use referral_domain::grant;
use referral_domain::hold::{Hold, HoldKind, Holds};
use referral_domain::id::ReferralId;
use referral_domain::ledger::{Journal, LedgerFault};
use referral_domain::port::{Changes, Matured, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::referral::{Award, Referral};
use referral_domain::time::Timestamp;
use referral_domain::tracking::DayDelta;
use uuid::Uuid;

use crate::app::App;
use crate::posting::ledger_fault;
use crate::transact::transact;
use crate::worker::{SWEEP, Swept, until_done};

impl App {
    /// Releases the holds that have matured, but for those whose referral is under review; what is owed is repaid first.
    /// A hold is released once, however often and wherever this runs.
    ///
    /// # Errors
    /// The store's.
    pub async fn release_holds(&self) -> Result<Swept, StoreError> {
        let now = self.now();
        let mut swept = Swept::default();
        for program in &self.reports().programs(now).await? {
            swept.changed += until_done(|| {
                transact(self.store(), move |unit| {
                    Box::pin(async move { release_some(unit, program, now, &mut || self.draw_id()).await })
                })
            })
            .await?;
        }
        metrics::counter!("referral_holds_released_total").increment(swept.changed);
        Ok(swept)
    }
}

async fn release_some(
    unit: &mut Unit<'_>,
    program: &Program,
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<u64, StoreError> {
    let Matured { holds, referrals } = unit.referrals().claim_matured(program.book, now, SWEEP).await?;
    if holds.is_empty() {
        return Ok(0);
    }
    let users: Vec<_> = holds.iter().map(|hold| hold.user).collect();
    let wallets = unit.ledger().open(program.book, program.currency, &users).await?;
    let journal = Journal::open(wallets, now);
    let changes = release(journal, &holds, referrals, now, ids).map_err(ledger_fault)?;
    unit.recorder().record(program.book, &changes).await?;
    Ok(changes.hold_steps.len() as u64)
}

/// Releases all that remains of these holds, and has the rewards among them be granted.
fn release(
    mut journal: Journal,
    holds: &[Hold],
    referrals: Vec<Referral>,
    now: Timestamp,
    ids: &mut dyn FnMut() -> Uuid,
) -> Result<Changes, LedgerFault> {
    let mut referrals: BTreeMap<ReferralId, Referral> =
        referrals.into_iter().map(|referral| (referral.facts.id, referral)).collect();
    let mut changes = Changes::default();
    let mut book = Holds::loaded(holds.to_vec());
    for hold in holds {
        let Some(referral) = referrals.get_mut(&hold.referral) else { continue };
        let Some(step) = grant::release(&mut journal, &mut book, hold, now, ids)? else { continue };
        let day = DayDelta::of(&referral.facts, now.day());
        changes.days.push(DayDelta { pending: -step.amount, ..day });
        if hold.kind == HoldKind::Reward && now_granted(referral, now) {
            changes.progress.push((hold.referral, referral.progress.clone()));
        }
    }
    (_, changes.hold_steps) = book.finish();
    changes.posting = journal.finish();
    changes.days = DayDelta::merged(changes.days);
    Ok(changes)
}

/// Says that a reward can be used, if it was held; answers whether it was.
fn now_granted(referral: &mut Referral, now: Timestamp) -> bool {
    let Award::Held { at, transaction, .. } = referral.progress.reward else { return false };
    referral.progress.reward = Award::Granted { at, transaction };
    referral.progress.updated_at = now;
    true
}
