//! What a history comes to, in plain Rust: no ledger, no store, no rule of the domain crate is used here.
//!
//! Terms: a reward of 25.00, a welcome credit of 10.00, from 50.00 of spend within 90 days of applying; a refund weighs
//! for 60 days. By setting: a hold of 14 days, a tenth of what is spent in two months but at most 12.00, a budget of
//! 30.00 of rewards a month. Payouts are of 5.00 or more, of what was earned more than seven days ago.

mod credits;
mod events;
mod level;
mod payouts;
mod retract;

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{DAY, month, plus_months};
use super::happening::{Granted, Setting, Verdict};
use super::purse::Purse;
use payouts::Till;
pub(super) use payouts::{By, DELAY_DAYS, MINIMUM, Next};

const WINDOW: i64 = 90 * DAY;
const CLAWBACK: i64 = 60 * DAY;
const HOLD: i64 = 14 * DAY;
const APPLY_WINDOW: i64 = 30 * DAY;
const PARKED: i64 = 3 * DAY;
const AHEAD: i64 = DAY / 24 / 12;
const THRESHOLD: i64 = 50_00;
const REWARD: i64 = 25_00;
const WELCOME: i64 = 10_00;
pub(super) const BUDGET: i64 = 30_00;
pub(super) const CAP: i64 = 12_00;
pub(super) const MONTHS: i64 = 2;
/// Referrals of one referrer in 24 hours.
pub(super) const A_DAY: u32 = 2;

/// What is known of an e-mail, by events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Email {
    Unknown,
    No,
    Yes { since: i64 },
}

/// What stands in the way of something due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    Email,
    Review,
    Paused,
    Referrer,
    Budget,
}

/// What became of something promised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Promise {
    NotDue,
    Withheld(Why),
    Held,
    Granted,
    Retracted,
}

/// One referral, by its referred user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Brought {
    pub(super) by: usize,
    applied_at: i64,
    made_at: i64,
    /// How many were made before it.
    made: usize,
    /// The spends that count for it, if they lie in a window.
    spends: Vec<usize>,
    pub(super) verified_at: Option<i64>,
    activated: bool,
    completed_at: Option<i64>,
    expired: bool,
    pub(super) fraud: bool,
    pub(super) in_review: bool,
    pub(super) welcome: Promise,
    pub(super) reward: Promise,
    /// How often the reward was granted or taken back.
    pub(super) steps: u32,
    pub(super) net: i64,
    pub(super) commission: Commission,
    pub(super) gone: Gone,
}

/// What an operator took back for good.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Gone {
    pub(super) welcome: bool,
    pub(super) reward: bool,
    /// By how much what the commission comes to is lowered.
    pub(super) commission: i64,
}

/// The commission of a referral.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Commission {
    pub(super) net: i64,
    pub(super) due: i64,
    pub(super) posted: i64,
    pub(super) why: Option<Why>,
    /// What it rose by, each time.
    rises: Vec<i64>,
}

/// One person.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    signed_up_at: Option<i64>,
    /// When, not verified, in the order in which they outweigh one another.
    word: Option<(i64, bool)>,
    /// The earliest instant at which anybody said that the e-mail was verified.
    first_yes: Option<i64>,
    pub(super) brought: Option<Brought>,
    pub(super) purse: Purse,
}

/// An event as it was told: who, how much, when, and for a refund of which spend and whether it weighs for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Told {
    pub(super) user: usize,
    pub(super) cents: i64,
    pub(super) at: i64,
    pub(super) refund: Option<(usize, usize)>,
}

impl Told {
    /// A chargeback or fraud, by the number of its reason.
    const fn weighs_for_ever(&self) -> bool {
        matches!(self.refund, Some((_, 1 | 2)))
    }
}

/// A redemption as it was asked, what of it was taken, and what of that stands.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Taken {
    asked: (usize, i64, bool),
    remaining: i64,
}

/// What an answer comes down to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Done,
    Again,
    Conflict,
    Refused(&'static str),
    /// How many payouts a batch has, and how many were asked for and are not in it.
    Built {
        taken: usize,
        left: usize,
    },
    /// How many payouts a file settled, and how many lines it had for nothing.
    Settled {
        paid: u32,
        failed: u32,
        unchanged: u32,
        exceptions: u32,
    },
}

/// What is to be done so that a promise is at its level.
enum Step {
    Stay,
    Give,
    Take,
}

/// Everybody, and everything that was told.
pub(super) struct Oracle {
    pub(super) people: Vec<Person>,
    pub(super) now: i64,
    pub(super) paused: bool,
    /// What happened how often, by name.
    pub(super) seen: BTreeMap<&'static str, u64>,
    setting: Setting,
    /// By month: what was granted, and whether it is closed.
    budget: BTreeMap<i64, (i64, bool)>,
    events: BTreeMap<usize, Told>,
    /// Spends that wait for a referral, with when they were recorded.
    parked: BTreeMap<usize, i64>,
    taken: BTreeMap<usize, Taken>,
    given_back: BTreeMap<usize, (usize, Option<i64>)>,
    /// What an operator took back, with the reason told first.
    retracted: BTreeMap<(usize, Granted, usize), usize>,
    till: Till,
    made: usize,
}

/// Tried once on purpose, and then no more.
const NOT_EXPORTED: &str = "batch not exported: not verified";

impl Oracle {
    pub(super) fn of(people: usize, setting: Setting, now: i64) -> Self {
        Self {
            people: vec![Person::default(); people],
            now,
            paused: false,
            seen: BTreeMap::new(),
            setting,
            budget: BTreeMap::new(),
            events: BTreeMap::new(),
            parked: BTreeMap::new(),
            taken: BTreeMap::new(),
            given_back: BTreeMap::new(),
            retracted: BTreeMap::new(),
            till: Till::default(),
            made: 0,
        }
    }

