//! Blocks against the transfers they seal.

use referral_domain::ledger::{ChainFold, Check, FoundLeaf, Seal};

use super::{Finding, equal};
use crate::state::State;

/// [`Check::Seals`]: each block follows the one before and is the root of its transfers as they stand; nothing is sealed
/// outside a block.
pub(super) fn blocks_hold(state: &State) -> Finding {
    let mut fold = ChainFold::default();
    for ((book, n), block) in state.ledger_blocks.iter() {
        fold.block(block)?;
        for id in state.sealed_places.range((*book, *n, u64::MIN)..=(*book, *n, u64::MAX)) {
            let Some((Seal { position, .. }, sealed)) = state.sealed_transfers.find(&(*book, *id)) else {
                continue;
            };
            let stands = state.transfers.find(&(*book, *id)).map(|transfer| state.leaf(*book, transfer));
            fold.leaf(&FoundLeaf { position: *position, transfer: id.uuid(), sealed: *sealed, stands })?;
        }
    }
    let (_, sealed) = fold.finish()?;
    equal(Check::Seals, "sealed_transfers: all are of a block", &sealed, &state.sealed_transfers.count())
}
