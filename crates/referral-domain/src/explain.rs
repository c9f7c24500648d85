//! Why an event was paid, or was not: every rule looked at, by how things stand now.

use crate::auth::words;
use crate::budget::BudgetMonth;
use crate::commission;
use crate::money::Money;
use crate::port::EventReport;
use crate::program::Program;
use crate::referral::{Referral, Review, State};
use crate::spend::{Outcome, RefundFact, SpendEvent, counts, effective_refund, folds};
use crate::time::Timestamp;
use crate::user::EmailStatus;

words! {
    /// A rule that decides what an event is worth.
    Rule {
        /// The spend that a refund names is known; a spend itself always is.
        EventKnown = "event-known",
        /// Its user came by a referral.
        ReferralExists = "referral-exists",
        /// It is in the program's currency, and a refund in its spend's.
        CurrencyMatches = "currency-matches",
        /// It was told at most 72 hours before the referral.
        ToldInTime = "told-in-time",
        /// The referral is not confirmed as fraud, nor was it when the event was told.
        ReferralOpen = "referral-open",
        /// The spend took place when or after the code was applied.
        AfterApplying = "after-applying",
        /// The spend lies in the qualification window.
        InsideWindow = "inside-window",
        /// The spend lies in the commission's months.
        CommissionWindow = "commission-window",
        /// The refund weighs on its spend.
        RefundWeighs = "refund-weighs",
        /// No operator took the reward back for good.
        NotWithdrawn = "not-withdrawn",
        /// Net spend has reached the threshold.
        ThresholdReached = "threshold-reached",
        /// The referred user's e-mail was verified within the window, and is now.
        EmailVerified = "email-verified",
        /// No fraud case is open.
        NoOpenReview = "no-open-review",
        /// The program is active.
        ProgramActive = "program-active",
        /// The referrer's e-mail is not known to be unverified.
        ReferrerEmailVerified = "referrer-email-verified",
        /// The month's budget has room for the reward, or the reward is posted.
        BudgetOpen = "budget-open",
    }
}

/// What a rule looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A word or id.
    Text(String),
    /// An amount.
    Money(Money),
    /// An instant.
    Time(Timestamp),
    /// Nothing is known, or nothing was promised.
    Nothing,
}

/// One rule that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// Which.
    pub rule: Rule,
    /// Whether it holds.
    pub passed: bool,
    /// What it looked at, by name.
    pub inputs: Vec<(&'static str, Input)>,
}

/// One sum, as it is worked out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Worked {
    /// Of what.
    pub label: &'static str,
    /// In numbers.
    pub expression: String,
    /// What it comes to.
    pub value: Money,
}

/// Why an event was paid, or was not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// The version of the rules that decides it: that which its referral pinned, else that in force.
    pub rule_version: u32,
    /// Every rule that was looked at, in order. What follows from none of the facts there are is left out.
    pub checks: Vec<Checked>,
    /// The sums.
    pub arithmetic: Vec<Worked>,
}

impl Explanation {
    /// The first rule that keeps the event from being paid; `None` when nothing does. A spend in one of the two windows is
    /// not kept back by the other.
    #[must_use]
    pub fn first_reason_why_not(&self) -> Option<Rule> {
        let passed = |rule| self.checks.iter().any(|check| check.rule == rule && check.passed);
        let earns_commission = passed(Rule::CommissionWindow);
        let counts = passed(Rule::InsideWindow);
        let matters = |rule| match rule {
            Rule::CommissionWindow => !counts,
            Rule::InsideWindow => !earns_commission,
            Rule::NotWithdrawn | Rule::ThresholdReached | Rule::BudgetOpen => counts || !earns_commission,
            _ => true,
        };
        let failed = |check: &&Checked| !check.passed && matters(check.rule);
        self.checks.iter().find(failed).map(|check| check.rule)
    }
}

/// Explains an event by how things stand now; pure, over what is stored.
///
/// ```
/// # use referral_domain::{explain::*, id::*, money::*, port::EventReport, program::*, reference::*, spend::*, time::*, user::*};
/// # use uuid::Uuid;
/// # let (usd, now) = (Currency::parse("USD")?, Timestamp::from_micros(1_769_862_896_000_000));
/// # let program = Program::default_program(BookId(7), usd, "https://app.example.com".into(), now).expect("a slug");
/// # let event = SpendEvent {
/// #     id: EventId::from_uuid(Uuid::from_u128(1)), source: SourceId::parse("inv_1").expect("an id"),
/// #     user: UserId::from_uuid(Uuid::from_u128(2)), amount: Money::of(500, usd), occurred_at: now, recorded_at: now,
/// #     payment: None, metadata: None, refund: None, body: BodyHash([0; 32]), outcome: Outcome::NotReferred,
/// #     referral: None, counted: 0, over_refund: false, level: None, reward: None, commission: None, withheld: None,
/// # };
/// # let user = HostId::parse("u_ben").expect("a user id");
/// # let report = EventReport {
/// #     event, user, spend: None, refunds: vec![], referral: None, referrer: EmailStatus::Unknown, budget: None,
/// # };
/// let told = explain(&report, &program);
/// assert_eq!(told.first_reason_why_not(), Some(Rule::ReferralExists), "nobody referred this user");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn explain(report: &EventReport, program: &Program) -> Explanation {
    let case = Case { report, program, spend: spend_of(report) };
    let mut checks = vec![case.event_known(), case.referral_exists(), case.currency_matches()];
    let mut arithmetic = Vec::new();
    if let Some(referral) = &report.referral {
        if let Some(spend) = case.spend {
            checks.extend(case.of_spend(spend, referral));
            arithmetic.extend(case.sums_of_spend(spend, referral));
        }
        checks.extend(case.of_reward(referral));
        arithmetic.extend(case.sums_of_referral(referral));
    }
    let pinned = report.referral.as_ref().map(|referral| referral.facts.rule_version);
    Explanation { rule_version: pinned.unwrap_or(program.rule_version), checks, arithmetic }
}

