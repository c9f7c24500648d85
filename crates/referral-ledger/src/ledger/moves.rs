//! What a journal is asked to post, by name. Each keeps: no balance below zero, what is owed is repaid before anything
//! becomes available, one history line.

use uuid::Uuid;

use super::{Heading, Journal, LedgerFault, Leg, Purpose, Side, SystemAccount, TransactionKind};
use crate::id::UserId;

/// Draws ids.
type Ids<'a> = &'a mut dyn FnMut() -> Uuid;

impl Journal {
    /// Credits a user from a system account. What they owe is repaid first; the rest becomes available.
    ///
    /// # Errors
    /// A [`LedgerFault`]; nothing is posted then.
    pub fn credit(
        &mut self,
        heading: Heading,
        user: UserId,
        amount: i64,
        from: SystemAccount,
        ids: Ids<'_>,
    ) -> Result<(), LedgerFault> {
        let legs = self.legs_into_available(heading.kind, user, Side::System(from), amount)?;
        self.transact(heading, user, &legs, ids)
    }

    /// Takes an amount out of what a user has available.
    ///
    /// # Errors
    /// A [`LedgerFault`]; nothing is posted then.
    pub fn debit(
        &mut self,
        heading: Heading,
        user: UserId,
        amount: i64,
        to: SystemAccount,
        ids: Ids<'_>,
    ) -> Result<(), LedgerFault> {
        let leg = leg(heading.kind, Side::User(Purpose::Available), Side::System(to), amount);
        self.transact(heading, user, &[leg], ids)
    }

    /// Credits a user from a system account, to be held: nothing of it can be used, nor repays what is owed, until it is
    /// [released](Self::release).
    ///
    /// # Errors
    /// A [`LedgerFault`]; nothing is posted then.
    pub fn hold(
        &mut self,
        heading: Heading,
        user: UserId,
        amount: i64,
        from: SystemAccount,
        ids: Ids<'_>,
    ) -> Result<(), LedgerFault> {
        let leg = leg(heading.kind, Side::System(from), Side::User(Purpose::Held), amount);
        self.transact(heading, user, &[leg], ids)
    }

    /// Releases an amount of what a user has held. What they owe is repaid first; the rest becomes available.
    ///
    /// # Errors
    /// A [`LedgerFault`], [`LedgerFault::Overdraft`] beyond what is held; nothing is posted then.
    pub fn release(
        &mut self,
        heading: Heading,
        user: UserId,
        amount: i64,
        ids: Ids<'_>,
    ) -> Result<(), LedgerFault> {
        let legs = self.legs_into_available(heading.kind, user, Side::User(Purpose::Held), amount)?;
        self.transact(heading, user, &legs, ids)
    }

