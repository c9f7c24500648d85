//! What a company may make its rules: bounds a rule has by itself are read at the edge, those between rules here.

use rust_decimal::Decimal;

use crate::audit::ActorKind;
use crate::money::{Currency, Money};
use crate::program::{Commission, Policy, Rules, Terms};
use crate::time::Timestamp;

/// The longest a reward may be held, in days.
pub const HOLD_DAYS_MAX: u32 = 90;
/// The longest any other rule may look back or ahead, in days: ten years.
pub const DAYS_MAX: u32 = 3_650;
/// The longest a commission may be earned, in months: ten years.
pub const COMMISSION_MONTHS_MAX: u32 = 120;
/// The most referrals or sign-ups a limit may allow: more is no limit.
pub const LIMIT_MAX: u32 = 1_000_000;

/// A rate from a percentage: above 0, at most 100, at most 4 digits after the point.
///
/// ```
/// use referral_domain::rules::{percent_of, rate_of};
/// let rate = rate_of("12.5").expect("a percentage");
/// assert_eq!((rate.to_string(), percent_of(rate)), ("0.125".to_owned(), "12.5".to_owned()));
/// assert!(["0", "100.1", "1e1", "-5", ".5", "05", "1.00001", "+1"].iter().all(|text| rate_of(text).is_none()));
/// ```
#[must_use]
pub fn rate_of(percent: &str) -> Option<Decimal> {
    let (whole, fraction) = percent.split_once('.').unwrap_or((percent, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits(whole) && digits(fraction) && (whole == "0" || !whole.starts_with('0'));
    let percent = Decimal::from_str_exact(percent).ok().filter(|_| plain && fraction.len() <= 4)?;
    let rate = (percent / Decimal::ONE_HUNDRED).normalize();
    (rate > Decimal::ZERO && rate <= Decimal::ONE).then_some(rate)
}

/// A rate as a percentage.
#[must_use]
pub fn percent_of(rate: Decimal) -> String {
    (rate * Decimal::ONE_HUNDRED).normalize().to_string()
}

/// One immutable version of a program's rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleVersion {
    /// Its number: 1 for the first, without gaps.
    pub version: u32,
    /// The rules.
    pub rules: Rules,
    /// From when it is in force, until a later version is.
    pub effective_from: Timestamp,
}

/// A version with who published it, as it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublishedRules {
    /// The version.
    pub version: RuleVersion,
    /// Who published it and when; `None` for rules that came with their program. The name is missing once the person
    /// was erased.
    pub published: Option<(ActorKind, Option<String>, Timestamp)>,
}

/// Rules as somebody asks for them: amounts with their currencies, each within its own bounds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RulesDraft {
    /// [`Terms::referrer_reward`].
    pub referrer_reward: Money,
    /// [`Terms::welcome_credit`].
    pub welcome_credit: Money,
    /// [`Terms::spend_threshold`].
    pub spend_threshold: Money,
    /// [`Policy::minimum_payout`].
    pub minimum_payout: Money,
    /// [`Policy::reward_budget`].
    pub reward_budget: Option<Money>,
    /// [`Commission::cap`], when there is a commission.
    pub commission_cap: Option<Money>,
    /// Everything that is no amount.
    pub rest: Rules,
}

/// A rule that does not go with the others.
///
/// ```
/// use referral_domain::{money::{Currency, Money}, rules::*};
/// let usd = Currency::parse("USD")?;
/// let draft = RulesDraft { reward_budget: Some(Money::of(2_499, usd)), ..RulesDraft::default_in(usd) };
/// assert_eq!(draft.rules(usd), Err(vec![RuleFault::BudgetBelowReward]));
/// # Ok::<(), referral_domain::money::MoneyFault>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RuleFault {
    /// An amount is of another currency than the program's.
    Currency {
        /// Which rule.
        rule: &'static str,
    },
    /// No reward would ever fit the budget.
    BudgetBelowReward,
    /// More sign-ups an hour than a day.
    HourAboveDay,
}

impl RuleFault {
    /// The rule to blame, by its name; a part of it behind a slash.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Currency { rule } => rule,
            Self::BudgetBelowReward => "reward_budget",
            Self::HourAboveDay => "max_signups_per_ip_per_hour",
        }
    }
}

