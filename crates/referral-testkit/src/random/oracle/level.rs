//! Levels: what a referral's facts demand, against what was given; and the sweeps that put it right.

use super::{
    BUDGET, Brought, CAP, Email, HOLD, Oracle, Promise, Purse, REWARD, Step, THRESHOLD, Told, Verdict,
    WELCOME, WINDOW, Why, month, within,
};

impl Oracle {
    pub(in super::super) fn expire(&mut self) {
        for brought in self.people.iter_mut().filter_map(|person| person.brought.as_mut()) {
            let over = self.now >= brought.applied_at + WINDOW;
            brought.expired |= over && brought.completed_at.is_none() && !brought.fraud;
        }
    }

    /// Touches those whose promises may not be at their level, in the order in which the store finds them.
    pub(in super::super) fn reconcile(&mut self, by_age: bool) {
        let mut users: Vec<_> = (0..self.people.len()).collect();
        users.retain(|user| self.people[*user].brought.as_ref().is_some_and(|it| self.may_be_unsettled(it)));
        if by_age {
            users.sort_by_key(|user| self.people[*user].brought.as_ref().map(|it| it.made));
        }
        users.into_iter().for_each(|user| self.touch(user, None));
    }

    fn may_be_unsettled(&self, it: &Brought) -> bool {
        let reasons = [whose(it.welcome), whose(it.reward), it.commission.why];
        let waits = |why: &Option<Why>| *why == Some(Why::Referrer) && self.email(it.by) != Email::No;
        reasons.contains(&Some(Why::Paused)) || reasons[1..].iter().any(waits)
    }

    /// Grants what the budget withheld, those first that reached the threshold first.
    pub(in super::super) fn grant_budgeted(&mut self) {
        let mut users: Vec<_> = (0..self.people.len()).collect();
        let waits = |it: &Brought| it.reward == Promise::Withheld(Why::Budget);
        users.retain(|user| self.people[*user].brought.as_ref().is_some_and(waits));
        users.sort_by_key(|user| self.people[*user].brought.as_ref().map(|it| (it.completed_at, it.made)));
        if self.budget.get(&month(self.now)).is_some_and(|(_, closed)| *closed) {
            return;
        }
        for user in users {
            self.touch(user, None);
            let granted = self.people[user]
                .brought
                .as_ref()
                .is_some_and(|it| it.reward != Promise::Withheld(Why::Budget));
            self.saw("granted by a later budget", granted);
        }
    }

    /// Releases what has matured, but for what is under review.
    pub(in super::super) fn release(&mut self) {
        for user in 0..self.people.len() {
            let mut purse = std::mem::take(&mut self.people[user].purse);
            let blocked = |of: usize| self.people[of].brought.as_ref().is_some_and(|it| it.in_review);
            let (rewards, released) = purse.release(self.now, blocked);
            self.people[user].purse = purse;
            self.saw("released", released);
            for of in rewards {
                let brought = self.people[of].brought.iter_mut();
                brought.for_each(|it| it.reward = Promise::Granted);
            }
        }
    }

    /// What a person decides; answers whether there was something to decide.
    pub(in super::super) fn review(&mut self, user: usize, verdict: Verdict) -> bool {
        let Some(it) = self.people[user].brought.as_mut().filter(|it| !it.fraud) else { return false };
        it.in_review = verdict == Verdict::Open;
        if verdict == Verdict::Confirm {
            (it.fraud, it.completed_at, it.expired) = (true, None, false);
        }
        true
    }

    /// The referral a user came by, and those that wait for them as their referrer.
    pub(super) fn spread(&mut self, user: usize) {
        let waits = |it: &Brought| {
            it.by == user && [whose(it.reward), it.commission.why].contains(&Some(Why::Referrer))
        };
        let waiting: Vec<_> = (0..self.people.len())
            .filter(|other| self.people[*other].brought.as_ref().is_some_and(waits))
            .filter(|other| *other != user && self.email(user) != Email::No)
            .collect();
        self.touch(user, None);
        waiting.into_iter().for_each(|other| self.touch(other, None));
    }

