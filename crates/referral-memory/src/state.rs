//! The schema: every table, its key, and whether its rows may change.
//!
//! A table whose rows are ids is an index of another one: it says that something is unique, and finds it.

use referral_domain::adjustment::{Adjustment, AdjustmentStep};
use referral_domain::auth::ApiKey;
use referral_domain::budget::BudgetMonth;
use referral_domain::code::{Code, FoldedCode};
use referral_domain::credit::{Redemption, Reversal};
use referral_domain::grant::{CommissionStep, RewardStep};
use referral_domain::hold::{Hold, HoldStep};
use referral_domain::id::{
    AccountId, AdjustmentId, ApiKeyId, AuditId, BatchId, BookId, CodeId, EventId, PayoutId, RedemptionId,
    ReferralId, TransactionId, TransferId, UserId,
};
use referral_domain::identity::Fingerprint;
use referral_domain::ledger::{Account, Entry, EntrySide, Head, Line, Origin, Transaction, Transfer};
use referral_domain::payout::{Batch, BatchStep, Payout, PayoutMethod, PayoutStep, SettlementLine};
use referral_domain::port::{IdempotencyKey, StoredReply};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Reference, Slug, SourceId};
use referral_domain::referral::Referral;
use referral_domain::rules::RuleVersion;
use referral_domain::spend::SpendEvent;
use referral_domain::time::{Day, Month};
use referral_domain::tracking::DayDelta;
use referral_domain::user::UserFacts;

use crate::audit::Audited;
use crate::table::{Facts, Rows};

macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident: $kind:ident<$key:ty, $row:ty>,)+) => {
        /// Everything that is stored. A copy is cheap: it shares what neither of the two changes.
        #[derive(Clone, Debug)]
        pub(crate) struct State {
            $($(#[$doc])* pub(crate) $table: $kind<$key, $row>,)+
        }

        impl Default for State {
            fn default() -> Self {
                Self { $($table: $kind::named(stringify!($table)),)+ }
            }
        }
    };
}

tables! {
    /// Programs with their first rules; name, landing URL and status change.
    programs: Rows<Slug, Program>,
    /// Every version of their rules.
    rule_versions: Facts<(BookId, u32), RuleVersion>,
    /// One program a book.
    books: Facts<BookId, Slug>,

    /// What is known of users.
    users: Rows<(BookId, UserId), UserFacts>,
    /// One user a name.
    user_names: Facts<(BookId, HostId), UserId>,
    /// Who ever had an e-mail, the first to have it first.
    user_emails: Rows<(BookId, Fingerprint), Vec<UserId>>,

    /// Codes; what bounds them and how they were used changes.
    codes: Rows<(BookId, CodeId), Code>,
    /// One code a spelling.
    code_texts: Facts<(BookId, FoldedCode), CodeId>,
    /// One primary code a user.
    primary_codes: Facts<(BookId, UserId), CodeId>,

    /// Referrals, by referred user: a user is referred once. Only their progress changes.
    referrals: Rows<(BookId, UserId), Referral>,
    /// The referred user of a referral.
    referral_ids: Facts<(BookId, ReferralId), UserId>,
    /// Reward steps.
    reward_steps: Facts<(BookId, ReferralId, u32), RewardStep>,
    /// Commission steps.
    commission_steps: Facts<(BookId, ReferralId, u32), CommissionStep>,
    /// Holds, by the transaction that posted them; only what remains of them changes.
    holds: Rows<(BookId, TransactionId), Hold>,
    /// Their steps.
    hold_steps: Facts<(BookId, TransactionId, u32), HoldStep>,
    /// One step of a hold a transaction.
    hold_step_transactions: Facts<(BookId, TransactionId, TransactionId), u32>,
    /// What the months' budgets gave.
    budget_months: Rows<(BookId, Month), BudgetMonth>,
    /// What a code brought on a day.
    affiliate_tracking: Rows<(BookId, UserId, CodeId, Day), DayDelta>,

    /// Spend events.
    spend_events: Facts<(BookId, SourceId), SpendEvent>,
    /// One event an id.
    spend_event_ids: Facts<(BookId, EventId), SourceId>,
    /// The refunds that name a spend, known or not.
    spend_refunds: Rows<(BookId, SourceId), Vec<SourceId>>,
    /// Events that waited for a referral, and the one they count for.
    spend_folds: Facts<(BookId, SourceId), ReferralId>,

    /// Ledger accounts.
    accounts: Facts<(BookId, AccountId), Account>,
    /// The end of each account's chain of entries: the one ledger row that changes.
    account_heads: Rows<(BookId, AccountId), Head>,
    /// Business transactions.
    transactions: Facts<(BookId, TransactionId), Transaction>,
    /// Their legs.
    transfers: Facts<(BookId, TransferId), Transfer>,
    /// One leg a natural key: a command posts once, for ever.
    natural_keys: Facts<(BookId, Origin, String, u8), TransferId>,
    /// One step, redemption or reversal a transaction, and which of them.
    posted_for: Facts<(BookId, TransactionId), &'static str>,
    /// The chains of running balances.
    entries: Facts<(BookId, AccountId, i64), Entry>,
    /// One entry a side of a transfer.
    entry_sides: Facts<(BookId, TransferId, EntrySide), (AccountId, i64)>,
    /// The users' histories.
    lines: Facts<(BookId, UserId, i64), Line>,
    /// One line a transaction.
    line_transactions: Facts<(BookId, TransactionId), (UserId, i64)>,

    /// Redemptions.
    redemptions: Facts<(BookId, RedemptionId), Redemption>,
    /// One redemption a reference.
    redemption_references: Facts<(BookId, Reference), RedemptionId>,
    /// Reversals, by their own references.
    reversals: Facts<(BookId, Reference), Reversal>,

    /// Where users are paid, by version.
    payout_methods: Facts<(BookId, UserId, u32), PayoutMethod>,
    /// Payouts, without their steps.
    payouts: Facts<(BookId, PayoutId), Payout>,
    /// A user's payouts, in their order.
    user_payouts: Facts<(BookId, UserId, u32), PayoutId>,
    /// Payouts' steps.
    payout_steps: Facts<(BookId, PayoutId, u32), PayoutStep>,
    /// Batches with their items, without their steps.
    payout_batches: Facts<(BookId, BatchId), Batch>,
    /// Batches' steps.
    batch_steps: Facts<(BookId, BatchId, u32), BatchStep>,
    /// What banks said; once a payout.
    settlement_lines: Facts<(BookId, PayoutId), SettlementLine>,

    /// Adjustments.
    adjustments: Facts<(BookId, AdjustmentId), Adjustment>,
    /// One adjustment a reference.
    adjustment_references: Facts<(BookId, Reference), AdjustmentId>,
    /// Their steps.
    adjustment_steps: Facts<(BookId, AdjustmentId, u8), AdjustmentStep>,
    /// The audit log.
    audit_log: Facts<(BookId, AuditId), Audited>,

    /// Replies kept for their idempotency keys.
    replies: Rows<IdempotencyKey, StoredReply>,
    /// API keys; only `last_used_at` and `revoked_at` change.
    api_keys: Rows<ApiKeyId, ApiKey>,
    /// One API key a hash.
    api_key_hashes: Facts<[u8; 32], ApiKeyId>,
}
