//! Giving back what a redemption took, whole or in part.

use referral_domain::credit::{OverReversal, Redemption, Reversal, may_redeem, reversible};
use referral_domain::id::{RedemptionId, TransactionId};
use referral_domain::ledger::{
    CreatedBy, Heading, Journal, Origin, ReferenceType, Reversed, SystemAccount, TransactionKind,
};
use referral_domain::port::{Changes, Unit};
use referral_domain::program::Program;
use referral_domain::reference::{Reference, Slug};
use referral_domain::time::Timestamp;
use uuid::Uuid;

use crate::app::{App, program_in};
use crate::failure::{Failure, Refused};
use crate::posting::ledger_fault;
use crate::redeem_credits::{RedeemReceipt, only_item, snapshot};
use crate::transact::transact;

/// A redemption to reverse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReverseRedemption {
    /// In which program.
    pub program: Slug,
    /// Which one.
    pub redemption: RedemptionId,
    /// The host's reference of the reversal, unique per program for ever.
    pub reference: Reference,
    /// How much, in minor units; all that remains when not told.
    pub amount: Option<i64>,
    /// The host's words.
    pub reason: Option<String>,
}

/// Why nothing was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReversalRefused {
    /// There is no such redemption.
    #[error("there is no such redemption")]
    NotFound,
    /// More than remains.
    #[error(transparent)]
    Over(#[from] OverReversal),
    /// The reference names another reversal.
    #[error("this reference names a reversal with another body")]
    Conflict,
}

impl Refused for ReversalRefused {}

impl App {
    /// Gives credits back. The same reference and body again gets the first answer.
    ///
    /// # Errors
    /// [`ReversalRefused`] (then nothing changes), no such program, or the store's.
    pub async fn reverse_redemption(
        &self,
        command: &ReverseRedemption,
    ) -> Result<RedeemReceipt, Failure<ReversalRefused>> {
        let now = self.now();
        transact(self.store(), move |unit| {
            Box::pin(async move {
                let program = program_in(unit, &command.program, now).await?;
                let locked = unit.redemptions().lock(program.book, command.redemption).await?;
                let (redemption, remaining) = locked.ok_or(ReversalRefused::NotFound)?;
                match unit.redemptions().find_reversal(program.book, &command.reference).await? {
                    Some(known) => repeat(unit, program, command, &redemption, known, now).await,
                    None => {
                        reverse(unit, program, command, &redemption, remaining, now, &mut || self.draw_id())
                            .await
                    }
                }
            })
        })
        .await
    }
}

async fn repeat(
    unit: &mut Unit<'_>,
    program: Program,
    command: &ReverseRedemption,
    redemption: &Redemption,
    known: Reversal,
    now: Timestamp,
) -> Result<RedeemReceipt, Failure<ReversalRefused>> {
    let same = known.redemption == command.redemption
        && known.asked == command.amount
        && known.reason == command.reason;
    if !same {
        return Err(ReversalRefused::Conflict.into());
    }
    let item = unit.ledger().line(program.book, known.transaction).await?;
    let can_redeem = can_redeem(unit, &program, redemption, now).await?;
    let (id, redeemed, balance) = (known.redemption, known.remaining, known.balance);
    Ok(RedeemReceipt { id, redeemed, item, balance, can_redeem, replayed: true, program })
}

async fn reverse(
    unit: &mut Unit<'_>,
    program: Program,
    command: &ReverseRedemption,
    redemption: &Redemption,
    remaining: i64,
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<RedeemReceipt, Failure<ReversalRefused>> {
    let amount = reversible(command.amount, remaining).map_err(ReversalRefused::Over)?;
    let (id, user) = (redemption.id, redemption.user);
    let can_redeem = can_redeem(unit, &program, redemption, now).await?;
    let mut journal = Journal::open(unit.ledger().open(program.book, program.currency, &[user]).await?, now);
    let heading = heading(command, redemption, TransactionId::from_uuid(ids()), now);
    let transaction = heading.id;
    journal.credit(heading, user, amount, SystemAccount::Redemption, ids).map_err(ledger_fault)?;
    let balance = snapshot(unit, &program, &journal, user, now).await?;
    let posting = journal.finish();
    let redeemed = remaining - amount;
    let reversal = Reversal {
        redemption: id,
        reference: command.reference.clone(),
        asked: command.amount,
        amount,
        remaining: redeemed,
        reason: command.reason.clone(),
        transaction,
        balance,
        created_at: now,
    };
    let item = only_item(&posting);
    let changes = Changes { reversals: vec![reversal], posting, ..Changes::default() };
    unit.recorder().record(program.book, &changes).await?;
    Ok(RedeemReceipt { id, redeemed, item, balance, can_redeem, replayed: false, program })
}

async fn can_redeem(
    unit: &mut Unit<'_>,
    program: &Program,
    redemption: &Redemption,
    now: Timestamp,
) -> Result<bool, referral_domain::port::StoreError> {
    let facts = unit.users().lock(program.book, &[], &[redemption.user], now).await?;
    let referred = !unit.referrals().lock(program.book, &[redemption.user]).await?.is_empty();
    Ok(facts.first().is_some_and(|facts| may_redeem(facts.email_status(), referred)))
}

fn heading(
    command: &ReverseRedemption,
    redemption: &Redemption,
    id: TransactionId,
    now: Timestamp,
) -> Heading {
    let usual = || format!("Credits given back: {}", redemption.reference);
    Heading {
        id,
        kind: TransactionKind::CreditRedemption,
        origin: Origin::RedeemReversal,
        origin_id: command.reference.to_string(),
        referral: None,
        reverses: redemption.transaction.map(|id| Reversed { id, kind: TransactionKind::CreditRedemption }),
        description: command.reason.clone().unwrap_or_else(usual),
        reference: Some(command.reference.to_string()),
        reference_type: Some(ReferenceType::Redemption),
        created_by: CreatedBy::Service,
        effective_at: now,
    }
}
