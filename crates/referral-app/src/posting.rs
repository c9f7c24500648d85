//! Posting grants: wallets are locked late, and only when something is to be posted.

use referral_domain::grant::{self, RewardStep};
use referral_domain::ledger::{Journal, LedgerFault, Posting};
use referral_domain::port::{StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::settle::Grant;
use referral_domain::time::Timestamp;
use uuid::Uuid;

/// Posts grants onto freshly locked wallets; answers what is to be recorded.
pub(crate) async fn post_grants(
    unit: &mut Unit<'_>,
    program: &Program,
    grants: &[Grant],
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<(Posting, Vec<RewardStep>), StoreError> {
    if grants.is_empty() {
        return Ok((Posting::default(), Vec::new()));
    }
    let users: Vec<_> = grants.iter().map(|grant| grant.to).collect();
    let wallets = unit.ledger().open(program.book, program.currency, &users).await?;
    let mut journal = Journal::open(wallets, now);
    let mut steps = Vec::new();
    for grant in grants {
        let step = grant::post(&mut journal, grant, program.currency, ids).map_err(ledger_fault)?;
        steps.extend(step);
    }
    Ok((journal.finish(), steps))
}

/// A posting that does not fit what is stored: no input can bring it about.
pub(crate) fn ledger_fault(fault: LedgerFault) -> StoreError {
    StoreError::corrupt("account_heads", "balance", "a wallet", fault)
}
