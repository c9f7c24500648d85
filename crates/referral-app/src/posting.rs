//! Posting grants: wallets are locked late, and only when something is to be posted.

use referral_domain::grant::{post_all, takes_from};
use referral_domain::ledger::LedgerFault;
use referral_domain::port::{Changes, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::settle::Grant;
use referral_domain::time::Timestamp;
use uuid::Uuid;

/// Posts grants onto freshly locked wallets; adds what is to be recorded of them.
pub(crate) async fn post_grants(
    unit: &mut Unit<'_>,
    program: &Program,
    grants: &[Grant],
    changes: &mut Changes,
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<(), StoreError> {
    if grants.is_empty() {
        return Ok(());
    }
    let Program { book, currency, .. } = *program;
    let users: Vec<_> = grants.iter().map(|grant| grant.to).collect();
    let wallets = unit.ledger().open(book, currency, &users).await?;
    let referrals = takes_from(grants);
    let holds = if referrals.is_empty() { Vec::new() } else { unit.ledger().holds(book, &referrals).await? };
    post_all(changes, (wallets, holds), grants, (currency, now), ids).map_err(ledger_fault)
}

/// A posting that does not fit what is stored: no input can bring it about.
pub(crate) fn ledger_fault(fault: LedgerFault) -> StoreError {
    StoreError::corrupt("account_heads", "balance", "a wallet", fault)
}
