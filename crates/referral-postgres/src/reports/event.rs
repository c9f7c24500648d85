//! An event with all that decides what it counts for: one flight of four statements, each by the event's own id.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join4;
use referral_domain::budget::BudgetMonth;
use referral_domain::id::BookId;
use referral_domain::port::{EventReport, StoreError};
use referral_domain::reference::{HostId, SourceId};
use referral_domain::referral::Referral;
use referral_domain::spend::SpendEvent;
use referral_domain::time::Month;

use crate::column::Place;
use crate::failure::Told;
use crate::referrals::{self, ReferralRow, ReferralSql};
use crate::spending;
use crate::statement::{RowSql, fixed};
use crate::users::{self, WordsRow};

/// Whose it is, the referral they came by, and the words on its referrer's e-mail.
const PERSON: &str = concat!(
    "SELECT n.host_id, r.*, p.*, e.* FROM (SELECT e.user_id FROM spend_events AS e
      WHERE e.book_id = $1 AND e.source_id = $2 LIMIT 1) AS u
    CROSS JOIN LATERAL (SELECT n.host_id FROM user_names AS n
      WHERE n.book_id = $1 AND n.user_id = u.user_id LIMIT 1) AS n
    LEFT JOIN LATERAL (SELECT ",
    referrals::facts_columns!(),
    " FROM referrals AS r WHERE r.book_id = $1 AND r.referred_id = u.user_id LIMIT 1) AS r ON true
    LEFT JOIN LATERAL (SELECT ",
    referrals::progress_columns!(),
    " FROM referral_progress AS p
      WHERE p.book_id = $1 AND p.referral_id = r.referral_id LIMIT 1) AS p ON true
    LEFT JOIN LATERAL (SELECT ",
    users::words_columns!(),
    " FROM users AS u WHERE u.book_id = $1 AND u.user_id = r.referrer_id LIMIT 1) AS e ON true"
);

#[derive(Queryable)]
struct Person {
    host_id: String,
    referral: Option<ReferralRow>,
    words: WordsRow,
}

async fn person(
    mut conn: &AsyncPgConnection,
    book: BookId,
    source: &SourceId,
) -> Result<Option<Person>, StoreError> {
    type Row = (Text, Nullable<ReferralSql>, RowSql<WordsRow>);
    let query = fixed::<Row>(PERSON).bind(book.0).bind(source.as_str());
    query.get_result(&mut conn).await.optional().told()
}

const MONTH: &str = "SELECT m.granted, m.closed_under FROM budget_months AS m
  WHERE m.book_id = $1 AND m.month = $2";

async fn budget(
    mut conn: &AsyncPgConnection,
    book: BookId,
    month: Month,
) -> Result<Option<BudgetMonth>, StoreError> {
    let query = fixed::<(BigInt, Nullable<BigInt>)>(MONTH).bind(book.0).bind(i64::from(month.number()));
    let found = query.get_result::<(i64, Option<i64>)>(&mut conn).await.optional().told()?;
    Ok(found.map(|(granted, closed_under)| BudgetMonth { month, granted, closed_under }))
}

pub(super) async fn event(
    conn: &AsyncPgConnection,
    book: BookId,
    source: &SourceId,
    month: Month,
) -> Result<Option<EventReport>, StoreError> {
    let (events, refunds) =
        (spending::with_its_spend(conn, book, source), spending::refunds(conn, book, source));
    let all = try_join4(events, refunds, person(conn, book, source), budget(conn, book, month));
    let (events, refunds, person, budget) = all.await?;
    let (asked, others): (Vec<SpendEvent>, Vec<_>) =
        events.into_iter().partition(|event| event.source == *source);
    let (Some(event), Some(person)) = (asked.into_iter().next(), person) else { return Ok(None) };
    let referrer = person.words.email_status();
    let place = Place { table: "user_names", row: source };
    let user = place.sound("host_id", HostId::parse(&person.host_id), &person.host_id)?;
    let referral = person.referral.map(Referral::try_from).transpose()?;
    let spend = others.into_iter().next();
    Ok(Some(EventReport { event, user, spend, refunds, referral, referrer, budget }))
}
