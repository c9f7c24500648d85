//! The rows of `spend_events`, with what can be erased in `spend_event_details`, and of `spend_folds`.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use referral_domain::id::{BookId, EventId, ReferralId, UserId};
use referral_domain::identity::Fingerprint;
use referral_domain::money::Money;
use referral_domain::port::StoreError;
use referral_domain::reference::SourceId;
use referral_domain::referral::WithheldReason;
use referral_domain::spend::{
    BodyHash, Effect, Level, Outcome, RefundFact, RefundOf, RefundReason, SpendEvent, Withheld,
};
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::programs;
use crate::schema::{
    referral_progress as progress, spend_event_details as details, spend_events as events,
    spend_folds as folds,
};
use crate::statement::fixed;

/// A spend, as `kind` says it.
const SPEND: &str = "S";
/// A refund.
const REFUND: &str = "R";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct EventRow {
    book_id: i64,
    source_id: String,
    event_id: Key,
    kind: String,
    refunds: Option<String>,
    reason: Option<String>,
    body_hash: Vec<u8>,
    user_id: Key,
    amount: i64,
    currency: String,
    digits: i64,
    occurred_at: i64,
    recorded_at: i64,
    outcome: String,
    referral_id: Option<Key>,
    counted: i64,
    net_after: Option<i64>,
    threshold: Option<i64>,
    reward_amount: Option<i64>,
    reward_transaction: Option<Key>,
    withheld_amount: Option<i64>,
    withheld_reason: Option<String>,
    over_refund: bool,
    commission_amount: Option<i64>,
    commission_transaction: Option<Key>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = details, treat_none_as_default_value = false)]
struct DetailRow {
    book_id: i64,
    source_id: String,
    payment: Option<Vec<u8>>,
    metadata: Option<String>,
}

impl EventRow {
    fn of(book: BookId, event: &SpendEvent) -> Self {
        let currency = event.amount.currency();
        Self {
            book_id: book.0,
            source_id: event.source.to_string(),
            event_id: event.id.into(),
            kind: if event.refund.is_some() { REFUND } else { SPEND }.to_owned(),
            refunds: event.refund.as_ref().map(|refund| refund.spend.to_string()),
            reason: event.refund.as_ref().map(|refund| refund.reason.to_string()),
            body_hash: event.body.0.to_vec(),
            user_id: event.user.into(),
            amount: event.amount.minor(),
            currency: currency.code().to_owned(),
            digits: i64::from(currency.digits()),
            occurred_at: event.occurred_at.micros(),
            recorded_at: event.recorded_at.micros(),
            outcome: event.outcome.to_string(),
            referral_id: event.referral.map(Key::from),
            counted: event.counted,
            net_after: event.level.map(|level| level.net),
            threshold: event.level.map(|level| level.threshold),
            reward_amount: event.reward.map(|reward| reward.amount),
            reward_transaction: event.reward.map(|reward| reward.transaction.into()),
            withheld_amount: event.withheld.map(|withheld| withheld.amount),
            withheld_reason: event.withheld.map(|withheld| withheld.reason.to_string()),
            over_refund: event.over_refund,
            commission_amount: event.commission.map(|commission| commission.amount),
            commission_transaction: event.commission.map(|commission| commission.transaction.into()),
        }
    }

    fn level(&self) -> Option<Level> {
        self.net_after.zip(self.threshold).map(|(net, threshold)| Level { net, threshold })
    }

    /// Which spend a refund names, and why; no spend names another.
    fn refund(&self, place: Place<'_>) -> Result<Option<RefundOf>, StoreError> {
        let Some(spend) = self.refunds.as_ref() else {
            return place.sound("kind", (self.kind == SPEND).then_some(None), &self.kind);
        };
        let word = place.given("reason", self.reason.as_ref())?;
        let reason = place.sound("reason", RefundReason::parse(word), word)?;
        Ok(Some(RefundOf { spend: place.sound("refunds", SourceId::parse(spend), spend)?, reason }))
    }

    fn withheld(&self, place: Place<'_>) -> Result<Option<Withheld>, StoreError> {
        let Some((amount, word)) = self.withheld_amount.zip(self.withheld_reason.as_ref()) else {
            return Ok(None);
        };
        let reason = place.sound("withheld_reason", WithheldReason::parse(word), word)?;
        Ok(Some(Withheld { amount, reason }))
    }
}

