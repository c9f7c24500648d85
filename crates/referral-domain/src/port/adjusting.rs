//! Adjustments, as a unit sees them.

use async_trait::async_trait;

use super::StoreError;
use crate::adjustment::AdjustmentFile;
use crate::id::{AdjustmentId, BookId};
use crate::reference::Reference;

/// Adjustments and their steps.
#[async_trait]
pub trait Adjustments: Send {
    /// An adjustment by its reference.
    async fn find(
        &mut self,
        book: BookId,
        reference: &Reference,
    ) -> Result<Option<AdjustmentFile>, StoreError>;

    /// An adjustment by its id, locked until the unit ends.
    async fn lock(&mut self, book: BookId, id: AdjustmentId) -> Result<Option<AdjustmentFile>, StoreError>;
}
