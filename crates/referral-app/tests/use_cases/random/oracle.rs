//! What a history comes to, in plain Rust: no ledger, no store, no rule of the domain crate is used here.
//!
//! Terms: a reward of 25.00, a welcome credit of 10.00, from 50.00 of spend within 90 days of applying.

use std::collections::{BTreeMap, BTreeSet};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
const WINDOW: i64 = 90 * DAY;
const APPLY_WINDOW: i64 = 30 * DAY;
const PARKED: i64 = 72 * HOUR;
const AHEAD: i64 = HOUR / 12;
const THRESHOLD: i64 = 50_00;
const REWARD: i64 = 25_00;
const WELCOME: i64 = 10_00;
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
    Paused,
    Referrer,
}

/// What became of something promised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Promise {
    NotDue,
    Withheld(Why),
    Granted,
}

/// One referral, by its referred user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Brought {
    pub(super) by: usize,
    pub(super) applied_at: i64,
    pub(super) made_at: i64,
    pub(super) net: i64,
    pub(super) verified_at: Option<i64>,
    pub(super) activated: bool,
    pub(super) expired: bool,
    pub(super) welcome: Promise,
    pub(super) reward: Promise,
}

/// One person.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) signed_up_at: Option<i64>,
    /// When, not verified, in the order in which they outweigh one another.
    word: Option<(i64, bool)>,
    /// The earliest instant at which anybody said that the e-mail was verified.
    first_yes: Option<i64>,
    pub(super) brought: Option<Brought>,
    pub(super) available: i64,
}

/// An event as it was told: who, how much, when.
type Told = (usize, i64, i64);

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
}

/// Everybody, and everything that was told.
pub(super) struct Oracle {
    pub(super) people: Vec<Person>,
    pub(super) now: i64,
    pub(super) paused: bool,
    pub(super) rewards: u64,
    events: BTreeMap<usize, Told>,
    /// Events that wait for a referral, with when they were recorded.
    parked: BTreeMap<usize, i64>,
    taken: BTreeMap<usize, Taken>,
    given_back: BTreeMap<usize, (usize, Option<i64>)>,
}

impl Oracle {
    pub(super) fn of(people: usize, now: i64) -> Self {
        let person = Person { signed_up_at: None, word: None, first_yes: None, brought: None, available: 0 };
        let (events, parked) = (BTreeMap::new(), BTreeMap::new());
        let (taken, given_back) = (BTreeMap::new(), BTreeMap::new());
        let people = vec![person; people];
        Self { people, now, paused: false, rewards: 0, events, parked, taken, given_back }
    }