/// What an event had posted.
fn effect(amount: Option<i64>, transaction: Option<Key>) -> Option<Effect> {
    let posted = amount.zip(transaction);
    posted.map(|(amount, transaction)| Effect { amount, transaction: transaction.into() })
}

/// An event with what of it may have been erased.
#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
struct DetailedRow {
    #[diesel(embed)]
    event: EventRow,
    #[diesel(embed)]
    detail: Option<DetailRow>,
}

impl TryFrom<DetailedRow> for SpendEvent {
    type Error = StoreError;

    fn try_from(DetailedRow { event: row, detail }: DetailedRow) -> Result<Self, StoreError> {
        let place = Place { table: "spend_events", row: &row.source_id };
        let currency = programs::currency(place, &row.currency, row.digits)?;
        let (payment, metadata) = detail.map_or((None, None), |row| (row.payment, row.metadata));
        let print = |bytes: Vec<u8>| Place { table: "spend_event_details", ..place }.hash("payment", &bytes);
        Ok(Self {
            id: EventId::from(row.event_id),
            source: place.sound("source_id", SourceId::parse(&row.source_id), &row.source_id)?,
            user: row.user_id.into(),
            amount: Money::of(row.amount, currency),
            occurred_at: Timestamp::from_micros(row.occurred_at),
            recorded_at: Timestamp::from_micros(row.recorded_at),
            payment: payment.map(print).transpose()?.map(Fingerprint),
            metadata,
            body: BodyHash(place.hash("body_hash", &row.body_hash)?),
            outcome: place.sound("outcome", Outcome::parse(&row.outcome), &row.outcome)?,
            referral: row.referral_id.map(Into::into),
            counted: row.counted,
            level: row.level(),
            refund: row.refund(place)?,
            over_refund: row.over_refund,
            reward: effect(row.reward_amount, row.reward_transaction),
            commission: effect(row.commission_amount, row.commission_transaction),
            withheld: row.withheld(place)?,
        })
    }
}

/// The event recorded under this id.
pub(crate) fn find(
    conn: &mut SqliteConnection,
    book: BookId,
    source: &SourceId,
) -> Result<Option<SpendEvent>, StoreError> {
    let of_event = details::book_id.eq(events::book_id).and(details::source_id.eq(events::source_id));
    let found = events::table
        .left_join(details::table.on(of_event))
        .filter(events::book_id.eq(book.0).and(events::source_id.eq(source.as_str())))
        .select(DetailedRow::as_select())
        .get_result(conn)
        .optional()
        .told()?;
    found.map(SpendEvent::try_from).transpose()
}

/// Spends of a user that found no referral, oldest first; those of one instant in the order they were given ids.
pub(crate) fn parked(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
    since: Timestamp,
) -> Result<Vec<SpendEvent>, StoreError> {
    let of_event = details::book_id.eq(events::book_id).and(details::source_id.eq(events::source_id));
    let theirs = events::book_id.eq(book.0).and(events::user_id.eq(Key::from(user)));
    let found = events::table
        .left_join(details::table.on(of_event))
        .filter(theirs.and(events::recorded_at.ge(since.micros())))
        .filter(diesel::dsl::sql::<Bool>("spend_events.outcome = 'not_referred' AND spend_events.kind = 'S'"))
        .order((events::recorded_at, events::event_id))
        .select(DetailedRow::as_select())
        .load(conn)
        .told()?;
    found.into_iter().map(SpendEvent::try_from).collect()
}

/// The source ids of what met a referral, from the last one back along their chain, and of what was folded into it.
const OF_A_REFERRAL: &str = "WITH RECURSIVE met (source_id, previous_event, recorded_at, event_id) AS (
    SELECT e.source_id, e.previous_event, e.recorded_at, e.event_id FROM referral_progress AS p
      CROSS JOIN spend_events AS e ON e.book_id = p.book_id AND e.source_id = p.last_event
      WHERE p.book_id = ? AND p.referral_id = ?
    UNION ALL SELECT e.source_id, e.previous_event, e.recorded_at, e.event_id FROM met
      CROSS JOIN spend_events AS e ON e.book_id = ? AND e.source_id = met.previous_event
    LIMIT ?)
  SELECT source_id FROM (
    SELECT source_id, recorded_at, event_id FROM met
    UNION ALL SELECT e.source_id, e.recorded_at, e.event_id FROM spend_folds AS f
      CROSS JOIN spend_events AS e ON e.book_id = f.book_id AND e.source_id = f.source_id
      WHERE f.book_id = ? AND f.referral_id = ?)
  ORDER BY recorded_at DESC, event_id DESC LIMIT ?";

