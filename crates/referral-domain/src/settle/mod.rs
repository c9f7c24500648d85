//! Due is a level, never an edge: after any change to a referral, [`settle`] compares what is due with what is
//! granted and says what to post. No rule here reads the order in which facts arrived.

mod promise;
mod withdraw;

pub use promise::{Grant, Promise, Withdrawal};
pub use withdraw::withdraw;

use crate::budget::Budget;
use crate::commission;
use crate::id::TransactionId;
use crate::referral::{Award, Progress, Referral, ReferralFacts, Review, State, WithheldReason};
use crate::time::Timestamp;
use crate::tracking::DayDelta;
use crate::user::EmailStatus;

/// What [`settle`] must know beside the referral itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Circumstances {
    /// Whether the program is paused.
    pub paused: bool,
    /// Whether the referrer's e-mail is verified.
    pub referrer: EmailStatus,
    /// When the spend took place that is being counted, if one is: what it earns is held from then on.
    pub spent_at: Option<Timestamp>,
    /// When this is decided.
    pub now: Timestamp,
}

/// Brings a referral's state and awards to the level its facts demand, and says what is to be posted.
///
/// Repeating it changes nothing and posts nothing. Each grant takes one id from `ids`. What stands in the way holds back
/// grants alone: what is not due is taken back whatever stands in the way. A reward that nothing else holds back asks
/// the budget.
///
/// ```
/// # use referral_domain::{apply::*, budget::*, code::*, id::*, money::*, program::*, reference::*, referral::*, time::*, user::*};
/// # use uuid::Uuid;
/// # let (book, usd, now) = (BookId(7), Currency::parse("USD")?, Timestamp::from_micros(1_769_862_896_000_000));
/// # let user = |n| UserId::from_uuid(Uuid::from_u128(n));
/// # let host = |name| HostId::parse(name).expect("a user id");
/// # let (ana, mut ben) = (UserFacts::first_seen(user(1), host("u_ana"), now), UserFacts::first_seen(user(2), host("u_ben"), now));
/// # ben.hear_sign_up(now);
/// # let program = Program::default_program(book, usd, "https://app.example.com".into(), now).expect("a slug");
/// # let text = CodeText::parse("K7WQ2M9X").expect("a code");
/// # let code = Code::primary(book, CodeId::from_uuid(Uuid::from_u128(3)), ana.id, text, now);
/// # let attribution = Attribution { source: Source::Typed, click: None, clicked_at: None, sub_id: None };
/// # let scene = ApplyScene {
/// #     program, promised: None, code: Some(code), referred: ben, referrer: Some(ana), existing: None, email_owner: None,
/// #     ancestors: vec![], crowding: None, parked: vec![], refunds: Default::default(),
/// # };
/// # let mut budget = Budget::unbounded(now.month());
/// # let (mut last, order) = (10, ApplyOrder { applied_at: now, attribution });
/// # let mut ids = || { last += 1; Uuid::from_u128(last) };
/// # let Applied::New(new) = referral_domain::apply::decide(&order, scene, &mut budget, now, &mut ids)? else { panic!("new") };
/// use referral_domain::settle::{Circumstances, Grant, hear_email, settle};
/// let mut referral = new.referral;
/// referral.progress.spend.gross = 6_000;
/// let seen = Circumstances { paused: false, referrer: EmailStatus::Unknown, spent_at: None, now };
/// assert!(settle(&mut referral, &seen, &mut budget, &mut ids).is_empty());
/// assert_eq!(referral.progress.reward, Award::Withheld(WithheldReason::EmailNotVerified));
/// hear_email(&mut referral, EmailStatus::Verified(now));
/// let granted: Vec<_> = settle(&mut referral, &seen, &mut budget, &mut ids).iter().map(Grant::signed).collect();
/// assert_eq!(granted, [1_000, 2_500]);
/// assert!(settle(&mut referral, &seen, &mut budget, &mut ids).is_empty(), "once");
/// referral.progress.spend.refunded = 1_001;
/// let taken: Vec<_> = settle(&mut referral, &seen, &mut budget, &mut ids).iter().map(Grant::signed).collect();
/// assert_eq!((taken, referral.progress.reward), (vec![-2_500], Award::Retracted));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn settle(
    referral: &mut Referral,
    seen: &Circumstances,
    budget: &mut Budget,
    ids: &mut dyn FnMut() -> uuid::Uuid,
) -> Vec<Grant> {
    relabel(referral, seen.now);
    let welcome = settle_welcome(referral, seen, ids);
    let reward = settle_reward(referral, seen, budget, ids);
    let commission = settle_commission(referral, seen, ids);
    referral.progress.updated_at = seen.now;
    [welcome, reward, commission].into_iter().flatten().collect()
}

