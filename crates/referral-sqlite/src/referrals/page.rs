//! Referrals for operators: a page, newest first, and one with what came of it.
//!
//! A page walks the index `referrals_newest`; of a referrer, a referred user or a code, theirs. It passes over what a
//! state or a review leaves out.

use diesel::prelude::*;
use referral_domain::id::{BookId, CodeId, ReferralId, UserId};
use referral_domain::port::{ReferralFile, ReferralFilter, ReferralReport, StoreError, TransactionFilter};
use referral_domain::referral::Referral;

use super::row::ReferralRow;
use crate::column::Key;
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

/// Whose referrals are asked for.
#[derive(Default)]
struct Bounds {
    referrer: Option<UserId>,
    referred: Option<UserId>,
    code: Option<(CodeId, UserId)>,
}

/// What the names of a filter stand for; `None` when one stands for nobody.
fn bounds(
    conn: &mut SqliteConnection,
    book: BookId,
    filter: &ReferralFilter,
) -> Result<Option<Bounds>, StoreError> {
    let mut bounds = Bounds::default();
    if let Some(host) = &filter.referrer {
        let Some(user) = users::id_of(conn, book, host)? else { return Ok(None) };
        bounds.referrer = Some(user);
    }
    if let Some(host) = &filter.referred {
        let Some(user) = users::id_of(conn, book, host)? else { return Ok(None) };
        bounds.referred = Some(user);
    }
    if let Some(folded) = &filter.code {
        let Some(code) = codes::by_folded(conn, book, folded)? else { return Ok(None) };
        bounds.code = Some((code.id, code.owner));
    }
    Ok(Some(bounds))
}

pub(crate) fn page(
    conn: &mut SqliteConnection,
    book: BookId,
    filter: &ReferralFilter,
) -> Result<Vec<ReferralReport>, StoreError> {
    let Some(Bounds { referrer, referred, code }) = bounds(conn, book, filter)? else {
        return Ok(Vec::new());
    };
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
    if let Some((code, owner)) = code {
        let theirs = referrals::referrer_id.eq(Key::from(owner));
        query = query.filter(theirs.and(referrals::code_id.eq(Key::from(code))));
    }
    if let Some(state) = filter.state {
        query = query.filter(progress::state.eq(state.as_str()));
    }
    if let Some(review) = filter.review {
        query = query.filter(progress::review.eq(review.as_str()));
    }
    if let Some(from) = filter.from {
        query = query.filter(referrals::created_at.ge(from.micros()));
    }
    if let Some(until) = filter.until {
        query = query.filter(referrals::created_at.lt(until.micros()));
    }
    if let Some((at, id)) = filter.before {
        let later = referrals::created_at.lt(at.micros()).or(referrals::referral_id.lt(Key::from(id)));
        query = query.filter(referrals::created_at.le(at.micros()).and(later));
    }
    let rows: Vec<ReferralRow> = query.load(conn).told()?;
    named(conn, book, rows.into_iter().map(Referral::try_from).collect::<Result<_, _>>()?)
}

/// These referrals with the names of their people.
pub(crate) fn named(
    conn: &mut SqliteConnection,
    book: BookId,
    found: Vec<Referral>,
) -> Result<Vec<ReferralReport>, StoreError> {
    let people = |one: &Referral| [one.facts.referrer, one.facts.referred];
    let names = payouts::names(conn, book, &found.iter().flat_map(people).collect::<Vec<_>>())?;
    let mut names = names.into_iter();
    let mut next = || names.next().flatten();
    let report = |referral| ReferralReport { referral, referrer: next(), referred: next() };
    Ok(found.into_iter().map(report).collect())
}

pub(crate) fn file(
    conn: &mut SqliteConnection,
    book: BookId,
    id: ReferralId,
    limit: u32,
) -> Result<Option<ReferralFile>, StoreError> {
    let it = referrals::book_id.eq(book.0).and(referrals::referral_id.eq(Key::from(id)));
    let found = joined!().filter(it).select(ReferralRow::as_select()).get_result(conn).optional().told()?;
    let Some(row) = found else { return Ok(None) };
    let Some(report) = named(conn, book, vec![row.try_into()?])?.pop() else { return Ok(None) };
    let events = spending::of_referral(conn, book, id, limit)?;
    let posted = TransactionFilter { referral: Some(id), limit, ..TransactionFilter::default() };
    let transactions = ledger_reports::transactions(conn, book, &posted)?;
    let transactions = transactions.into_iter().map(|report| report.item).collect();
    Ok(Some(ReferralFile { report, events, transactions }))
}
