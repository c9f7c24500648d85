//! A referral, as services and operators see it and as the referred user does.

use referral_domain::money::{Currency, Money};
use referral_domain::port::ReferralReport;
use referral_domain::referral::{Attribution, Award, Referral, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::view::{MoneyView, TimeView};

/// A referral, as services and operators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Referral)]
pub struct ReferralView {
    /// Its id.
    pub id: String,
    /// The program.
    pub program: String,
    /// The code's canonical spelling.
    pub code: String,
    /// The host's id of whoever shared; null once they were erased.
    pub referrer_id: Option<String>,
    /// The host's id of whoever came; null once they were erased.
    pub referred_id: Option<String>,
    /// `pending`, `active`, `completed`, `expired` or `fraud`.
    pub status: &'static str,
    /// `none`, `open`, `cleared` or `confirmed`.
    pub review: &'static str,
    /// The fraud case, when one was opened.
    pub case_id: Option<String>,
    /// The version of the rules pinned.
    pub rule_version: u32,
    /// Where it came from.
    pub attribution: AttributionView,
    /// When the referred user signed up.
    pub signed_up_at: Option<TimeView>,
    /// When the code was applied.
    pub applied_at: TimeView,
    /// Whether the referred user's e-mail is verified.
    pub email_verified: bool,
    /// Since when.
    pub email_verified_at: Option<TimeView>,
    /// Spend counts strictly before this instant.
    pub qualifies_until: TimeView,
    /// When the threshold was reached.
    pub completed_at: Option<TimeView>,
    /// When it expired or was confirmed as fraud.
    pub closed_at: Option<TimeView>,
    /// `window-over` or `fraud-confirmed`.
    pub closed_reason: Option<&'static str>,
    /// Counted spend.
    pub spend: SpendView,
    /// The referred user's welcome credit.
    pub welcome_credit: AwardView,
    /// The referrer's reward.
    pub reward: AwardView,
    /// The referrer's commission.
    pub commission: CommissionView,
    /// When it was recorded.
    pub created_at: TimeView,
    /// When anything of it last changed.
    pub updated_at: TimeView,
}

/// Where a referral came from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attribution)]
pub struct AttributionView {
    /// `typed`, `link`, `cookie` or `api`.
    pub source: &'static str,
    /// The click.
    pub click_id: Option<String>,
    /// When that was.
    pub clicked_at: Option<TimeView>,
    /// The affiliate's own label.
    pub sub_id: Option<String>,
}

/// How far counted spend is on its way to the threshold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReferralSpend)]
pub struct SpendView {
    /// Gross less refunded.
    pub net: MoneyView,
    /// Spend in the window.
    pub gross: MoneyView,
    /// What weighing refunds took from it.
    pub refunded: MoneyView,
    /// Where the reward becomes due.
    pub threshold: MoneyView,
    /// What is missing.
    pub remaining: MoneyView,
    /// Net through threshold, at most 1, four digits rounded down.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub progress: f64,
}

/// What became of an amount that was promised.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Award)]
pub struct AwardView {
    /// How much.
    pub amount: MoneyView,
    /// `not_due`, `withheld`, `held`, `granted` or `retracted`.
    pub status: &'static str,
    /// Why it is withheld.
    pub reason: Option<&'static str>,
    /// From when a posted amount can be used.
    pub available_at: Option<TimeView>,
    /// When it was posted.
    pub granted_at: Option<TimeView>,
    /// By which transaction.
    pub transaction_id: Option<String>,
}

/// A referral's commission.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Commission)]
pub struct CommissionView {
    /// What is due on the net spend.
    pub due: MoneyView,
    /// What is posted.
    pub posted: MoneyView,
}

/// A referral, as the referred user sees it: never who shared, nor any suspicion.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyReferral {
    /// Its id.
    pub id: String,
    /// The code's canonical spelling.
    pub code: String,
    /// `pending`, `active`, `completed`, `expired` or `closed`.
    pub status: &'static str,
    /// Whether the user's e-mail is verified.
    pub email_verified: bool,
    /// The welcome credit.
    pub welcome_credit: MyWelcome,
    /// Spend counts strictly before this instant.
    pub qualifies_until: TimeView,
    /// When the code was applied.
    pub applied_at: TimeView,
}

/// The referred user's welcome credit.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyWelcome {
    /// How much.
    pub amount: MoneyView,
    /// Whether it is granted.
    pub granted: bool,
}