    /// Brings a referral to the level of its facts. `spend` is the spend that is counted, or refunded, just now.
    pub(super) fn touch(&mut self, user: usize, spend: Option<usize>) {
        let Some(mut it) = self.people[user].brought.take() else { return };
        it.verified_at = match self.email(user) {
            Email::Yes { since } => Some(since),
            Email::No | Email::Unknown => None,
        };
        self.sum_up(&mut it);
        relabel(&mut it, self.now);
        self.settle_welcome(user, &mut it);
        self.settle_reward(user, &mut it);
        self.settle_commission(user, &mut it, spend);
        self.people[user].brought = Some(it);
    }

    fn sum_up(&self, it: &mut Brought) {
        let left_of = |which: &dyn Fn(i64) -> bool| {
            it.spends.iter().filter(|spend| which(self.events[spend].at)).map(|spend| self.left(*spend)).sum()
        };
        let net = left_of(&|at| within(it.applied_at, at));
        let shared = left_of(&|at| self.shares(it.applied_at, at));
        (it.net, it.commission.net) = (net, shared);
    }

    fn settle_welcome(&mut self, user: usize, it: &mut Brought) {
        let due = it.activated && !it.fraud && !it.gone.welcome && it.welcome != Promise::Retracted;
        let once = it.welcome == Promise::Retracted;
        let why = self.own_obstacle(it);
        match step(&mut it.welcome, due, once, || why) {
            Step::Stay => {}
            Step::Give => {
                it.welcome = Promise::Granted;
                self.receive(user, WELCOME);
            }
            Step::Take => {
                let owes = self.people[user].purse.take(WELCOME);
                self.saw("welcome taken back", true);
                self.saw("taken and owed", owes);
            }
        }
        self.saw_reason(it.welcome);
    }

    fn settle_reward(&mut self, user: usize, it: &mut Brought) {
        let qualifies = it.activated || it.verified_at.is_none() || it.in_time();
        let due = it.net >= THRESHOLD && !it.fraud && !it.gone.reward && qualifies;
        let standing = self.obstacle(it);
        let given = matches!(it.reward, Promise::Held | Promise::Granted);
        let spent = due && !given && standing.is_none() && !self.admits();
        let why = standing.or(spent.then_some(Why::Budget));
        match step(&mut it.reward, due, it.steps > 0, || why) {
            Step::Stay => {}
            Step::Give => self.give_reward(user, it),
            Step::Take => {
                it.steps += 1;
                let owes = self.people[it.by].purse.take_reward(user, REWARD);
                self.saw("reward taken back", true);
                self.saw_owed(it.by, owes);
            }
        }
        self.saw_reason(it.reward);
    }

    fn give_reward(&mut self, user: usize, it: &mut Brought) {
        it.steps += 1;
        self.saw("reward", true);
        self.saw("reward given again", it.steps > 1);
        self.people[it.by].purse.earn(self.now, REWARD);
        if self.setting.holds {
            it.reward = Promise::Held;
            self.people[it.by].purse.hold(user, true, (None, 0), REWARD, self.now + HOLD);
        } else {
            it.reward = Promise::Granted;
            self.receive(it.by, REWARD);
        }
    }

    /// Whether the month's budget has a reward left; the first that does not fit closes it.
    fn admits(&mut self) -> bool {
        if !self.setting.bounded {
            return true;
        }
        let (granted, closed) = self.budget.entry(month(self.now)).or_default();
        *closed |= *granted + REWARD > BUDGET;
        *granted += if *closed { 0 } else { REWARD };
        !*closed
    }

