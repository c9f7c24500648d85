//! The chart of accounts: under which number and name the company's general ledger keeps each account of the books, and
//! the journal entries that follow.

use std::collections::BTreeMap;

use crate::ledger::{Purpose, Side, SystemAccount};
use crate::port::{JournalItem, LegReport};

/// An account of the company's general ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChartAccount {
    /// Its number: 1 to 20 of letters, digits, `.` and `-`.
    pub number: String,
    /// Its name: 1 to 100 characters, no control characters.
    pub name: String,
}

impl ChartAccount {
    /// Reads it; `None` when either is out of its form.
    #[must_use]
    pub fn parse(number: &str, name: &str) -> Option<Self> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        let numbered = (1..=20).contains(&number.len()) && number.bytes().all(legal);
        let named = (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        (numbered && named).then(|| Self { number: number.to_owned(), name: name.to_owned() })
    }
}

/// Which account of the general ledger each account of the books is.
///
/// ```
/// use referral_domain::{chart::*, ledger::{Purpose, Side}};
/// let mut chart = Chart::default();
/// let available = Side::User(Purpose::Available);
/// assert_eq!(chart.account(available).number, "2100");
/// chart.set(available, ChartAccount::parse("2001", "Guthaben").expect("well formed"));
/// assert_eq!(chart.account(available).name, "Guthaben");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chart(BTreeMap<Side, ChartAccount>);

/// The numbers and names unless told otherwise: assets 1xxx, liabilities 2xxx, income 4xxx, expenses 6xxx.
const fn usual(account: Side) -> (&'static str, &'static str) {
    match account {
        Side::User(Purpose::Available) => ("2100", "Referral credits: available"),
        Side::User(Purpose::Held) => ("2110", "Referral credits: held"),
        Side::User(Purpose::InPayout) => ("2120", "Referral credits: in payout"),
        Side::User(Purpose::Owed) => ("1200", "Referral credits: owed by users"),
        Side::System(SystemAccount::RewardExpense) => ("6100", "Referral rewards"),
        Side::System(SystemAccount::WelcomeExpense) => ("6110", "Welcome credits"),
        Side::System(SystemAccount::CommissionExpense) => ("6120", "Affiliate commissions"),
        Side::System(SystemAccount::Redemption) => ("4100", "Credits used against invoices"),
        Side::System(SystemAccount::PayoutClearing) => ("1100", "Payouts clearing"),
        Side::System(SystemAccount::Adjustment) => ("6190", "Referral adjustments"),
        Side::System(SystemAccount::WriteOff) => ("6195", "Referral write-offs"),
    }
}

impl Default for Chart {
    fn default() -> Self {
        let entry = |account| {
            let (number, name) = usual(account);
            (account, ChartAccount { number: number.to_owned(), name: name.to_owned() })
        };
        Self(Side::ALL.into_iter().map(entry).collect())
    }
}

impl Chart {
    /// Maps an account of the books to another one of the general ledger.
    pub fn set(&mut self, account: Side, to: ChartAccount) {
        self.0.insert(account, to);
    }

    /// The account of the general ledger.
    #[must_use]
    pub fn account(&self, account: Side) -> ChartAccount {
        let (number, name) = usual(account);
        let stands = || ChartAccount { number: number.to_owned(), name: name.to_owned() };
        self.0.get(&account).cloned().unwrap_or_else(stands)
    }

    /// The journal entries of a transaction, two a leg: first what is debited, then what is credited, of one amount. So
    /// each transaction is balanced in any chart.
    #[must_use]
    pub fn entries(&self, item: &JournalItem) -> Vec<JournalEntry> {
        item.legs.iter().flat_map(|leg| self.both(leg)).collect()
    }

    fn both(&self, leg: &LegReport) -> [JournalEntry; 2] {
        let amount = leg.transfer.amount;
        [
            JournalEntry { account: self.account(leg.debit), debit: amount, credit: 0 },
            JournalEntry { account: self.account(leg.credit), debit: 0, credit: amount },
        ]
    }
}

/// One side of a leg in the general ledger; one of the amounts is zero, the other positive, in minor units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalEntry {
    /// The account.
    pub account: ChartAccount,
    /// What it is debited.
    pub debit: i64,
    /// What it is credited.
    pub credit: i64,
}
