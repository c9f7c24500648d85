//! Sealing the ledger: transfers that no block seals yet are found, hashed into blocks, and recorded, a bounded part at a
//! time. Nothing that posts waits for it.

use referral_domain::ledger::{BLOCK_SIZE, Mark, seal};
use referral_domain::port::{Changes, StoreError, Unit};
use referral_domain::time::Timestamp;
use referral_proof::sign::SigningKey;

use crate::app::App;
use crate::transact::transact;

/// How many transfers of a book one unit looks at: four blocks.
const PART: u32 = 4 * BLOCK_SIZE as u32;

/// What one unit of sealing did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SealPass {
    /// How many transfers it sealed.
    pub sealed: u64,
    /// In how many blocks.
    pub blocks: u64,
    /// From where to look on.
    pub mark: Option<Mark>,
    /// Whether there may be more.
    pub more: bool,
}

impl App {
    /// Seals some of what is not sealed yet, from a mark on; everything is looked through, part by part, when there is
    /// none. While another server seals, nothing is done.
    ///
    /// # Errors
    /// The store's.
    pub async fn seal_some(
        &self,
        mark: Option<&Mark>,
        key: Option<&SigningKey>,
    ) -> Result<SealPass, StoreError> {
        let now = self.now();
        transact(self.store(), move |unit| Box::pin(seal_some(unit, mark, key, now))).await
    }

    /// Seals from a mark on until nothing is left; answers what was done in all.
    ///
    /// # Errors
    /// The store's.
    pub async fn seal_ledger(
        &self,
        mark: Option<Mark>,
        key: Option<&SigningKey>,
    ) -> Result<SealPass, StoreError> {
        let mut all = SealPass { mark, more: true, ..SealPass::default() };
        while all.more {
            let SealPass { sealed, blocks, mark, more } = self.seal_some(all.mark.as_ref(), key).await?;
            all = SealPass { sealed: all.sealed + sealed, blocks: all.blocks + blocks, mark, more };
        }
        Ok(all)
    }
}

async fn seal_some(
    unit: &mut Unit<'_>,
    mark: Option<&Mark>,
    key: Option<&SigningKey>,
    now: Timestamp,
) -> Result<SealPass, StoreError> {
    let Some(found) = unit.sealing().unsealed(mark, now, PART).await? else {
        return Ok(SealPass { mark: mark.cloned(), ..SealPass::default() });
    };
    let mut pass = SealPass { mark: Some(found.mark), more: found.more, ..SealPass::default() };
    for tail in &found.tails {
        let blocks = seal(tail, now, key);
        pass.sealed += tail.transfers.len() as u64;
        pass.blocks += blocks.len() as u64;
        unit.recorder().record(tail.book, &Changes { blocks, ..Changes::default() }).await?;
    }
    Ok(pass)
}
