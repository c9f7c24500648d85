//! The rows of `spend_events`, with what can be erased in `spend_event_details`, and of `spend_folds`.

use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::id::{BookId, EventId, ReferralId, UserId};
use referral_domain::identity::Fingerprint;
use referral_domain::money::Money;
use referral_domain::port::StoreError;
use referral_domain::reference::SourceId;
use referral_domain::referral::WithheldReason;
use referral_domain::spend::{
    BodyHash, Effect, Level, Outcome, RefundOf, RefundReason, SpendEvent, Withheld,
};
use referral_domain::time::Timestamp;

use crate::column::{At, Key, Place};
use crate::failure::Told;
use crate::programs;
use crate::schema::spend_events as events;
use crate::statement::{Fixed, RowSql, fixed};

/// What an event is, as `kind` says it.
const fn kind(event: &SpendEvent) -> &'static str {
    if event.refund.is_some() { "R" } else { "S" }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
struct EventRow {
    source_id: String,
    refunds: Option<String>,
    reason: Option<String>,
    event_id: Key,
    body_hash: Vec<u8>,
    user_id: Key,
    amount: i64,
    currency: String,
    digits: i16,
    occurred_at: At,
    recorded_at: At,
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

impl EventRow {
    fn refund(&self, place: Place<'_>) -> Result<Option<RefundOf>, StoreError> {
        let Some((spend, word)) = self.refunds.as_ref().zip(self.reason.as_ref()) else { return Ok(None) };
        Ok(Some(RefundOf {
            spend: place.sound("refunds", SourceId::parse(spend), spend)?,
            reason: place.sound("reason", RefundReason::parse(word), word)?,
        }))
    }

    fn level(&self) -> Option<Level> {
        self.net_after.zip(self.threshold).map(|(net, threshold)| Level { net, threshold })
    }

    fn reward(&self) -> Option<Effect> {
        effect(self.reward_amount, self.reward_transaction)
    }

    fn commission(&self) -> Option<Effect> {
        effect(self.commission_amount, self.commission_transaction)
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
#[derive(Queryable)]
struct DetailedRow {
    event: EventRow,
    payment: Option<Vec<u8>>,
    metadata: Option<String>,
}

impl TryFrom<DetailedRow> for SpendEvent {
    type Error = StoreError;

    fn try_from(DetailedRow { event: row, payment, metadata }: DetailedRow) -> Result<Self, StoreError> {
        let place = Place { table: "spend_events", row: &row.source_id };
        let currency = programs::currency(place, &row.currency, row.digits)?;
        let print = |bytes: Vec<u8>| Place { table: "spend_event_details", ..place }.hash("payment", &bytes);
        Ok(Self {
            id: EventId::from(row.event_id),
            source: place.sound("source_id", SourceId::parse(&row.source_id), &row.source_id)?,
            user: row.user_id.into(),
            amount: Money::of(row.amount, currency),
            occurred_at: row.occurred_at.into(),
            recorded_at: row.recorded_at.into(),
            payment: payment.map(print).transpose()?.map(Fingerprint),
            metadata,
            body: BodyHash(place.hash("body_hash", &row.body_hash)?),
            outcome: place.sound("outcome", Outcome::parse(&row.outcome), &row.outcome)?,
            referral: row.referral_id.map(Into::into),
            counted: row.counted,
            level: row.level(),
            reward: row.reward(),
            withheld: row.withheld(place)?,
            refund: row.refund(place)?,
            over_refund: row.over_refund,
            commission: row.commission(),
        })
    }
}

/// The types of a [`DetailedRow`], as a statement of our own answers it.
type DetailedSql = (RowSql<EventRow>, Nullable<Binary>, Nullable<Text>);

macro_rules! detailed {
    () => {
        "e.source_id, e.refunds, e.reason, e.event_id, e.body_hash, e.user_id, e.amount, e.currency, e.digits,
        e.occurred_at, e.recorded_at, e.outcome, e.referral_id, e.counted, e.net_after, e.threshold, e.reward_amount,
        e.reward_transaction, e.withheld_amount, e.withheld_reason, e.over_refund, e.commission_amount,
        e.commission_transaction"
    };
}

pub(crate) const KNOWN: &str = concat!(
    "SELECT e.*, d.payment, d.metadata FROM unnest($1) AS u(source_id)
    CROSS JOIN LATERAL (SELECT ",
    detailed!(),
    " FROM spend_events AS e
      WHERE e.book_id = $2 AND e.source_id = u.source_id LIMIT 1) AS e
    LEFT JOIN LATERAL (SELECT d.payment, d.metadata FROM spend_event_details AS d
      WHERE d.book_id = $2 AND d.source_id = u.source_id LIMIT 1) AS d ON true"
);

/// The events recorded under these ids.
pub(super) async fn known(
    conn: &AsyncPgConnection,
    book: BookId,
    sources: &[SourceId],
) -> Result<Vec<SpendEvent>, StoreError> {
    load(conn, fixed(KNOWN).column(sources, |source| source.as_str().to_owned()).bind(book.0)).await
}

/// `$1` is the book, `$2` an event: it, and the spend that it names.
const WITH_ITS_SPEND: &str = concat!(
    "SELECT e.*, d.payment, d.metadata FROM unnest(ARRAY[$2, (SELECT x.refunds FROM spend_events AS x
      WHERE x.book_id = $1 AND x.source_id = $2 LIMIT 1)]) AS u(source_id)
    CROSS JOIN LATERAL (SELECT ",
    detailed!(),
    " FROM spend_events AS e
      WHERE e.book_id = $1 AND e.source_id = u.source_id LIMIT 1) AS e
    LEFT JOIN LATERAL (SELECT d.payment, d.metadata FROM spend_event_details AS d
      WHERE d.book_id = $1 AND d.source_id = u.source_id LIMIT 1) AS d ON true"
);

