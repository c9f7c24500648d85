//! Applying a code: who may be referred by whom, and what a new referral begins with.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::budget::Budget;
use crate::code::{Code, Unusable};
use crate::commission::CommissionProgress;
use crate::id::{ReferralId, UserId};
use crate::program::{Program, Terms};
use crate::reference::SourceId;
use crate::referral::{Attribution, Award, Progress, Referral, ReferralFacts, Review, SpendTotals, State};
use crate::retraction::Withdrawn;
use crate::settle::{Circumstances, Grant, gained, hear_email, settle};
use crate::spend::{RefundFact, SpendEvent, effective_refund, folds};
use crate::time::Timestamp;
use crate::tracking::DayDelta;
use crate::user::UserFacts;

/// How many generations are walked to find a ring.
pub const GENERATIONS: u32 = 5;

/// What a unit has locked and loaded for one application of a code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApplyScene {
    /// The program, with the rules in force.
    pub program: Program,
    /// The terms in force when the code was applied, with their version, when that was earlier.
    pub promised: Option<(u32, Terms)>,
    /// The code, locked; `None` when nobody has it.
    pub code: Option<Code>,
    /// The referred user, locked.
    pub referred: UserFacts,
    /// The code's owner, locked.
    pub referrer: Option<UserFacts>,
    /// The referral the referred user already has.
    pub existing: Option<Referral>,
    /// Another user who ever had the referred user's e-mail.
    pub email_owner: Option<UserId>,
    /// Who referred the referrer, and who referred them, up to [`GENERATIONS`].
    pub ancestors: Vec<UserId>,
    /// When the referral was made that fills the limit of [`daily_limit`]: the one with just as many, itself
    /// included, since the last 24 hours began. `None` while there are fewer.
    pub crowding: Option<Timestamp>,
    /// Spends of the referred user that wait for a referral.
    pub parked: Vec<SpendEvent>,
    /// The refunds that name one of them, by its id.
    pub refunds: BTreeMap<SourceId, Vec<RefundFact>>,
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApplyOrder {
    /// When the code was applied, by the host's clock.
    pub applied_at: Timestamp,
    /// Where it came from.
    pub attribution: Attribution,
}

/// Why a code is not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApplyRefusal {
    /// Nobody has this code.
    #[error("no such code")]
    CodeUnknown,
    /// The code itself may not be used.
    #[error(transparent)]
    Code(Unusable),
    /// The program is paused.
    #[error("the program is paused")]
    ProgramPaused,
    /// Referrer and referred are one user.
    #[error("nobody can refer themselves")]
    SelfReferral,
    /// Referrer and referred have one mailbox.
    #[error("referrer and referred have the same e-mail")]
    SameEmail,
    /// This user, or this mailbox, was referred before.
    #[error("this user has been referred already")]
    AlreadyReferred,
    /// The referrer descends from the referred.
    #[error("the referrer was referred, directly or not, by this user")]
    ReferralCycle,
    /// Nobody told when the user signed up.
    #[error("nobody has told when this user signed up")]
    SignupTimeUnknown,
    /// The user signed up too long ago.
    #[error("the time to apply a code after signing up is over")]
    ApplyWindowOver,
    /// The time of applying lies ahead of the clock or too far back.
    #[error("the time of applying is out of range")]
    TimeOutOfRange,
    /// The referrer made as many referrals in 24 hours as they may.
    #[error("the referrer has reached the limit of referrals in 24 hours")]
    ReferrerLimit {
        /// From when the next one fits.
        free_at: Timestamp,
    },
}

/// A referral that is to be recorded, with all that comes with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewReferral {
    /// The referral, settled.
    pub referral: Referral,
    /// The code, used once more.
    pub code: Code,
    /// What is to be posted.
    pub grants: Vec<Grant>,
    /// Events that waited and count now.
    pub folded: Vec<SpendEvent>,
    /// What the day row gains.
    pub day: DayDelta,
}

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Applied {
    /// A new referral.
    New(Box<NewReferral>),
    /// This user applied this very code before.
    Again(Box<Referral>),
}

/// Decides whether a code is applied. Applying the same code again is an answer, not an error.
///
/// # Errors
/// The first [`ApplyRefusal`].
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
/// let scene = ApplyScene {
///     program, promised: None, code: Some(code), referred: ben, referrer: Some(ana), existing: None, email_owner: None,
///     ancestors: vec![], crowding: None, parked: vec![], refunds: Default::default(),
/// };
/// let mut budget = Budget::unbounded(now.month());
/// let attribution = Attribution { source: Source::Typed, click: None, clicked_at: None, sub_id: None };
/// let order = ApplyOrder { applied_at: now, attribution };
/// let (mut last, own) = (10, ApplyScene { referred: scene.referrer.clone().expect("Ana"), ..scene.clone() });
/// let mut ids = || { last += 1; Uuid::from_u128(last) };
/// let Applied::New(new) = decide(&order, scene, &mut budget, now, &mut ids)? else { panic!("Ben has no referral yet") };
/// assert_eq!(new.referral.progress.state, State::Pending);
/// assert_eq!(new.referral.facts.qualifies_until, now.plus_days(90));
/// assert_eq!(decide(&order, own, &mut budget, now, &mut ids), Err(ApplyRefusal::SelfReferral));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(
    order: &ApplyOrder,
    scene: ApplyScene,
    budget: &mut Budget,
    now: Timestamp,
    ids: &mut dyn FnMut() -> Uuid,
) -> Result<Applied, ApplyRefusal> {
    let code = scene.code.clone().ok_or(ApplyRefusal::CodeUnknown)?;
    match &scene.existing {
        Some(referral) if referral.facts.code == code.id => {
            return Ok(Applied::Again(Box::new(referral.clone())));
        }
        Some(_) => return Err(ApplyRefusal::AlreadyReferred),
        None => {}
    }
    let referrer = scene.referrer.clone().ok_or(ApplyRefusal::CodeUnknown)?;
    code_allows(&scene, &code, now)?;
    people_allow(&scene, &referrer)?;
    times_allow(&scene, order.applied_at, now)?;
    limit_allows(&scene)?;
    Ok(Applied::New(Box::new(make(order, scene, code, (&referrer, budget), now, ids))))
}

