//! Spreading what was told of a user: to the referral they came by, and to those that wait for them as a referrer.

use std::collections::BTreeMap;

use referral_domain::id::UserId;
use referral_domain::port::{Changes, NewUser, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::referral::Referral;
use referral_domain::settle::{Circumstances, Grant, resettle};
use referral_domain::time::Timestamp;
use referral_domain::tracking::DayDelta;
use referral_domain::user::{EmailStatus, UserFacts};
use uuid::Uuid;

use crate::posting::post_grants;

/// How many waiting referrals one unit settles; the reconciler takes the rest.
const WAITING_AT_ONCE: u32 = 500;

/// What is to be recorded and posted after something was told of a user.
#[derive(Default)]
pub(crate) struct Spread {
    /// The facts, and the progress and day rows of every referral that changed.
    pub(crate) changes: Changes,
    /// What is to be posted.
    pub(crate) grants: Vec<Grant>,
    /// The referral the user came by, as it is now.
    pub(crate) own: Option<Referral>,
}

impl Spread {
    /// Posts the grants and records everything.
    pub(crate) async fn record(
        self,
        unit: &mut Unit<'_>,
        program: &Program,
        now: Timestamp,
        ids: &mut (dyn FnMut() -> Uuid + Send),
    ) -> Result<Option<Referral>, StoreError> {
        let Self { mut changes, grants, own } = self;
        (changes.posting, changes.steps) = post_grants(unit, program, &grants, now, ids).await?;
        changes.days = DayDelta::merged(changes.days);
        unit.recorder().record(program.book, &changes).await?;
        Ok(own)
    }

    /// Brings a locked referral to its level, with what is known of its referred user's e-mail.
    fn settle(
        &mut self,
        mut referral: Referral,
        referred: EmailStatus,
        seen: &Circumstances,
        ids: &mut (dyn FnMut() -> Uuid + Send),
    ) -> Referral {
        let before = referral.progress.updated_at;
        let settled = resettle(&mut referral, referred, seen, ids);
        if settled.changed {
            self.changes.progress.push((referral.facts.id, referral.progress.clone()));
            self.changes.days.push(settled.day);
            self.grants.extend(settled.grants);
        } else {
            referral.progress.updated_at = before;
        }
        referral
    }

    /// The same for a referral whose referred user told nothing new.
    pub(crate) fn settle_as_it_is(
        &mut self,
        referral: Referral,
        seen: &Circumstances,
        ids: &mut (dyn FnMut() -> Uuid + Send),
    ) {
        let referred = referral.progress.verified_at.map_or(EmailStatus::Unverified, EmailStatus::Verified);
        self.settle(referral, referred, seen, ids);
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
    let seen = |referrer| Circumstances { paused: program.is_paused(), referrer, now };
    let mut spread = Spread::default();
    let waiting = lock_waiting(unit, program, facts).await?;
    if let Some((referral, referrer)) = own_referral(unit, program, facts, now).await? {
        spread.own = Some(spread.settle(referral, status, &seen(referrer), ids));
    }
    for referral in waiting {
        spread.settle_as_it_is(referral, &seen(status), ids);
    }
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
