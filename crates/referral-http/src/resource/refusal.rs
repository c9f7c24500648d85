//! From a use case's "no" to a problem: exhaustive, so that a new refusal cannot be forgotten.

use std::time::Duration;

use referral_app::{
    AdjustmentRefused, AdjustmentUndecided, ApplyRefusal, BatchRefused, ChangeRefused, CodeTaken,
    CreateProgramRefused, EmptyBatch, ExportRefused, Failure, MadeByAKey, Never, NoSuchCode, NoSuchKey,
    RedeemRefused, RetractionRefused, ReversalRefused, RulesRefused, STATEMENT_LINES_MAX, StatementRefused,
    Throttled, TimeOutOfRange, UnknownEvent,
};
use referral_domain::adjustment::DecisionRefusal;
use referral_domain::apply::ApplyRefusal as Rule;
use referral_domain::code::Unusable;
use referral_domain::credit::RedeemRefusal;
use referral_domain::payout::{BatchRefusal, RequestRefusal};
use referral_domain::rules::RuleFault;
use referral_domain::spend::SpendRefusal;
use referral_domain::time::{SECOND, Timestamp};

use crate::problem::{FieldFault, Place, Problem, ProblemCode};

/// Limits on people are told rounded up, so that nobody can tell when exactly somebody else signed up.
const COARSE: Duration = Duration::from_secs(900);

/// A refusal that can be told.
pub trait Explain {
    /// The problem, as seen at `now`.
    fn problem(&self, now: Timestamp) -> Problem;
}

/// The problem that a failed use case is answered with.
pub fn failed<R: Explain>(now: Timestamp) -> impl FnOnce(Failure<R>) -> Problem {
    move |failure| match failure {
        Failure::Refused(refusal) => refusal.problem(now),
        Failure::NoProgram => Problem::not_found(),
        Failure::KeyReused => Problem::new(ProblemCode::IdempotencyKeyReused),
        Failure::Store(error) => error.into(),
    }
}

impl Explain for Never {
    fn problem(&self, _: Timestamp) -> Problem {
        match *self {}
    }
}

impl Explain for Throttled {
    fn problem(&self, now: Timestamp) -> Problem {
        Problem::new(ProblemCode::TooManyRequests).retry_after(wait(self.retry_at, now))
    }
}

impl Explain for ApplyRefusal {
    fn problem(&self, now: Timestamp) -> Problem {
        match self {
            Self::Rule(rule) => rule.problem(now),
            Self::SignedUpAhead => {
                untimely("/created_at".to_owned(), "more than 5 minutes ahead of the clock")
            }
            Self::IpLimit(throttled) => {
                Problem::new(ProblemCode::IpLimit).retry_after(coarse(wait(throttled.retry_at, now)))
            }
        }
    }
}

impl Explain for Rule {
    fn problem(&self, now: Timestamp) -> Problem {
        match self {
            Self::ReferrerLimit { free_at } => {
                Problem::new(ProblemCode::ReferrerLimit).retry_after(coarse(wait(*free_at, now)))
            }
            Self::TimeOutOfRange => untimely(
                "/applied_at".to_owned(),
                "more than 5 minutes ahead of the clock, or more than 400 days back",
            ),
            other => Problem::new(rule_code(other)),
        }
    }
}

const fn rule_code(rule: &Rule) -> ProblemCode {
    match rule {
        Rule::CodeUnknown => ProblemCode::CodeUnknown,
        Rule::Code(Unusable::Inactive) => ProblemCode::CodeInactive,
        Rule::Code(Unusable::Expired) => ProblemCode::CodeExpired,
        Rule::Code(Unusable::Exhausted) => ProblemCode::CodeExhausted,
        Rule::ProgramPaused => ProblemCode::ProgramPaused,
        Rule::SelfReferral => ProblemCode::SelfReferral,
        Rule::SameEmail => ProblemCode::SameEmail,
        Rule::AlreadyReferred => ProblemCode::AlreadyReferred,
        Rule::ReferralCycle => ProblemCode::ReferralCycle,
        Rule::SignupTimeUnknown => ProblemCode::SignupTimeUnknown,
        Rule::ApplyWindowOver => ProblemCode::ApplyWindowOver,
        Rule::TimeOutOfRange => ProblemCode::TimeOutOfRange,
        Rule::ReferrerLimit { .. } => ProblemCode::ReferrerLimit,
    }
}

