//! Questions about people. A user's file is a look-up of each of its parts by the user, all in one snapshot.

use async_trait::async_trait;
use diesel::prelude::*;
use referral_domain::id::{BookId, ReferralId};
use referral_domain::port::{
    CodeFilter, HistoryFilter, PayoutSummary, PeopleReports, ReferralFile, ReferralFilter, ReferralReport,
    StoreError, UserFile,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use crate::reports::{history, people};
use crate::store::SqliteStore;
use crate::{codes, payouts, referrals, users};

fn user_file(
    conn: &mut SqliteConnection,
    book: BookId,
    host: &HostId,
    aged: Timestamp,
    limit: u32,
) -> Result<Option<UserFile>, StoreError> {
    let Some(facts) = users::by_name(conn, book, host)? else { return Ok(None) };
    let mine = CodeFilter { owner: Some(host.clone()), limit, ..CodeFilter::default() };
    let newest = HistoryFilter { limit, ..HistoryFilter::default() };
    let came = referrals::of_referred(conn, book, facts.id)?;
    let PayoutSummary { account, paid, open } = payouts::summary(conn, book, host, aged)?;
    Ok(Some(UserFile {
        codes: codes::page(conn, book, &mine)?,
        shares: people::referrer(conn, book, host)?,
        came: referrals::named(conn, book, came.into_iter().collect())?.pop(),
        account,
        history: history::page(conn, book, facts.id, &newest)?,
        method: payouts::method_in_force(conn, book, facts.id)?,
        paid,
        open: open.map(|id| payouts::by_id(conn, book, id)).transpose()?.flatten(),
        facts,
    }))
}

#[async_trait]
impl PeopleReports for SqliteStore {
    async fn referrals(
        &self,
        book: BookId,
        filter: &ReferralFilter,
    ) -> Result<Vec<ReferralReport>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |conn| referrals::page(conn, book, &filter)).await
    }

    async fn referral(
        &self,
        book: BookId,
        id: ReferralId,
        limit: u32,
    ) -> Result<Option<ReferralFile>, StoreError> {
        self.readers.read(move |conn| referrals::file(conn, book, id, limit)).await
    }

    async fn user_file(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
        limit: u32,
    ) -> Result<Option<UserFile>, StoreError> {
        let host = host.clone();
        self.readers.read(move |conn| user_file(conn, book, &host, aged, limit)).await
    }
}
