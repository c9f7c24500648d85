//! Who referred whom: one statement by the user's name; and what a referrer has: their code, one statement over the index
//! `referrals_of_a_referrer`, and the end of their history.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join3;
use referral_domain::code::Code;
use referral_domain::id::BookId;
use referral_domain::port::{MyReferralReport, ReferralCounts, ReferrerReport, StoreError};
use referral_domain::reference::HostId;
use referral_domain::referral::{Referral, StateName};
use referral_domain::user::UserFacts;

use crate::codes;
use crate::column::Place;
use crate::failure::Told;
use crate::referrals::{self, ReferralRow, ReferralSql};
use crate::statement::fixed;
use crate::users::{self, Named, NamedRow};

#[derive(Queryable)]
struct StateCount {
    state: String,
    count: i64,
    promised: i64,
}

/// `$1` is the book, `$2` a name: the user of that name.
macro_rules! user_named {
    () => {
        "(SELECT n.user_id FROM user_names AS n WHERE n.book_id = $1 AND n.host_id = $2)"
    };
}

const STATES: &str = concat!(
    "SELECT p.state, count(*), sum(p.referrer_reward)::bigint FROM referrals AS r
      JOIN referral_progress AS p ON p.book_id = r.book_id AND p.referral_id = r.referral_id
      WHERE r.book_id = $1 AND r.referrer_id = ",
    user_named!(),
    " GROUP BY p.state"
);

const EARNED: &str = concat!(
    "SELECT l.earned - l.taken FROM history_lines AS l
      WHERE l.book_id = $1 AND l.user_id = ",
    user_named!(),
    " ORDER BY l.n DESC LIMIT 1"
);

const CODE: &str = concat!(
    "SELECT ",
    codes::columns!(),
    " FROM referral_codes AS c
      WHERE c.book_id = $1 AND c.is_primary AND c.owner_id = ",
    user_named!()
);

const MY_REFERRAL: &str = concat!(
    "SELECT u.*, r.*, p.* FROM (SELECT ",
    users::columns!(),
    ", n.host_id FROM user_names AS n CROSS JOIN LATERAL (
        SELECT * FROM users AS u WHERE u.book_id = $1 AND u.user_id = n.user_id LIMIT 1) AS u
      WHERE n.book_id = $1 AND n.host_id = $2 LIMIT 1) AS u
    LEFT JOIN LATERAL (SELECT ",
    referrals::facts_columns!(),
    " FROM referrals AS r
      WHERE r.book_id = $1 AND r.referred_id = u.user_id LIMIT 1) AS r ON true
    LEFT JOIN LATERAL (SELECT ",
    referrals::progress_columns!(),
    " FROM referral_progress AS p
      WHERE p.book_id = $1 AND p.referral_id = r.referral_id LIMIT 1) AS p ON true"
);

async fn states(
    mut conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
) -> Result<Vec<StateCount>, StoreError> {
    let query = fixed::<(Text, BigInt, BigInt)>(STATES).bind(book.0).bind(host.as_str());
    query.load(&mut conn).await.told()
}

async fn earned(mut conn: &AsyncPgConnection, book: BookId, host: &HostId) -> Result<i64, StoreError> {
    let query = fixed::<(BigInt,)>(EARNED).bind(book.0).bind(host.as_str());
    Ok(query.get_result::<(i64,)>(&mut conn).await.optional().told()?.map_or(0, |(earned,)| earned))
}

async fn code(mut conn: &AsyncPgConnection, book: BookId, host: &HostId) -> Result<Option<Code>, StoreError> {
    let query = fixed::<codes::CodeSql>(CODE).bind(book.0).bind(host.as_str());
    query.get_result::<codes::CodeRow>(&mut conn).await.optional().told()?.map(Code::try_from).transpose()
}

pub(crate) async fn referrer(
    conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
) -> Result<ReferrerReport, StoreError> {
    let all = try_join3(code(conn, book, host), states(conn, book, host), earned(conn, book, host));
    let (code, states, earned) = all.await?;
    let mut counts = ReferralCounts { earned, ..ReferralCounts::default() };
    for row in states {
        add(&mut counts, &row, host)?;
    }
    Ok(ReferrerReport { code, counts })
}

pub(crate) async fn my_referral(
    mut conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
) -> Result<MyReferralReport, StoreError> {
    type Mine = (Named, Nullable<ReferralSql>);
    let query = fixed::<Mine>(MY_REFERRAL).bind(book.0).bind(host.as_str());
    let found = query.get_result::<(NamedRow, Option<ReferralRow>)>(&mut conn).await.optional().told()?;
    let Some((user, referral)) = found else { return Ok(MyReferralReport::default()) };
    let email = UserFacts::try_from(user)?.email_status();
    Ok(MyReferralReport { email, referral: referral.map(Referral::try_from).transpose()? })
}

fn add(counts: &mut ReferralCounts, row: &StateCount, referrer: &HostId) -> Result<(), StoreError> {
    let place = Place { table: "referral_progress", row: referrer };
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