fn code_allows(scene: &ApplyScene, code: &Code, now: Timestamp) -> Result<(), ApplyRefusal> {
    if scene.program.is_paused() {
        return Err(ApplyRefusal::ProgramPaused);
    }
    code.usable(now).map_err(ApplyRefusal::Code)
}

fn people_allow(scene: &ApplyScene, referrer: &UserFacts) -> Result<(), ApplyRefusal> {
    let referred = &scene.referred;
    let same_mailbox = referred.email.is_some() && referred.email == referrer.email;
    if referrer.id == referred.id {
        Err(ApplyRefusal::SelfReferral)
    } else if same_mailbox || scene.email_owner == Some(referrer.id) {
        Err(ApplyRefusal::SameEmail)
    } else if scene.email_owner.is_some() {
        Err(ApplyRefusal::AlreadyReferred)
    } else if scene.ancestors.contains(&referred.id) {
        Err(ApplyRefusal::ReferralCycle)
    } else {
        Ok(())
    }
}

fn times_allow(scene: &ApplyScene, applied_at: Timestamp, now: Timestamp) -> Result<(), ApplyRefusal> {
    let policy = &scene.program.rules.policy;
    if !crate::spend::in_range(applied_at, now) {
        return Err(ApplyRefusal::TimeOutOfRange);
    }
    match scene.referred.signed_up_at {
        None if policy.require_signup_time => Err(ApplyRefusal::SignupTimeUnknown),
        Some(at) if applied_at > at.plus_days(policy.apply_window_days) => Err(ApplyRefusal::ApplyWindowOver),
        None | Some(_) => Ok(()),
    }
}

/// How many referrals the code's owner may make in any rolling 24 hours, over all their codes.
#[must_use]
pub fn daily_limit(program: &Program, code: &Code) -> u32 {
    code.daily_limit.unwrap_or(program.rules.policy.max_referrals_per_referrer_per_day)
}

fn limit_allows(scene: &ApplyScene) -> Result<(), ApplyRefusal> {
    match scene.crowding {
        Some(made_at) => Err(ApplyRefusal::ReferrerLimit { free_at: made_at.plus_days(1) }),
        None => Ok(()),
    }
}

fn make(
    order: &ApplyOrder,
    mut scene: ApplyScene,
    mut code: Code,
    (referrer, budget): (&UserFacts, &mut Budget),
    now: Timestamp,
    ids: &mut dyn FnMut() -> Uuid,
) -> NewReferral {
    let mut referral = fresh(order, &scene, &code, ReferralId::from_uuid(ids()), now);
    let before = referral.progress.clone();
    hear_email(&mut referral, scene.referred.email_status());
    let parked = std::mem::take(&mut scene.parked);
    let (folded, revenue) = fold_parked(&mut referral, parked, &scene);
    let (paused, referrer) = (scene.program.is_paused(), referrer.email_status());
    let seen = Circumstances { paused, referrer, spent_at: None, now };
    let grants = settle(&mut referral, &seen, budget, ids);
    code.uses += 1;
    code.last_used_at = Some(now);
    let mut day = gained(&referral.facts, &before, &referral.progress, &grants, now);
    (day.signups, day.revenue) = (1, revenue);
    NewReferral { referral, code, grants, folded, day }
}

fn fresh(order: &ApplyOrder, scene: &ApplyScene, code: &Code, id: ReferralId, now: Timestamp) -> Referral {
    let ApplyScene { program, referred, .. } = scene;
    let (rule_version, terms) = scene.promised.unwrap_or((program.rule_version, program.rules.terms));
    let facts = ReferralFacts {
        book: program.book,
        id,
        referrer: code.owner,
        referred: referred.id,
        code: code.id,
        code_text: code.text.clone(),
        rule_version,
        terms,
        attribution: order.attribution.clone(),
        signed_up_at: referred.signed_up_at,
        applied_at: order.applied_at,
        qualifies_until: order.applied_at.plus_days(terms.qualification_window_days),
        created_at: now,
    };
    Referral { facts, progress: untouched(now) }
}

fn untouched(now: Timestamp) -> Progress {
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
        updated_at: now,
    }
}

/// Counts what was spent before anybody told of the referral, less what was refunded of it; answers what that comes to.
fn fold_parked(
    referral: &mut Referral,
    mut parked: Vec<SpendEvent>,
    scene: &ApplyScene,
) -> (Vec<SpendEvent>, i64) {
    let Referral { facts, progress } = referral;
    parked.retain(|spend| folds(spend, facts, scene.program.currency));
    let mut counted = 0_i64;
    for spend in &parked {
        let refunds = scene.refunds.get(&spend.source).map_or(&[][..], Vec::as_slice);
        let refunded = effective_refund(spend, refunds, facts.terms.clawback_window_days);
        let gross = spend.amount.minor();
        crate::spend::add(progress, facts, spend.occurred_at, gross, refunded);
        counted = counted.saturating_add(gross - refunded);
    }
    (parked, counted)
}
