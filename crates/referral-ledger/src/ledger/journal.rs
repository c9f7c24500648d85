//! The journal: turns business transactions into transfers, entries, heads and history lines.
//!
//! One rounding place is not needed here: every amount is whole minor units. Sums are checked.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    Account, Balances, CreatedBy, Entry, EntrySide, Line, Origin, Party, Purpose, ReferenceType, Side, Sums,
    Transaction, TransactionKind, Transfer, Wallet,
};
use crate::id::{ReferralId, TransactionId, TransferId, UserId};
use crate::time::Timestamp;

/// Why a posting cannot be made. None of these follows from input: callers have asked for the balance first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LedgerFault {
    /// The user's wallet was not locked by this unit.
    #[error("the wallet of a user to be posted to is not locked")]
    NotLocked,
    /// A balance would go below zero.
    #[error("an account would go below zero")]
    Overdraft,
    /// A balance would leave the range of 64 bits.
    #[error("a balance would overflow")]
    Overflow,
    /// An amount is not positive, or there is no leg at all.
    #[error("an amount is not positive")]
    NotPositive,
    /// Something would be available while something is owed.
    #[error("something would be available while something is owed")]
    OwedFirst,
    /// A transaction would have more than [`MOST_LEGS`] legs.
    #[error("a transaction would have more than 16 legs")]
    TooManyLegs,
    /// A leg moves nothing to or from the user, or from an account to itself.
    #[error("a leg moves nothing between a user's account and another")]
    NotTheUsers,
}

/// The most legs one transaction may have.
pub const MOST_LEGS: usize = 16;

/// What a transaction takes back: which one, and what that was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reversed {
    /// Its id.
    pub id: TransactionId,
    /// What it was.
    pub kind: TransactionKind,
}

/// One movement of a transaction to be posted, from `debit` to `credit`; the user is the transaction's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leg {
    /// What this leg is.
    pub kind: TransactionKind,
    /// Where the amount comes from.
    pub debit: Side,
    /// Where it goes.
    pub credit: Side,
    /// How much, in minor units; positive.
    pub amount: i64,
}

/// What a business transaction is for; the legs follow from the command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heading {
    /// Its id.
    pub id: TransactionId,
    /// What it is.
    pub kind: TransactionKind,
    /// The natural key, unique for ever: which command...
    pub origin: Origin,
    /// ... of what.
    pub origin_id: String,
    /// For which referral.
    pub referral: Option<ReferralId>,
    /// Which transaction it reverses, wholly or in part.
    pub reverses: Option<Reversed>,
    /// What the user reads.
    pub description: String,
    /// What it refers to, in the host's words.
    pub reference: Option<String>,
    /// What that names.
    pub reference_type: Option<ReferenceType>,
    /// Who had it posted.
    pub created_by: CreatedBy,
    /// When it took effect.
    pub effective_at: Timestamp,
}

/// Everything one unit posts, ready to be written a table at a time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Posting {
    /// Accounts of the touched purposes; those that exist already are left alone.
    pub accounts: Vec<Account>,
    /// The business transactions.
    pub transactions: Vec<Transaction>,
    /// Their legs.
    pub transfers: Vec<Transfer>,
    /// The user sides of the legs, in chain order.
    pub entries: Vec<Entry>,
    /// One history line a transaction, in chain order.
    pub lines: Vec<Line>,
}

/// Posts business transactions onto locked wallets, in memory.
///
/// Every balance it leaves is at least zero, `available` and `owed` are never both positive, and a batch of
/// transactions ends as if they had been posted one by one.
///
/// ```
/// use referral_ledger::{id::*, ledger::*, money::Currency, time::Timestamp};
/// use uuid::Uuid;
/// let (ana, now) = (UserId::from_uuid(Uuid::from_u128(7)), Timestamp::from_micros(1));
/// let wallet = Wallet::empty(BookId(1), ana, Currency::parse("USD")?);
/// let mut next = 0;
/// let mut journal = Journal::open(vec![wallet], now);
/// let heading = Heading {
///     id: TransactionId::from_uuid(Uuid::from_u128(8)),
///     kind: TransactionKind::ReferralBonus, origin: Origin::Reward, origin_id: "r:1".into(),
///     referral: None, reverses: None, description: "Reward".into(), reference: None, reference_type: None,
///     created_by: CreatedBy::System, effective_at: now,
/// };
/// journal.credit(heading, ana, 2500, SystemAccount::RewardExpense, &mut || { next += 1; Uuid::from_u128(next) })?;
/// assert_eq!(journal.balances(ana)?.available, 2500);
/// assert_eq!(journal.finish().entries.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Journal {
    wallets: BTreeMap<UserId, Wallet>,
    posting: Posting,
    now: Timestamp,
}