impl Explain for TimeOutOfRange {
    fn problem(&self, _: Timestamp) -> Problem {
        untimely("/occurred_at".to_owned(), "more than 5 minutes ahead of the clock")
    }
}

/// A refused spend event, and whether it came in a batch, where its pointer is another.
pub(super) struct RefusedSpend {
    pub(super) refusal: SpendRefusal,
    pub(super) batch: bool,
}

impl Explain for RefusedSpend {
    fn problem(&self, _: Timestamp) -> Problem {
        let SpendRefusal::TimeOutOfRange { index } = self.refusal;
        let place = if self.batch { format!("/events/{index}") } else { String::new() };
        untimely(place + "/occurred_at", "more than 5 minutes ahead of the clock, or more than 400 days back")
    }
}

impl Explain for CreateProgramRefused {
    fn problem(&self, _: Timestamp) -> Problem {
        match self {
            Self::Taken => Problem::new(ProblemCode::ProgramTaken),
            Self::Rules(faults) => contradictory(faults),
        }
    }
}

impl Explain for CodeTaken {
    fn problem(&self, _: Timestamp) -> Problem {
        Problem::new(ProblemCode::CodeTaken)
    }
}

impl Explain for MadeByAKey {
    fn problem(&self, _: Timestamp) -> Problem {
        Problem::new(ProblemCode::MissingRole).detail(self.to_string())
    }
}

impl Explain for NoSuchKey {
    fn problem(&self, _: Timestamp) -> Problem {
        Problem::not_found()
    }
}

impl Explain for NoSuchCode {
    fn problem(&self, _: Timestamp) -> Problem {
        Problem::not_found()
    }
}

impl Explain for RulesRefused {
    fn problem(&self, _: Timestamp) -> Problem {
        match self {
            Self::Rules(faults) => contradictory(faults),
            Self::Past | Self::Overtaken { .. } => {
                Problem::new(ProblemCode::TimeOutOfRange).errors(rules_faults(self))
            }
        }
    }
}

fn contradictory(faults: &[RuleFault]) -> Problem {
    Problem::new(ProblemCode::RulesInvalid).errors(faults.iter().map(rule_fault).collect())
}

fn rule_fault(fault: &RuleFault) -> FieldFault {
    let (code, detail) = match fault {
        RuleFault::Currency { .. } => ("currency-mismatch", "must be of the program's currency"),
        RuleFault::BudgetBelowReward => ("budget-below-reward", "no reward would ever fit this budget"),
        RuleFault::HourAboveDay => ("hour-above-day", "more an hour than a day"),
    };
    FieldFault { place: Place::Pointer(format!("/rules/{}", fault.rule())), code, detail: detail.into() }
}

/// What is wrong with rules, each with where.
pub(super) fn rules_faults(refused: &RulesRefused) -> Vec<FieldFault> {
    let late = |detail: String| {
        let place = Place::Pointer("/effective_from".to_owned());
        vec![FieldFault { place, code: "time-out-of-range", detail: detail.into() }]
    };
    match refused {
        RulesRefused::Rules(faults) => faults.iter().map(rule_fault).collect(),
        RulesRefused::Past => late("must not lie in the past".to_owned()),
        RulesRefused::Overtaken { version, from } => {
            late(format!("version {version} is in force from {from} on"))
        }
    }
}

fn untimely(pointer: String, detail: &'static str) -> Problem {
    let place = Place::Pointer(pointer);
    let fault = FieldFault { place, code: "time-out-of-range", detail: detail.into() };
    Problem::new(ProblemCode::TimeOutOfRange).errors(vec![fault])
}

impl Explain for UnknownEvent {
    fn problem(&self, _: Timestamp) -> Problem {
        Problem::not_found()
    }
}

impl Explain for RedeemRefused {
    fn problem(&self, _: Timestamp) -> Problem {
        Problem::new(match self {
            Self::Rule(RedeemRefusal::EmailNotVerified) => ProblemCode::EmailNotVerified,
            Self::Rule(RedeemRefusal::InsufficientBalance { .. }) => ProblemCode::InsufficientBalance,
            Self::Conflict => ProblemCode::RedemptionConflict,
        })
    }
}

impl Explain for ReversalRefused {
    fn problem(&self, _: Timestamp) -> Problem {
        Problem::new(match self {
            Self::NotFound => ProblemCode::NotFound,
            Self::Over(_) => ProblemCode::OverReversal,
            Self::Conflict => ProblemCode::RedemptionConflict,
        })
    }
}

