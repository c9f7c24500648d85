//! What a referrer's code brought.

use referral_domain::code::CodeText;
use referral_domain::money::Money;
use referral_domain::port::{ReferralCounts, ReferrerReport};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};

use crate::app::App;
use crate::failure::{Failure, Never};

/// A referrer's referrals in numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReferralStats {
    /// Their code, when they have one.
    pub code: Option<CodeText>,
    /// Their referrals by state.
    pub counts: ReferralCounts,
    /// Rewards posted less what was taken back.
    pub total_earned: Money,
    /// The pinned rewards of pending and active referrals.
    pub potential_earnings: Money,
}

impl App {
    /// A referrer's numbers. Asking makes no code.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn referral_stats(&self, slug: &Slug, user: &HostId) -> Result<ReferralStats, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let ReferrerReport { code, counts } = self.reports().referrer(program.book, user).await?;
        Ok(ReferralStats::of(&program, code.map(|code| code.text), counts))
    }
}

impl ReferralStats {
    pub(crate) const fn of(program: &Program, code: Option<CodeText>, counts: ReferralCounts) -> Self {
        let total_earned = program.money(counts.earned);
        let potential_earnings = program.money(counts.potential);
        Self { code, counts, total_earned, potential_earnings }
    }

    /// All referrals.
    #[must_use]
    pub const fn total(&self) -> i64 {
        let ReferralCounts { pending, active, completed, expired, fraud, .. } = self.counts;
        pending + active + completed + expired + fraud
    }
}