impl ReferralView {
    /// A referral of this program.
    #[must_use]
    pub fn of(report: &ReferralReport, program: &str, currency: Currency) -> Self {
        let Referral { facts, progress } = &report.referral;
        let money = |minor| Money::of(minor, currency);
        Self {
            id: facts.id.to_string(),
            program: program.to_owned(),
            code: facts.code_text.to_string(),
            referrer_id: report.referrer.as_ref().map(ToString::to_string),
            referred_id: report.referred.as_ref().map(ToString::to_string),
            status: progress.state.name().as_str(),
            review: progress.review.as_str(),
            case_id: progress.case.map(|case| case.to_string()),
            rule_version: facts.rule_version,
            attribution: (&facts.attribution).into(),
            signed_up_at: facts.signed_up_at.map(Into::into),
            applied_at: facts.applied_at.into(),
            email_verified: progress.verified_at.is_some(),
            email_verified_at: progress.verified_at.map(Into::into),
            qualifies_until: facts.qualifies_until.into(),
            completed_at: progress.state.completed_at().map(Into::into),
            closed_at: progress.state.closed_at().map(Into::into),
            closed_reason: closed_reason(progress.state),
            spend: SpendView::of(&report.referral, currency),
            welcome_credit: AwardView::of(progress.welcome, money(facts.terms.welcome_credit), 0),
            reward: AwardView::of(progress.reward, money(facts.terms.referrer_reward), facts.terms.hold_days),
            commission: CommissionView {
                due: money(progress.commission.due).into(),
                posted: money(progress.commission.posted).into(),
            },
            created_at: facts.created_at.into(),
            updated_at: progress.updated_at.into(),
        }
    }
}

impl From<&Attribution> for AttributionView {
    fn from(attribution: &Attribution) -> Self {
        Self {
            source: attribution.source.as_str(),
            click_id: attribution.click.map(|click| click.to_string()),
            clicked_at: attribution.clicked_at.map(Into::into),
            sub_id: attribution.sub_id.clone(),
        }
    }
}

const fn closed_reason(state: State) -> Option<&'static str> {
    match state {
        State::Expired { .. } => Some("window-over"),
        State::Fraud { .. } => Some("fraud-confirmed"),
        State::Pending | State::Active { .. } | State::Completed { .. } => None,
    }
}

impl SpendView {
    /// The counted spend of a referral.
    #[must_use]
    pub fn of(referral: &Referral, currency: Currency) -> Self {
        let money = |minor| MoneyView::from(Money::of(minor, currency));
        let (spend, threshold) = (referral.progress.spend, referral.facts.terms.spend_threshold);
        Self {
            net: money(spend.net()),
            gross: money(spend.gross),
            refunded: money(spend.refunded),
            threshold: money(threshold),
            remaining: money((threshold - spend.net()).max(0)),
            progress: progress(spend.net(), threshold),
        }
    }
}

/// Ten-thousandths, rounded down, so that 0.99999 is not shown as reached; 1 when there is no threshold.
fn progress(net: i64, threshold: i64) -> f64 {
    let parts = match threshold {
        ..=0 => 10_000,
        threshold => (i128::from(net.max(0)) * 10_000 / i128::from(threshold)).min(10_000),
    };
    rate_of_parts(i32::try_from(parts).unwrap_or(10_000))
}

/// A rate for display, from ten-thousandths.
#[allow(clippy::float_arithmetic)]
pub(crate) fn rate_of_parts(ten_thousandths: i32) -> f64 {
    f64::from(ten_thousandths) / 10_000.0
}

impl AwardView {
    /// What became of `amount`, which is held for so many days once it is posted.
    #[must_use]
    pub fn of(award: Award, amount: Money, hold_days: u32) -> Self {
        let posted_at = award.posted_at();
        Self {
            amount: amount.into(),
            status: award.status().as_str(),
            reason: award.reason().map(|reason| reason.as_str()),
            available_at: posted_at.map(|at| at.plus_days(hold_days).into()),
            granted_at: posted_at.map(Into::into),
            transaction_id: award.transaction().map(|id| id.to_string()),
        }
    }
}

impl MyReferral {
    /// A referral, as its referred user sees it.
    #[must_use]
    pub fn of(referral: &Referral, currency: Currency) -> Self {
        let Referral { facts, progress } = referral;
        Self {
            id: facts.id.to_string(),
            code: facts.code_text.to_string(),
            status: my_status(progress.state),
            email_verified: progress.verified_at.is_some(),
            welcome_credit: MyWelcome {
                amount: Money::of(facts.terms.welcome_credit, currency).into(),
                granted: progress.welcome.is_posted(),
            },
            qualifies_until: facts.qualifies_until.into(),
            applied_at: facts.applied_at.into(),
        }
    }
}

/// Fraud is never named to those concerned.
pub(super) const fn my_status(state: State) -> &'static str {
    match state {
        State::Fraud { .. } => "closed",
        other => other.name().as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_rounded_down_and_never_beyond_one() {
        for (net, threshold, expected) in [
            (3000, 5000, 0.6),
            (4999, 5000, 0.9998),
            (99_999, 100_000, 0.9999),
            (5000, 5000, 1.0),
            (9000, 5000, 1.0),
            (0, 0, 1.0),
        ] {
            assert!((progress(net, threshold) - expected).abs() < 1e-9, "{net} of {threshold}");
        }
    }
}