impl Explain for RequestRefusal {
    fn problem(&self, _: Timestamp) -> Problem {
        Problem::new(request_code(self)).detail(self.to_string())
    }
}

const fn request_code(rule: &RequestRefusal) -> ProblemCode {
    match rule {
        RequestRefusal::EmailNotVerified => ProblemCode::EmailNotVerified,
        RequestRefusal::Open(_) => ProblemCode::PayoutOpen,
        RequestRefusal::NoMethod | RequestRefusal::MethodTooYoung { .. } => ProblemCode::PayoutMethodMissing,
        RequestRefusal::BelowMinimum { .. } => ProblemCode::BelowMinimum,
        RequestRefusal::AbovePayable { .. } => ProblemCode::InsufficientBalance,
    }
}

impl Explain for ChangeRefused {
    fn problem(&self, _: Timestamp) -> Problem {
        match self {
            Self::NotFound => Problem::not_found(),
            Self::State(state) => Problem::new(ProblemCode::PayoutState).detail(state.to_string()),
        }
    }
}

impl Explain for AdjustmentRefused {
    fn problem(&self, _: Timestamp) -> Problem {
        Problem::new(match self {
            Self::UserUnknown => ProblemCode::UserUnknown,
            Self::Insufficient(_) => ProblemCode::InsufficientBalance,
            Self::Conflict => ProblemCode::AdjustmentConflict,
        })
    }
}

impl Explain for AdjustmentUndecided {
    fn problem(&self, _: Timestamp) -> Problem {
        Problem::new(match self {
            Self::NotFound => ProblemCode::NotFound,
            Self::Rule(DecisionRefusal::SecondPersonRequired) => ProblemCode::SecondPersonRequired,
            Self::Rule(DecisionRefusal::Settled(_)) => ProblemCode::AdjustmentState,
            Self::Insufficient(_) => ProblemCode::InsufficientBalance,
        })
    }
}

impl Explain for RetractionRefused {
    fn problem(&self, _: Timestamp) -> Problem {
        match self {
            Self::NotFound => Problem::not_found(),
            Self::NotRetractable(why) => Problem::new(ProblemCode::NotRetractable).detail(why.advice()),
            Self::AlreadyRetracted => Problem::new(ProblemCode::AlreadyRetracted),
        }
    }
}

impl Explain for BatchRefused {
    fn problem(&self, _: Timestamp) -> Problem {
        match self {
            Self::NotFound => Problem::not_found(),
            Self::Rule(BatchRefusal::SecondPerson) => Problem::new(ProblemCode::SecondPersonRequired),
            Self::Rule(state) => Problem::new(ProblemCode::BatchState).detail(state.to_string()),
        }
    }
}

impl Explain for EmptyBatch {
    fn problem(&self, _: Timestamp) -> Problem {
        Problem::new(ProblemCode::PayoutState).detail(self.to_string())
    }
}

impl Explain for ExportRefused {
    fn problem(&self, now: Timestamp) -> Problem {
        match self {
            Self::Batch(refused) => refused.problem(now),
            Self::NotVerified(_) | Self::OtherFormat(_) | Self::Unsuitable(_) => {
                Problem::new(ProblemCode::BatchState).detail(self.to_string())
            }
        }
    }
}

impl Explain for StatementRefused {
    fn problem(&self, _: Timestamp) -> Problem {
        let Self::TooLong = self;
        let detail = format!("more than {STATEMENT_LINES_MAX} lines; ask for fewer days");
        Problem::parameter("to", "too-many-lines", detail)
    }
}

fn wait(until: Timestamp, now: Timestamp) -> Duration {
    let micros = u64::try_from(until.since(now)).unwrap_or(0);
    Duration::from_micros(micros).max(Duration::from_micros(SECOND.unsigned_abs()))
}

/// Rounded up to whole quarters of an hour.
fn coarse(wait: Duration) -> Duration {
    let quarters = wait.as_secs().div_ceil(COARSE.as_secs()).max(1);
    Duration::from_secs(quarters * COARSE.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_on_people_are_told_in_quarters_of_an_hour() {
        let now = Timestamp::from_micros(0);
        for (seconds, told) in [(0, 900), (1, 900), (900, 900), (901, 1800), (86_400, 86_400)] {
            let free_at = now.plus_micros(seconds * SECOND);
            let problem = Rule::ReferrerLimit { free_at }.problem(now);
            assert_eq!(problem.to_json()["retry_after_seconds"], told, "{seconds}");
        }
    }
}
