//! Using credits, and giving them back.

use referral_domain::credit::{
    BalanceSnapshot, RedeemMode, RedeemRefusal, Redemption, Reversal, redeemable, reversible,
};
use referral_domain::id::{RedemptionId, UserId};
use referral_domain::ledger::{
    CreatedBy, Heading, Journal, LedgerFault, Origin, ReferenceType, Reversed, SystemAccount, TransactionKind,
};
use referral_domain::port::{Changes, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::Reference;

use super::World;

/// The heading of a redemption's transaction.
#[must_use]
pub fn a_redemption_of(world: &World, reference: &Reference) -> Heading {
    Heading {
        id: world.transaction_id(),
        kind: TransactionKind::CreditRedemption,
        origin: Origin::Redeem,
        origin_id: reference.to_string(),
        referral: None,
        reverses: None,
        description: "Credits used".to_owned(),
        reference: Some(reference.to_string()),
        reference_type: Some(ReferenceType::Redemption),
        created_by: CreatedBy::Service,
        effective_at: world.now(),
    }
}

/// The heading of a reversal's transaction.
#[must_use]
pub fn a_reversal_of(world: &World, redemption: &Redemption, reference: &Reference) -> Heading {
    Heading {
        origin: Origin::RedeemReversal,
        reverses: redemption.transaction.map(|id| Reversed { id, kind: TransactionKind::CreditRedemption }),
        description: "Credits given back".to_owned(),
        ..a_redemption_of(world, reference)
    }
}

impl World {
    /// Uses credits of a user; a repeated reference answers the first redemption.
    ///
    /// # Errors
    /// Too little is available.
    pub async fn redeem(
        &self,
        user: UserId,
        asked: i64,
        mode: RedeemMode,
        reference: &Reference,
    ) -> Result<Redemption, RedeemRefusal> {
        let body = self.transact(|unit| Box::pin(self.redeem_in(unit, user, asked, mode, reference)));
        body.await.expect("a redemption is recorded")
    }

    /// The same, in a unit.
    ///
    /// # Errors
    /// The store's.
    pub async fn redeem_in(
        &self,
        unit: &mut Unit<'_>,
        user: UserId,
        asked: i64,
        mode: RedeemMode,
        reference: &Reference,
    ) -> Result<Result<Redemption, RedeemRefusal>, StoreError> {
        let Program { book, currency, .. } = self.program;
        unit.users().lock(book, &[], &[user], self.now()).await?;
        if let Some(known) = unit.redemptions().find(book, reference).await? {
            return Ok(Ok(known));
        }
        let mut journal = Journal::open(unit.ledger().open(book, currency, &[user]).await?, self.now());
        let available = journal.balances(user).expect("the wallet is open").available;
        let redeemed = match redeemable(mode, asked, available) {
            Ok(redeemed) => redeemed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let heading = a_redemption_of(self, reference);
        let transaction = (redeemed > 0).then_some(heading.id);
        if redeemed > 0 {
            debit(&mut journal, heading, user, redeemed, self).expect("as much is available");
        }
        let balance = self.snapshot(unit, &journal, user).await?;
        let redemption = Redemption {
            id: RedemptionId::from_uuid(self.id()),
            user,
            reference: reference.clone(),
            asked,
            mode,
            redeemed,
            description: Some("An invoice".to_owned()),
            transaction,
            balance,
            created_at: self.now(),
        };
        let (redemptions, posting) = (vec![redemption.clone()], journal.finish());
        let changes = Changes { redemptions, posting, ..Changes::default() };
        unit.recorder().record(book, &changes).await?;
        Ok(Ok(redemption))
    }

    /// Gives back what was redeemed, all of what remains when nothing is asked.
    pub async fn reverse(&self, id: RedemptionId, asked: Option<i64>, reference: &Reference) -> Reversal {
        let body = self.transact(|unit| Box::pin(self.reverse_in(unit, id, asked, reference)));
        body.await.expect("a reversal is recorded")
    }

    /// The same, in a unit.
    ///
    /// # Errors
    /// The store's.
    pub async fn reverse_in(
        &self,
        unit: &mut Unit<'_>,
        id: RedemptionId,
        asked: Option<i64>,
        reference: &Reference,
    ) -> Result<Reversal, StoreError> {
        let Program { book, currency, .. } = self.program;
        let locked = unit.redemptions().lock(book, id).await?;
        let (redemption, remaining) = locked.expect("there is such a redemption");
        let amount = reversible(asked, remaining).expect("as much remains");
        let user = redemption.user;
        let mut journal = Journal::open(unit.ledger().open(book, currency, &[user]).await?, self.now());
        let heading = a_reversal_of(self, &redemption, reference);
        let transaction = heading.id;
        journal
            .credit(heading, user, amount, SystemAccount::Redemption, &mut || self.id())
            .expect("credits are given back");
        let balance = self.snapshot(unit, &journal, user).await?;
        let reversal = Reversal {
            redemption: id,
            reference: reference.clone(),
            asked,
            amount,
            remaining: remaining - amount,
            reason: Some("A mistake".to_owned()),
            transaction,
            balance,
            created_at: self.now(),
        };
        let (reversals, posting) = (vec![reversal.clone()], journal.finish());
        unit.recorder().record(book, &Changes { reversals, posting, ..Changes::default() }).await?;
        Ok(reversal)
    }

    async fn snapshot(
        &self,
        unit: &mut Unit<'_>,
        journal: &Journal,
        user: UserId,
    ) -> Result<BalanceSnapshot, StoreError> {
        let delay = self.program.rules.policy.payout_delay_days;
        let until = self.now().plus_micros(-i64::from(delay) * referral_domain::time::DAY);
        let aged = unit.ledger().earned_until(self.program.book, user, until).await?;
        Ok(BalanceSnapshot::of(journal.wallet(user).expect("the wallet is open"), aged, self.now()))
    }
}

fn debit(
    journal: &mut Journal,
    heading: Heading,
    user: UserId,
    amount: i64,
    world: &World,
) -> Result<(), LedgerFault> {
    journal.debit(heading, user, amount, SystemAccount::Redemption, &mut || world.id())
}
