//! What the tests begin with: Ana shares a code, Ben comes by it; everything valid, so that a test says only what differs.

use referral_domain::budget::Budget;
use referral_domain::code::{Code, CodeText};
use referral_domain::commission::CommissionProgress;
use referral_domain::id::{BookId, CodeId, ReferralId, UserId};
use referral_domain::money::{Currency, Money};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, SourceId};
use referral_domain::referral::{
    Attribution, Award, Progress, Referral, ReferralFacts, Review, Source, SpendTotals, State,
};
use referral_domain::retraction::Withdrawn;
use referral_domain::settle::Circumstances;
use referral_domain::spend::{EventCommand, RefundCommand, RefundReason, SpendCommand, SpendRules};
use referral_domain::time::{DAY, Timestamp};
use referral_domain::user::{EmailStatus, UserFacts};
use uuid::Uuid;

/// 2026-01-31T12:34:56.123456Z.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_769_862_896_123_456);
pub(crate) const BOOK: BookId = BookId(7);
pub(crate) const ANA: UserId = UserId::from_uuid(Uuid::from_u128(1));
pub(crate) const BEN: UserId = UserId::from_uuid(Uuid::from_u128(2));

pub(crate) fn usd() -> Currency {
    Currency::parse("USD").expect("ISO 4217")
}

/// Ids that differ and grow.
pub(crate) fn ids(mut last: u128) -> impl FnMut() -> Uuid {
    move || {
        last += 1;
        Uuid::from_u128(last)
    }
}

pub(crate) fn days(days: i64) -> Timestamp {
    NOW.plus_micros(days * DAY)
}

pub(crate) fn host(name: &str) -> HostId {
    HostId::parse(name).expect("a user id")
}

pub(crate) fn source(name: &str) -> SourceId {
    SourceId::parse(name).expect("a source id")
}

pub(crate) fn program() -> Program {
    let url = "https://app.example.com/signup".to_owned();
    let program = Program::default_program(BOOK, usd(), url, days(-300)).expect("a sound slug");
    Program { rule_version: 3, ..program }
}

pub(crate) fn ana() -> UserFacts {
    UserFacts::first_seen(ANA, host("u_ana"), days(-200))
}

/// Ben signed up a day ago; nobody said whether his e-mail is verified.
pub(crate) fn ben() -> UserFacts {
    let mut ben = UserFacts::first_seen(BEN, host("u_ben"), days(-1));
    ben.hear_sign_up(days(-1));
    ben
}

pub(crate) fn code() -> Code {
    let text = CodeText::parse("K7WQ2M9X").expect("a code");
    Code::primary(BOOK, CodeId::from_uuid(Uuid::from_u128(3)), ANA, text, days(-100))
}

pub(crate) fn attribution() -> Attribution {
    Attribution { source: Source::Typed, click: None, clicked_at: None, sub_id: None }
}

/// Ben applied Ana's code just now and nothing happened since: reward 25.00, welcome 10.00, threshold 50.00, 90 days.
pub(crate) fn referral() -> Referral {
    let facts = ReferralFacts {
        book: BOOK,
        id: ReferralId::from_uuid(Uuid::from_u128(4)),
        referrer: ANA,
        referred: BEN,
        code: code().id,
        code_text: code().text,
        rule_version: 3,
        terms: program().rules.terms,
        attribution: attribution(),
        signed_up_at: Some(days(-1)),
        applied_at: NOW,
        qualifies_until: days(90),
        created_at: NOW,
    };
    Referral { facts, progress: untouched() }
}

pub(crate) fn untouched() -> Progress {
    Progress {
        state: State::Pending,
        review: Review::None,
        case: None,
        verified_at: None,
        spend: SpendTotals::default(),
        welcome: Award::NotDue,
        reward: Award::NotDue,
        reward_steps: 0,
        commission: CommissionProgress::default(),
        withdrawn: Withdrawn::default(),
        updated_at: NOW,
    }
}

/// Nothing stands in the way.
pub(crate) fn clear(now: Timestamp) -> Circumstances {
    Circumstances { paused: false, referrer: EmailStatus::Unknown, spent_at: None, now }
}

pub(crate) const fn rules(paused: bool, currency: Currency) -> SpendRules {
    SpendRules { book: BOOK, currency, paused }
}

/// Ben paid so many cents.
pub(crate) fn paid(name: &str, minor: i64, occurred_at: Timestamp) -> SpendCommand {
    SpendCommand {
        source: source(name),
        user: host("u_ben"),
        amount: Money::of(minor, usd()),
        occurred_at,
        payment: None,
        metadata: None,
    }
}

/// Ben was refunded so many cents of a spend.
pub(crate) fn refunded(name: &str, of: &str, minor: i64, occurred_at: Timestamp) -> RefundCommand {
    RefundCommand {
        source: source(name),
        user: host("u_ben"),
        spend: source(of),
        amount: Money::of(minor, usd()),
        occurred_at,
        reason: RefundReason::Requested,
        metadata: None,
    }
}

/// Commands of one kind, as events.
pub(crate) fn events<C: Clone + Into<EventCommand>>(commands: &[C]) -> Vec<EventCommand> {
    commands.iter().cloned().map(Into::into).collect()
}

/// A budget without a limit.
pub(crate) fn plenty() -> Budget {
    Budget::unbounded(NOW.month())
}
