//! The unit of work: everything a use case locks, loads and records, committed at once or not at all.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Adjustments, Changes, HistoryItem, IdempotencyKey, Payouts, StoreError, StoredReply};
use crate::auth::ApiKey;
use crate::budget::BudgetMonth;
use crate::code::{Code, FoldedCode};
use crate::credit::{Redemption, Reversal};
use crate::hold::Hold;
use crate::id::{ApiKeyId, BookId, CodeId, RedemptionId, ReferralId, TransactionId, UserId};
use crate::identity::Fingerprint;
use crate::ledger::{Mark, Origin, Unsealed, Wallet};
use crate::money::Currency;
use crate::program::Program;
use crate::reference::{HostId, Reference, Slug, SourceId};
use crate::referral::Referral;
use crate::rules::RuleVersion;
use crate::spend::{RefundFact, SpendEvent, SpendScene};
use crate::time::{Month, Timestamp};
use crate::user::UserFacts;

/// Opens units of work.
#[async_trait]
pub trait Store: Send + Sync {
    /// A unit that sees everything committed so far.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;
}

/// A unit of work. Dropping it rolls it back: nothing of it is stored, and nothing stays locked.
///
/// A call that was abandoned (its future dropped) leaves the unit unusable: later calls answer
/// [`StoreError::Unavailable`] and nothing of it is stored.
#[must_use = "dropping a unit of work rolls it back; call commit()"]
#[async_trait]
pub trait UnitOfWork:
    Programs
    + Users
    + Codes
    + Referrals
    + Spending
    + Budgets
    + Ledger
    + Redemptions
    + Payouts
    + Adjustments
    + Idempotency
    + ApiKeys
    + Sealing
    + Recorder
    + Send
{
    /// Stores everything the unit recorded. When it answers `Ok`, the facts survive any crash.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// The unit of work as use cases see it.
pub type Unit<'env> = dyn UnitOfWork + 'env;

macro_rules! sub_ports {
    ($($method:ident: $port:ident),+ $(,)?) => {
        impl<'env> dyn UnitOfWork + 'env {
            $(
                #[doc = concat!("The unit's [`", stringify!($port), "`].")]
                pub fn $method(&mut self) -> &mut (dyn $port + 'env) {
                    self
                }
            )+
        }
    };
}

sub_ports! {
    programs: Programs, users: Users, codes: Codes, referrals: Referrals, spending: Spending, budgets: Budgets,
    ledger: Ledger, redemptions: Redemptions, payouts: Payouts, adjustments: Adjustments, idempotency: Idempotency,
    api_keys: ApiKeys, sealing: Sealing, recorder: Recorder,
}

/// Whether a row was there already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Inserted {
    /// It is stored now.
    New,
    /// It was there; nothing changed.
    AlreadyThere,
}

/// Programs and their rules.
#[async_trait]
pub trait Programs: Send {
    /// A program with the rules in force at `now`.
    async fn find(&mut self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError>;

    /// Stores a program with its first rules, unless its slug is taken.
    async fn insert(&mut self, program: &Program) -> Result<Inserted, StoreError>;

    /// A program with the rules in force at `now`, locked until the unit ends: nobody changes it, or publishes rules for
    /// it, meanwhile.
    async fn lock(&mut self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError>;

    /// Replaces what may change of a program that was locked: its name, its landing URL, its status.
    async fn save(&mut self, program: &Program) -> Result<(), StoreError>;

    /// The newest version of a program's rules, in force or not yet.
    async fn newest_rules(&mut self, book: BookId) -> Result<RuleVersion, StoreError>;

    /// Stores a new version of the rules of a program that was locked.
    ///
    /// # Errors
    /// [`StoreError::Contended`] when there is such a version.
    async fn publish(&mut self, book: BookId, version: &RuleVersion) -> Result<(), StoreError>;
}

/// A user to be found, or made under this id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewUser {
    /// The host's id.
    pub host: HostId,
    /// The id to give, when nobody has that name yet.
    pub fresh: UserId,
}

/// Users and what is known of them.
#[async_trait]
pub trait Users: Send {
    /// The users of these names (made where missing), then those of these ids (which exist), each in input order, all
    /// locked in the order of their ids until the unit ends. The same user twice is one lock and two equal answers.
    async fn lock(
        &mut self,
        book: BookId,
        named: &[NewUser],
        ids: &[UserId],
        now: Timestamp,
    ) -> Result<Vec<UserFacts>, StoreError>;

    /// The names of these users, in input order. All exist.
    async fn names(&mut self, book: BookId, ids: &[UserId]) -> Result<Vec<HostId>, StoreError>;