/// What is to be done so that an award is at its level.
enum Step {
    /// Nothing.
    Stay,
    /// It is due and nothing stands in the way.
    Grant,
    /// It is posted and not due.
    TakeBack(TransactionId),
}

/// Writes down what the level is, and answers what is to be done. `once` is whether it was ever posted.
fn step(award: &mut Award, due: bool, once: bool, obstacle: impl FnOnce() -> Option<WithheldReason>) -> Step {
    match (award.transaction(), due) {
        (Some(_), true) => return Step::Stay,
        (Some(of), false) => {
            *award = Award::Retracted;
            return Step::TakeBack(of);
        }
        (None, false) => *award = if once { Award::Retracted } else { Award::NotDue },
        (None, true) => match obstacle() {
            None => return Step::Grant,
            Some(reason) => *award = Award::Withheld(reason),
        },
    }
    Step::Stay
}

fn grant(
    facts: &ReferralFacts,
    promise: Promise,
    amount: i64,
    now: Timestamp,
    ids: &mut dyn FnMut() -> uuid::Uuid,
) -> Grant {
    Grant {
        transaction: TransactionId::from_uuid(ids()),
        promise,
        to: if promise.is_the_referrers() { facts.referrer } else { facts.referred },
        amount,
        referral: facts.id,
        code: facts.code,
        cause: None,
        spend: None,
        by_hand: None,
        held_until: None,
        effective_at: now,
    }
}

/// The welcome credit is never held, and only fraud and a withdrawal take it back: then it stays taken.
fn settle_welcome(
    referral: &mut Referral,
    seen: &Circumstances,
    ids: &mut dyn FnMut() -> uuid::Uuid,
) -> Option<Grant> {
    let once = referral.progress.welcome == Award::Retracted;
    let due = is_welcome_due(referral) && !once;
    let Referral { facts, progress } = referral;
    let amount = facts.terms.welcome_credit;
    let obstacle = obstacle(progress, seen);
    let promise = match step(&mut progress.welcome, due, once, || obstacle) {
        Step::Stay => return None,
        Step::Grant => Promise::Welcome,
        Step::TakeBack(of) => Promise::WelcomeRetraction { of },
    };
    let grant = grant(facts, promise, amount, seen.now, ids);
    if !promise.is_taken_back() {
        progress.welcome = Award::Granted { at: seen.now, transaction: grant.transaction };
    }
    Some(grant)
}

fn settle_reward(
    referral: &mut Referral,
    seen: &Circumstances,
    budget: &mut Budget,
    ids: &mut dyn FnMut() -> uuid::Uuid,
) -> Option<Grant> {
    let due = is_reward_due(referral);
    let Referral { facts, progress } = referral;
    let amount = facts.terms.referrer_reward;
    let (steps, standing) = (progress.reward_steps, referrers_obstacle(progress, seen));
    let spent = || (!budget.admits(amount)).then_some(WithheldReason::Budget);
    let promise = match step(&mut progress.reward, due, steps > 0, || standing.or_else(spent)) {
        Step::Stay => return None,
        Step::Grant => Promise::Reward { step: steps + 1, threshold: facts.terms.spend_threshold },
        Step::TakeBack(of) => Promise::RewardRetraction { step: steps + 1, of },
    };
    let mut grant = grant(facts, promise, amount, seen.now, ids);
    progress.reward_steps = steps + 1;
    if !promise.is_taken_back() {
        grant.held_until = held_until(facts, seen.now, seen.now);
        progress.reward = posted(&grant);
    }
    Some(grant)
}

