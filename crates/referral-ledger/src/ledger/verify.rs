//! What `ledger verify` answers.

use super::seal::{ChainHead, UnsealedTail};
use crate::id::BookId;

/// How much was looked at, and up to which blocks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LedgerCounts {
    /// Programs.
    pub books: u64,
    /// Business transactions.
    pub transactions: u64,
    /// Transfers.
    pub transfers: u64,
    /// Entries.
    pub entries: u64,
    /// Accounts.
    pub accounts: u64,
    /// History lines.
    pub lines: u64,
    /// Referrals whose due and granted rewards were compared.
    pub referrals: u64,
    /// Blocks.
    pub blocks: u64,
    /// Transfers that blocks seal.
    pub sealed: u64,
    /// The end of each book's chain, by program; books without blocks have none.
    pub heads: Vec<ChainHead>,
    /// What no block seals yet, by program.
    pub unsealed: Vec<UnsealedTail>,
}

crate::words! {
    /// What was checked.
    Check {
        /// Each transfer has an entry for each of its user sides, equal in account, side and amount, and no entry lacks one.
        TransferEntries = "transfer-entries",
        /// Each account's entries follow one another without gap, and each sum is right.
        EntryChain = "entry-chain",
        /// Each head is its account's last entry.
        Heads = "heads",
        /// No balance is outside its bounds.
        Bounds = "bounds",
        /// All accounts, the system's included, sum to zero.
        Zero = "zero-sum",
        /// Each user's history lines follow one another and agree with the entries.
        Lines = "history-lines",
        /// Each reward step has its transaction, and each granted award its step.
        RewardSteps = "reward-steps",
        /// No reward is due without being granted or withheld, and none granted without being due.
        DueRewards = "due-rewards",
        /// Each redemption equals its transaction, and no reversal exceeds it.
        Redemptions = "redemptions",
        /// Each hold equals its transaction; its steps follow one another down to what remains, and equal theirs; what
        /// remains of a user's holds is what they have held.
        Holds = "holds",
        /// What a referral's commission says is posted is the sum of its transactions, as many as it has steps.
        Commissions = "commissions",
        /// The spend that a referral counts is the sum of its events, less what weighing refunds take from them.
        NetSpend = "net-spend",
        /// Each month's budget has given what rewards were granted in it, and at most its limit.
        Budgets = "budgets",
        /// Each payout's steps posted what they say, what is open is what is in payout, and each batch is what it sealed.
        Payouts = "payouts",
        /// Each adjustment that is posted is one transaction of its amount, whatever waits or was refused is none, and
        /// each retraction names what it takes back.
        Adjustments = "adjustments",
        /// Each block follows the one before, and its root is that of its transfers as they stand.
        Seals = "seals",
    }
}

/// The first place that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// Which check.
    pub check: Check,
    /// Where: the table and key.
    pub place: String,
    /// What should be there.
    pub expected: String,
    /// What is.
    pub found: String,
}

impl Broken {
    /// The book whose rows the place names; `None` when it names none. Keys are told before it, so the last one counts.
    ///
    /// ```
    /// use referral_ledger::{id::BookId, ledger::{Broken, Check}};
    /// let at = |place: &str| Broken {
    ///     check: Check::Zero, place: place.to_owned(), expected: String::new(), found: String::new(),
    /// };
    /// assert_eq!(at("transfers 0f of book 7, sealed in block 2: its leaf").book(), Some(BookId(7)));
    /// assert_eq!(at("spend_events book 9 of book 7").book(), Some(BookId(7)));
    /// assert_eq!(at("ledger_blocks: the published head").book(), None);
    /// ```
    #[must_use]
    pub fn book(&self) -> Option<BookId> {
        let (_, told) = self.place.rsplit_once("book ")?;
        let end = told.find(|c: char| !c.is_ascii_digit()).unwrap_or(told.len());
        told[..end].parse().ok().map(BookId)
    }

    /// What the people of one book may see of it: of another's rows no more than which check found them.
    #[must_use]
    pub fn seen_from(self, book: BookId) -> Self {
        if self.book() == Some(book) {
            return self;
        }
        let elsewhere = || "told to whoever administers all programs".to_owned();
        Self {
            check: self.check,
            place: "in another program".to_owned(),
            expected: elsewhere(),
            found: elsewhere(),
        }
    }
}

crate::words! {
    /// A verification in one word.
    Answer {
        /// Everything was looked at and holds.
        Verified = "verified",
        /// What was looked at holds; some transfers are not sealed yet.
        Partial = "partial",
        /// Something does not hold.
        Broken = "broken",
    }
}

/// The outcome of a verification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Everything holds. Transfers that no block seals yet were compared with everything else, but not with a seal.
    Verified(LedgerCounts),
    /// Something does not hold.
    Broken {
        /// How much was looked at.
        counts: LedgerCounts,
        /// The first bad place.
        first: Broken,
    },
}

impl Verdict {
    /// The answer in one word.
    #[must_use]
    pub const fn answer(&self) -> Answer {
        match self {
            Self::Verified(counts) if counts.unsealed.is_empty() => Answer::Verified,
            Self::Verified(_) => Answer::Partial,
            Self::Broken { .. } => Answer::Broken,
        }
    }

    /// What the people of one book may see of it: [`Broken::seen_from`].
    #[must_use]
    pub fn seen_from(self, book: BookId) -> Self {
        match self {
            Self::Verified(counts) => Self::Verified(counts),
            Self::Broken { counts, first } => Self::Broken { counts, first: first.seen_from(book) },
        }
    }

    /// How much was looked at.
    #[must_use]
    pub const fn counts(&self) -> &LedgerCounts {
        match self {
            Self::Verified(counts) | Self::Broken { counts, .. } => counts,
        }
    }
}
