//! Programs and their rules: terms that were promised, policy that protects.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use crate::auth::words;
use crate::id::BookId;
use crate::money::{Currency, Money};
use crate::reference::Slug;
use crate::time::Timestamp;

words! {
    /// Whether a program takes new referrals and grants rewards.
    ProgramStatus {
        /// It does.
        Active = "active",
        /// It does neither; what falls due is withheld as `program-paused`.
        Paused = "paused",
    }
}

/// A company's referral program: one book of the ledger, one currency for ever.
///
/// ```
/// use referral_domain::{id::BookId, money::Currency, program::*, time::Timestamp};
/// let url = "https://app.example.com/signup".to_owned();
/// let program = Program::default_program(BookId(7), Currency::parse("USD")?, url, Timestamp::from_micros(0));
/// let program = program.expect("its slug is sound");
/// assert_eq!(program.slug.as_str(), "default");
/// assert_eq!(program.money(program.rules.terms.referrer_reward).to_string(), "25.00");
/// assert!(!program.is_paused());
/// # Ok::<(), referral_domain::money::MoneyFault>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    /// Its book.
    pub book: BookId,
    /// Its public id.
    pub slug: Slug,
    /// What people call it.
    pub name: String,
    /// Its currency, with the number of digits pinned when it was made.
    pub currency: Currency,
    /// Where a referral link leads.
    pub landing_url: String,
    /// Active or paused.
    pub status: ProgramStatus,
    /// The version of the rules in force.
    pub rule_version: u32,
    /// The rules in force.
    pub rules: Rules,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The program every new installation has. Whoever administers it may make others.
pub const FIRST_PROGRAM: &str = "default";

impl Program {
    /// The program every new installation has: `default`, in USD, with the default rules.
    #[must_use]
    pub fn default_program(
        book: BookId,
        currency: Currency,
        landing_url: String,
        now: Timestamp,
    ) -> Option<Self> {
        Some(Self {
            book,
            slug: Slug::parse(FIRST_PROGRAM)?,
            name: "Referral program".to_owned(),
            currency,
            landing_url,
            status: ProgramStatus::Active,
            rule_version: 1,
            rules: Rules::default(),
            created_at: now,
        })
    }

    /// An amount of the program's currency.
    #[must_use]
    pub const fn money(&self, minor: i64) -> Money {
        Money::of(minor, self.currency)
    }

    /// Whether it is paused.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        matches!(self.status, ProgramStatus::Paused)
    }
}

/// One version of a program's rules. Amounts are minor units of the program's currency.
///
/// ```
/// use referral_domain::program::Rules;
/// let rules = Rules::default();
/// let stored = serde_json::to_string(&rules)?;
/// assert_eq!(serde_json::from_str::<Rules>(&stored)?, rules);
/// assert_eq!((rules.terms.spend_threshold, rules.policy.apply_window_days), (5_000, 30));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// What was promised: pinned by each referral for ever.
    pub terms: Terms,
    /// How the program protects itself: always the version in force now.
    pub policy: Policy,
}

/// The promise made to whoever applies a code; copied onto the referral.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// What the referrer earns, in minor units.
    pub referrer_reward: i64,
    /// What the referred user is given on verification, in minor units.
    pub welcome_credit: i64,
    /// Net spend that makes the reward due, in minor units.
    pub spend_threshold: i64,
    /// How many days after applying spend counts.
    pub qualification_window_days: u32,
    /// How many days after a spend a refund of it weighs.
    pub clawback_window_days: u32,
    /// How many days a reward or a commission is held before it can be used; 0 for not at all.
    #[serde(default)]
    pub hold_days: u32,
    /// The commission on net spend; `None` for none.
    #[serde(default)]
    pub commission: Option<Commission>,
}

