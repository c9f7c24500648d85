//! An event with all that decides what it counts for: a look-up each of the event, the spend it names, its user's
//! referral and the month's budget, and one range of the refunds that name the spend.

use diesel::prelude::*;
use referral_domain::id::{BookId, UserId};
use referral_domain::port::{EventReport, StoreError};
use referral_domain::reference::SourceId;
use referral_domain::referral::Referral;
use referral_domain::time::Month;
use referral_domain::user::EmailStatus;

use crate::{budgets, referrals, spending, users};

pub(super) fn event(
    conn: &mut SqliteConnection,
    book: BookId,
    source: &SourceId,
    month: Month,
) -> Result<Option<EventReport>, StoreError> {
    let Some(event) = spending::find(conn, book, source)? else { return Ok(None) };
    let user = users::by_id(conn, book, event.user)?.host;
    let named = event.refund.as_ref().map(|refund| refund.spend.clone());
    let spend = match &named {
        Some(spend) => spending::find(conn, book, spend)?,
        None => None,
    };
    let refunds = spending::refunds(conn, book, named.as_ref().unwrap_or(source))?;
    let referral = referrals::of_referred(conn, book, event.user)?;
    let referrer = email_of(conn, book, referral.as_ref())?;
    let budget = budgets::find(conn, book, month)?;
    Ok(Some(EventReport { event, user, spend, refunds, referral, referrer, budget }))
}

fn email_of(
    conn: &mut SqliteConnection,
    book: BookId,
    referral: Option<&Referral>,
) -> Result<EmailStatus, StoreError> {
    let referrer: Option<UserId> = referral.map(|referral| referral.facts.referrer);
    let known = referrer.map(|referrer| users::by_id(conn, book, referrer)).transpose()?;
    Ok(known.map_or(EmailStatus::Unknown, |facts| facts.email_status()))
}
