//! Rules and their versions, as they are read and sent.

use referral_domain::money::{Currency, Money};
use referral_domain::program::{Commission, Rules};
use referral_domain::rules::{PublishedRules, percent_of};
use serde::Serialize;
use utoipa::ToSchema;

use crate::resource::admin::audit::list::ActorView;
use crate::view::{MoneyView, TimeView};

/// Every rule of a program; none may be left out. Terms (up to `commission`) are pinned by each referral when its code is
/// applied; the others protect the program, in the version in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rules)]
pub struct RulesView {
    /// What the referrer earns; 0 for nothing.
    pub referrer_reward: MoneyView,
    /// What the referred user is given on verification; 0 for nothing.
    pub welcome_credit: MoneyView,
    /// Net spend that makes the reward due.
    pub spend_threshold: MoneyView,
    /// How many days after applying spend counts.
    #[schema(minimum = 1, maximum = 3650)]
    pub qualification_window_days: u32,
    /// How many days a reward or a commission is held before it can be used.
    #[schema(minimum = 0, maximum = 90)]
    pub hold_days: u32,
    /// How many days after a spend a refund of it still weighs.
    #[schema(minimum = 0, maximum = 3650)]
    pub clawback_window_days: u32,
    /// The commission on net spend; null for none.
    #[schema(required = true)]
    pub commission: Option<CommissionView>,
    /// How many days after sign-up a code may still be applied.
    #[schema(minimum = 0, maximum = 3650)]
    pub apply_window_days: u32,
    /// Whether to refuse when nobody told when the user signed up.
    pub require_signup_time: bool,
    /// How many days old a reward or a commission must be to be paid out.
    #[schema(minimum = 0, maximum = 3650)]
    pub payout_delay_days: u32,
    /// The least a payout may be.
    pub minimum_payout: MoneyView,
    /// Referrals per referrer in any rolling 24 hours.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub max_referrals_per_referrer_per_day: u32,
    /// Sign-ups per address in any rolling hour.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub max_signups_per_ip_per_hour: u32,
    /// Sign-ups per address in any rolling 24 hours.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub max_signups_per_ip_per_day: u32,
    /// The most that rewards granted in one UTC calendar month may sum up to; null for no bound.
    #[schema(required = true)]
    pub reward_budget: Option<MoneyView>,
    /// How many days what identifies a person is kept.
    #[schema(minimum = 1, maximum = 3650)]
    pub identity_retention_days: u32,
}

/// A commission on the referred user's net spend.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommissionRule)]
pub struct CommissionView {
    /// Percent of net spend, above 0 and at most 100, with at most 4 digits after the point: a decimal string.
    #[schema(pattern = r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?$", examples("10"))]
    pub percent: String,
    /// For how many months after applying spend earns it.
    #[schema(minimum = 1, maximum = 120)]
    pub months: u32,
    /// The most one referral can earn; null for no bound.
    #[schema(required = true)]
    pub cap: Option<MoneyView>,
}

impl RulesView {
    /// Rules with their amounts in a currency.
    #[must_use]
    pub fn of(rules: &Rules, currency: Currency) -> Self {
        let money = |minor| MoneyView::from(Money::of(minor, currency));
        let Rules { terms, policy } = rules;
        Self {
            referrer_reward: money(terms.referrer_reward),
            welcome_credit: money(terms.welcome_credit),
            spend_threshold: money(terms.spend_threshold),
            qualification_window_days: terms.qualification_window_days,
            hold_days: terms.hold_days,
            clawback_window_days: terms.clawback_window_days,
            commission: terms.commission.map(|commission| CommissionView::of(&commission, currency)),
            apply_window_days: policy.apply_window_days,
            require_signup_time: policy.require_signup_time,
            payout_delay_days: policy.payout_delay_days,
            minimum_payout: money(policy.minimum_payout),
            max_referrals_per_referrer_per_day: policy.max_referrals_per_referrer_per_day,
            max_signups_per_ip_per_hour: policy.max_signups_per_ip_per_hour,
            max_signups_per_ip_per_day: policy.max_signups_per_ip_per_day,
            reward_budget: policy.reward_budget.map(money),
            identity_retention_days: policy.identity_retention_days,
        }
    }
}

impl CommissionView {
    fn of(commission: &Commission, currency: Currency) -> Self {
        let cap = commission.cap.map(|minor| Money::of(minor, currency).into());
        Self { percent: percent_of(commission.rate), months: commission.months, cap }
    }
}

/// One version of a program's rules. It never changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleVersion)]
pub struct RuleVersionView {
    /// Its number: 1 for the first, without gaps.
    pub version: u32,
    /// The rules.
    pub rules: RulesView,
    /// From when it is in force, until a later version is.
    pub effective_from: TimeView,
    /// Who published it; null for rules that came with the program `default`.
    pub published_by: Option<ActorView>,
    /// When it was published.
    pub published_at: TimeView,
}

impl RuleVersionView {
    /// A version in its program's currency.
    #[must_use]
    pub fn of(published: &PublishedRules, currency: Currency) -> Self {
        let PublishedRules { version, published } = published;
        let by = published.as_ref();
        Self {
            version: version.version,
            rules: RulesView::of(&version.rules, currency),
            effective_from: version.effective_from.into(),
            published_by: by.map(|(kind, id, _)| ActorView { kind: kind.as_str(), id: id.clone() }),
            published_at: by.map_or(version.effective_from, |(_, _, at)| *at).into(),
        }
    }
}
