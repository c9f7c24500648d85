//! Using credits against the host's invoice.

use referral_domain::credit::{
    BalanceSnapshot, RedeemMode, RedeemRefusal, Redemption, may_redeem, redeemable,
};
use referral_domain::id::{RedemptionId, TransactionId, UserId};
use referral_domain::ledger::{
    CreatedBy, Heading, Journal, LedgerFault, Origin, Posting, ReferenceType, SystemAccount, TransactionKind,
};
use referral_domain::port::{Changes, HistoryItem, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Reference, Slug};
use referral_domain::time::{DAY, Timestamp};
use referral_domain::user::UserFacts;
use uuid::Uuid;

use crate::app::{App, program_in};
use crate::applying::lock_user;
use crate::failure::{Failure, Refused};
use crate::posting::ledger_fault;
use crate::transact::transact;

/// Credits to use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedeemCredits {
    /// In which program.
    pub program: Slug,
    /// Whose credits.
    pub user: HostId,
    /// How much, in minor units of the program's currency; positive.
    pub amount: i64,
    /// All of it, or what there is.
    pub mode: RedeemMode,
    /// The host's reference, unique per program for ever.
    pub reference: Reference,
    /// What the user reads.
    pub description: Option<String>,
}

/// What was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedeemReceipt {
    /// The redemption's id.
    pub id: RedemptionId,
    /// How much of it stands, in minor units: what was taken, less what has been reversed.
    pub redeemed: i64,
    /// The history line of this command; `None` when nothing was taken.
    pub item: Option<HistoryItem>,
    /// The balance right after it.
    pub balance: BalanceSnapshot,
    /// Whether the user may redeem.
    pub can_redeem: bool,
    /// Whether this was answered before.
    pub replayed: bool,
    /// The program, for its currency.
    pub program: Program,
}

/// Why nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedeemRefused {
    /// A rule of redeeming.
    #[error(transparent)]
    Rule(#[from] RedeemRefusal),
    /// The reference names another redemption.
    #[error("this reference names a redemption with another body")]
    Conflict,
}

impl Refused for RedeemRefused {}

impl App {
    /// Takes credits. The same reference and body again gets the first answer.
    ///
    /// # Errors
    /// [`RedeemRefused`] (then nothing changes), no such program, or the store's.
    pub async fn redeem_credits(
        &self,
        command: &RedeemCredits,
    ) -> Result<RedeemReceipt, Failure<RedeemRefused>> {
        let now = self.now();
        let user = &self.new_user(&command.user);
        transact(self.store(), move |unit| {
            Box::pin(async move {
                let program = program_in(unit, &command.program, now).await?;
                let facts = lock_user(unit, &program, user, now).await?;
                match unit.redemptions().find(program.book, &command.reference).await? {
                    Some(known) => repeat(unit, program, command, &facts, known).await,
                    None => redeem(unit, program, command, &facts, now, &mut || self.draw_id()).await,
                }
            })
        })
        .await
    }
}

async fn repeat(
    unit: &mut Unit<'_>,
    program: Program,
    command: &RedeemCredits,
    facts: &UserFacts,
    known: Redemption,
) -> Result<RedeemReceipt, Failure<RedeemRefused>> {
    let same = known.user == facts.id
        && known.asked == command.amount
        && known.mode == command.mode
        && known.description == command.description;
    if !same {
        return Err(RedeemRefused::Conflict.into());
    }
    let item = match known.transaction {
        Some(transaction) => unit.ledger().line(program.book, transaction).await?,
        None => None,
    };
    let Redemption { id, redeemed, balance, .. } = known;
    Ok(RedeemReceipt { id, redeemed, item, balance, can_redeem: true, replayed: true, program })
}

async fn redeem(
    unit: &mut Unit<'_>,
    program: Program,
    command: &RedeemCredits,
    facts: &UserFacts,
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<RedeemReceipt, Failure<RedeemRefused>> {
    let referred = !unit.referrals().lock(program.book, &[facts.id]).await?.is_empty();
    if !may_redeem(facts.email_status(), referred) {
        return Err(RedeemRefused::Rule(RedeemRefusal::EmailNotVerified).into());
    }
    let mut journal =
        Journal::open(unit.ledger().open(program.book, program.currency, &[facts.id]).await?, now);
    let available = journal.balances(facts.id).map_err(ledger_fault)?.available;
    let redeemed = redeemable(command.mode, command.amount, available).map_err(RedeemRefused::Rule)?;
    let id = RedemptionId::from_uuid(ids());
    let transaction = (redeemed > 0).then(|| TransactionId::from_uuid(ids()));
    if let Some(transaction) = transaction {
        let heading = heading(command, transaction, now);
        journal.debit(heading, facts.id, redeemed, SystemAccount::Redemption, ids).map_err(ledger_fault)?;
    }
    let balance = snapshot(unit, &program, &journal, facts.id, now).await?;
    let posting = journal.finish();
    let redemption = Redemption {
        id,
        user: facts.id,
        reference: command.reference.clone(),
        asked: command.amount,
        mode: command.mode,
        redeemed,
        description: command.description.clone(),
        transaction,
        balance,
        created_at: now,
    };
    let item = only_item(&posting);
    let changes = Changes { redemptions: vec![redemption], posting, ..Changes::default() };
    unit.recorder().record(program.book, &changes).await?;
    Ok(RedeemReceipt { id, redeemed, item, balance, can_redeem: true, replayed: false, program })
}

/// The balance of a user after what the journal posted.
pub(crate) async fn snapshot(
    unit: &mut Unit<'_>,
    program: &Program,
    journal: &Journal,
    user: UserId,
    now: Timestamp,
) -> Result<BalanceSnapshot, StoreError> {
    let wallet = journal.wallet(user).ok_or_else(|| ledger_fault(LedgerFault::NotLocked))?;
    let aged = unit.ledger().earned_until(program.book, user, aged_before(program, now)).await?;
    Ok(BalanceSnapshot::of(wallet, aged, now))
}

/// What was earned until then is old enough to be paid out: older than the delay, so what is exactly as old is not yet.
pub(crate) fn aged_before(program: &Program, now: Timestamp) -> Timestamp {
    now.plus_micros(-i64::from(program.rules.policy.payout_delay_days) * DAY - 1)
}

/// The one history line a command on one user posts.
pub(crate) fn only_item(posting: &Posting) -> Option<HistoryItem> {
    let (line, transaction) = posting.lines.first().zip(posting.transactions.first())?;
    Some(HistoryItem { line: line.clone(), transaction: transaction.clone() })
}

fn heading(command: &RedeemCredits, id: TransactionId, now: Timestamp) -> Heading {
    Heading {
        id,
        kind: TransactionKind::CreditRedemption,
        origin: Origin::Redeem,
        origin_id: command.reference.to_string(),
        referral: None,
        reverses: None,
        description: command
            .description
            .clone()
            .unwrap_or_else(|| format!("Credits used: {}", command.reference)),
        reference: Some(command.reference.to_string()),
        reference_type: Some(ReferenceType::Redemption),
        created_by: CreatedBy::Service,
        effective_at: now,
    }
}
