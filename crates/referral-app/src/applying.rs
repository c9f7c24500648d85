//! What `apply_code` and `sign_up` share: somebody arrives, perhaps with a code.

use std::collections::BTreeMap;
use std::net::IpAddr;

use referral_domain::apply::{self, Applied, ApplyOrder, ApplyScene, GENERATIONS, NewReferral};
use referral_domain::code::{Code, FoldedCode};
use referral_domain::identity::Fingerprint;
use referral_domain::port::{NewUser, ReferralReport, StoreError, Unit};
use referral_domain::program::{Program, Terms};
use referral_domain::referral::Attribution;
use referral_domain::spend::PARKED_FOR;
use referral_domain::time::{DAY, Timestamp};
use referral_domain::user::UserFacts;
use uuid::Uuid;

use crate::failure::Refused;
use crate::purse::Purse;
use crate::spread::{Spread, spread};
use crate::throttle::Throttled;

/// Why nobody was referred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A rule of applying.
    #[error(transparent)]
    Rule(#[from] apply::ApplyRefusal),
    /// The sign-up itself is told to lie more than 5 minutes ahead of the clock.
    #[error("the sign-up lies more than 5 minutes ahead of the clock")]
    SignedUpAhead,
    /// Too many sign-ups from one address.
    #[error("too many sign-ups from this address")]
    IpLimit(Throttled),
}

impl Refused for Refusal {}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Application {
    /// There was no code: only what was told is noted.
    Noted,
    /// A referral was made.
    Made(Box<ReferralReport>),
    /// This user applied this very code before.
    Again(Box<ReferralReport>),
}

/// What came of it, and the program for its currency.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApplyReceipt {
    /// What came of it.
    pub application: Application,
    /// The program.
    pub program: Program,
}

/// Adds what a call tells to what is known; it is heard at this instant.
type Hear = Box<dyn Fn(&mut UserFacts, Timestamp) + Send + Sync>;

/// Somebody who arrives.
pub(crate) struct Arrival {
    pub(crate) user: NewUser,
    pub(crate) hear: Hear,
    pub(crate) email: Option<Fingerprint>,
    /// The code they came with, in any spelling.
    pub(crate) code: Option<String>,
    /// When they applied it; when it is decided, if nobody told.
    pub(crate) applied_at: Option<Timestamp>,
    pub(crate) attribution: Attribution,
    /// The person's address.
    pub(crate) ip: Option<IpAddr>,
}

impl Arrival {
    /// The code, if it can be one.
    pub(crate) fn folded(&self) -> Option<FoldedCode> {
        self.code.as_deref().and_then(FoldedCode::fold)
    }

    /// What is asked, when it is decided now.
    pub(crate) fn order(&self, now: Timestamp) -> ApplyOrder {
        let applied_at = self.applied_at.unwrap_or(now);
        ApplyOrder { applied_at, attribution: self.attribution.clone() }
    }

    /// Adds everything told to what is known.
    pub(crate) fn tell(&self, facts: &mut UserFacts, now: Timestamp) {
        (self.hear)(facts, now);
        facts.email = self.email.or(facts.email);
    }
}

