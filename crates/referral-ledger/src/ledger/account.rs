//! Accounts: four purposes a user, and the system's names.

use sha2::{Digest, Sha256};

use crate::id::{AccountId, BookId, UserId};
use crate::money::Currency;
use crate::time::Timestamp;
use crate::words;

words! {
    /// What a user's account is for.
    Purpose {
        /// Can be used now.
        Available = "available",
        /// Granted, not usable yet.
        Held = "held",
        /// Reserved by a payout.
        InPayout = "in_payout",
        /// What the user owes the program; it runs from 0 downward.
        Owed = "owed",
    }
}

words! {
    /// The program's side of a transfer: a name without a row, so that no row is shared by every posting.
    SystemAccount {
        /// Rewards granted.
        RewardExpense = "reward_expense",
        /// Welcome credits granted.
        WelcomeExpense = "welcome_expense",
        /// Commission granted.
        CommissionExpense = "commission_expense",
        /// Credits used.
        Redemption = "redemption",
        /// Money paid out.
        PayoutClearing = "payout_clearing",
        /// An operator's corrections.
        Adjustment = "adjustment",
        /// What will not be paid back.
        WriteOff = "write_off",
    }
}

/// A user's account for one purpose. It never changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Derived by [`account_id`].
    pub id: AccountId,
    /// Whose it is.
    pub user: UserId,
    /// What for.
    pub purpose: Purpose,
    /// In which currency.
    pub currency: Currency,
    /// When it was first needed.
    pub created_at: Timestamp,
}

/// The id of an account: UUIDv8 of SHA-256 over what it is, so that two first postings meet on one key.
///
/// ```
/// use referral_ledger::{id::{BookId, UserId}, ledger::{Purpose, account_id}, money::Currency};
/// let (ana, usd) = (UserId::from_uuid(uuid::Uuid::from_u128(1)), Currency::parse("USD")?);
/// let id = account_id(BookId(7), ana, Purpose::Available, usd);
/// assert_eq!(id, account_id(BookId(7), ana, Purpose::Available, usd));
/// assert_ne!(id, account_id(BookId(7), ana, Purpose::Held, usd));
/// # Ok::<(), referral_ledger::money::MoneyFault>(())
/// ```
#[must_use]
pub fn account_id(book: BookId, user: UserId, purpose: Purpose, currency: Currency) -> AccountId {
    let mut hash = Sha256::new();
    hash.update(book.0.to_be_bytes());
    hash.update(user.uuid().as_bytes());
    hash.update(purpose.as_str());
    hash.update(b"|");
    hash.update(currency.code());
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    AccountId::from_uuid(uuid::Uuid::new_v8(bytes))
}
