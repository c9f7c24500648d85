//! Reports: each one flight on a session of its own; they lock nothing and wait for no unit. Those of more than one
//! statement see one snapshot.
//!
//! What a page costs is bounded by its limit; a referrer's counts and a user's sums by their own referrals and history.

pub(crate) mod account;
mod event;
pub(crate) mod history;
pub(crate) mod people;

use async_trait::async_trait;
use referral_domain::auth::ApiKey;
use referral_domain::code::{Code, FoldedCode};
use referral_domain::id::{BookId, UserId};
use referral_domain::ledger::{Block, Hash, SealedRow, Verdict};
use referral_domain::port::{
    AccountReport, AuditFilter, AuditItem, BlockFilter, CodeFilter, CodeItem, EventReport, HistoryFilter,
    HistoryItem, MyReferralReport, ReferrerReport, Reports, StoreError, SummaryReport,
};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug, SourceId};
use referral_domain::rules::PublishedRules;
use referral_domain::time::{Month, Timestamp};
use referral_domain::user::UserFacts;

use crate::store::PgStore;
use crate::{api_keys, audit, codes, migration, programs, rules, sealing, users, verify};

/// Runs a report of one statement, and gives its session back when it has its answer.
macro_rules! report {
    ($store:ident, |$conn:ident| $work:expr) => {{
        let lease = $store.readers.lend().await?;
        let $conn = lease.conn()?;
        let answer = lease.ask($work).await?;
        lease.done();
        Ok(answer)
    }};
}
pub(crate) use report;

/// Runs a report whose statements see one snapshot. They leave in one flight.
macro_rules! snapshot {
    ($store:ident, |$conn:ident| $work:expr) => {{
        let lease = $store.readers.lend().await?;
        let $conn = lease.conn()?;
        let answer = lease.snapshot($work).await?;
        lease.done();
        Ok(answer)
    }};
}

pub(crate) use snapshot;

/// Runs a report whose statements see one snapshot, and of which some are asked by what others answered.
macro_rules! long_snapshot {
    ($store:ident, |$conn:ident| $work:expr) => {{
        let lease = $store.readers.lend().await?;
        let $conn = lease.conn()?;
        let answer = lease.long_snapshot($work).await?;
        lease.done();
        Ok(answer)
    }};
}
pub(crate) use long_snapshot;

#[async_trait]
impl Reports for PgStore {
    async fn ready(&self) -> Result<(), StoreError> {
        report!(self, |conn| migration::check(conn))
    }

    async fn program(&self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        report!(self, |conn| programs::find(conn, slug, now))
    }

    async fn programs(&self, now: Timestamp) -> Result<Vec<Program>, StoreError> {
        report!(self, |conn| programs::all(conn, now))
    }

    async fn rule_versions(
        &self,
        program: &Program,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<PublishedRules>, StoreError> {
        report!(self, |conn| rules::page(conn, program, before, limit))
    }

    async fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        report!(self, |conn| api_keys::by_hash(conn, hash))
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        report!(self, |conn| api_keys::all(conn))
    }

    async fn codes_of(&self, book: BookId, folded: &[FoldedCode]) -> Result<Vec<Option<Code>>, StoreError> {
        report!(self, |conn| codes::all_by_folded(conn, book, folded))
    }

    async fn codes(&self, book: BookId, filter: &CodeFilter) -> Result<Vec<CodeItem>, StoreError> {
        report!(self, |conn| codes::page(conn, book, filter))
    }

    async fn user(&self, book: BookId, host: &HostId) -> Result<Option<UserFacts>, StoreError> {
        report!(self, |conn| users::by_name(conn, book, host))
    }

    async fn user_id(&self, book: BookId, host: &HostId) -> Result<Option<UserId>, StoreError> {
        report!(self, |conn| users::id_of(conn, book, host))
    }

    async fn referrer(&self, book: BookId, host: &HostId) -> Result<ReferrerReport, StoreError> {
        snapshot!(self, |conn| people::referrer(conn, book, host))
    }

    async fn my_referral(&self, book: BookId, host: &HostId) -> Result<MyReferralReport, StoreError> {
        report!(self, |conn| people::my_referral(conn, book, host))
    }

    async fn accounts_of(
        &self,
        book: BookId,
        asked: &[(HostId, Timestamp)],
    ) -> Result<Vec<AccountReport>, StoreError> {
        report!(self, |conn| account::accounts(conn, book, asked))
    }

    async fn history(
        &self,
        book: BookId,
        user: UserId,
        filter: &HistoryFilter,
    ) -> Result<Vec<HistoryItem>, StoreError> {
        report!(self, |conn| history::page(conn, book, user, filter))
    }

    async fn event(
        &self,
        book: BookId,
        source: &SourceId,
        month: Month,
    ) -> Result<Option<EventReport>, StoreError> {
        snapshot!(self, |conn| event::event(conn, book, source, month))
    }

    async fn summary(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
    ) -> Result<SummaryReport, StoreError> {
        snapshot!(self, |conn| account::summary(conn, book, host, aged))
    }

    async fn blocks(&self, book: BookId, filter: &BlockFilter) -> Result<Vec<Block>, StoreError> {
        report!(self, |conn| sealing::blocks(conn, book, filter))
    }

    async fn leaves(&self, book: BookId, blocks: &[u64]) -> Result<Vec<Vec<Hash>>, StoreError> {
        report!(self, |conn| sealing::leaves(conn, book, blocks))
    }

    async fn sealed_rows(
        &self,
        book: BookId,
        user: UserId,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        report!(self, |conn| sealing::sealed_rows(conn, book, user, [from, until], limit))
    }

    async fn audit(&self, book: BookId, filter: &AuditFilter) -> Result<Vec<AuditItem>, StoreError> {
        report!(self, |conn| audit::page(conn, book, filter))
    }

    async fn verify(&self) -> Result<Verdict, StoreError> {
        verify::verify(self.patient().await?, self.patient().await?).await
    }
}