/// The spend that an event is, or names.
const fn spend_of(report: &EventReport) -> Option<&SpendEvent> {
    match report.event.refund {
        None => Some(&report.event),
        Some(_) => report.spend.as_ref(),
    }
}

struct Case<'a> {
    report: &'a EventReport,
    program: &'a Program,
    spend: Option<&'a SpendEvent>,
}

fn checked(rule: Rule, passed: bool, inputs: Vec<(&'static str, Input)>) -> Checked {
    Checked { rule, passed, inputs }
}

fn text(value: impl ToString) -> Input {
    Input::Text(value.to_string())
}

fn time(at: Option<Timestamp>) -> Input {
    at.map_or(Input::Nothing, Input::Time)
}

impl Case<'_> {
    fn money(&self, minor: i64) -> Money {
        self.program.money(minor)
    }

    fn event_known(&self) -> Checked {
        let EventReport { event, .. } = self.report;
        let named = event.refund.as_ref().map_or(&event.source, |refund| &refund.spend);
        checked(Rule::EventKnown, self.spend.is_some(), vec![("source_id", text(named))])
    }

    fn referral_exists(&self) -> Checked {
        let inputs = vec![("user_id", text(&self.report.user))];
        checked(Rule::ReferralExists, self.report.referral.is_some(), inputs)
    }

    fn currency_matches(&self) -> Checked {
        let EventReport { event, .. } = self.report;
        let (own, wanted) = (event.amount.currency(), self.program.currency);
        let of_spend = self.spend.is_none_or(|spend| spend.amount.currency() == own);
        let inputs = vec![("currency", text(own.code())), ("program", text(wanted.code()))];
        checked(Rule::CurrencyMatches, own == wanted && of_spend, inputs)
    }

    /// The rules that ask when the spend took place and was told.
    fn of_spend(&self, spend: &SpendEvent, referral: &Referral) -> Vec<Checked> {
        let (facts, at) = (&referral.facts, spend.occurred_at);
        let (occurred, recorded) = (Input::Time(at), Input::Time(spend.recorded_at));
        let mut checks = Vec::new();
        if spend.outcome == Outcome::NotReferred {
            let in_time = folds(spend, facts, self.program.currency) || !self.lies_inside(spend, referral);
            let inputs =
                vec![("recorded_at", recorded), ("referral_created_at", Input::Time(facts.created_at))];
            checks.push(checked(Rule::ToldInTime, in_time, inputs));
        }
        let fraud = matches!(referral.progress.state, State::Fraud { .. });
        let open = !fraud && spend.outcome != Outcome::ReferralClosed;
        let status = text(referral.progress.state.name());
        checks.push(checked(
            Rule::ReferralOpen,
            open,
            vec![("status", status), ("outcome", text(spend.outcome))],
        ));
        let inputs = vec![("occurred_at", occurred.clone()), ("applied_at", Input::Time(facts.applied_at))];
        checks.push(checked(Rule::AfterApplying, facts.applied_at <= at, inputs));
        let (from, until) = (Input::Time(facts.applied_at), Input::Time(facts.qualifies_until));
        let inputs = vec![("occurred_at", occurred.clone()), ("from", from), ("until", until)];
        checks.push(checked(Rule::InsideWindow, facts.window_holds(at), inputs));
        if facts.terms.commission.is_some() {
            let inputs = vec![("occurred_at", occurred), ("until", time(facts.commission_until()))];
            checks.push(checked(Rule::CommissionWindow, facts.commission_holds(at), inputs));
        }
        checks.extend(self.refund_weighs(spend, referral));
        checks
    }

    fn lies_inside(&self, spend: &SpendEvent, referral: &Referral) -> bool {
        let facts = &referral.facts;
        facts.window_holds(spend.occurred_at) || facts.commission_holds(spend.occurred_at)
    }

    fn refund_weighs(&self, spend: &SpendEvent, referral: &Referral) -> Option<Checked> {
        let refund = RefundFact::of(&self.report.event)?;
        let days = referral.facts.terms.clawback_window_days;
        let until = Input::Time(spend.occurred_at.plus_days(days));
        let inputs = vec![
            ("occurred_at", Input::Time(refund.occurred_at)),
            ("until", until),
            ("reason", text(refund.reason)),
        ];
        Some(checked(Rule::RefundWeighs, refund.weighs_on(spend, days), inputs))
    }

    /// The rules that ask how far the referral is and what stands in the way.
    fn of_reward(&self, referral: &Referral) -> Vec<Checked> {
        let progress = &referral.progress;
        let threshold = referral.facts.terms.spend_threshold;
        let sums = [("net", progress.spend.net()), ("threshold", threshold)];
        let sums = sums.map(|(name, minor)| (name, Input::Money(self.money(minor)))).to_vec();
        let verified = progress.verified_at.is_some() && progress.state.activated_at().is_some();
        let paused = self.program.is_paused();
        let (email, known) = match self.report.referrer {
            EmailStatus::Unknown => ("unknown", true),
            EmailStatus::Verified(_) => ("yes", true),
            EmailStatus::Unverified => ("no", false),
        };
        let status = text(if paused { "paused" } else { "active" });
        let (review, open) = (text(progress.review), progress.review == Review::Open);
        let withdrawn = &progress.withdrawn;
        let word = text(if withdrawn.reward { "withdrawn" } else { "stands" });
        let taken = vec![("reward", word), ("commission", Input::Money(self.money(withdrawn.commission)))];
        vec![
            checked(Rule::NotWithdrawn, !withdrawn.reward, taken),
            checked(Rule::ThresholdReached, referral.reached(), sums),
            checked(Rule::EmailVerified, verified, vec![("verified_at", time(progress.verified_at))]),
            checked(Rule::NoOpenReview, !open, vec![("review", review)]),
            checked(Rule::ProgramActive, !paused, vec![("status", status)]),
            checked(Rule::ReferrerEmailVerified, known, vec![("email_verified", text(email))]),
            self.budget_open(referral),
        ]
    }

    fn budget_open(&self, referral: &Referral) -> Checked {
        let (limit, month) = (self.program.rules.policy.reward_budget, self.report.budget);
        let granted = month.map_or(0, |month| month.granted);
        let fits = |limit: i64| granted.saturating_add(referral.facts.terms.referrer_reward) <= limit;
        let open = month.as_ref().is_none_or(|month: &BudgetMonth| month.is_open(limit));
        let passed = referral.progress.reward.is_posted() || (open && limit.is_none_or(fits));
        let limit = limit.map_or(Input::Nothing, |limit| Input::Money(self.money(limit)));
        let inputs = vec![("limit", limit), ("granted", Input::Money(self.money(granted)))];
        checked(Rule::BudgetOpen, passed, inputs)
    }

    /// What refunds take from the spend, and what is left of it.
    fn sums_of_spend(&self, spend: &SpendEvent, referral: &Referral) -> Vec<Worked> {
        if !counts(spend, &referral.facts, self.program.currency) {
            return Vec::new();
        }
        let days = referral.facts.terms.clawback_window_days;
        let weighing = self.report.refunds.iter().filter(|refund| refund.weighs_on(spend, days));
        let each: Vec<_> = weighing.map(|refund| refund.amount.to_string()).collect();
        let sum = if each.is_empty() { self.money(0).to_string() } else { each.join(" + ") };
        let refunded = self.money(effective_refund(spend, &self.report.refunds, days));
        let counted = self.money(spend.amount.minor() - refunded.minor());
        vec![
            Worked {
                label: "refunded",
                expression: format!("min({}, {sum})", spend.amount),
                value: refunded,
            },
            Worked { label: "counted", expression: format!("{} - {refunded}", spend.amount), value: counted },
        ]
    }

    /// Net spend, and the commission on it.
    fn sums_of_referral(&self, referral: &Referral) -> Vec<Worked> {
        let progress = &referral.progress;
        let less = |gross, refunded| format!("{} - {}", self.money(gross), self.money(refunded));
        let spend = progress.spend;
        let net = self.money(spend.net());
        let mut sums =
            vec![Worked { label: "net", expression: less(spend.gross, spend.refunded), value: net }];
        if let Some(terms) = &referral.facts.terms.commission {
            let sum = progress.commission;
            let net = self.money(sum.net());
            sums.push(Worked {
                label: "commission-net",
                expression: less(sum.gross, sum.refunded),
                value: net,
            });
            let exact = format!("{} * {net}", terms.rate.normalize());
            let share = match terms.cap {
                Some(cap) => format!("min({}, round({exact}))", self.money(cap)),
                None => format!("round({exact})"),
            };
            let withdrawn = progress.withdrawn;
            let expression = match withdrawn.commission {
                0 => share,
                taken => format!("max({}, {share} - {})", self.money(0), self.money(taken)),
            };
            let value = self.money(withdrawn.left_of(commission::due(terms, sum.net())));
            sums.push(Worked { label: "commission", expression, value });
        }
        sums
    }
}
