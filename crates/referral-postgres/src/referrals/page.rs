//! Referrals for operators: a page, newest first, and one with what came of it.
//!
//! A page walks the index `referrals_newest`; of a referrer, a referred user or a code, theirs. It passes over what a
//! state or a review leaves out. What names stand for is looked up before, the names of its people after, all at once.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join3;
use referral_domain::code::Code;
use referral_domain::id::{BookId, ReferralId, UserId};
use referral_domain::port::{ReferralFile, ReferralFilter, ReferralReport, StoreError, TransactionFilter};
use referral_domain::reference::HostId;
use referral_domain::referral::Referral;

use super::row::ReferralRow;
use crate::column::{At, Key};
use crate::failure::Told;
use crate::schema::{referral_progress as progress, referrals};
use crate::{codes, ledger_reports, payouts, spending, users};

/// Referrals with their progress.
macro_rules! joined {
    () => {
        referrals::table.inner_join(progress::table.on(
            progress::book_id.eq(referrals::book_id).and(progress::referral_id.eq(referrals::referral_id)),
        ))
    };
}

async fn user(
    conn: &AsyncPgConnection,
    book: BookId,
    host: Option<&HostId>,
) -> Result<Option<UserId>, StoreError> {
    match host {
        Some(host) => users::id_of(conn, book, host).await,
        None => Ok(None),
    }
}

async fn code(
    conn: &AsyncPgConnection,
    book: BookId,
    filter: &ReferralFilter,
) -> Result<Option<Code>, StoreError> {
    match &filter.code {
        Some(folded) => codes::by_folded(conn, book, folded).await,
        None => Ok(None),
    }
}

pub(crate) async fn page(
    mut conn: &AsyncPgConnection,
    book: BookId,
    filter: &ReferralFilter,
) -> Result<Vec<ReferralReport>, StoreError> {
    let (referrer, referred) =
        (user(conn, book, filter.referrer.as_ref()), user(conn, book, filter.referred.as_ref()));
    let (referrer, referred, code) = try_join3(referrer, referred, code(conn, book, filter)).await?;
    let nobody = (filter.referrer.is_some() && referrer.is_none())
        || (filter.referred.is_some() && referred.is_none())
        || (filter.code.is_some() && code.is_none());
    if nobody {
        return Ok(Vec::new());
    }
    let mut query = joined!()
        .filter(referrals::book_id.eq(book.0))
        .order((referrals::created_at.desc(), referrals::referral_id.desc()))
        .limit(i64::from(filter.limit))
        .select(ReferralRow::as_select())
        .into_boxed();
    if let Some(user) = referrer {
        query = query.filter(referrals::referrer_id.eq(Key::from(user)));
    }
    if let Some(user) = referred {
        query = query.filter(referrals::referred_id.eq(Key::from(user)));
    }
    if let Some(code) = code {
        let theirs = referrals::referrer_id.eq(Key::from(code.owner));
        query = query.filter(theirs.and(referrals::code_id.eq(Key::from(code.id))));
    }
    if let Some(state) = filter.state {
        query = query.filter(progress::state.eq(state.as_str()));
    }
    if let Some(review) = filter.review {
        query = query.filter(progress::review.eq(review.as_str()));
    }
    if let Some(from) = filter.from {
        query = query.filter(referrals::created_at.ge(At::from(from)));
    }
    if let Some(until) = filter.until {
        query = query.filter(referrals::created_at.lt(At::from(until)));
    }
    if let Some((at, id)) = filter.before {
        let later = referrals::created_at.lt(At::from(at)).or(referrals::referral_id.lt(Key::from(id)));
        query = query.filter(referrals::created_at.le(At::from(at)).and(later));
    }
    let rows: Vec<ReferralRow> = query.load(&mut conn).await.told()?;
    named(conn, book, rows.into_iter().map(Referral::try_from).collect::<Result<_, _>>()?).await
}

/// These referrals with the names of their people: one statement.
pub(crate) async fn named(
    conn: &AsyncPgConnection,
    book: BookId,
    found: Vec<Referral>,
) -> Result<Vec<ReferralReport>, StoreError> {
    let people = |one: &Referral| [one.facts.referrer, one.facts.referred];
    let names = payouts::names(conn, book, &found.iter().flat_map(people).collect::<Vec<_>>()).await?;
    let mut names = names.into_iter();
    let mut next = || names.next().flatten();
    let report = |referral| ReferralReport { referral, referrer: next(), referred: next() };
    Ok(found.into_iter().map(report).collect())
}

async fn by_id(
    mut conn: &AsyncPgConnection,
    book: BookId,
    id: ReferralId,
) -> Result<Option<Referral>, StoreError> {
    let it = referrals::book_id.eq(book.0).and(referrals::referral_id.eq(Key::from(id)));
    let query = joined!().filter(it).select(ReferralRow::as_select());
    query.get_result(&mut conn).await.optional().told()?.map(Referral::try_from).transpose()
}

pub(crate) async fn file(
    conn: &AsyncPgConnection,
    book: BookId,
    id: ReferralId,
    limit: u32,
) -> Result<Option<ReferralFile>, StoreError> {
    let posted = TransactionFilter { referral: Some(id), limit, ..TransactionFilter::default() };
    let events = spending::of_referral(conn, book, id, limit);
    let transactions = ledger_reports::transactions(conn, book, &posted);
    let (found, events, transactions) = try_join3(by_id(conn, book, id), events, transactions).await?;
    let report = named(conn, book, found.into_iter().collect()).await?.pop();
    let transactions = transactions.into_iter().map(|report| report.item).collect();
    Ok(report.map(|report| ReferralFile { report, events, transactions }))
}