    /// For each e-mail, in input order, the first user other than the one beside it who ever had it. The answers do not
    /// change until the unit ends: of two units that bring one mailbox at once, the later one sees the earlier one's user.
    async fn email_owners(
        &mut self,
        book: BookId,
        mails: &[(Fingerprint, UserId)],
    ) -> Result<Vec<Option<UserId>>, StoreError>;
}

/// The answer to a claim of a code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CodeClaim {
    /// It is stored now.
    Claimed,
    /// The owner has a primary code already; nothing changed.
    OwnerHas(Box<Code>),
    /// The text is taken; nothing changed.
    Taken,
}

/// Codes.
#[async_trait]
pub trait Codes: Send {
    /// The codes with these folded forms, in input order, not locked.
    async fn find(&mut self, book: BookId, folded: &[FoldedCode]) -> Result<Vec<Option<Code>>, StoreError>;

    /// The codes of these ids, in input order, locked (in the order of their ids) until the unit ends. All exist.
    async fn lock(&mut self, book: BookId, ids: &[CodeId]) -> Result<Vec<Code>, StoreError>;

    /// Stores a code, unless its folded form is taken, or it is a primary one whose owner has one.
    async fn claim(&mut self, code: &Code) -> Result<CodeClaim, StoreError>;
}

/// Referrals.
#[async_trait]
pub trait Referrals: Send {
    /// The referrals of these referred users, in the order of their ids, locked until the unit ends. Users without
    /// one are left out.
    async fn lock(&mut self, book: BookId, referred: &[UserId]) -> Result<Vec<Referral>, StoreError>;

    /// Who referred this user, who referred them, and so on: nearest first, at most `generations`. Until the unit ends
    /// nobody closes a ring by way of it, provided the unit locked this user and whoever they are to refer before.
    async fn ancestors(
        &mut self,
        book: BookId,
        user: UserId,
        generations: u32,
    ) -> Result<Vec<UserId>, StoreError>;

    /// For each referrer and `n`, in input order, when the `n`-th newest of their referrals made strictly after `since`
    /// was made; `None` when there are fewer, or `n` is 0. Over all the referrer's codes; exact while the referrer is
    /// locked.
    async fn nth_newest(
        &mut self,
        book: BookId,
        asked: &[(UserId, u32)],
        since: Timestamp,
    ) -> Result<Vec<Option<Timestamp>>, StoreError>;

