//! Questions about people, each in one snapshot. A user's file is four flights: who they are, each of its parts by the
//! user, the names of those they came by, and the end.

use async_trait::async_trait;
use diesel_async::AsyncPgConnection;
use futures_util::future::{try_join, try_join3, try_join4};
use referral_domain::id::{BookId, ReferralId};
use referral_domain::port::{
    CodeFilter, HistoryFilter, PayoutItem, PeopleReports, ReferralFile, ReferralFilter, ReferralReport,
    StoreError, UserFile,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use crate::reports::{history, long_snapshot, people};
use crate::store::PgStore;
use crate::{codes, payouts, referrals, users};

async fn user_file(
    conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
    aged: Timestamp,
    limit: u32,
) -> Result<Option<UserFile>, StoreError> {
    let Some(facts) = users::by_name(conn, book, host).await? else { return Ok(None) };
    let mine = CodeFilter { owner: Some(host.clone()), limit, ..CodeFilter::default() };
    let newest = HistoryFilter { limit, ..HistoryFilter::default() };
    let shared = try_join3(
        codes::page(conn, book, &mine),
        people::referrer(conn, book, host),
        people::my_referral(conn, book, host),
    );
    let paid = try_join4(
        payouts::summary(conn, book, host, aged),
        history::page(conn, book, facts.id, &newest),
        payouts::method_of(conn, book, host),
        payouts::newest(conn, book, facts.id),
    );
    let ((codes, shares, came), (summary, history, method, last)) = try_join(shared, paid).await?;
    let came = referrals::named(conn, book, came.referral.into_iter().collect()).await?.pop();
    let open = last.filter(|item: &PayoutItem| Some(item.payout.id) == summary.open);
    let (account, paid) = (summary.account, summary.paid);
    Ok(Some(UserFile { facts, codes, shares, came, account, history, method, paid, open }))
}

#[async_trait]
impl PeopleReports for PgStore {
    async fn referrals(
        &self,
        book: BookId,
        filter: &ReferralFilter,
    ) -> Result<Vec<ReferralReport>, StoreError> {
        long_snapshot!(self, |conn| referrals::page(conn, book, filter))
    }

    async fn referral(
        &self,
        book: BookId,
        id: ReferralId,
        limit: u32,
    ) -> Result<Option<ReferralFile>, StoreError> {
        long_snapshot!(self, |conn| referrals::file(conn, book, id, limit))
    }

    async fn user_file(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
        limit: u32,
    ) -> Result<Option<UserFile>, StoreError> {
        long_snapshot!(self, |conn| user_file(conn, book, host, aged, limit))
    }
}
