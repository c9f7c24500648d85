//! The refunds of a spend: one range of the partial index `spend_events_refunds` each.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::id::BookId;
use referral_domain::money::Money;
use referral_domain::port::StoreError;
use referral_domain::reference::SourceId;
use referral_domain::spend::{RefundFact, RefundReason};

use crate::column::{At, Key, Place};
use crate::failure::Told;
use crate::programs;
use crate::schema::spend_events;
use crate::statement::{RowSql, fixed};

#[derive(Queryable, Selectable)]
#[diesel(table_name = spend_events)]
struct RefundRow {
    refunds: Option<String>,
    source_id: String,
    user_id: Key,
    amount: i64,
    currency: String,
    digits: i16,
    occurred_at: At,
    reason: Option<String>,
}

impl RefundRow {
    /// The spend it refunds, and what it says.
    fn fact(self) -> Result<(SourceId, RefundFact), StoreError> {
        let place = Place { table: "spend_events", row: &self.source_id };
        let refunds = place.given("refunds", self.refunds)?;
        let reason = place.given("reason", self.reason)?;
        let currency = programs::currency(place, &self.currency, self.digits)?;
        let fact = RefundFact {
            source: place.sound("source_id", SourceId::parse(&self.source_id), &self.source_id)?,
            user: self.user_id.into(),
            amount: Money::of(self.amount, currency),
            occurred_at: self.occurred_at.into(),
            reason: place.sound("reason", RefundReason::parse(&reason), &reason)?,
        };
        Ok((place.sound("refunds", SourceId::parse(&refunds), &refunds)?, fact))
    }
}

/// The refunds of the spends `u(source_id)`, oldest first; `$2` is the book.
macro_rules! of_each {
    ($spends:expr) => {
        concat!(
            "SELECT e.refunds, e.source_id, e.user_id, e.amount, e.currency, e.digits, e.occurred_at, e.reason FROM ",
            $spends,
            " CROSS JOIN LATERAL (SELECT e.* FROM spend_events AS e
              WHERE e.book_id = $2 AND e.refunds = u.source_id AND e.kind = 'R' OFFSET 0) AS e
            ORDER BY e.recorded_at, e.event_id"
        )
    };
}

pub(crate) const REFUNDS: &str = of_each!("unnest($1) AS u(source_id)");

/// Those of the spend that an event names, or of itself.
const OF_IT: &str = of_each!(
    "(SELECT coalesce((SELECT x.refunds FROM spend_events AS x WHERE x.source_id = $1 AND x.book_id = $2 LIMIT 1), $1)
      AS source_id) AS u"
);

/// Every refund that names one of these spends, oldest first, by the spend.
pub(crate) async fn of_spends(
    mut conn: &AsyncPgConnection,
    book: BookId,
    spends: &[SourceId],
) -> Result<BTreeMap<SourceId, Vec<RefundFact>>, StoreError> {
    let mut sorted: Vec<_> = spends.iter().map(|spend| spend.as_str().to_owned()).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let query = fixed::<RowSql<RefundRow>>(REFUNDS).bind(sorted).bind(book.0);
    let mut refunds = BTreeMap::<_, Vec<_>>::new();
    for row in query.load::<RefundRow>(&mut conn).await.told()? {
        let (spend, fact) = row.fact()?;
        refunds.entry(spend).or_default().push(fact);
    }
    Ok(refunds)
}

/// Every refund that names this event, or the spend that this refund names, oldest first.
pub(crate) async fn of_it(
    mut conn: &AsyncPgConnection,
    book: BookId,
    event: &SourceId,
) -> Result<Vec<RefundFact>, StoreError> {
    let query = fixed::<RowSql<RefundRow>>(OF_IT).bind(event.as_str()).bind(book.0);
    let found = query.load::<RefundRow>(&mut conn).await.told()?;
    found.into_iter().map(|row| row.fact().map(|(_, fact)| fact)).collect()
}