impl Journal {
    /// Starts from wallets that the unit has locked.
    #[must_use]
    pub fn open(wallets: Vec<Wallet>, now: Timestamp) -> Self {
        let wallets = wallets.into_iter().map(|wallet| (wallet.user, wallet)).collect();
        Self { wallets, posting: Posting::default(), now }
    }

    /// A user's balances as they are after what was posted so far.
    ///
    /// # Errors
    /// [`LedgerFault::NotLocked`].
    pub fn balances(&self, user: UserId) -> Result<Balances, LedgerFault> {
        self.wallets.get(&user).map(Wallet::balances).ok_or(LedgerFault::NotLocked)
    }

    /// A user's wallet as it is after what was posted so far.
    #[must_use]
    pub fn wallet(&self, user: UserId) -> Option<&Wallet> {
        self.wallets.get(&user)
    }

    /// Everything posted, to be recorded in the unit that locked the wallets.
    #[must_use]
    pub fn finish(self) -> Posting {
        self.posting
    }

    /// Posts a transaction of any legs between this user's accounts and the system's, in their order.
    ///
    /// Whatever the legs, no balance goes below zero at any of them, nothing is available in the end while something is
    /// owed, and the user's history gains one line. Prefer the methods that say what they are for.
    ///
    /// # Errors
    /// A [`LedgerFault`]; nothing is posted then.
    ///
    /// ```
    /// # use referral_ledger::{id::*, ledger::*, money::Currency, time::Timestamp};
    /// # use uuid::Uuid;
    /// # let (ana, now) = (UserId::from_uuid(Uuid::from_u128(7)), Timestamp::from_micros(1));
    /// # let mut journal = Journal::open(vec![Wallet::empty(BookId(1), ana, Currency::parse("USD")?)], now);
    /// # let heading = Heading {
    /// #     id: TransactionId::from_uuid(Uuid::from_u128(8)), kind: TransactionKind::ManualAdjustment,
    /// #     origin: Origin::Adjustment, origin_id: "a:1".into(), referral: None, reverses: None,
    /// #     description: "Goodwill".into(), reference: None, reference_type: None, created_by: CreatedBy::Operator,
    /// #     effective_at: now,
    /// # };
    /// let leg = |debit, credit, amount| Leg { kind: TransactionKind::ManualAdjustment, debit, credit, amount };
    /// let system = Side::System(SystemAccount::Adjustment);
    /// let (available, held) = (Side::User(Purpose::Available), Side::User(Purpose::Held));
    /// let legs = [leg(system, available, 500), leg(system, held, 700)];
    /// # let mut next = 0;
    /// journal.transact(heading, ana, &legs, &mut || { next += 1; Uuid::from_u128(next) })?;
    /// assert_eq!(journal.balances(ana)?, Balances { available: 500, held: 700, ..Balances::default() });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transact(
        &mut self,
        heading: Heading,
        user: UserId,
        legs: &[Leg],
        ids: &mut dyn FnMut() -> Uuid,
    ) -> Result<(), LedgerFault> {
        well_formed(legs)?;
        let mut wallet = self.wallets.get(&user).cloned().ok_or(LedgerFault::NotLocked)?;
        let before = wallet.balances();
        let recorded_at = wallet.last.as_ref().map_or(self.now, |line| self.now.max(line.at.plus_micros(1)));
        let mut posted = Posting::default();
        for (leg, number) in legs.iter().zip(0_u8..) {
            post_leg(&mut posted, &mut wallet, &heading, leg, number, recorded_at, ids)?;
        }
        let line = history_line(&wallet, &heading, before, recorded_at)?;
        wallet.last = Some(line.clone());
        posted.lines.push(line);
        posted.transactions.push(transaction(heading, user, recorded_at));
        self.posting.append(posted);
        self.wallets.insert(user, wallet);
        Ok(())
    }
}

