//! Reports: each on one snapshot, on a reader of its own; they lock nothing and wait for no unit.
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

use crate::store::SqliteStore;
use crate::{api_keys, audit, codes, migration, programs, rules, sealing, users, verify};

#[async_trait]
impl Reports for SqliteStore {
    async fn ready(&self) -> Result<(), StoreError> {
        self.readers.read(migration::check).await
    }

    async fn program(&self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        let slug = slug.clone();
        self.readers.read(move |conn| programs::find(conn, &slug, now)).await
    }

    async fn programs(&self, now: Timestamp) -> Result<Vec<Program>, StoreError> {
        self.readers.read(move |conn| programs::all(conn, now)).await
    }

    async fn rule_versions(
        &self,
        program: &Program,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<PublishedRules>, StoreError> {
        let program = program.clone();
        self.readers.read(move |conn| rules::page(conn, &program, before, limit)).await
    }

    async fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        let hash = *hash;
        self.readers.read(move |conn| api_keys::by_hash(conn, &hash)).await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.readers.read(api_keys::all).await
    }

    async fn codes_of(&self, book: BookId, folded: &[FoldedCode]) -> Result<Vec<Option<Code>>, StoreError> {
        let folded = folded.to_vec();
        let find =
            move |conn: &mut _| folded.iter().map(|folded| codes::by_folded(conn, book, folded)).collect();
        self.readers.read(find).await
    }

    async fn codes(&self, book: BookId, filter: &CodeFilter) -> Result<Vec<CodeItem>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |conn| codes::page(conn, book, &filter)).await
    }

    async fn user(&self, book: BookId, host: &HostId) -> Result<Option<UserFacts>, StoreError> {
        let host = host.clone();
        self.readers.read(move |conn| users::by_name(conn, book, &host)).await
    }

    async fn user_id(&self, book: BookId, host: &HostId) -> Result<Option<UserId>, StoreError> {
        let host = host.clone();
        self.readers.read(move |conn| users::id_of(conn, book, &host)).await
    }

    async fn referrer(&self, book: BookId, host: &HostId) -> Result<ReferrerReport, StoreError> {
        let host = host.clone();
        self.readers.read(move |conn| people::referrer(conn, book, &host)).await
    }

    async fn my_referral(&self, book: BookId, host: &HostId) -> Result<MyReferralReport, StoreError> {
        let host = host.clone();
        self.readers.read(move |conn| people::my_referral(conn, book, &host)).await
    }

    async fn accounts_of(
        &self,
        book: BookId,
        asked: &[(HostId, Timestamp)],
    ) -> Result<Vec<AccountReport>, StoreError> {
        let asked = asked.to_vec();
        let find = move |conn: &mut _| {
            asked.iter().map(|(host, aged)| account::account(conn, book, host, *aged)).collect()
        };
        self.readers.read(find).await
    }

    async fn event(
        &self,
        book: BookId,
        source: &SourceId,
        month: Month,
    ) -> Result<Option<EventReport>, StoreError> {
        let source = source.clone();
        self.readers.read(move |conn| event::event(conn, book, &source, month)).await
    }

    async fn history(
        &self,
        book: BookId,
        user: UserId,
        filter: &HistoryFilter,
    ) -> Result<Vec<HistoryItem>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |conn| history::page(conn, book, user, &filter)).await
    }

    async fn summary(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
    ) -> Result<SummaryReport, StoreError> {
        let host = host.clone();
        self.readers.read(move |conn| account::summary(conn, book, &host, aged)).await
    }

    async fn blocks(&self, book: BookId, filter: &BlockFilter) -> Result<Vec<Block>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |conn| sealing::blocks(conn, book, &filter)).await
    }

    async fn leaves(&self, book: BookId, blocks: &[u64]) -> Result<Vec<Vec<Hash>>, StoreError> {
        let blocks = blocks.to_vec();
        self.readers.read(move |conn| sealing::leaves(conn, book, &blocks)).await
    }

    async fn sealed_rows(
        &self,
        book: BookId,
        user: UserId,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        self.readers.read(move |conn| sealing::sealed_rows(conn, book, user, [from, until], limit)).await
    }

    async fn audit(&self, book: BookId, filter: &AuditFilter) -> Result<Vec<AuditItem>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |conn| audit::page(conn, book, &filter)).await
    }

    async fn verify(&self) -> Result<Verdict, StoreError> {
        self.readers.read(verify::verify).await
    }
}