    pub(super) fn email(&self, user: usize) -> Email {
        let Person { word, first_yes, .. } = self.people[user];
        match word {
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
        person.signed_up_at = Some(person.signed_up_at.map_or(created_at, |known| known.min(created_at)));
        let begun = self.people[user].signed_up_at.unwrap_or(created_at);
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
        self.people[user].brought = Some(Brought {
            by,
            applied_at,
            made_at: self.now,
            net: self.fold_parked(user, applied_at),
            verified_at: None,
            activated: false,
            expired: false,
            welcome: Promise::NotDue,
            reward: Promise::NotDue,
        });
        self.touch(user);
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

    /// What waited for this user's referral and lies in its window.
    fn fold_parked(&mut self, user: usize, applied_at: i64) -> i64 {
        let (events, now) = (&self.events, self.now);
        let mut net = 0;
        self.parked.retain(|event, recorded_at| {
            let (of, cents, at) = events[event];
            let folds = of == user && now - *recorded_at <= PARKED && within(applied_at, at);
            net += if folds { cents } else { 0 };
            !folds
        });
        net
    }

    pub(super) fn spend(&mut self, event: usize, told: Told) -> Answer {
        let (user, cents, at) = told;
        match self.events.get(&event) {
            Some(known) if *known == told => return Answer::Again,
            Some(_) => return Answer::Conflict,
            None if at - self.now > AHEAD || self.now - at > 400 * DAY => return Answer::Refused("time"),
            None => {}
        }
        self.events.insert(event, told);
        match &mut self.people[user].brought {
            None => drop(self.parked.insert(event, self.now)),
            Some(brought) if within(brought.applied_at, at) => {
                brought.net += cents;
                self.touch(user);
            }
            Some(_) => {}
        }
        Answer::Done
    }

    pub(super) fn may_redeem(&self, user: usize) -> bool {
        match self.email(user) {
            Email::Yes { .. } => true,
            Email::No => false,
            Email::Unknown => self.people[user].brought.is_none(),
        }
    }

    pub(super) fn redeem(&mut self, reference: usize, user: usize, cents: i64, up_to: bool) -> Answer {
        let (asked, available) = ((user, cents, up_to), self.people[user].available);
        match self.taken.get(&reference) {
            Some(known) if known.asked == asked => return Answer::Again,
            Some(_) => return Answer::Conflict,
            None if !self.may_redeem(user) => return Answer::Refused("not verified"),
            None if cents > available && !up_to => return Answer::Refused("too little"),
            None => {}
        }
        let remaining = cents.min(available);
        self.people[user].available -= remaining;
        self.taken.insert(reference, Taken { asked, remaining });
        Answer::Done
    }

    pub(super) fn reverse(&mut self, reference: usize, redemption: usize, cents: Option<i64>) -> Answer {
        let Some(taken) = self.taken.get_mut(&redemption) else { return Answer::Refused("not found") };
        let back = cents.unwrap_or(taken.remaining);
        match self.given_back.get(&reference) {
            Some(known) if *known == (redemption, cents) => return Answer::Again,
            Some(_) => return Answer::Conflict,
            None if back == 0 || back > taken.remaining => return Answer::Refused("over"),
            None => {}
        }
        taken.remaining -= back;
        self.people[taken.asked.0].available += back;
        self.given_back.insert(reference, (redemption, cents));
        Answer::Done
    }

    pub(super) fn expire(&mut self) {
        for brought in self.people.iter_mut().filter_map(|person| person.brought.as_mut()) {
            brought.expired |= self.now >= brought.applied_at + WINDOW && !brought.completed();
        }
    }

    /// Touches those whose promises may not be at their level.
    pub(super) fn reconcile(&mut self) {
        for user in 0..self.people.len() {
            if self.people[user].brought.as_ref().is_some_and(|brought| self.may_be_unsettled(brought)) {
                self.touch(user);
            }
        }
    }

    fn may_be_unsettled(&self, brought: &Brought) -> bool {
        let forgotten = (brought.net >= THRESHOLD && brought.reward == Promise::NotDue)
            || (brought.activated && brought.welcome == Promise::NotDue);
        let paused = [brought.welcome, brought.reward].contains(&Promise::Withheld(Why::Paused));
        let waits = brought.reward == Promise::Withheld(Why::Referrer) && self.email(brought.by) != Email::No;
        forgotten || paused || waits
    }

    /// The referral a user came by, and those that wait for them as their referrer.
    fn spread(&mut self, user: usize) {
        self.touch(user);
        let waits =
            |brought: &Brought| brought.by == user && brought.reward == Promise::Withheld(Why::Referrer);
        for other in 0..self.people.len() {
            if self.email(user) != Email::No && self.people[other].brought.as_ref().is_some_and(waits) {
                self.touch(other);
            }
        }
    }

    /// Brings a referral to the level of its facts.
    fn touch(&mut self, user: usize) {
        let Some(mut brought) = self.people[user].brought.take() else { return };
        brought.verified_at = match self.email(user) {
            Email::Yes { since } => Some(since),
            Email::No | Email::Unknown => None,
        };
        let in_time = brought.verified_at.is_some_and(|at| at < brought.applied_at + WINDOW);
        let activates = in_time && !brought.activated;
        brought.expired &= !activates;
        brought.activated |= in_time;
        let due = brought.net >= THRESHOLD && (brought.activated || brought.verified_at.is_none());
        let (mine, theirs) = self.obstacles(&brought);
        let welcomed = raise(&mut brought.welcome, brought.activated, mine);
        let rewarded = raise(&mut brought.reward, due, theirs);
        self.people[user].available += if welcomed { WELCOME } else { 0 };
        self.people[brought.by].available += if rewarded { REWARD } else { 0 };
        self.rewards += u64::from(rewarded);
        self.people[user].brought = Some(brought);
    }

    /// What stands in the way of the welcome credit, and of the reward.
    fn obstacles(&self, brought: &Brought) -> (Option<Why>, Option<Why>) {
        let ready = brought.verified_at.is_some() && brought.activated;
        let mine = if !ready {
            Some(Why::Email)
        } else if self.paused {
            Some(Why::Paused)
        } else {
            None
        };
        let referrer = (self.email(brought.by) == Email::No).then_some(Why::Referrer);
        (mine, mine.or(referrer))
    }
}

/// Brings a promise to its level; answers whether it is granted just now.
fn raise(promise: &mut Promise, due: bool, obstacle: Option<Why>) -> bool {
    let before = *promise;
    *promise = match (before, due, obstacle) {
        (Promise::Granted, ..) | (_, true, None) => Promise::Granted,
        (_, false, _) => Promise::NotDue,
        (_, true, Some(why)) => Promise::Withheld(why),
    };
    *promise == Promise::Granted && before != Promise::Granted
}

fn within(applied_at: i64, at: i64) -> bool {
    applied_at <= at && at < applied_at + WINDOW
}

impl Brought {
    fn completed(&self) -> bool {
        self.activated && self.net >= THRESHOLD
    }

    /// The word of its state.
    pub(super) fn state(&self) -> &'static str {
        match (self.completed(), self.expired, self.activated) {
            (true, ..) => "completed",
            (false, true, _) => "expired",
            (false, false, true) => "active",
            (false, false, false) => "pending",
        }
    }
}
