//! Due is a level, never an edge: after any change to a referral, [`settle`] compares what is due with what is
//! granted and says what to post. No rule here reads the order in which facts arrived.

use crate::id::{ReferralId, TransactionId, UserId};
use crate::reference::SourceId;
use crate::referral::{Award, Progress, Referral, Review, State, WithheldReason};
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
    /// When this is decided.
    pub now: Timestamp,
}

/// Which promise is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promise {
    /// The referred user's welcome credit.
    Welcome,
    /// The referrer's reward; the number of its step, odd for a grant.
    Reward {
        /// 1 for the first grant.
        step: u32,
        /// The net spend that made it due, in minor units, for the description.
        threshold: i64,
    },
}

/// An amount to post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The transaction that posts it.
    pub transaction: TransactionId,
    /// Which promise it keeps.
    pub promise: Promise,
    /// Who is credited.
    pub to: UserId,
    /// How much, in minor units; always positive.
    pub amount: i64,
    /// For which referral.
    pub referral: ReferralId,
    /// The event that made it due, when one did.
    pub cause: Option<SourceId>,
    /// When it took effect.
    pub effective_at: Timestamp,
}

/// Brings a referral's state and awards to the level its facts demand, and says what is to be posted.
///
/// Repeating it changes nothing and posts nothing. Each grant takes one id from `ids`.
///
/// ```
/// # use referral_domain::{apply::*, code::*, id::*, money::*, program::*, reference::*, referral::*, time::*, user::*};
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
/// #     ancestors: vec![], crowding: None, parked: vec![],
/// # };
/// # let (mut last, order) = (10, ApplyOrder { applied_at: now, attribution });
/// # let mut ids = || { last += 1; Uuid::from_u128(last) };
/// # let Applied::New(new) = referral_domain::apply::decide(&order, scene, now, &mut ids)? else { panic!("new") };
/// use referral_domain::settle::{Circumstances, hear_email, settle};
/// let mut referral = new.referral;
/// referral.progress.spend.gross = 6_000;
/// let seen = Circumstances { paused: false, referrer: EmailStatus::Unknown, now };
/// assert!(settle(&mut referral, &seen, &mut ids).is_empty());
/// assert_eq!(referral.progress.reward, Award::Withheld(WithheldReason::EmailNotVerified));
/// hear_email(&mut referral, EmailStatus::Verified(now));
/// let granted: Vec<_> = settle(&mut referral, &seen, &mut ids).iter().map(|grant| grant.amount).collect();
/// assert_eq!(granted, [1_000, 2_500]);
/// assert!(settle(&mut referral, &seen, &mut ids).is_empty(), "once");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn settle(
    referral: &mut Referral,
    seen: &Circumstances,
    ids: &mut dyn FnMut() -> uuid::Uuid,
) -> Vec<Grant> {
    relabel(referral, seen.now);
    let due = [welcome_due(referral, seen), reward_due(referral, seen)];
    let granted = due.into_iter().flatten().map(|due| grant(referral, due, seen.now, ids)).collect();
    referral.progress.updated_at = seen.now;
    granted
}

/// A promise that is due, not granted, and not withheld.
struct Due {
    promise: Promise,
    to: UserId,
    amount: i64,
}

fn grant(referral: &mut Referral, due: Due, now: Timestamp, ids: &mut dyn FnMut() -> uuid::Uuid) -> Grant {
    let transaction = TransactionId::from_uuid(ids());
    let award = Award::Granted { at: now, transaction };
    match due.promise {
        Promise::Welcome => referral.progress.welcome = award,
        Promise::Reward { step, .. } => {
            referral.progress.reward = award;
            referral.progress.reward_steps = step;
        }
    }
    let Due { promise, to, amount } = due;
    Grant { transaction, promise, to, amount, referral: referral.facts.id, cause: None, effective_at: now }
}

fn welcome_due(referral: &mut Referral, seen: &Circumstances) -> Option<Due> {
    let amount = referral.facts.terms.welcome_credit;
    let due = amount > 0 && referral.progress.state.activated_at().is_some() && !is_fraud(&referral.progress);
    let obstacle = obstacle(&referral.progress, seen);
    let promise = Promise::Welcome;
    due_unless(&mut referral.progress.welcome, due, obstacle).then_some(Due {
        promise,
        to: referral.facts.referred,
        amount,
    })
}

fn reward_due(referral: &mut Referral, seen: &Circumstances) -> Option<Due> {
    let amount = referral.facts.terms.referrer_reward;
    let due = amount > 0 && referral.reached() && !is_fraud(&referral.progress) && may_qualify(referral);
    let unverified = matches!(seen.referrer, EmailStatus::Unverified);
    let obstacle =
        obstacle(&referral.progress, seen).or(unverified.then_some(WithheldReason::ReferrerEmailNotVerified));
    let promise = Promise::Reward {
        step: referral.progress.reward_steps + 1,
        threshold: referral.facts.terms.spend_threshold,
    };
    due_unless(&mut referral.progress.reward, due, obstacle).then_some(Due {
        promise,
        to: referral.facts.referrer,
        amount,
    })
}

/// Writes down what the level is, and answers whether a grant is to be posted.
fn due_unless(award: &mut Award, due: bool, obstacle: Option<WithheldReason>) -> bool {
    match (*award, due, obstacle) {
        (Award::Granted { .. }, _, _) => false,
        (_, false, _) => {
            *award = Award::NotDue;
            false
        }
        (_, true, Some(reason)) => {
            *award = Award::Withheld(reason);
            false
        }
        (_, true, None) => true,
    }
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

fn is_fraud(progress: &Progress) -> bool {
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
/// program's status. Counts an activation or conversion on the day it is found.
pub fn resettle(
    referral: &mut Referral,
    referred: EmailStatus,
    seen: &Circumstances,
    ids: &mut dyn FnMut() -> uuid::Uuid,
) -> Resettled {
    let before = referral.progress.clone();
    hear_email(referral, referred);
    let grants = settle(referral, seen, ids);
    let after = &referral.progress;
    let mut day = DayDelta::of(&referral.facts, seen.now.day());
    day.verified_signups =
        i64::from(before.state.activated_at().is_none() && after.state.activated_at().is_some());
    day.conversions =
        i64::from(before.state.completed_at().is_none() && after.state.completed_at().is_some());
    day.earned =
        grants.iter().filter(|grant| grant.promise != Promise::Welcome).map(|grant| grant.amount).sum();
    let changed = before != Progress { updated_at: before.updated_at, ..after.clone() };
    Resettled { changed, grants, day }
}