    /// Takes an amount back to a system account: `held` of it out of what is held, then what is available, and the rest
    /// becomes owed. Nothing is ever clamped.
    ///
    /// # Errors
    /// A [`LedgerFault`], [`LedgerFault::NotPositive`] when `held` is more than the amount; nothing is posted then.
    ///
    /// ```
    /// # use referral_ledger::{id::*, ledger::*, money::Currency, time::Timestamp};
    /// # use uuid::Uuid;
    /// # let (ana, now) = (UserId::from_uuid(Uuid::from_u128(7)), Timestamp::from_micros(1));
    /// # let mut next = 0;
    /// # let mut ids = || { next += 1; Uuid::from_u128(next) };
    /// # let heading = |n: u128, kind| Heading {
    /// #     id: TransactionId::from_uuid(Uuid::from_u128(n)), kind, origin: Origin::Reward, origin_id: n.to_string(),
    /// #     referral: None, reverses: None, description: "An example".into(), reference: None, reference_type: None,
    /// #     created_by: CreatedBy::System, effective_at: now,
    /// # };
    /// # let mut journal = Journal::open(vec![Wallet::empty(BookId(1), ana, Currency::parse("USD")?)], now);
    /// use TransactionKind::{CreditRetraction, ReferralBonus};
    /// journal.hold(heading(90, ReferralBonus), ana, 2_500, SystemAccount::RewardExpense, &mut ids)?;
    /// journal.credit(heading(91, ReferralBonus), ana, 400, SystemAccount::RewardExpense, &mut ids)?;
    /// journal.retract(heading(92, CreditRetraction), ana, 2_500, 1_500, SystemAccount::RewardExpense, &mut ids)?;
    /// assert_eq!(journal.balances(ana)?, Balances { available: 0, held: 1_000, in_payout: 0, owed: 600 });
    /// journal.credit(heading(93, ReferralBonus), ana, 700, SystemAccount::RewardExpense, &mut ids)?;
    /// assert_eq!(journal.balances(ana)?, Balances { available: 100, held: 1_000, in_payout: 0, owed: 0 });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retract(
        &mut self,
        heading: Heading,
        user: UserId,
        amount: i64,
        held: i64,
        to: SystemAccount,
        ids: Ids<'_>,
    ) -> Result<(), LedgerFault> {
        let rest = amount.checked_sub(held).filter(|rest| *rest >= 0 && held >= 0);
        let rest = rest.ok_or(LedgerFault::NotPositive)?;
        let available = rest.min(self.balances(user)?.available);
        let parts =
            [(Purpose::Held, held), (Purpose::Available, available), (Purpose::Owed, rest - available)];
        let out = |(purpose, part)| leg(heading.kind, Side::User(purpose), Side::System(to), part);
        let legs: Vec<_> = parts.into_iter().filter(|(_, part)| *part > 0).map(out).collect();
        self.transact(heading, user, &legs, ids)
    }

    /// Reserves an amount of what is available for a payout.
    ///
    /// # Errors
    /// A [`LedgerFault`], [`LedgerFault::Overdraft`] beyond what is available; nothing is posted then.
    pub fn reserve(
        &mut self,
        heading: Heading,
        user: UserId,
        amount: i64,
        ids: Ids<'_>,
    ) -> Result<(), LedgerFault> {
        let (debit, credit) = (Side::User(Purpose::Available), Side::User(Purpose::InPayout));
        let leg = leg(heading.kind, debit, credit, amount);
        self.transact(heading, user, &[leg], ids)
    }

    /// Settles an amount reserved for a payout: it has left the company.
    ///
    /// # Errors
    /// A [`LedgerFault`], [`LedgerFault::Overdraft`] beyond what is reserved; nothing is posted then.
    ///
    /// ```
    /// # use referral_ledger::{id::*, ledger::*, money::Currency, time::Timestamp};
    /// # use uuid::Uuid;
    /// # let (ana, now) = (UserId::from_uuid(Uuid::from_u128(7)), Timestamp::from_micros(1));
    /// # let mut next = 0;
    /// # let mut ids = || { next += 1; Uuid::from_u128(next) };
    /// # let heading = |n: u128, kind| Heading {
    /// #     id: TransactionId::from_uuid(Uuid::from_u128(n)), kind, origin: Origin::Payout, origin_id: n.to_string(),
    /// #     referral: None, reverses: None, description: "An example".into(), reference: None, reference_type: None,
    /// #     created_by: CreatedBy::System, effective_at: now,
    /// # };
    /// # let mut journal = Journal::open(vec![Wallet::empty(BookId(1), ana, Currency::parse("USD")?)], now);
    /// use TransactionKind::{AffiliatePayout, ReferralBonus};
    /// journal.credit(heading(90, ReferralBonus), ana, 2_500, SystemAccount::RewardExpense, &mut ids)?;
    /// journal.reserve(heading(91, AffiliatePayout), ana, 2_000, &mut ids)?;
    /// assert_eq!(journal.balances(ana)?, Balances { available: 500, in_payout: 2_000, ..Balances::default() });
    /// journal.settle(heading(92, AffiliatePayout), ana, 1_500, &mut ids)?;
    /// journal.unreserve(heading(93, AffiliatePayout), ana, 500, &mut ids)?;
    /// assert_eq!(journal.balances(ana)?, Balances { available: 1_000, ..Balances::default() });
    /// assert_eq!(journal.wallet(ana).and_then(|wallet| wallet.last.clone()).map(|line| line.paid_out), Some(1_500));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn settle(
        &mut self,
        heading: Heading,
        user: UserId,
        amount: i64,
        ids: Ids<'_>,
    ) -> Result<(), LedgerFault> {
        let (debit, credit) = (Side::User(Purpose::InPayout), Side::System(SystemAccount::PayoutClearing));
        let leg = leg(heading.kind, debit, credit, amount);
        self.transact(heading, user, &[leg], ids)
    }

    /// Gives back what a payout reserved: it failed, or was cancelled. What the user owes is repaid first; the rest
    /// becomes available.
    ///
    /// # Errors
    /// A [`LedgerFault`], [`LedgerFault::Overdraft`] beyond what is reserved; nothing is posted then.
    pub fn unreserve(
        &mut self,
        heading: Heading,
        user: UserId,
        amount: i64,
        ids: Ids<'_>,
    ) -> Result<(), LedgerFault> {
        let legs = self.legs_into_available(heading.kind, user, Side::User(Purpose::InPayout), amount)?;
        self.transact(heading, user, &legs, ids)
    }

    /// The legs by which an amount enters what is available: what is owed is repaid first.
    fn legs_into_available(
        &self,
        kind: TransactionKind,
        user: UserId,
        from: Side,
        amount: i64,
    ) -> Result<Vec<Leg>, LedgerFault> {
        let repaid = self.balances(user)?.owed.min(amount);
        let parts = [
            (TransactionKind::OwedRepayment, Purpose::Owed, repaid),
            (kind, Purpose::Available, amount.saturating_sub(repaid)),
        ];
        let into = |(kind, purpose, part)| leg(kind, from, Side::User(purpose), part);
        Ok(parts.into_iter().filter(|(.., part)| *part > 0).map(into).collect())
    }
}

const fn leg(kind: TransactionKind, debit: Side, credit: Side, amount: i64) -> Leg {
    Leg { kind, debit, credit, amount }
}
