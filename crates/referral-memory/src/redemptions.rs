//! Redemptions and their reversals.

use async_trait::async_trait;
use referral_domain::credit::{RedeemMode, Redemption, Reversal};
use referral_domain::id::{BookId, RedemptionId};
use referral_domain::port::{Redemptions, StoreError};
use referral_domain::reference::Reference;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Redemptions for MemoryUnit {
    async fn find(&mut self, book: BookId, reference: &Reference) -> Result<Option<Redemption>, StoreError> {
        self.call(|state| {
            let id = state.redemption_references.find(&(book, reference.clone()));
            id.map(|id| state.redemptions.get(&(book, *id)).cloned()).transpose()
        })
        .await
    }

    async fn lock(
        &mut self,
        book: BookId,
        id: RedemptionId,
    ) -> Result<Option<(Redemption, i64)>, StoreError> {
        self.call(|state| {
            let redemption = state.redemptions.find(&(book, id));
            Ok(redemption.map(|redemption| (redemption.clone(), state.remaining(book, redemption))))
        })
        .await
    }

    async fn find_reversal(
        &mut self,
        book: BookId,
        reference: &Reference,
    ) -> Result<Option<Reversal>, StoreError> {
        self.call(|state| Ok(state.reversals.find(&(book, reference.clone())).cloned())).await
    }
}

impl State {
    /// The reversals of a redemption.
    pub(crate) fn reversals_of(&self, book: BookId, id: RedemptionId) -> impl Iterator<Item = &Reversal> {
        let all = self.reversals.iter();
        all.filter(move |((of, _), reversal)| *of == book && reversal.redemption == id).map(|(_, row)| row)
    }

    /// How much of a redemption was not given back.
    fn remaining(&self, book: BookId, redemption: &Redemption) -> i64 {
        let given_back: i64 = self.reversals_of(book, redemption.id).map(|reversal| reversal.amount).sum();
        redemption.redeemed - given_back
    }

    /// Stores a new redemption: with a transaction exactly when something was taken, and at most what was asked.
    pub(crate) fn add_redemption(&mut self, book: BookId, redemption: &Redemption) -> Result<(), StoreError> {
        let Redemption { id, user, reference, asked, mode, redeemed, transaction, .. } = redemption;
        self.users.has(&(book, *user))?;
        transaction.map_or(Ok(()), |used| self.use_transaction(book, used, "a redemption"))?;
        self.redemption_references.add((book, reference.clone()), *id)?;
        self.redemptions.add((book, *id), redemption.clone())?;
        let rule = |column, says| self.redemptions.rule(column, says);
        rule("redeemed", "from nothing to what was asked").holds((0..=*asked).contains(redeemed), id)?;
        let exact = *mode == RedeemMode::Exact;
        rule("redeemed", "all that was asked, when it was asked so")
            .holds(!exact || redeemed == asked, id)?;
        rule("transaction_id", "what was taken was posted")
            .holds((*redeemed > 0) == transaction.is_some(), id)
    }

    /// Stores a new reversal: of something that remains, and what it leaves is what remains after it.
    pub(crate) fn add_reversal(&mut self, book: BookId, reversal: &Reversal) -> Result<(), StoreError> {
        self.use_transaction(book, reversal.transaction, "a reversal")?;
        let remaining = self.remaining(book, self.redemptions.get(&(book, reversal.redemption))?);
        self.reversals.add((book, reversal.reference.clone()), reversal.clone())?;
        let rule = |column, says| self.reversals.rule(column, says);
        let within = (1..=remaining).contains(&reversal.amount);
        rule("amount", "at most what remains is given back").holds(within, &reversal.reference)?;
        let left = reversal.remaining == remaining - reversal.amount;
        rule("remaining", "each reversal follows the one before").holds(left, &reversal.reference)
    }
}
