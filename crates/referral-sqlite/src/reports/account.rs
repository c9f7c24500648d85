//! What users have: per question the user by name, whether they were referred where it matters, the last line and the last old enough,
//! each by its index; a summary adds one pass over the user's history.

use diesel::prelude::*;
use referral_domain::id::BookId;
use referral_domain::port::{AccountReport, StoreError, SummaryReport};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;
use referral_domain::user::UserFacts;

use super::history;
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
    Ok(AccountReport {
        must_verify: users::must_verify(conn, book, facts.id, facts.email_status())?,
        last: ledger::last_line(conn, book, facts.id)?,
        aged: ledger::earned_until(conn, book, facts.id, aged)?,
    })
}
