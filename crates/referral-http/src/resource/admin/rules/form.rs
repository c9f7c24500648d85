//! Reading rules: each within its own bounds; what they say of each other is the domain's business.

use referral_domain::money::Money;
use referral_domain::program::{Commission, Policy, Rules, Terms};
use referral_domain::rules::{
    COMMISSION_MONTHS_MAX, DAYS_MAX, HOLD_DAYS_MAX, LIMIT_MAX, RulesDraft, rate_of,
};

use crate::form::{Fields, Node, money, money_or_nothing, scalar};

/// Every rule; none may be left out.
pub(in crate::resource::admin) fn read_rules(fields: &mut Fields<'_>) -> Option<RulesDraft> {
    let referrer_reward = fields.required("referrer_reward", money_or_nothing);
    let welcome_credit = fields.required("welcome_credit", money_or_nothing);
    let spend_threshold = fields.required("spend_threshold", money_or_nothing);
    let (terms, policy) = (terms(fields), policy(fields));
    let minimum_payout = fields.required("minimum_payout", money_or_nothing);
    let reward_budget = fields.nullable("reward_budget", money);
    let (terms, commission_cap) = terms?;
    Some(RulesDraft {
        referrer_reward: referrer_reward?,
        welcome_credit: welcome_credit?,
        spend_threshold: spend_threshold?,
        minimum_payout: minimum_payout?,
        reward_budget: reward_budget?,
        commission_cap,
        rest: Rules { terms, policy: policy? },
    })
}

/// The terms that are no amounts, and the commission's cap.
fn terms(fields: &mut Fields<'_>) -> Option<(Terms, Option<Money>)> {
    let window = fields.required("qualification_window_days", scalar::integer(1..=DAYS_MAX));
    let hold = fields.required("hold_days", scalar::integer(0..=HOLD_DAYS_MAX));
    let clawback = fields.required("clawback_window_days", scalar::integer(0..=DAYS_MAX));
    let commission = fields.nullable("commission", |node| node.object(commission));
    let (commission, cap) = commission?.unzip();
    let terms = Terms {
        qualification_window_days: window?,
        hold_days: hold?,
        clawback_window_days: clawback?,
        commission,
        ..Terms::default()
    };
    Some((terms, cap.flatten()))
}

fn commission(fields: &mut Fields<'_>) -> Option<(Commission, Option<Money>)> {
    let rate = fields.required("percent", percent);
    let months = fields.required("months", scalar::integer(1..=COMMISSION_MONTHS_MAX));
    let cap = fields.nullable("cap", money);
    Some((Commission { rate: rate?, months: months?, cap: None }, cap?))
}

fn percent(node: Node<'_>) -> Option<rust_decimal::Decimal> {
    match rate_of(node.text()?) {
        Some(rate) => Some(rate),
        None => node.fault("percent-format", "above 0, at most 100, at most 4 digits after the point"),
    }
}

/// The policies that are no amounts.
fn policy(fields: &mut Fields<'_>) -> Option<Policy> {
    let days = || scalar::integer(0..=DAYS_MAX);
    let limit = || scalar::integer(1..=LIMIT_MAX);
    let apply_window = fields.required("apply_window_days", days());
    let require_signup_time = fields.required("require_signup_time", |node| node.boolean());
    let payout_delay = fields.required("payout_delay_days", days());
    let per_referrer = fields.required("max_referrals_per_referrer_per_day", limit());
    let per_hour = fields.required("max_signups_per_ip_per_hour", limit());
    let per_day = fields.required("max_signups_per_ip_per_day", limit());
    let retention = fields.required("identity_retention_days", scalar::integer(1..=DAYS_MAX));
    Some(Policy {
        apply_window_days: apply_window?,
        require_signup_time: require_signup_time?,
        payout_delay_days: payout_delay?,
        max_referrals_per_referrer_per_day: per_referrer?,
        max_signups_per_ip_per_hour: per_hour?,
        max_signups_per_ip_per_day: per_day?,
        identity_retention_days: retention?,
        ..Policy::default()
    })
}