fn well_formed(legs: &[Leg]) -> Result<(), LedgerFault> {
    let of_the_user = |leg: &Leg| {
        let between_systems = matches!((leg.debit, leg.credit), (Side::System(_), Side::System(_)));
        !between_systems && leg.debit != leg.credit
    };
    if legs.is_empty() || legs.iter().any(|leg| leg.amount <= 0) {
        Err(LedgerFault::NotPositive)
    } else if legs.len() > MOST_LEGS {
        Err(LedgerFault::TooManyLegs)
    } else if legs.iter().all(of_the_user) {
        Ok(())
    } else {
        Err(LedgerFault::NotTheUsers)
    }
}

impl Posting {
    fn append(&mut self, mut other: Self) {
        self.accounts.append(&mut other.accounts);
        self.transactions.append(&mut other.transactions);
        self.transfers.append(&mut other.transfers);
        self.entries.append(&mut other.entries);
        self.lines.append(&mut other.lines);
    }
}

fn post_leg(
    posted: &mut Posting,
    wallet: &mut Wallet,
    heading: &Heading,
    leg: &Leg,
    number: u8,
    recorded_at: Timestamp,
    ids: &mut dyn FnMut() -> Uuid,
) -> Result<(), LedgerFault> {
    let id = TransferId::from_uuid(ids());
    for (side, entry_side) in [(leg.debit, EntrySide::Debit), (leg.credit, EntrySide::Credit)] {
        if let Side::User(purpose) = side {
            let entry = move_head(wallet, purpose, entry_side, leg.amount, id)?;
            if entry.seq == 1 {
                posted.accounts.push(account(wallet, purpose, recorded_at));
            }
            posted.entries.push(entry);
        }
    }
    posted.transfers.push(Transfer {
        id,
        transaction: heading.id,
        kind: leg.kind,
        origin: heading.origin,
        origin_id: heading.origin_id.clone(),
        leg: number,
        debit: party(wallet, leg.debit),
        credit: party(wallet, leg.credit),
        amount: leg.amount,
        referral: heading.referral,
        effective_at: heading.effective_at,
        recorded_at,
    });
    Ok(())
}

fn party(wallet: &Wallet, side: Side) -> Party {
    match side {
        Side::User(purpose) => Party::Account(wallet.head(purpose).account),
        Side::System(name) => Party::System(name),
    }
}

fn account(wallet: &Wallet, purpose: Purpose, created_at: Timestamp) -> Account {
    let Wallet { user, currency, .. } = *wallet;
    Account { id: wallet.head(purpose).account, user, purpose, currency, created_at }
}

fn move_head(
    wallet: &mut Wallet,
    purpose: Purpose,
    side: EntrySide,
    amount: i64,
    transfer: TransferId,
) -> Result<Entry, LedgerFault> {
    let head = wallet.head_mut(purpose);
    let signed = if side == EntrySide::Credit { amount } else { -amount };
    let balance_before = head.balance;
    let balance_after = balance_before.checked_add(signed).ok_or(LedgerFault::Overflow)?;
    let within = if purpose == Purpose::Owed { balance_after <= 0 } else { balance_after >= 0 };
    if !within {
        return Err(LedgerFault::Overdraft);
    }
    head.seq += 1;
    head.balance = balance_after;
    let (account, seq) = (head.account, head.seq);
    Ok(Entry { account, purpose, seq, transfer, side, amount, balance_before, balance_after })
}

fn history_line(
    wallet: &Wallet,
    heading: &Heading,
    before: Balances,
    at: Timestamp,
) -> Result<Line, LedgerFault> {
    let after = wallet.balances();
    if after.available > 0 && after.owed > 0 {
        return Err(LedgerFault::OwedFirst);
    }
    let (n, sums) = wallet.last.as_ref().map_or((0, Sums::default()), |line| (line.n, Sums::of(line)));
    let reversed = heading.reverses.map(|reversed| reversed.kind);
    let sums = sums.then(heading.kind, reversed, before, after).ok_or(LedgerFault::Overflow)?;
    let Sums { earned, taken, paid_out } = sums;
    let (user, transaction) = (wallet.user, heading.id);
    Ok(Line { user, n: n + 1, transaction, before, after, earned, taken, paid_out, at })
}

fn transaction(heading: Heading, user: UserId, recorded_at: Timestamp) -> Transaction {
    let Heading { id, kind, referral, reverses, description, reference, reference_type, .. } = heading;
    let (created_by, effective_at) = (heading.created_by, heading.effective_at);
    let reverses = reverses.map(|reversed| reversed.id);
    Transaction {
        id,
        user,
        kind,
        referral,
        reverses,
        description,
        reference,
        reference_type,
        created_by,
        effective_at,
        recorded_at,
    }
}
