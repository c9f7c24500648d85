//! Who referred whom: one look-up by referred user; and how far a referrer's referrals are: one statement over the
//! index `referrals_of_a_referrer`.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use referral_domain::id::{BookId, UserId};
use referral_domain::port::{MyReferralReport, ReferralCounts, ReferrerReport, StoreError};
use referral_domain::reference::HostId;
use referral_domain::referral::StateName;

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::statement::fixed;
use crate::{codes, ledger, referrals, users};

#[derive(QueryableByName)]
struct StateCount {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    promised: i64,
}

pub(crate) fn referrer(
    conn: &mut SqliteConnection,
    book: BookId,
    host: &HostId,
) -> Result<ReferrerReport, StoreError> {
    let Some(user) = users::id_of(conn, book, host)? else { return Ok(ReferrerReport::default()) };
    let code = codes::primary(conn, book, user)?;
    Ok(ReferrerReport { code, counts: referral_counts(conn, book, user)? })
}

pub(crate) fn my_referral(
    conn: &mut SqliteConnection,
    book: BookId,
    host: &HostId,
) -> Result<MyReferralReport, StoreError> {
    let Some(facts) = users::by_name(conn, book, host)? else { return Ok(MyReferralReport::default()) };
    let referral = referrals::of_referred(conn, book, facts.id)?;
    Ok(MyReferralReport { email: facts.email_status(), referral })
}

fn referral_counts(
    conn: &mut SqliteConnection,
    book: BookId,
    referrer: UserId,
) -> Result<ReferralCounts, StoreError> {
    let query = fixed(
        "SELECT p.state AS state, count(*) AS count, sum(p.referrer_reward) AS promised FROM referrals AS r
         CROSS JOIN referral_progress AS p ON p.book_id = r.book_id AND p.referral_id = r.referral_id
         WHERE r.book_id = ? AND r.referrer_id = ? GROUP BY p.state",
    );
    let states: Vec<StateCount> = query.bind(book.0).bind(Key::from(referrer)).load(conn).told()?;
    let last = ledger::last_line(conn, book, referrer)?;
    let earned = last.map_or(0, |line| line.earned - line.taken);
    let mut counts = ReferralCounts { earned, ..ReferralCounts::default() };
    for row in states {
        add(&mut counts, &row, referrer)?;
    }
    Ok(counts)
}

fn add(counts: &mut ReferralCounts, row: &StateCount, referrer: UserId) -> Result<(), StoreError> {
    let place = Place { table: "referral_progress", row: &referrer };
    let state = place.sound("state", StateName::parse(&row.state), &row.state)?;
    let (place, potential) = match state {
        StateName::Pending => (&mut counts.pending, row.promised),
        StateName::Active => (&mut counts.active, row.promised),
        StateName::Completed => (&mut counts.completed, 0),
        StateName::Expired => (&mut counts.expired, 0),
        StateName::Fraud => (&mut counts.fraud, 0),
    };
    *place = row.count;
    counts.potential += potential;
    Ok(())
}
