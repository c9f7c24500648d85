//! The unit of many arrivals: everything is asked for all at once, decided one after the other, recorded once.
//!
//! Calls on the store: program, before the unit and in common with whoever asks at the same time; then, in the unit,
//! codes; people, locked; codes, locked; the newest referrals of the codes' owners; mailboxes, only when e-mails are told;
//! wallets, only when something is posted; record; commit. Their number does not depend on how many arrive.
//!
//! Whoever is new to the program refers nobody, was referred by nobody and has spent nothing, and stays so while they are
//! locked: there is no referral of theirs, no ring, nobody who waits for their e-mail, no spend to be counted. So those
//! calls of a single arrival are not made. What those before them in the unit change is carried over: the uses of a code,
//! how many referrals its owner made, whose a mailbox is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use referral_domain::apply::{self, Applied, ApplyRefusal, ApplyScene, NewReferral};
use referral_domain::budget::Budget;
use referral_domain::code::Code;
use referral_domain::id::{CodeId, UserId};
use referral_domain::identity::Fingerprint;
use referral_domain::port::{ReferralReport, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_domain::time::{DAY, Timestamp};
use referral_domain::user::UserFacts;
use uuid::Uuid;

use super::Shared;
use crate::app::App;
use crate::applying::{Application, ApplyReceipt, Arrival, Refusal, add};
use crate::failure::Failure;
use crate::idempotent::Replayable;
use crate::ip_limit::Seat;
use crate::spread::Spread;
use crate::throttle::Throttled;
use crate::transact::transact;

/// Somebody new, locked, with all that was told of them; the code they came with, locked, and its owner.
struct Newcomer<'a> {
    /// Which of the arrivals.
    place: usize,
    arrival: &'a Arrival,
    facts: UserFacts,
    code: Option<Code>,
    referrer: Option<UserFacts>,
}

/// What the decisions read of the store beside the newcomers themselves.
struct Known {
    /// When the n-th newest referral of a referrer was made.
    newest: BTreeMap<(UserId, u32), Timestamp>,
    /// Who had a mailbox first, other than the newcomer.
    mailboxes: BTreeMap<(Fingerprint, UserId), UserId>,
}

/// What is decided of a newcomer.
type Decided = Result<Option<NewReferral>, Refusal>;

impl App {
    /// Settles those of the arrivals that can share a unit; the answers are in input order.
    pub(super) async fn settle_together(
        &self,
        slug: &Slug,
        arrivals: &[Arc<Arrival>],
    ) -> Result<Vec<Shared>, Failure<Refusal>> {
        let program = &self.program(slug).await?;
        if program.rules.policy.reward_budget.is_some() {
            // A month's budget is asked for in the midst of a decision.
            return Ok(arrivals.iter().map(|_| Shared::Alone).collect());
        }
        let now = self.now();
        let seats: &Vec<_> = &arrivals.iter().map(|arrival| Seat::of(self, arrival.ip)).collect();
        let settled =
            transact(self.store(), move |unit| Box::pin(settle(self, unit, program, arrivals, seats, now)))
                .await;
        give_back(seats, settled.as_ref()).await;
        Ok(settled?)
    }
}