    fn settle_commission(&mut self, user: usize, it: &mut Brought, spend: Option<usize>) {
        if !self.setting.shares {
            return;
        }
        let comes_to = tenth(it.commission.net).min(CAP) - it.gone.commission;
        it.commission.due = if it.fraud { 0 } else { comes_to.max(0) };
        let change = it.commission.due - it.commission.posted;
        it.commission.why = self.obstacle(it).filter(|_| change > 0);
        if change == 0 || it.commission.why.is_some() {
            return;
        }
        it.commission.posted = it.commission.due;
        self.saw(if change > 0 { "commission" } else { "commission taken back" }, true);
        if change < 0 {
            let owes = self.people[it.by].purse.take_commission(user, spend, -change);
            self.saw_owed(it.by, owes);
            return;
        }
        self.people[it.by].purse.earn(self.now, change);
        let share = it.commission.rises.len();
        it.commission.rises.push(change);
        let earned_at = spend.map_or(self.now, |spend: usize| {
            let Told { at, .. } = self.events[&spend];
            at
        });
        if self.setting.holds && earned_at + HOLD > self.now {
            self.people[it.by].purse.hold(user, false, (spend, share), change, earned_at + HOLD);
        } else {
            self.receive(it.by, change);
        }
    }

    /// What stands in the way of anything from this referral.
    fn own_obstacle(&self, it: &Brought) -> Option<Why> {
        if it.verified_at.is_none() || !it.activated {
            Some(Why::Email)
        } else if it.in_review {
            Some(Why::Review)
        } else {
            self.paused.then_some(Why::Paused)
        }
    }

    /// What stands in the way of anything for the referrer.
    fn obstacle(&self, it: &Brought) -> Option<Why> {
        self.own_obstacle(it).or((self.email(it.by) == Email::No).then_some(Why::Referrer))
    }

    pub(super) fn saw_owed(&mut self, user: usize, owes: bool) {
        let Purse { in_payout, paid_out, .. } = self.people[user].purse;
        self.saw("taken and owed", owes);
        self.saw("owed while in payout", owes && in_payout > 0);
        self.saw("owed after a payout", owes && paid_out > in_payout);
    }

    fn saw_reason(&mut self, promise: Promise) {
        let label = match promise {
            Promise::Withheld(Why::Email) => "withheld: e-mail",
            Promise::Withheld(Why::Review) => "withheld: review",
            Promise::Withheld(Why::Paused) => "withheld: paused",
            Promise::Withheld(Why::Referrer) => "withheld: referrer's e-mail",
            Promise::Withheld(Why::Budget) => "withheld: budget",
            Promise::Held => "held",
            Promise::NotDue | Promise::Granted | Promise::Retracted => return,
        };
        self.saw(label, true);
    }
}

fn relabel(it: &mut Brought, now: i64) {
    if it.fraud {
        return;
    }
    let activates = it.in_time() && !it.activated;
    it.activated |= it.in_time();
    it.expired &= !activates;
    let completed = it.activated && it.net >= THRESHOLD;
    it.expired &= !completed;
    it.completed_at = if completed { it.completed_at.or(Some(now)) } else { None };
}

/// Says what a promise is, and what is to be done for that.
fn step(promise: &mut Promise, due: bool, once: bool, why: impl FnOnce() -> Option<Why>) -> Step {
    match (*promise, due) {
        (Promise::Held | Promise::Granted, true) => Step::Stay,
        (Promise::Held | Promise::Granted, false) => {
            *promise = Promise::Retracted;
            Step::Take
        }
        (_, false) => {
            *promise = if once { Promise::Retracted } else { Promise::NotDue };
            Step::Stay
        }
        (_, true) => why().map_or(Step::Give, |why| {
            *promise = Promise::Withheld(why);
            Step::Stay
        }),
    }
}

/// A tenth, rounded half to even.
fn tenth(cents: i64) -> i64 {
    let (whole, rest) = (cents / 10, cents % 10);
    whole + i64::from(rest > 5 || (rest == 5 && whole % 2 == 1))
}

const fn whose(promise: Promise) -> Option<Why> {
    match promise {
        Promise::Withheld(why) => Some(why),
        Promise::NotDue | Promise::Held | Promise::Granted | Promise::Retracted => None,
    }
}
