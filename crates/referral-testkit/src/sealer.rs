//! Seals what is stored, for tests whose subject is something else.

use referral_domain::ledger::{Tail, seal};
use referral_domain::port::{Changes, Store};
use referral_proof::sign::SigningKey;

use crate::fake::NOON;

/// Seals everything that no block seals yet, in blocks of at most so many transfers; answers how many there were.
///
/// # Panics
/// When the store fails, or another unit seals.
pub async fn seal_in_blocks_of(store: &dyn Store, size: usize) -> usize {
    seal_signed(store, size, None).await
}

/// The same, each block signed with this key.
///
/// # Panics
/// When the store fails, or another unit seals.
pub async fn seal_signed(store: &dyn Store, size: usize, key: Option<&SigningKey>) -> usize {
    let mut unit = store.begin().await.expect("a unit");
    let found = unit.sealing().unsealed(None, NOON, 10_000).await.expect("a search");
    let mut sealed = 0;
    for Tail { book, mut last, transfers } in found.expect("nobody else seals").tails {
        sealed += transfers.len();
        for part in transfers.chunks(size) {
            let blocks = seal(&Tail { book, last, transfers: part.to_vec() }, NOON, key);
            last = blocks.last().map(|made| (made.block.header.n, made.block.hash));
            let changes = Changes { blocks, ..Changes::default() };
            unit.recorder().record(book, &changes).await.expect("blocks are recorded");
        }
    }
    unit.commit().await.expect("a unit commits");
    sealed
}
