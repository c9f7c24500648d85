//! What users have: per question the user by name, whether they were referred where it matters, the last line and the last old enough,
//! each by its index; a summary adds one pass over the user's history.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use referral_domain::credit::may_redeem;
use referral_domain::id::{BookId, UserId};
use referral_domain::port::{AccountReport, StoreError, SummaryReport};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;
use referral_domain::user::{EmailStatus, UserFacts};

use super::history;
use crate::column::Key;
use crate::failure::Told;
use crate::schema::referrals;
use crate::{ledger, users};

pub(crate) fn account(
    conn: &mut SqliteConnection,
    book: BookId,
    host: &HostId,
    aged: Timestamp,
) -> Result<AccountReport, StoreError> {
    let Some(facts) = users::by_name(conn, book, host)? else { return Ok(AccountReport::default()) };
    account_of(conn, book, &facts, aged)
}

pub(super) fn summary(
    conn: &mut SqliteConnection,
    book: BookId,
    host: &HostId,
    aged: Timestamp,
) -> Result<SummaryReport, StoreError> {
    let Some(facts) = users::by_name(conn, book, host)? else { return Ok(SummaryReport::default()) };
    let sums = history::sums(conn, book, facts.id)?;
    Ok(SummaryReport { account: account_of(conn, book, &facts, aged)?, sums })
}

fn account_of(
    conn: &mut SqliteConnection,
    book: BookId,
    facts: &UserFacts,
    aged: Timestamp,
) -> Result<AccountReport, StoreError> {
    let email = facts.email_status();
    let referred = email == EmailStatus::Unknown && is_referred(conn, book, facts.id)?;
    Ok(AccountReport {
        must_verify: !may_redeem(email, referred),
        last: ledger::last_line(conn, book, facts.id)?,
        aged: ledger::earned_until(conn, book, facts.id, aged)?,
    })
}

fn is_referred(conn: &mut SqliteConnection, book: BookId, user: UserId) -> Result<bool, StoreError> {
    let theirs = referrals::book_id.eq(book.0).and(referrals::referred_id.eq(Key::from(user)));
    select(exists(referrals::table.filter(theirs))).get_result(conn).told()
}