    fn saw(&mut self, what: &'static str, times: bool) {
        *self.seen.entry(what).or_default() += u64::from(times);
    }

    fn has_seen(&self, what: &str) -> bool {
        self.seen.get(what).is_some_and(|times| *times > 0)
    }

    pub(super) fn email(&self, user: usize) -> Email {
        let Person { word, first_yes, .. } = &self.people[user];
        match *word {
            None => Email::Unknown,
            Some((_, true)) => Email::No,
            Some((at, false)) => Email::Yes { since: first_yes.unwrap_or(at) },
        }
    }

    fn hear_word(&mut self, user: usize, at: i64, verified: bool) {
        let person = &mut self.people[user];
        person.word = person.word.max(Some((at, !verified)));
        let yes = verified.then_some(at);
        person.first_yes = [person.first_yes, yes].into_iter().flatten().min();
    }

    pub(super) fn hear(&mut self, user: usize, verified: bool, at: i64) -> Answer {
        if at - self.now > AHEAD {
            return Answer::Refused("time");
        }
        self.hear_word(user, at, verified);
        self.spread(user);
        Answer::Done
    }

    pub(super) fn sign_up(
        &mut self,
        user: usize,
        code: Option<usize>,
        verified: Option<bool>,
        created_at: i64,
        applied_at: i64,
    ) -> Answer {
        if created_at - self.now > AHEAD {
            return Answer::Refused("time");
        }
        let person = &mut self.people[user];
        let begun = person.signed_up_at.map_or(created_at, |known| known.min(created_at));
        person.signed_up_at = Some(begun);
        match verified {
            Some(true) => self.hear_word(user, begun, true),
            Some(false) => self.hear_word(user, 0, false),
            None => {}
        }
        self.spread(user);
        match (code, &self.people[user].brought) {
            (None, _) => Answer::Done,
            (Some(by), Some(brought)) if brought.by == by => Answer::Again,
            (Some(_), Some(_)) => Answer::Refused("already referred"),
            (Some(by), None) => self.refer(user, by, applied_at),
        }
    }

    fn refer(&mut self, user: usize, by: usize, applied_at: i64) -> Answer {
        let signed_up_at = self.people[user].signed_up_at.unwrap_or(self.now);
        let out_of_range = applied_at - self.now > AHEAD || self.now - applied_at > 400 * DAY;
        let today = |it: &&Brought| it.by == by && it.made_at > self.now - DAY;
        let made_today = self.people.iter().filter_map(|it| it.brought.as_ref()).filter(today).count();
        let refusals = [
            (self.paused, "paused"),
            (user == by, "self"),
            (self.descends(by, user), "ring"),
            (out_of_range, "time"),
            (applied_at > signed_up_at + APPLY_WINDOW, "apply window"),
            (made_today >= A_DAY as usize, "limit"),
        ];
        if let Some((_, why)) = refusals.into_iter().find(|(refused, _)| *refused) {
            return Answer::Refused(why);
        }
        self.made += 1;
        let mut brought = Brought::fresh(by, applied_at, self.now, self.made);
        brought.spends = self.fold_parked(user, applied_at);
        self.people[user].brought = Some(brought);
        self.touch(user, None);
        Answer::Done
    }

    fn descends(&self, mut user: usize, from: usize) -> bool {
        let mut seen = BTreeSet::new();
        while let Some(brought) = self.people[user].brought.as_ref().filter(|_| seen.insert(user)) {
            if brought.by == from {
                return true;
            }
            user = brought.by;
        }
        false
    }

    /// What waited for this user's referral and lies in one of its windows.
    fn fold_parked(&mut self, user: usize, applied_at: i64) -> Vec<usize> {
        let mut parked = std::mem::take(&mut self.parked);
        let mut folded = Vec::new();
        parked.retain(|event, recorded_at| {
            let Told { user: of, at, .. } = self.events[event];
            let waited = self.now - *recorded_at <= PARKED;
            let folds = of == user && waited && self.counts(applied_at, at);
            folded.extend(folds.then_some(*event));
            !folds
        });
        self.parked = parked;
        self.saw("folded", !folded.is_empty());
        folded
    }

    fn counts(&self, applied_at: i64, at: i64) -> bool {
        within(applied_at, at) || self.shares(applied_at, at)
    }

    fn shares(&self, applied_at: i64, at: i64) -> bool {
        self.setting.shares && applied_at <= at && at < plus_months(applied_at, MONTHS)
    }
}

fn within(applied_at: i64, at: i64) -> bool {
    applied_at <= at && at < applied_at + WINDOW
}

impl Brought {
    const fn fresh(by: usize, applied_at: i64, made_at: i64, made: usize) -> Self {
        Self {
            by,
            applied_at,
            made_at,
            made,
            spends: Vec::new(),
            verified_at: None,
            activated: false,
            completed_at: None,
            expired: false,
            fraud: false,
            in_review: false,
            welcome: Promise::NotDue,
            reward: Promise::NotDue,
            steps: 0,
            net: 0,
            commission: Commission { net: 0, due: 0, posted: 0, why: None, rises: Vec::new() },
            gone: Gone { welcome: false, reward: false, commission: 0 },
        }
    }

    fn in_time(&self) -> bool {
        self.verified_at.is_some_and(|at| at < self.applied_at + WINDOW)
    }

    /// The word of its state.
    pub(super) const fn state(&self) -> &'static str {
        match (self.fraud, self.completed_at.is_some(), self.expired, self.activated) {
            (true, ..) => "fraud",
            (false, true, ..) => "completed",
            (false, false, true, _) => "expired",
            (false, false, false, true) => "active",
            (false, false, false, false) => "pending",
        }
    }
}
