//! Spreading what was told of a user: to the referral they came by, and to those that wait for them as a referrer.

use std::collections::BTreeMap;

use referral_domain::id::UserId;
use referral_domain::port::{Changes, NewUser, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::referral::Referral;
use referral_domain::settle::{Circumstances, Grant, asks_budget, resettle};
use referral_domain::time::Timestamp;
use referral_domain::tracking::DayDelta;
use referral_domain::user::{EmailStatus, UserFacts};
use uuid::Uuid;

use crate::posting::post_grants;
use crate::purse::Purse;

/// How many waiting referrals one unit settles; the reconciler takes the rest.
const WAITING_AT_ONCE: u32 = 500;

/// What is to be recorded and posted after something was told of a user.
pub(crate) struct Spread {
    /// The facts, and the progress and day rows of every referral that changed.
    pub(crate) changes: Changes,
    /// What is to be posted.
    pub(crate) grants: Vec<Grant>,
    /// The referral the user came by, as it is now.
    pub(crate) own: Option<Referral>,
    /// The month's budget.
    pub(crate) purse: Purse,
}

/// A locked referral, what is known of its two people's e-mails, and whether it is settled only as it is.
pub(crate) struct Concerned {
    pub(crate) referral: Referral,
    pub(crate) referred: EmailStatus,
    pub(crate) seen: Circumstances,
}

impl Concerned {
    /// A referral whose referred user told nothing new.
    pub(crate) fn as_it_is(referral: Referral, seen: Circumstances) -> Self {
        let referred = referral.progress.verified_at.map_or(EmailStatus::Unverified, EmailStatus::Verified);
        Self { referral, referred, seen }
    }
}

impl Spread {
    /// Nothing yet.
    pub(crate) fn begin(program: &Program, now: Timestamp) -> Self {
        let purse = Purse::closed(program, now);
        Self { changes: Changes::default(), grants: Vec::new(), own: None, purse }
    }

    /// Posts the grants and records everything.
    pub(crate) async fn record(
        self,
        unit: &mut Unit<'_>,
        program: &Program,
        now: Timestamp,
        ids: &mut (dyn FnMut() -> Uuid + Send),
    ) -> Result<Option<Referral>, StoreError> {
        let Self { mut changes, grants, own, purse } = self;
        changes.budget = purse.change();
        post_grants(unit, program, &grants, &mut changes, now, ids).await?;
        changes.days = DayDelta::merged(changes.days);
        unit.recorder().record(program.book, &changes).await?;
        Ok(own)
    }

    /// Brings locked referrals to their levels, in this order; the budget is locked when one of them asks it.
    pub(crate) async fn settle(
        &mut self,
        unit: &mut Unit<'_>,
        program: &Program,
        concerned: Vec<Concerned>,
        ids: &mut (dyn FnMut() -> Uuid + Send),
    ) -> Result<Vec<Referral>, StoreError> {
        if concerned.iter().any(|one| asks_budget(&one.referral, one.referred, &one.seen)) {
            self.purse.open(unit, program).await?;
        }
        Ok(concerned.into_iter().map(|one| self.settle_one(one, ids)).collect())
    }

    fn settle_one(&mut self, one: Concerned, ids: &mut (dyn FnMut() -> Uuid + Send)) -> Referral {
        let Concerned { mut referral, referred, seen } = one;
        let before = referral.progress.updated_at;
        let settled = resettle(&mut referral, referred, &seen, &mut self.purse.budget, ids);
        if settled.changed {
            self.changes.progress.push((referral.facts.id, referral.progress.clone()));
            self.changes.days.push(settled.day);
            self.grants.extend(settled.grants);
        } else {
            referral.progress.updated_at = before;
        }
        referral
    }
}

/// Brings every referral that depends on a locked user's facts to its level, and has the facts saved.
pub(crate) async fn spread(
    unit: &mut Unit<'_>,
    program: &Program,
    facts: &UserFacts,
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<Spread, StoreError> {
    let status = facts.email_status();
    let seen = |referrer| Circumstances { paused: program.is_paused(), referrer, spent_at: None, now };
    let mut spread = Spread::begin(program, now);
    let waiting = lock_waiting(unit, program, facts).await?;
    let own = own_referral(unit, program, facts, now).await?;
    let has_own = own.is_some();
    let own = own.map(|(referral, of)| Concerned { referral, referred: status, seen: seen(of) });
    let waiting = waiting.into_iter().map(|referral| Concerned::as_it_is(referral, seen(status)));
    let concerned = own.into_iter().chain(waiting).collect();
    let settled = spread.settle(unit, program, concerned, ids).await?;
    spread.own = settled.into_iter().next().filter(|_| has_own);
    spread.changes.users.push(facts.clone());
    Ok(spread)
}

/// The referral this user came by, locked, and what is known of its referrer's e-mail.
async fn own_referral(
    unit: &mut Unit<'_>,
    program: &Program,
    facts: &UserFacts,
    now: Timestamp,
) -> Result<Option<(Referral, EmailStatus)>, StoreError> {
    let user = NewUser { host: facts.host.clone(), fresh: facts.id };
    let mut scene = unit.spending().scene(program.book, &[user], &[], now).await?;
    let referral = scene.referrals.remove(&facts.id);
    Ok(referral.map(|referral| {
        let referrer = status_of(&scene.referrers, referral.facts.referrer);
        (referral, referrer)
    }))
}

pub(crate) fn status_of(known: &BTreeMap<UserId, EmailStatus>, user: UserId) -> EmailStatus {
    known.get(&user).copied().unwrap_or(EmailStatus::Unknown)
}

/// The referrals whose reward waits for this user's e-mail, locked together with the one they came by, so that all are
/// locked in one order.
async fn lock_waiting(
    unit: &mut Unit<'_>,
    program: &Program,
    facts: &UserFacts,
) -> Result<Vec<Referral>, StoreError> {
    if facts.email_status() == EmailStatus::Unverified {
        return Ok(Vec::new());
    }
    let mut referred = unit.referrals().waiting_for(program.book, facts.id, WAITING_AT_ONCE).await?;
    if referred.is_empty() {
        return Ok(Vec::new());
    }
    referred.push(facts.id);
    let mut locked = unit.referrals().lock(program.book, &referred).await?;
    locked.retain(|referral| referral.facts.referred != facts.id);
    Ok(locked)
}