impl RulesDraft {
    /// The default rules: 25, 10, 50 and 25 whole units of the currency.
    #[must_use]
    pub fn default_in(currency: Currency) -> Self {
        let rest = Rules::default();
        let unit = 10_i64.pow(u32::from(currency.digits()));
        let whole = |cents: i64| Money::of(cents / 100 * unit, currency);
        Self {
            referrer_reward: whole(rest.terms.referrer_reward),
            welcome_credit: whole(rest.terms.welcome_credit),
            spend_threshold: whole(rest.terms.spend_threshold),
            minimum_payout: whole(rest.policy.minimum_payout),
            reward_budget: None,
            commission_cap: None,
            rest,
        }
    }

    /// The rules in a program's currency.
    ///
    /// # Errors
    /// Every rule that does not go with the others.
    pub fn rules(&self, currency: Currency) -> Result<Rules, Vec<RuleFault>> {
        let faults: Vec<_> = self.strangers(currency).chain(self.contradictions()).collect();
        if faults.is_empty() { Ok(self.joined()) } else { Err(faults) }
    }

    fn strangers(&self, currency: Currency) -> impl Iterator<Item = RuleFault> {
        let amounts = [
            ("referrer_reward", Some(self.referrer_reward)),
            ("welcome_credit", Some(self.welcome_credit)),
            ("spend_threshold", Some(self.spend_threshold)),
            ("commission/cap", self.commission_cap),
            ("minimum_payout", Some(self.minimum_payout)),
            ("reward_budget", self.reward_budget),
        ];
        let strange = move |(_, amount): &(_, Option<Money>)| {
            amount.is_some_and(|amount| amount.currency() != currency)
        };
        amounts.into_iter().filter(strange).map(|(rule, _)| RuleFault::Currency { rule })
    }

    fn contradictions(&self) -> impl Iterator<Item = RuleFault> {
        let policy = self.rest.policy;
        let budget = self.reward_budget.is_some_and(|budget| budget.minor() < self.referrer_reward.minor());
        let hour = policy.max_signups_per_ip_per_hour > policy.max_signups_per_ip_per_day;
        let found = [(budget, RuleFault::BudgetBelowReward), (hour, RuleFault::HourAboveDay)];
        found.into_iter().filter_map(|(wrong, fault)| wrong.then_some(fault))
    }

    fn joined(&self) -> Rules {
        let cap = self.commission_cap.map(|cap| cap.minor());
        let commission = self.rest.terms.commission.map(|commission| Commission { cap, ..commission });
        Rules {
            terms: Terms {
                referrer_reward: self.referrer_reward.minor(),
                welcome_credit: self.welcome_credit.minor(),
                spend_threshold: self.spend_threshold.minor(),
                commission,
                ..self.rest.terms
            },
            policy: Policy {
                minimum_payout: self.minimum_payout.minor(),
                reward_budget: self.reward_budget.map(|budget| budget.minor()),
                ..self.rest.policy
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd() -> Currency {
        Currency::parse("USD").expect("a currency")
    }

    #[test]
    fn the_default_rules_are_whole_units_of_any_currency() {
        assert_eq!(RulesDraft::default_in(usd()).rules(usd()), Ok(Rules::default()));
        let yen = Currency::parse("JPY").expect("a currency");
        let rules = RulesDraft::default_in(yen).rules(yen).expect("they go together");
        assert_eq!((rules.terms.referrer_reward, rules.terms.spend_threshold), (25, 50));
    }

    #[test]
    fn every_rule_that_does_not_go_with_the_others_is_told() {
        let eur = |minor| Money::of(minor, Currency::parse("EUR").expect("a currency"));
        let mut draft = RulesDraft::default_in(usd());
        draft.welcome_credit = eur(1);
        draft.commission_cap = Some(eur(1));
        draft.reward_budget = Some(Money::of(2_499, usd()));
        draft.rest.policy.max_signups_per_ip_per_hour = 11;
        let faults = draft.rules(usd()).expect_err("they do not");
        let rules: Vec<_> = faults.iter().map(RuleFault::rule).collect();
        assert_eq!(
            rules,
            ["welcome_credit", "commission/cap", "reward_budget", "max_signups_per_ip_per_hour"]
        );
        draft = RulesDraft { reward_budget: Some(draft.referrer_reward), ..RulesDraft::default_in(usd()) };
        assert!(draft.rules(usd()).is_ok(), "a budget of one reward fits one");
    }
}