/// Whether the facts demand that the welcome credit be posted, whatever stands in the way, unless it was taken back once.
#[must_use]
pub const fn is_welcome_due(referral: &Referral) -> bool {
    let Referral { facts, progress } = referral;
    let promised = facts.terms.welcome_credit > 0 && !progress.withdrawn.welcome;
    promised && progress.state.activated_at().is_some() && !is_fraud(progress)
}

/// Whether the facts demand that the reward be posted, whatever stands in the way. One that was withdrawn never is.
#[must_use]
pub fn is_reward_due(referral: &Referral) -> bool {
    let promised = referral.facts.terms.referrer_reward > 0 && !referral.progress.withdrawn.reward;
    promised && referral.reached() && !is_fraud(&referral.progress) && may_qualify(referral)
}

/// What the facts demand to be posted of the commission, whatever stands in the way: less what was withdrawn.
#[must_use]
pub fn commission_due(referral: &Referral) -> i64 {
    let Referral { facts, progress } = referral;
    let promised = facts.terms.commission.as_ref().filter(|_| !is_fraud(progress));
    promised.map_or(0, |terms| progress.withdrawn.left_of(commission::due(terms, progress.commission.net())))
}

fn posted(grant: &Grant) -> Award {
    let (at, transaction) = (grant.effective_at, grant.transaction);
    match grant.held_until {
        Some(available_at) => Award::Held { at, transaction, available_at },
        None => Award::Granted { at, transaction },
    }
}

/// Until when something is held that was earned at an instant; `None` when that is not in the future.
fn held_until(facts: &ReferralFacts, earned_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let days = facts.terms.hold_days;
    Some(earned_at.plus_days(days)).filter(|until| days > 0 && *until > now)
}

/// Posts the difference between what the commission comes to and what is posted of it, either way.
fn settle_commission(
    referral: &mut Referral,
    seen: &Circumstances,
    ids: &mut dyn FnMut() -> uuid::Uuid,
) -> Option<Grant> {
    referral.facts.terms.commission.as_ref()?;
    let due = commission_due(referral);
    let Referral { facts, progress } = referral;
    let standing = referrers_obstacle(progress, seen);
    let commission = &mut progress.commission;
    commission.due = due;
    let rises = commission.due > commission.posted;
    commission.withheld = standing.filter(|_| rises);
    if commission.due == commission.posted || commission.withheld.is_some() {
        return None;
    }
    let step = commission.steps + 1;
    let posted = commission.due;
    let promise = if rises {
        Promise::Commission { step, posted }
    } else {
        Promise::CommissionRetraction { step, posted }
    };
    let amount = (commission.due - commission.posted).abs();
    (commission.posted, commission.steps) = (commission.due, step);
    let mut grant = grant(facts, promise, amount, seen.now, ids);
    if rises {
        grant.held_until = held_until(facts, seen.spent_at.unwrap_or(seen.now), seen.now);
    }
    Some(grant)
}

/// What stands in the way of anything for the referrer, the gravest first.
fn referrers_obstacle(progress: &Progress, seen: &Circumstances) -> Option<WithheldReason> {
    let unverified = matches!(seen.referrer, EmailStatus::Unverified);
    obstacle(progress, seen).or(unverified.then_some(WithheldReason::ReferrerEmailNotVerified))
}

/// What stands in the way of anything from this referral, the gravest first.
fn obstacle(progress: &Progress, seen: &Circumstances) -> Option<WithheldReason> {
    if progress.verified_at.is_none() || progress.state.activated_at().is_none() {
        Some(WithheldReason::EmailNotVerified)
    } else if progress.review == Review::Open {
        Some(WithheldReason::UnderReview)
    } else if seen.paused {
        Some(WithheldReason::ProgramPaused)
    } else {
        None
    }
}

/// Whether the referral can ever be completed: one verified only after its window cannot.
#[must_use]
pub fn may_qualify(referral: &Referral) -> bool {
    let Progress { state, verified_at, .. } = &referral.progress;
    state.activated_at().is_some() || verified_at.is_none_or(|at| at < referral.facts.qualifies_until)
}