/// Places of addresses where no referral was made; a commit whose answer was lost counts against them all.
async fn give_back(seats: &[Seat<'_>], settled: Result<&Vec<Shared>, &StoreError>) {
    let stays = |place: usize| match settled {
        Ok(answers) => answers.get(place).is_some_and(was_made),
        Err(error) => matches!(error, StoreError::Unavailable(_)),
    };
    let free = seats.iter().enumerate().filter(|(place, _)| !stays(*place));
    join_all(free.map(|(_, seat)| seat.give_back())).await;
}

fn was_made(answer: &Shared) -> bool {
    let Shared::Settled(settled) = answer else { return false };
    let Ok(Ok(Replayable::Fresh(receipt))) = settled.as_ref() else { return false };
    matches!(receipt.application, Application::Made(_))
}

async fn settle(
    app: &App,
    unit: &mut Unit<'_>,
    program: &Program,
    arrivals: &[Arc<Arrival>],
    seats: &[Seat<'_>],
    now: Timestamp,
) -> Result<Vec<Shared>, StoreError> {
    let ids = &mut || app.draw_id();
    let newcomers = meet(unit, program, arrivals, now).await?;
    let known = know(unit, program, &newcomers, now).await?;
    let decided = decide(program, &newcomers, &known, seats, now, ids).await;
    let mut told = Spread::begin(program, now);
    let mut answers: Vec<_> = arrivals.iter().map(|_| Shared::Alone).collect();
    for (newcomer, decided) in newcomers.into_iter().zip(decided) {
        told.changes.users.push(newcomer.facts.clone());
        let place = newcomer.place;
        let receipt = decided.map(|new| {
            let application = new.map_or(Application::Noted, |new| made(&mut told, newcomer, new));
            Replayable::Fresh(ApplyReceipt { application, program: program.clone() })
        });
        if let Some(answer) = answers.get_mut(place) {
            *answer = Shared::Settled(Box::new(Ok(receipt)));
        }
    }
    // A code that several came with is saved as the last of them left it.
    let codes: BTreeMap<_, _> = told.changes.codes.drain(..).map(|code| (code.id, code)).collect();
    told.changes.codes = codes.into_values().collect();
    told.record(unit, program, now, ids).await?;
    Ok(answers)
}

fn made(told: &mut Spread, newcomer: Newcomer<'_>, new: NewReferral) -> Application {
    let referral = new.referral.clone();
    let (referrer, referred) = (newcomer.referrer.map(|user| user.host), Some(newcomer.facts.host));
    add(told, new);
    Application::Made(Box::new(ReferralReport { referral, referrer, referred }))
}

/// Locks people and codes; answers those of the arrivals whom nobody named before. Of two under one name the first is
/// new. Whose terms are those of an earlier instant is left out as well.
async fn meet<'a>(
    unit: &mut Unit<'_>,
    program: &Program,
    arrivals: &'a [Arc<Arrival>],
    now: Timestamp,
) -> Result<Vec<Newcomer<'a>>, StoreError> {
    let book = program.book;
    let asked: BTreeSet<_> = arrivals.iter().filter_map(|arrival| arrival.folded()).collect();
    let asked: Vec<_> = asked.into_iter().collect();
    let found = unit.codes().find(book, &asked).await?;
    let by_text: BTreeMap<_, _> =
        asked.into_iter().zip(found).filter_map(|(text, code)| code.map(|code| (text, code))).collect();
    let owners: BTreeSet<_> = by_text.values().map(|code| code.owner).collect();
    let (named, owners): (Vec<_>, Vec<_>) =
        (arrivals.iter().map(|arrival| arrival.user.clone()).collect(), owners.into_iter().collect());
    let mut locked = unit.users().lock(book, &named, &owners, now).await?;
    let owners: BTreeMap<_, _> =
        locked.split_off(named.len()).into_iter().map(|user| (user.id, user)).collect();
    let ids: Vec<_> = by_text.values().map(|code| code.id).collect();
    let codes = unit.codes().lock(book, &ids).await?.into_iter();
    let codes: BTreeMap<_, _> = codes.map(|code| (code.id, code)).collect();
    let newcomer = |(place, (arrival, mut facts)): (usize, (&'a Arc<Arrival>, UserFacts))| {
        let is_new = facts.id == arrival.user.fresh && arrival.applied_at.is_none_or(|at| at >= now);
        arrival.tell(&mut facts, now);
        let code = arrival.folded().and_then(|text| codes.get(&by_text.get(&text)?.id).cloned());
        let referrer = code.as_ref().and_then(|code| owners.get(&code.owner).cloned());
        is_new.then_some(Newcomer { place, arrival, facts, code, referrer })
    };
    Ok(arrivals.iter().zip(locked).enumerate().filter_map(newcomer).collect())
}

async fn know(
    unit: &mut Unit<'_>,
    program: &Program,
    newcomers: &[Newcomer<'_>],
    now: Timestamp,
) -> Result<Known, StoreError> {
    let mut brought = BTreeMap::<_, u32>::new();
    let mut limits = BTreeSet::new();
    for code in newcomers.iter().filter_map(|newcomer| newcomer.code.as_ref()) {
        let before = brought.entry(code.owner).or_default();
        // Those before them in this unit may all be made, or none.
        let most = apply::daily_limit(program, code);
        limits.extend(
            (0..=*before).map(|made| (code.owner, most.saturating_sub(made))).filter(|(_, n)| *n > 0),
        );
        *before += 1;
    }
    let (limits, mails): (Vec<_>, Vec<_>) = (
        limits.into_iter().collect(),
        newcomers.iter().filter_map(|one| one.facts.email.map(|email| (email, one.facts.id))).collect(),
    );
    let newest = match limits.is_empty() {
        true => Vec::new(),
        false => unit.referrals().nth_newest(program.book, &limits, now.plus_micros(-DAY)).await?,
    };
    let owners = match mails.is_empty() {
        true => Vec::new(),
        false => unit.users().email_owners(program.book, &mails).await?,
    };
    Ok(Known { newest: paired(limits, newest), mailboxes: paired(mails, owners) })
}

/// What was asked, with its answer where there is one.
fn paired<K: Ord, V>(asked: Vec<K>, answers: Vec<Option<V>>) -> BTreeMap<K, V> {
    asked.into_iter().zip(answers).filter_map(|(key, answer)| answer.map(|answer| (key, answer))).collect()
}

/// Decides, and again without those whose address has no place left, until everybody who is referred has theirs.
async fn decide(
    program: &Program,
    newcomers: &[Newcomer<'_>],
    known: &Known,
    seats: &[Seat<'_>],
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Vec<Decided> {
    let mut asked = BTreeSet::new();
    let mut full = BTreeMap::new();
    loop {
        let decided = Deciding::of(program, known, now).decide_all(newcomers, &full, ids);
        let referred = newcomers.iter().zip(&decided).filter(|(_, decided)| matches!(decided, Ok(Some(_))));
        let places: Vec<_> =
            referred.map(|(newcomer, _)| newcomer.place).filter(|place| !asked.contains(place)).collect();
        if places.is_empty() {
            return decided;
        }
        let taking = places.iter().filter_map(|place| seats.get(*place)).map(|seat| seat.take(program, now));
        let taken = join_all(taking).await;
        full.extend(
            places.iter().copied().zip(taken).filter_map(|(place, taken)| Some((place, taken.err()?))),
        );
        asked.extend(places);
    }
}

/// Decisions one after the other, with what those before have changed.
struct Deciding<'a> {
    program: &'a Program,
    known: &'a Known,
    now: Timestamp,
    codes: BTreeMap<CodeId, Code>,
    made: BTreeMap<UserId, u32>,
    mailboxes: BTreeMap<Fingerprint, UserId>,
    /// The program has none.
    budget: Budget,
}

impl<'a> Deciding<'a> {
    fn of(program: &'a Program, known: &'a Known, now: Timestamp) -> Self {
        let (codes, made, mailboxes) = Default::default();
        Self { program, known, now, codes, made, mailboxes, budget: Budget::unbounded(now.month()) }
    }

    fn decide_all(
        mut self,
        newcomers: &[Newcomer<'_>],
        full: &BTreeMap<usize, Throttled>,
        ids: &mut (dyn FnMut() -> Uuid + Send),
    ) -> Vec<Decided> {
        let decide = |newcomer: &Newcomer<'_>| self.decide(newcomer, full.get(&newcomer.place), ids);
        newcomers.iter().map(decide).collect()
    }

    fn decide(
        &mut self,
        newcomer: &Newcomer<'_>,
        full: Option<&Throttled>,
        mut ids: &mut (dyn FnMut() -> Uuid + Send),
    ) -> Decided {
        let scene = self.scene(newcomer);
        if let Some(email) = newcomer.facts.email {
            self.mailboxes.entry(email).or_insert(newcomer.facts.id);
        }
        if let Some(throttled) = full {
            return Err(Refusal::IpLimit(*throttled));
        }
        let order = newcomer.arrival.order(self.now);
        match apply::decide(&order, scene, &mut self.budget, self.now, &mut ids) {
            Ok(Applied::New(new)) => {
                self.codes.insert(new.code.id, new.code.clone());
                *self.made.entry(new.code.owner).or_default() += 1;
                Ok(Some(*new))
            }
            Err(ApplyRefusal::CodeUnknown) if newcomer.arrival.code.is_none() => Ok(None),
            // A newcomer applied nothing before.
            Ok(Applied::Again(_)) => Err(Refusal::Rule(ApplyRefusal::AlreadyReferred)),
            Err(refusal) => Err(Refusal::Rule(refusal)),
        }
    }

    fn scene(&self, newcomer: &Newcomer<'_>) -> ApplyScene {
        let code = newcomer.code.as_ref().map(|code| self.codes.get(&code.id).unwrap_or(code).clone());
        let email_owner = newcomer.facts.email.and_then(|email| {
            let first = self.known.mailboxes.get(&(email, newcomer.facts.id));
            first.or_else(|| self.mailboxes.get(&email)).copied()
        });
        ApplyScene {
            program: self.program.clone(),
            promised: None,
            crowding: code.as_ref().and_then(|code| self.crowding(code)),
            code,
            referred: newcomer.facts.clone(),
            referrer: newcomer.referrer.clone(),
            existing: None,
            email_owner,
            ancestors: Vec::new(),
            parked: Vec::new(),
            refunds: BTreeMap::new(),
        }
    }

    /// When the referral was made that fills the owner's limit, if it is full: those of this unit are made now.
    fn crowding(&self, code: &Code) -> Option<Timestamp> {
        let made = self.made.get(&code.owner).copied().unwrap_or(0);
        match apply::daily_limit(self.program, code).checked_sub(made) {
            None | Some(0) => Some(self.now),
            Some(n) => self.known.newest.get(&(code.owner, n)).copied(),
        }
    }
}
