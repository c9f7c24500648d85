//! The accounts of the books by name: a user's four purposes, all users together, and the system's accounts.

use super::{Purpose, Side, SystemAccount};

impl Side {
    /// Every account of the books, what users have first.
    pub const ALL: [Self; 11] = [
        Self::User(Purpose::Available),
        Self::User(Purpose::Held),
        Self::User(Purpose::InPayout),
        Self::User(Purpose::Owed),
        Self::System(SystemAccount::RewardExpense),
        Self::System(SystemAccount::WelcomeExpense),
        Self::System(SystemAccount::CommissionExpense),
        Self::System(SystemAccount::Redemption),
        Self::System(SystemAccount::PayoutClearing),
        Self::System(SystemAccount::Adjustment),
        Self::System(SystemAccount::WriteOff),
    ];

    /// Its word; no purpose shares one with a system account.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User(purpose) => purpose.as_str(),
            Self::System(name) => name.as_str(),
        }
    }

    /// The one with this word.
    ///
    /// ```
    /// use referral_ledger::ledger::{Purpose, Side};
    /// assert!(Side::ALL.iter().all(|side| Side::parse(side.as_str()) == Some(*side)));
    /// assert_eq!(Side::parse("in_payout"), Some(Side::User(Purpose::InPayout)));
    /// assert_eq!(Side::parse("cash"), None);
    /// ```
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Purpose::parse(word).map(Self::User).or_else(|| SystemAccount::parse(word).map(Self::System))
    }
}
