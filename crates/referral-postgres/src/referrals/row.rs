//! The rows of `referrals`: one insert for a whole set, never changed.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use referral_domain::id::{BookId, ReferralId};
use referral_domain::port::StoreError;
use referral_domain::program::{Commission, Terms};
use referral_domain::referral::{Attribution, Referral, ReferralFacts, Source};

use super::progress::{self, ProgressRow};
use crate::codes;
use crate::column::{At, Key, Place, instant};
use crate::failure::Told;
use crate::schema::referrals;
use crate::statement::{RowSql, fixed};

#[derive(Queryable, Selectable)]
#[diesel(table_name = referrals)]
pub(crate) struct FactsRow {
    book_id: i64,
    referral_id: Key,
    referrer_id: Key,
    referred_id: Key,
    code_id: Key,
    code_text: String,
    rule_version: i64,
    referrer_reward: i64,
    welcome_credit: i64,
    spend_threshold: i64,
    qualification_window_days: i64,
    clawback_window_days: i64,
    hold_days: i64,
    commission_rate: Option<i64>,
    commission_months: Option<i64>,
    commission_cap: Option<i64>,
    source: String,
    click_id: Option<Key>,
    clicked_at: Option<At>,
    sub_id: Option<String>,
    signed_up_at: Option<At>,
    applied_at: At,
    qualifies_until: At,
    created_at: At,
}

impl FactsRow {
    fn terms(&self, place: Place<'_>) -> Result<Terms, StoreError> {
        Ok(Terms {
            referrer_reward: self.referrer_reward,
            welcome_credit: self.welcome_credit,
            spend_threshold: self.spend_threshold,
            qualification_window_days: place
                .small("qualification_window_days", self.qualification_window_days)?,
            clawback_window_days: place.small("clawback_window_days", self.clawback_window_days)?,
            hold_days: place.small("hold_days", self.hold_days)?,
            commission: self.commission(place)?,
        })
    }

    fn commission(&self, place: Place<'_>) -> Result<Option<Commission>, StoreError> {
        let Some(rate) = self.commission_rate else { return Ok(None) };
        let months = place.given("commission_months", self.commission_months)?;
        let months = place.small("commission_months", months)?;
        let commission = Commission::of_millionths(rate, months, self.commission_cap);
        place.sound("commission_rate", commission, rate).map(Some)
    }
}

impl TryFrom<FactsRow> for ReferralFacts {
    type Error = StoreError;

    fn try_from(row: FactsRow) -> Result<Self, StoreError> {
        let id = ReferralId::from(row.referral_id);
        let place = Place { table: "referrals", row: &id };
        Ok(Self {
            book: BookId(row.book_id),
            id,
            referrer: row.referrer_id.into(),
            referred: row.referred_id.into(),
            code: row.code_id.into(),
            code_text: codes::text(place, "code_text", &row.code_text)?,
            rule_version: place.small("rule_version", row.rule_version)?,
            terms: row.terms(place)?,
            attribution: Attribution {
                source: place.sound("source", Source::parse(&row.source), &row.source)?,
                click: row.click_id.map(Into::into),
                clicked_at: instant(row.clicked_at),
                sub_id: row.sub_id,
            },
            signed_up_at: instant(row.signed_up_at),
            applied_at: row.applied_at.into(),
            qualifies_until: row.qualifies_until.into(),
            created_at: row.created_at.into(),
        })
    }
}

/// The facts of a referral with its progress.
#[derive(Queryable, Selectable)]
#[diesel(table_name = referrals)]
pub(crate) struct ReferralRow {
    #[diesel(embed)]
    facts: FactsRow,
    #[diesel(embed)]
    progress: ProgressRow,
}

impl TryFrom<ReferralRow> for Referral {
    type Error = StoreError;

    fn try_from(row: ReferralRow) -> Result<Self, StoreError> {
        Ok(Self { facts: row.facts.try_into()?, progress: row.progress.try_into()? })
    }
}

/// The types of a [`ReferralRow`], as statements of our own answer it.
pub(crate) type ReferralSql = (RowSql<FactsRow>, RowSql<ProgressRow>);

const INSERT: &str = "INSERT INTO referrals (book_id, referral_id, referrer_id, referred_id, code_id, code_text,
    rule_version, referrer_reward, welcome_credit, spend_threshold, qualification_window_days, clawback_window_days,
    hold_days, commission_rate, commission_months, commission_cap, source, click_id, clicked_at, sub_id, signed_up_at,
    applied_at, qualifies_until, created_at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9),
    unnest($10), unnest($11), unnest($12), unnest($13), unnest($14), unnest($15), unnest($16), unnest($17),
    unnest($18), unnest($19), unnest($20), unnest($21), unnest($22), unnest($23), unnest($24)";

async fn insert_facts(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[&ReferralFacts],
) -> Result<(), StoreError> {
    let s = fixed::<()>(INSERT).bind(book.0).column(rows, |row| Key::from(row.id));
    let s = s.column(rows, |row| Key::from(row.referrer)).column(rows, |row| Key::from(row.referred));
    let s = s.column(rows, |row| Key::from(row.code)).column(rows, |row| row.code_text.to_string());
    let s = s.column(rows, |row| i64::from(row.rule_version));
    let s = s.column(rows, |row| row.terms.referrer_reward).column(rows, |row| row.terms.welcome_credit);
    let s = s.column(rows, |row| row.terms.spend_threshold);
    let s = s.column(rows, |row| i64::from(row.terms.qualification_window_days));
    let s = s.column(rows, |row| i64::from(row.terms.clawback_window_days));
    let s = s.column(rows, |row| i64::from(row.terms.hold_days));
    let s = s.column(rows, |row| row.terms.commission.map(|commission| commission.millionths()));
    let s = s.column(rows, |row| row.terms.commission.map(|commission| i64::from(commission.months)));
    let s = s.column(rows, |row| row.terms.commission.and_then(|commission| commission.cap));
    let s = s.column(rows, |row| row.attribution.source.as_str());
    let s = s.column(rows, |row| row.attribution.click.map(Key::from));
    let s =
        s.column(rows, |row| row.attribution.clicked_at).column(rows, |row| row.attribution.sub_id.clone());
    let s = s.column(rows, |row| row.signed_up_at).column(rows, |row| row.applied_at);
    let s = s.column(rows, |row| row.qualifies_until).column(rows, |row| row.created_at);
    s.execute(&mut conn).await.told()?;
    Ok(())
}

/// Stores new referrals with their progress: two statements, one flight.
pub(crate) async fn insert(
    conn: &AsyncPgConnection,
    book: BookId,
    referrals: &[Referral],
) -> Result<(), StoreError> {
    let facts: Vec<_> = referrals.iter().map(|referral| &referral.facts).collect();
    try_join(insert_facts(conn, book, &facts), progress::insert(conn, book, referrals)).await?;
    Ok(())
}
