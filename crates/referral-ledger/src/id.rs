//! Typed identifiers. Every one is drawn by the caller (UUIDv7) and handed in; none is made by a store.

use std::fmt;

use uuid::Uuid;

/// A program's ledger: 63 random bits, the first part of every key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BookId(pub i64);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What its text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The identifier with these bytes.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Its bytes.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Reads the text form; `None` for another prefix, upper case, or any other spelling.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let id = Self(Uuid::try_parse(text.strip_prefix($prefix)?).ok()?);
                (id.to_string() == text).then_some(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.as_hyphenated())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )+};
}

ids! {
    /// A user as the ledger knows them. Never shown: the host's own id is `HostId`.
    ///
    /// ```
    /// use referral_ledger::id::ReferralId;
    /// let id = ReferralId::parse("ref_018f2b7c-0000-7000-8000-000000000001").expect("well formed");
    /// assert_eq!(id.to_string(), "ref_018f2b7c-0000-7000-8000-000000000001");
    /// assert!(ReferralId::parse("txn_018f2b7c-0000-7000-8000-000000000001").is_none());
    /// ```
    UserId = "usr_";
    /// A referral code.
    CodeId = "code_";
    /// A referral.
    ReferralId = "ref_";
    /// A business transaction: one group of transfers.
    TransactionId = "txn_";
    /// One transfer between two accounts.
    TransferId = "trf_";
    /// A ledger account; derived from what it is, never drawn.
    AccountId = "acc_";
    /// A spend or refund event.
    EventId = "evt_";
    /// A redemption of credits.
    RedemptionId = "red_";
    /// A click on a referral link.
    ClickId = "clk_";
    /// A fraud case.
    CaseId = "cas_";
    /// An API key.
    ApiKeyId = "key_";
    /// A payout.
    PayoutId = "pay_";
    /// A batch of payouts.
    BatchId = "bat_";
    /// An operator's adjustment.
    AdjustmentId = "adj_";
    /// An entry of the audit log.
    AuditId = "aud_";
}
