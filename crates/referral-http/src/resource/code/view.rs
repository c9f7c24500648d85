//! A user's code as they see it.

use referral_app::{CodeReport, Offer};
use serde::Serialize;
use utoipa::ToSchema;

use crate::resource::referral::stats::StatsView;
use crate::view::{MoneyView, TimeView};

/// Where links lead; in the app's data.
#[derive(Debug, Clone)]
pub struct Links {
    /// Where this service is reached, without a slash at the end.
    pub public_url: String,
}

/// A user's code, what it offers and what it brought.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Code)]
pub struct CodeView {
    /// The canonical spelling.
    pub code: String,
    /// The link to share.
    pub share_url: String,
    /// Where that link leads.
    pub landing_url: String,
    /// Whether the code may be used.
    pub active: bool,
    /// Whether the program is paused.
    pub paused: bool,
    /// When it was made.
    pub created_at: TimeView,
    /// From when it may not be used.
    pub expires_at: Option<TimeView>,
    /// When it last made a referral.
    pub last_used_at: Option<TimeView>,
    /// How many referrals it made.
    pub uses: u32,
    /// How many it may make.
    pub max_uses: Option<u32>,
    /// What it offers.
    pub offer: OfferView,
    /// What it brought.
    pub stats: StatsView,
}

/// What a program offers to whoever applies a code now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Offer)]
pub struct OfferView {
    /// What the referred user is given.
    pub welcome_credit: MoneyView,
    /// What the referrer earns.
    pub referrer_reward: MoneyView,
    /// Net spend that makes the reward due.
    pub spend_threshold: MoneyView,
    /// How many days after applying spend counts.
    pub qualification_window_days: u32,
}

impl From<&Offer> for OfferView {
    fn from(offer: &Offer) -> Self {
        Self {
            welcome_credit: offer.welcome_credit.into(),
            referrer_reward: offer.referrer_reward.into(),
            spend_threshold: offer.spend_threshold.into(),
            qualification_window_days: offer.qualification_window_days,
        }
    }
}

impl CodeView {
    /// A code, with links of this service.
    #[must_use]
    pub fn of(report: &CodeReport, links: &Links) -> Self {
        let CodeReport { code, offer, stats, program } = report;
        Self {
            code: code.text.to_string(),
            share_url: format!("{}/r/{}", links.public_url, code.text),
            landing_url: with_code(&program.landing_url, code.text.as_str()),
            active: code.active,
            paused: program.is_paused(),
            created_at: code.created_at.into(),
            expires_at: code.expires_at.map(Into::into),
            last_used_at: code.last_used_at.map(Into::into),
            uses: code.uses,
            max_uses: code.max_uses,
            offer: offer.into(),
            stats: stats.into(),
        }
    }
}

/// The landing URL with `ref=CODE` appended to what query it has; a fragment stays at the end.
fn with_code(landing_url: &str, code: &str) -> String {
    let (address, fragment) = landing_url.split_once('#').map_or((landing_url, None), |(a, f)| (a, Some(f)));
    let joint = if address.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{address}{joint}ref={code}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_landing_url_keeps_its_query_and_fragment() {
        for (landing, expected) in [
            ("https://app.example.com/signup", "https://app.example.com/signup?ref=K7"),
            ("https://app.example.com/?a=1", "https://app.example.com/?a=1&ref=K7"),
            ("https://app.example.com/x#top", "https://app.example.com/x?ref=K7#top"),
        ] {
            assert_eq!(with_code(landing, "K7"), expected);
        }
    }
}