/// The event of this id and, if it is a refund, the spend that it names, where they are recorded.
pub(crate) async fn with_its_spend(
    conn: &AsyncPgConnection,
    book: BookId,
    source: &SourceId,
) -> Result<Vec<SpendEvent>, StoreError> {
    load(conn, fixed(WITH_ITS_SPEND).bind(book.0).bind(source.as_str())).await
}

/// What met a referral, by the index `spend_events_of_a_referral`, and what was folded into it, newest first.
pub(crate) const OF_A_REFERRAL: &str = concat!(
    "SELECT e.*, d.payment, d.metadata FROM (SELECT ",
    detailed!(),
    " FROM spend_events AS e WHERE e.book_id = $1 AND e.referral_id = $2
      UNION ALL SELECT ",
    detailed!(),
    " FROM spend_folds AS f CROSS JOIN LATERAL (SELECT * FROM spend_events AS e
        WHERE e.book_id = $1 AND e.source_id = f.source_id LIMIT 1) AS e
      WHERE f.book_id = $1 AND f.referral_id = $2
      ORDER BY recorded_at DESC, event_id DESC LIMIT $3) AS e
    LEFT JOIN LATERAL (SELECT d.payment, d.metadata FROM spend_event_details AS d
      WHERE d.book_id = $1 AND d.source_id = e.source_id LIMIT 1) AS d ON true
    ORDER BY e.recorded_at DESC, e.event_id DESC"
);

/// The last events that met a referral or were folded into it, newest first.
pub(crate) async fn of_referral(
    conn: &AsyncPgConnection,
    book: BookId,
    id: ReferralId,
    limit: u32,
) -> Result<Vec<SpendEvent>, StoreError> {
    load(conn, fixed(OF_A_REFERRAL).bind(book.0).bind(Key::from(id)).bind(limit)).await
}

async fn load(
    mut conn: &AsyncPgConnection,
    query: Fixed<DetailedSql>,
) -> Result<Vec<SpendEvent>, StoreError> {
    let found = query.load::<DetailedRow>(&mut conn).await.told()?;
    found.into_iter().map(SpendEvent::try_from).collect()
}

pub(crate) const PARKED: &str = concat!(
    "SELECT e.*, d.payment, d.metadata FROM (SELECT ",
    detailed!(),
    " FROM spend_events AS e
      WHERE e.book_id = $1 AND e.user_id = $2 AND e.recorded_at >= $3 AND e.outcome = 'not_referred'
        AND e.kind = 'S'
      ORDER BY e.recorded_at, e.event_id OFFSET 0) AS e
    LEFT JOIN LATERAL (SELECT d.payment, d.metadata FROM spend_event_details AS d
      WHERE d.book_id = $1 AND d.source_id = e.source_id LIMIT 1) AS d ON true
    ORDER BY e.recorded_at, e.event_id"
);

/// Spends of a user that found no referral, oldest first; those of one instant in the order they were given ids.
pub(crate) async fn parked(
    conn: &AsyncPgConnection,
    book: BookId,
    user: UserId,
    since: Timestamp,
) -> Result<Vec<SpendEvent>, StoreError> {
    load(conn, fixed(PARKED).bind(book.0).bind(Key::from(user)).bind(since)).await
}