const fn is_fraud(progress: &Progress) -> bool {
    matches!(progress.state, State::Fraud { .. })
}

/// The state that verification and net spend demand. `Expired` is put on by [`expire`] alone and taken off here.
fn relabel(referral: &mut Referral, now: Timestamp) {
    let in_window = referral.progress.verified_at.is_some_and(|at| at < referral.facts.qualifies_until);
    let activated = referral.progress.state.activated_at().or(in_window.then_some(now));
    let reached = referral.reached();
    referral.progress.state = match (referral.progress.state, activated) {
        (fraud @ State::Fraud { .. }, _) => fraud,
        (done @ State::Completed { .. }, _) if reached => done,
        (_, Some(activated_at)) if reached => State::Completed { activated_at, completed_at: now },
        (State::Pending | State::Completed { .. }, Some(activated_at)) => State::Active { activated_at },
        (State::Expired { activated_at: None, .. }, Some(activated_at)) => State::Active { activated_at },
        (unchanged, _) => unchanged,
    };
}

/// Puts the label `expired` on a referral whose window is over and which did not qualify; answers whether it did.
pub fn expire(referral: &mut Referral, now: Timestamp) -> bool {
    let over = now >= referral.facts.qualifies_until;
    let open = matches!(referral.progress.state, State::Pending | State::Active { .. });
    if over && open {
        let activated_at = referral.progress.state.activated_at();
        referral.progress.state = State::Expired { activated_at, closed_at: now };
        referral.progress.updated_at = now;
    }
    over && open
}

/// Takes over what is now known of the referred user's e-mail: verified since the earliest instant told, so that being
/// told again changes nothing.
pub fn hear_email(referral: &mut Referral, status: EmailStatus) {
    referral.progress.verified_at = match status {
        EmailStatus::Verified(at) => Some(at),
        EmailStatus::Unknown | EmailStatus::Unverified => None,
    };
}

/// What [`resettle`] brought about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resettled {
    /// Whether anything but the time of the last change differs.
    pub changed: bool,
    /// What is to be posted.
    pub grants: Vec<Grant>,
    /// What the day row gains.
    pub day: DayDelta,
}

/// Settles a referral again after something outside it changed: its referred user's e-mail, its referrer's, the
/// program's status, the month's budget. Counts an activation or conversion on the day it is found.
pub fn resettle(
    referral: &mut Referral,
    referred: EmailStatus,
    seen: &Circumstances,
    budget: &mut Budget,
    ids: &mut dyn FnMut() -> uuid::Uuid,
) -> Resettled {
    let before = referral.progress.clone();
    hear_email(referral, referred);
    let grants = settle(referral, seen, budget, ids);
    let after = &referral.progress;
    let day = gained(&referral.facts, &before, after, &grants, seen.now);
    let changed = before != Progress { updated_at: before.updated_at, ..after.clone() };
    Resettled { changed, grants, day }
}

/// Whether [`resettle`] would ask the month's budget, and so must know it.
#[must_use]
pub fn asks_budget(referral: &Referral, referred: EmailStatus, seen: &Circumstances) -> bool {
    let mut budget = Budget::unbounded(seen.now.month());
    resettle(&mut referral.clone(), referred, seen, &mut budget, &mut uuid::Uuid::nil);
    budget.was_used()
}

/// What the day row gains when a referral goes from one progress to another, but for revenue and what is held.
pub(crate) fn gained(
    facts: &ReferralFacts,
    before: &Progress,
    after: &Progress,
    grants: &[Grant],
    now: Timestamp,
) -> DayDelta {
    let became = |was: bool, is: bool| i64::from(!was && is);
    let active = |progress: &Progress| progress.state.activated_at().is_some();
    let completed = |progress: &Progress| progress.state.completed_at().is_some();
    let mut day = DayDelta::of(facts, now.day());
    day.verified_signups = became(active(before), active(after));
    day.conversions = became(completed(before), completed(after));
    day.conversions_reversed = became(completed(after), completed(before));
    day.earned = grants.iter().filter(|grant| grant.promise.is_the_referrers()).map(Grant::signed).sum();
    day
}