    /// At most `limit` referred users, by id, whose reward or commission waits for the e-mail of this referrer to be
    /// verified.
    async fn waiting_for(
        &mut self,
        book: BookId,
        referrer: UserId,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError>;

    /// At most `limit` referrals that are `pending` or `active` and whose window is over at `now`; locked; those that
    /// another unit holds are passed over.
    async fn claim_expired(
        &mut self,
        book: BookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Referral>, StoreError>;

    /// At most `limit` referrals whose awards may not be at their level; locked; those that another unit holds are
    /// passed over. A reward is due when it is greater than nothing, net spend is at the threshold, the state is not
    /// `fraud`, and the referred user was not verified only after the window. Those are:
    /// - reward `not_due` or `retracted` though it is due, or posted though it is not;
    /// - welcome `not_due`, greater than nothing and not `fraud`, though activated; or posted though `fraud`;
    /// - commission due and posted differ, and no reason stands why;
    /// - any of the three withheld as `program-paused` though the program is active, or reward or commission as
    ///   `referrer-email-not-verified` though the referrer is not known to be unverified.
    async fn claim_unsettled(&mut self, book: BookId, limit: u32) -> Result<Vec<Referral>, StoreError>;

    /// At most `limit` referrals whose reward the budget withheld, by when they were completed, then by id; locked; those
    /// that another unit holds are passed over.
    async fn claim_budgeted(&mut self, book: BookId, limit: u32) -> Result<Vec<Referral>, StoreError>;

    /// At most `limit` holds of which something remains, that mature at or before `now`, and whose referral is not under
    /// open review: by when they mature, then by transaction. With them their referrals, locked, by referred user, each
    /// once; those that another unit holds are passed over with their holds.
    async fn claim_matured(
        &mut self,
        book: BookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Matured, StoreError>;
}

/// Holds that may be released, and the referrals they are of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Matured {
    /// The holds.
    pub holds: Vec<Hold>,
    /// Their referrals, locked.
    pub referrals: Vec<Referral>,
}

/// The months' budgets.
#[async_trait]
pub trait Budgets: Send {
    /// A month's budget, locked until the unit ends. One that is asked for for the first time begins with the sum of the
    /// rewards granted in that month so far, so that a budget published in its midst is not exceeded either.
    async fn lock(&mut self, book: BookId, month: Month) -> Result<BudgetMonth, StoreError>;
}

/// Spend events.
#[async_trait]
pub trait Spending: Send {
    /// Everything needed to decide events of these users under these ids, in one call: the users (made where
    /// missing), their referrals (locked in the order of the users' ids), what is known of the referrers' e-mails,
    /// the events already recorded, and the refunds recorded that name one of the ids (oldest first by `recorded_at`, then
    /// by event id, whoever's and whatever their outcome). A user without a referral stays without one until the unit ends.
    async fn scene(
        &mut self,
        book: BookId,
        users: &[NewUser],
        sources: &[SourceId],
        now: Timestamp,
    ) -> Result<SpendScene, StoreError>;

    /// Spends of this user that found no referral and were recorded at or after `since`, oldest first. Refunds are not
    /// among them.
    async fn parked(
        &mut self,
        book: BookId,
        user: UserId,
        since: Timestamp,
    ) -> Result<Vec<SpendEvent>, StoreError>;

    /// The refunds recorded that name one of these spends, as [`scene`](Self::scene) answers them.
    async fn refunds_of(
        &mut self,
        book: BookId,
        spends: &[SourceId],
    ) -> Result<BTreeMap<SourceId, Vec<RefundFact>>, StoreError>;
}

/// The ledger's heads.
#[async_trait]
pub trait Ledger: Send {
    /// The wallets of these users, in the order of their ids, locked until the unit ends; empty ones for users who
    /// never had anything. The same user twice is one wallet.
    async fn open(
        &mut self,
        book: BookId,
        currency: Currency,
        users: &[UserId],
    ) -> Result<Vec<Wallet>, StoreError>;

    /// What a user had earned at or before an instant: `earned` of their last line until then, 0 without one.
    async fn earned_until(&mut self, book: BookId, user: UserId, at: Timestamp) -> Result<i64, StoreError>;

    /// The holds of these referrals of which something remains, by referral, then when they were posted, then by
    /// transaction. They do not change while the referrals are locked.
    async fn holds(&mut self, book: BookId, referrals: &[ReferralId]) -> Result<Vec<Hold>, StoreError>;

    /// The history line of a transaction.
    async fn line(
        &mut self,
        book: BookId,
        transaction: TransactionId,
    ) -> Result<Option<HistoryItem>, StoreError>;

    /// The history line of the transaction that a command posted: by its natural key, which is unique for ever.
    async fn posted(
        &mut self,
        book: BookId,
        origin: Origin,
        origin_id: &str,
    ) -> Result<Option<HistoryItem>, StoreError>;
}

/// Redemptions and their reversals.
#[async_trait]
pub trait Redemptions: Send {
    /// A redemption by its reference.
    async fn find(&mut self, book: BookId, reference: &Reference) -> Result<Option<Redemption>, StoreError>;

    /// A redemption by its id, locked until the unit ends, with how much of it remains.
    async fn lock(&mut self, book: BookId, id: RedemptionId)
    -> Result<Option<(Redemption, i64)>, StoreError>;

    /// A reversal by its reference.
    async fn find_reversal(
        &mut self,
        book: BookId,
        reference: &Reference,
    ) -> Result<Option<Reversal>, StoreError>;
}

/// Idempotency keys.
#[async_trait]
pub trait Idempotency: Send {
    /// Locks a key and answers the reply stored under it. A key that another unit holds is waited for.
    async fn claim(&mut self, key: &IdempotencyKey) -> Result<Option<StoredReply>, StoreError>;

    /// Forgets replies recorded before an instant, at most `limit`; answers how many.
    async fn forget(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// API keys.
#[async_trait]
pub trait ApiKeys: Send {
    /// Stores a key.
    async fn insert(&mut self, key: &ApiKey) -> Result<(), StoreError>;

    /// A key by its id, locked until the unit ends.
    async fn lock(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// Revokes a key; answers whether there was one to revoke.
    async fn revoke(&mut self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError>;

    /// Remembers that a key was used.
    async fn touch(&mut self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError>;
}

/// Blocks that seal the ledger.
#[async_trait]
pub trait Sealing: Send {
    /// Transfers that no block seals yet, of all books, by id. Until the unit ends no other unit is answered, here or on
    /// another server: one that asks meanwhile gets `None`.
    ///
    /// From a `mark` on, only what may have been committed since is looked at; without one, everything. Each call reads
    /// at most about `limit` rows of a book; after a call that ended there (`more`), the next one goes on with its mark.
    /// A mark is good once what was found with it is sealed. Whatever is committed later than others, with an earlier
    /// id, is found by a later call, if its unit began at most half a minute after its ids were drawn; and always by a
    /// search without a mark.
    async fn unsealed(
        &mut self,
        mark: Option<&Mark>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Option<Unsealed>, StoreError>;
}

/// Writes a decision down.
#[async_trait]
pub trait Recorder: Send {
    /// Records everything in a number of statements that does not depend on how much it is.
    ///
    /// # Errors
    /// [`StoreError::Contended`] when a key is taken that was free when it was looked up; the unit is then of no use.
    async fn record(&mut self, book: BookId, changes: &Changes) -> Result<(), StoreError>;
}