/// A commission on the referred user's net spend.
///
/// ```
/// use referral_domain::program::Commission;
/// let tenth = Commission { rate: rust_decimal::Decimal::new(10, 2), months: 12, cap: Some(10_000) };
/// let stored = serde_json::to_string(&tenth)?;
/// assert_eq!(serde_json::from_str::<Commission>(&stored)?, tenth);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commission {
    /// The share of net spend, 0 to 1 (0.10 is ten percent), with at most 6 digits after the point.
    #[serde(with = "rate_text")]
    pub rate: Decimal,
    /// For how many months after applying spend earns it: the window ends on the same day of the month, UTC, or on that
    /// month's last day.
    pub months: u32,
    /// The most one referral can earn, in minor units; `None` for no bound.
    pub cap: Option<i64>,
}

impl Commission {
    /// The rate in millionths, as it is stored. A rate has at most 6 digits after the point, so this is exact.
    ///
    /// ```
    /// use referral_domain::program::Commission;
    /// let fifth = Commission { rate: rust_decimal::Decimal::new(2, 1), months: 12, cap: None };
    /// assert_eq!(fifth.millionths(), 200_000);
    /// assert_eq!(Commission::of_millionths(200_000, 12, None), Some(fifth));
    /// assert_eq!(Commission::of_millionths(1_000_001, 12, None), None, "more than was spent");
    /// ```
    #[must_use]
    pub fn millionths(&self) -> i64 {
        let scaled = self.rate.checked_mul(Decimal::from(MILLION));
        scaled.and_then(|scaled| scaled.trunc().to_i64()).unwrap_or(MILLION)
    }

    /// A commission by its rate in millionths; `None` outside 0 to 1.
    #[must_use]
    pub fn of_millionths(rate: i64, months: u32, cap: Option<i64>) -> Option<Self> {
        let rate = (0..=MILLION).contains(&rate).then(|| Decimal::new(rate, 6).normalize())?;
        Some(Self { rate, months, cap })
    }
}

const MILLION: i64 = 1_000_000;

/// A rate as its plain digits: a float would not come back equal.
mod rate_text {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(rate: &Decimal, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(rate)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Decimal, D::Error> {
        let text = String::deserialize(input)?;
        Decimal::from_str_exact(&text).map_err(serde::de::Error::custom)
    }
}

impl Default for Terms {
    /// The defaults of `domain.md`: 25.00, 10.00, 50.00, 90 days, 60 days, no hold, no commission.
    fn default() -> Self {
        Self {
            referrer_reward: 2_500,
            welcome_credit: 1_000,
            spend_threshold: 5_000,
            qualification_window_days: 90,
            clawback_window_days: 60,
            hold_days: 0,
            commission: None,
        }
    }
}

/// The program's protections, in the version in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How many days after sign-up a code may still be applied.
    pub apply_window_days: u32,
    /// Whether to refuse when nobody told when the user signed up.
    pub require_signup_time: bool,
    /// How many days old a reward must be to be paid out.
    pub payout_delay_days: u32,
    /// The least a payout may be, in minor units.
    pub minimum_payout: i64,
    /// Referrals per referrer in any rolling 24 hours.
    pub max_referrals_per_referrer_per_day: u32,
    /// Sign-ups per address in any rolling hour; ten times that per IPv6 /48.
    pub max_signups_per_ip_per_hour: u32,
    /// Sign-ups per address in any rolling 24 hours; ten times that per IPv6 /48.
    pub max_signups_per_ip_per_day: u32,
    /// The most that rewards granted in one UTC calendar month may sum up to, gross, in minor units; `None` for no bound.
    #[serde(default)]
    pub reward_budget: Option<i64>,
    /// How many days what identifies a person is kept.
    #[serde(default = "identity_retention")]
    pub identity_retention_days: u32,
}

const fn identity_retention() -> u32 {
    180
}

impl Default for Policy {
    /// The defaults of `domain.md`.
    fn default() -> Self {
        Self {
            apply_window_days: 30,
            require_signup_time: true,
            payout_delay_days: 30,
            minimum_payout: 2_500,
            max_referrals_per_referrer_per_day: 10,
            max_signups_per_ip_per_hour: 5,
            max_signups_per_ip_per_day: 10,
            reward_budget: None,
            identity_retention_days: identity_retention(),
        }
    }
}