/// In the order of source ids: two units that record the same ids meet in one order, and the second is refused.
const INSERT: &str = "INSERT INTO spend_events (book_id, source_id, kind, refunds, reason, event_id, body_hash, user_id,
    amount, currency, digits, occurred_at, recorded_at, outcome, referral_id, counted, net_after, threshold,
    reward_amount, reward_transaction, withheld_amount, withheld_reason, over_refund, commission_amount,
    commission_transaction)
  SELECT $1, u.* FROM (SELECT unnest($2) AS source_id, unnest($3), unnest($4), unnest($5), unnest($6), unnest($7),
    unnest($8), unnest($9), unnest($10), unnest($11), unnest($12), unnest($13), unnest($14), unnest($15), unnest($16),
    unnest($17), unnest($18), unnest($19), unnest($20), unnest($21), unnest($22), unnest($23), unnest($24),
    unnest($25)) AS u
  ORDER BY u.source_id";

/// Stores events.
pub(crate) async fn insert(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[SpendEvent],
) -> Result<(), StoreError> {
    let s = fixed::<()>(INSERT).bind(book.0).column(rows, |row| row.source.as_str().to_owned());
    let s = s.column(rows, kind);
    let s = s.column(rows, |row| row.refund.as_ref().map(|refund| refund.spend.as_str().to_owned()));
    let s = s.column(rows, |row| row.refund.as_ref().map(|refund| refund.reason.as_str()));
    let s = s.column(rows, |row| Key::from(row.id)).column(rows, |row| row.body.0.to_vec());
    let s = s.column(rows, |row| Key::from(row.user)).column(rows, |row| row.amount.minor());
    let s = s.column(rows, |row| row.amount.currency().code().to_owned());
    let s = s.column(rows, |row| i64::from(row.amount.currency().digits()));
    let s = s.column(rows, |row| row.occurred_at).column(rows, |row| row.recorded_at);
    let s = s.column(rows, |row| row.outcome.as_str()).column(rows, |row| row.referral.map(Key::from));
    let s = s.column(rows, |row| row.counted).column(rows, |row| row.level.map(|level| level.net));
    let s = s.column(rows, |row| row.level.map(|level| level.threshold));
    let s = s.column(rows, |row| row.reward.map(|reward| reward.amount));
    let s = s.column(rows, |row| row.reward.map(|reward| Key::from(reward.transaction)));
    let s = s.column(rows, |row| row.withheld.map(|withheld| withheld.amount));
    let s = s.column(rows, |row| row.withheld.map(|withheld| withheld.reason.as_str()));
    let s = s.column(rows, |row| Some(row.over_refund));
    let s = s.column(rows, |row| row.commission.map(|commission| commission.amount));
    let s = s.column(rows, |row| row.commission.map(|commission| Key::from(commission.transaction)));
    s.execute(&mut conn).await.told()?;
    Ok(())
}

const DETAILS: &str = "INSERT INTO spend_event_details (book_id, source_id, payment, metadata)
  SELECT $1, unnest($2), unnest($3), unnest($4)";

/// Stores the details of those events that have any.
pub(crate) async fn insert_details(
    mut conn: &AsyncPgConnection,
    book: BookId,
    events: &[SpendEvent],
) -> Result<(), StoreError> {
    let detailed = |event: &&SpendEvent| event.payment.is_some() || event.metadata.is_some();
    let rows: Vec<_> = events.iter().filter(detailed).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let insert = fixed::<()>(DETAILS).bind(book.0).column(&rows, |row| row.source.as_str().to_owned());
    let insert = insert.column(&rows, |row| row.payment.map(|print| print.0.to_vec()));
    insert.column(&rows, |row| row.metadata.clone()).execute(&mut conn).await.told()?;
    Ok(())
}

const FOLD: &str = "INSERT INTO spend_folds (book_id, source_id, referral_id)
  SELECT $1, u.* FROM (SELECT unnest($2) AS source_id, unnest($3)) AS u ORDER BY u.source_id";

/// Remembers that events that waited count for a referral.
pub(crate) async fn fold(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[(SourceId, ReferralId)],
) -> Result<(), StoreError> {
    let fold = fixed::<()>(FOLD).bind(book.0).column(rows, |(source, _)| source.as_str().to_owned());
    fold.column(rows, |(_, referral)| Key::from(*referral)).execute(&mut conn).await.told()?;
    Ok(())
}