#[derive(QueryableByName)]
#[diesel(table_name = events)]
struct SourceRow {
    source_id: String,
}

/// The last events that met a referral or were folded into it, newest first.
pub(crate) fn of_referral(
    conn: &mut SqliteConnection,
    book: BookId,
    id: ReferralId,
    limit: u32,
) -> Result<Vec<SpendEvent>, StoreError> {
    let met = fixed(OF_A_REFERRAL).bind(book.0).bind(Key::from(id)).bind(book.0).bind(limit);
    let folded = met.bind(book.0).bind(Key::from(id));
    let rows: Vec<SourceRow> = folded.bind(limit).load(conn).told()?;
    let mut found = Vec::with_capacity(rows.len());
    for SourceRow { source_id } in rows {
        let place = Place { table: "spend_events", row: &source_id };
        found.extend(find(conn, book, &place.sound("source_id", SourceId::parse(&source_id), &source_id)?)?);
    }
    Ok(found)
}

#[derive(QueryableByName)]
#[diesel(table_name = events)]
struct RefundRow {
    source_id: String,
    user_id: Key,
    amount: i64,
    currency: String,
    digits: i64,
    occurred_at: i64,
    reason: Option<String>,
}

impl TryFrom<RefundRow> for RefundFact {
    type Error = StoreError;

    fn try_from(row: RefundRow) -> Result<Self, StoreError> {
        let place = Place { table: "spend_events", row: &row.source_id };
        let word = place.given("reason", row.reason.as_ref())?;
        let currency = programs::currency(place, &row.currency, row.digits)?;
        Ok(Self {
            source: place.sound("source_id", SourceId::parse(&row.source_id), &row.source_id)?,
            user: row.user_id.into(),
            amount: Money::of(row.amount, currency),
            occurred_at: Timestamp::from_micros(row.occurred_at),
            reason: place.sound("reason", RefundReason::parse(word), word)?,
        })
    }
}

/// One range of the partial index `spend_events_refunds`.
const REFUNDS: &str =
    "SELECT source_id, user_id, amount, currency, digits, occurred_at, reason FROM spend_events
  WHERE book_id = ? AND refunds = ? AND kind = 'R' ORDER BY recorded_at, event_id";

/// What was told to be refunded of a spend, by whomever and whatever it counted for, oldest first.
pub(crate) fn refunds(
    conn: &mut SqliteConnection,
    book: BookId,
    spend: &SourceId,
) -> Result<Vec<RefundFact>, StoreError> {
    let rows: Vec<RefundRow> = fixed(REFUNDS).bind(book.0).bind(spend.as_str()).load(conn).told()?;
    rows.into_iter().map(RefundFact::try_from).collect()
}

/// Stores an event, and its details when it has any. One that met a referral follows the last that did.
pub(crate) fn insert(
    conn: &mut SqliteConnection,
    book: BookId,
    event: &SpendEvent,
) -> Result<(), StoreError> {
    let referral = progress::referral_id.nullable().eq(event.referral.map(Key::from));
    let last = progress::table.filter(progress::book_id.eq(book.0).and(referral));
    let previous = events::previous_event.eq(last.select(progress::last_event).single_value());
    diesel::insert_into(events::table).values((EventRow::of(book, event), previous)).execute(conn).told()?;
    let (payment, metadata) = (event.payment.map(|print| print.0.to_vec()), event.metadata.clone());
    if payment.is_none() && metadata.is_none() {
        return Ok(());
    }
    let detail = DetailRow { book_id: book.0, source_id: event.source.to_string(), payment, metadata };
    diesel::insert_into(details::table).values(detail).execute(conn).told()?;
    Ok(())
}

/// Remembers that an event that waited counts for a referral.
pub(crate) fn fold(
    conn: &mut SqliteConnection,
    book: BookId,
    source: &SourceId,
    referral: ReferralId,
) -> Result<(), StoreError> {
    let key = (folds::book_id.eq(book.0), folds::source_id.eq(source.as_str()));
    let row = (key.0, key.1, folds::referral_id.eq(Key::from(referral)));
    diesel::insert_into(folds::table).values(row).execute(conn).told()?;
    Ok(())
}
