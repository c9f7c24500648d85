//! A wallet: one user's accounts and the end of their history, as a unit locked them.

use crate::id::{AccountId, BookId, TransactionId, UserId};
use crate::ledger::{Purpose, account_id};
use crate::money::Currency;
use crate::time::Timestamp;

/// A user's four balances in minor units; none is ever negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Balances {
    /// Can be used now.
    pub available: i64,
    /// Granted, not usable yet.
    pub held: i64,
    /// Reserved by a payout.
    pub in_payout: i64,
    /// What the user owes.
    pub owed: i64,
}

impl Balances {
    /// What all of it comes to; it changes only by what passes between the user and the system. It saturates: whatever
    /// leaves 64 bits is refused when it is posted.
    ///
    /// ```
    /// use referral_ledger::ledger::Balances;
    /// let balances = Balances { available: 0, held: 2_500, in_payout: 500, owed: 1_000 };
    /// assert_eq!(balances.worth(), 2_000);
    /// ```
    #[must_use]
    pub const fn worth(self) -> i64 {
        self.available.saturating_add(self.held).saturating_add(self.in_payout).saturating_sub(self.owed)
    }
}

/// The end of an account's chain of entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The account.
    pub account: AccountId,
    /// How many entries it has; 0 for an account without any.
    pub seq: i64,
    /// The balance after the last of them, in the ledger's sign (`owed` is at most 0).
    pub balance: i64,
}

/// One line of a user's history: a business transaction and the balances around it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Whose history.
    pub user: UserId,
    /// Its place, from 1, without gaps.
    pub n: i64,
    /// The transaction.
    pub transaction: TransactionId,
    /// The balances before it: those after the line before.
    pub before: Balances,
    /// The balances after it.
    pub after: Balances,
    /// Sum of rewards and commissions ever granted, up to and with this line.
    pub earned: i64,
    /// Sum of what was taken back of them, up to and with this line.
    pub taken: i64,
    /// Sum of what payouts reserved and neither cancelled nor failed, up to and with this line.
    pub paid_out: i64,
    /// When it was recorded; strictly later than the line before.
    pub at: Timestamp,
}

/// One user's accounts and the last line of their history, locked until the unit ends.
///
/// ```
/// use referral_ledger::{id::{BookId, UserId}, ledger::{Purpose, Wallet}, money::Currency};
/// let ana = UserId::from_uuid(uuid::Uuid::from_u128(1));
/// let mut wallet = Wallet::empty(BookId(7), ana, Currency::parse("USD")?);
/// wallet.head_mut(Purpose::Owed).balance = -300;
/// assert_eq!(wallet.balances().owed, 300, "it runs downward in the ledger and is shown positive");
/// # Ok::<(), referral_ledger::money::MoneyFault>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wallet {
    /// The book.
    pub book: BookId,
    /// The user.
    pub user: UserId,
    /// The book's currency.
    pub currency: Currency,
    /// Heads of the four accounts, in the order of [`Purpose::ALL`]; `seq` 0 for those that do not exist yet.
    pub heads: [Head; 4],
    /// The last line of the history.
    pub last: Option<Line>,
}

impl Wallet {
    /// The wallet of a user who never had anything.
    #[must_use]
    pub fn empty(book: BookId, user: UserId, currency: Currency) -> Self {
        let head = |purpose| Head { account: account_id(book, user, purpose, currency), seq: 0, balance: 0 };
        let heads = [Purpose::Available, Purpose::Held, Purpose::InPayout, Purpose::Owed].map(head);
        Self { book, user, currency, heads, last: None }
    }

    /// The head of one account.
    #[must_use]
    pub const fn head(&self, purpose: Purpose) -> &Head {
        &self.heads[purpose as usize]
    }

    /// The head of one account, to move it.
    pub const fn head_mut(&mut self, purpose: Purpose) -> &mut Head {
        &mut self.heads[purpose as usize]
    }

    /// The four balances, all from 0 upward.
    #[must_use]
    pub const fn balances(&self) -> Balances {
        Balances {
            available: self.head(Purpose::Available).balance,
            held: self.head(Purpose::Held).balance,
            in_payout: self.head(Purpose::InPayout).balance,
            owed: -self.head(Purpose::Owed).balance,
        }
    }
}