/// Notes what is told and applies the code, if there is one. A refusal leaves what was told noted.
pub(crate) async fn arrive(
    unit: &mut Unit<'_>,
    program: &Program,
    arrival: &Arrival,
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<(Result<Applied, apply::ApplyRefusal>, Spread), StoreError> {
    let code = find_code(unit, program, arrival).await?;
    let (mut referred, referrer) = lock_people(unit, program, &arrival.user, code.as_ref(), now).await?;
    arrival.tell(&mut referred, now);
    let code = lock_code(unit, program, code).await?;
    let scene = load(unit, program, referred, referrer, code, now).await?;
    let mut told = spread(unit, program, &scene.referred, now, ids).await?;
    let existing = told.own.take();
    let promised = promised(unit, program, arrival, now).await?;
    let scene = ApplyScene { existing, promised, ..scene };
    let decided = decide(unit, &arrival.order(now), scene, &mut told.purse, now, ids).await?;
    Ok((decided, told))
}

/// The terms in force when a code was applied, when that was earlier: what is published since does not touch them.
async fn promised(
    unit: &mut Unit<'_>,
    program: &Program,
    arrival: &Arrival,
    now: Timestamp,
) -> Result<Option<(u32, Terms)>, StoreError> {
    let Some(applied_at) = arrival.applied_at.filter(|at| arrival.code.is_some() && *at < now) else {
        return Ok(None);
    };
    let then = unit.programs().find(&program.slug, applied_at).await?;
    Ok(then.map(|program| (program.rule_version, program.rules.terms)))
}

/// Decides, and once more when that shows that the month's budget must be known.
async fn decide(
    unit: &mut Unit<'_>,
    order: &ApplyOrder,
    scene: ApplyScene,
    purse: &mut Purse,
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<Result<Applied, apply::ApplyRefusal>, StoreError> {
    let program = scene.program.clone();
    if program.rules.policy.reward_budget.is_none() {
        return Ok(apply::decide(order, scene, &mut purse.budget, now, ids));
    }
    let first = apply::decide(order, scene.clone(), &mut purse.budget, now, ids);
    if !purse.must_open() {
        return Ok(first);
    }
    purse.open(unit, &program).await?;
    Ok(apply::decide(order, scene, &mut purse.budget, now, ids))
}

/// Adds a new referral to what is recorded.
pub(crate) fn add(spread: &mut Spread, new: NewReferral) {
    let NewReferral { referral, code, grants, folded, day } = new;
    let id = referral.facts.id;
    spread.changes.codes.push(code);
    spread.changes.folded.extend(folded.into_iter().map(|event| (event.source, id)));
    spread.changes.days.push(day);
    spread.changes.new_referrals.push(referral.clone());
    spread.grants.extend(grants);
    spread.own = Some(referral);
}

/// One user, made where missing and locked.
pub(crate) async fn lock_user(
    unit: &mut Unit<'_>,
    program: &Program,
    user: &NewUser,
    now: Timestamp,
) -> Result<UserFacts, StoreError> {
    let locked = unit.users().lock(program.book, std::slice::from_ref(user), &[], now).await?;
    locked.into_iter().next().ok_or_else(|| missing(user))
}

async fn lock_people(
    unit: &mut Unit<'_>,
    program: &Program,
    user: &NewUser,
    code: Option<&Code>,
    now: Timestamp,
) -> Result<(UserFacts, Option<UserFacts>), StoreError> {
    let owner: Vec<_> = code.iter().map(|code| code.owner).collect();
    let mut locked =
        unit.users().lock(program.book, std::slice::from_ref(user), &owner, now).await?.into_iter();
    let referred = locked.next().ok_or_else(|| missing(user))?;
    Ok((referred, locked.next()))
}

fn missing(user: &NewUser) -> StoreError {
    StoreError::corrupt("users", "user_id", &user.host, "a user that was just locked is not there")
}

async fn find_code(
    unit: &mut Unit<'_>,
    program: &Program,
    arrival: &Arrival,
) -> Result<Option<Code>, StoreError> {
    match arrival.folded() {
        Some(folded) => Ok(unit.codes().find(program.book, &[folded]).await?.pop().flatten()),
        None => Ok(None),
    }
}

async fn lock_code(
    unit: &mut Unit<'_>,
    program: &Program,
    code: Option<Code>,
) -> Result<Option<Code>, StoreError> {
    match code {
        Some(code) => Ok(unit.codes().lock(program.book, &[code.id]).await?.pop()),
        None => Ok(None),
    }
}

/// Loads what the decision reads, in the order of the locks; nothing of it when there is no code to decide on.
async fn load(
    unit: &mut Unit<'_>,
    program: &Program,
    referred: UserFacts,
    referrer: Option<UserFacts>,
    code: Option<Code>,
    now: Timestamp,
) -> Result<ApplyScene, StoreError> {
    let book = program.book;
    let mut scene = ApplyScene {
        program: program.clone(),
        promised: None,
        code,
        referred,
        referrer,
        existing: None,
        email_owner: None,
        ancestors: Vec::new(),
        crowding: None,
        parked: Vec::new(),
        refunds: BTreeMap::new(),
    };
    if let Some(code) = &scene.code {
        scene.ancestors = unit.referrals().ancestors(book, code.owner, GENERATIONS).await?;
        scene.crowding = crowding(unit, program, code, now).await?;
        let since = now.plus_micros(-PARKED_FOR);
        scene.parked = unit.spending().parked(book, scene.referred.id, since).await?;
        if !scene.parked.is_empty() {
            let spends: Vec<_> = scene.parked.iter().map(|spend| spend.source.clone()).collect();
            scene.refunds = unit.spending().refunds_of(book, &spends).await?;
        }
    }
    if let Some(email) = scene.referred.email {
        let owners = unit.users().email_owners(book, &[(email, scene.referred.id)]).await?;
        scene.email_owner = owners.into_iter().next().flatten();
    }
    Ok(scene)
}

async fn crowding(
    unit: &mut Unit<'_>,
    program: &Program,
    code: &Code,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    match apply::daily_limit(program, code) {
        0 => Ok(Some(now)),
        most => {
            let since = now.plus_micros(-DAY);
            Ok(unit.referrals().nth_newest(program.book, &[(code.owner, most)], since).await?.pop().flatten())
        }
    }
}
