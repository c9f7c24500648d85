//! `GET /api/referral/stats`

use actix_web::web::Data;
use referral_app::{App, ReferralStats};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::rate_of_parts;
use crate::problem::Reply;
use crate::resource::{Asking, failed, reply};
use crate::view::MoneyView;

/// A referrer's referrals in numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReferralStats)]
pub struct StatsView {
    /// Whether the user has a code.
    pub has_code: bool,
    /// It.
    pub code: Option<String>,
    /// The five below added up.
    pub total: i64,
    /// Applied, not verified.
    pub pending: i64,
    /// Verified.
    pub active: i64,
    /// Threshold reached.
    pub completed: i64,
    /// Window over.
    pub expired: i64,
    /// Closed.
    pub closed: i64,
    /// Completed through total, four digits; null when there are none.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub conversion_rate: Option<f64>,
    /// Rewards and commissions posted less what was taken back.
    pub total_earned: MoneyView,
    /// The rewards of pending and active referrals.
    pub potential_earnings: MoneyView,
}

impl From<&ReferralStats> for StatsView {
    fn from(stats: &ReferralStats) -> Self {
        let counts = stats.counts;
        Self {
            has_code: stats.code.is_some(),
            code: stats.code.as_ref().map(ToString::to_string),
            total: stats.total(),
            pending: counts.pending,
            active: counts.active,
            completed: counts.completed,
            expired: counts.expired,
            closed: counts.fraud,
            conversion_rate: rate(counts.completed, stats.total()),
            total_earned: stats.total_earned.into(),
            potential_earnings: stats.potential_earnings.into(),
        }
    }
}

/// A part of a whole in four digits, half to even; `None` of nothing.
pub(crate) fn rate(part: i64, whole: i64) -> Option<f64> {
    let (part, whole) = (i128::from(part) * 10_000, i128::from(whole));
    if whole <= 0 {
        return None;
    }
    let (floor, rest) = (part / whole, part % whole);
    let up = (rest * 2, floor % 2).cmp(&(whole, 0)).is_gt();
    i32::try_from(floor + i128::from(up)).ok().map(rate_of_parts)
}

/// The user's referrals in numbers. Asking makes no code.
#[utoipa::path(
    get, path = "/api/referral/stats", tag = "referral",
    params(("user_id" = Option<String>, Query, description = "For services with `users:read`: whose")),
    responses((status = 200, body = StatsView)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn stats(app: Data<App>, asking: Asking) -> Reply {
    asking.query().refuse_any()?;
    let stats = app.referral_stats(asking.program(), asking.user()).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&StatsView::from(&stats)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_four_digits_half_to_even_and_is_null_of_nothing() {
        for (part, whole, expected) in
            [(3, 7, 0.4286), (1, 20_000, 0.0), (3, 20_000, 0.0002), (1, 3, 0.3333), (2, 2, 1.0)]
        {
            assert!(rate(part, whole).is_some_and(|rate| (rate - expected).abs() < 1e-9), "{part}/{whole}");
        }
        assert_eq!(rate(0, 0), None);
    }
}
