//! The rows of `referrals`: one insert each, never changed.

use diesel::prelude::*;
use referral_domain::id::{BookId, ReferralId};
use referral_domain::port::StoreError;
use referral_domain::program::{Commission, Terms};
use referral_domain::referral::{Attribution, Referral, ReferralFacts, Source};
use referral_domain::time::Timestamp;

use super::progress::{self, ProgressRow};
use crate::codes;
use crate::column::{Key, Place, instant, micros};
use crate::failure::Told;
use crate::schema::referrals;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = referrals, treat_none_as_default_value = false)]
pub(super) struct FactsRow {
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
    clicked_at: Option<i64>,
    sub_id: Option<String>,
    signed_up_at: Option<i64>,
    applied_at: i64,
    qualifies_until: i64,
    created_at: i64,
}

impl From<&ReferralFacts> for FactsRow {
    fn from(facts: &ReferralFacts) -> Self {
        let ReferralFacts { terms, attribution, .. } = facts;
        Self {
            book_id: facts.book.0,
            referral_id: facts.id.into(),
            referrer_id: facts.referrer.into(),
            referred_id: facts.referred.into(),
            code_id: facts.code.into(),
            code_text: facts.code_text.to_string(),
            rule_version: i64::from(facts.rule_version),
            referrer_reward: terms.referrer_reward,
            welcome_credit: terms.welcome_credit,
            spend_threshold: terms.spend_threshold,
            qualification_window_days: i64::from(terms.qualification_window_days),
            clawback_window_days: i64::from(terms.clawback_window_days),
            hold_days: i64::from(terms.hold_days),
            commission_rate: terms.commission.map(|commission| commission.millionths()),
            commission_months: terms.commission.map(|commission| i64::from(commission.months)),
            commission_cap: terms.commission.and_then(|commission| commission.cap),
            source: attribution.source.to_string(),
            click_id: attribution.click.map(Key::from),
            clicked_at: micros(attribution.clicked_at),
            sub_id: attribution.sub_id.clone(),
            signed_up_at: micros(facts.signed_up_at),
            applied_at: facts.applied_at.micros(),
            qualifies_until: facts.qualifies_until.micros(),
            created_at: facts.created_at.micros(),
        }
    }
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
        let Some((rate, months)) = self.commission_rate.zip(self.commission_months) else { return Ok(None) };
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
            applied_at: Timestamp::from_micros(row.applied_at),
            qualifies_until: Timestamp::from_micros(row.qualifies_until),
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

/// The facts of a referral with its progress.
#[derive(Queryable, Selectable)]
#[diesel(table_name = referrals)]
pub(super) struct ReferralRow {
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

/// Stores a new referral with its progress.
pub(crate) fn insert(conn: &mut SqliteConnection, referral: &Referral) -> Result<(), StoreError> {
    let facts = FactsRow::from(&referral.facts);
    diesel::insert_into(referrals::table).values(facts).execute(conn).told()?;
    progress::insert(conn, referral)
}
