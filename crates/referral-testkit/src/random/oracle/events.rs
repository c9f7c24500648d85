//! Spends and refunds as they are told.

use super::{AHEAD, Answer, Brought, CLAWBACK, DAY, Oracle, Told};

impl Oracle {
    /// What is to be answered before an event is looked at; `None` when it is new and in range.
    fn known(&self, event: usize, told: Told) -> Option<Answer> {
        match self.events.get(&event) {
            Some(known) if *known == told => Some(Answer::Again),
            Some(_) => Some(Answer::Conflict),
            None if told.at - self.now > AHEAD || self.now - told.at > 400 * DAY => {
                Some(Answer::Refused("time"))
            }
            None => None,
        }
    }

    pub(in super::super) fn tell(&mut self, event: usize, told: Told) -> Answer {
        if let Some(answer) = self.known(event, told) {
            return answer;
        }
        match told.refund {
            None => self.spend(event, told),
            Some((of, _)) => return self.refund(event, of, told),
        }
        Answer::Done
    }

    fn spend(&mut self, event: usize, told: Told) {
        self.events.insert(event, told);
        let counts = |brought: &Brought| !brought.fraud && self.counts(brought.applied_at, told.at);
        match self.people[told.user].brought.as_ref().map(counts) {
            None => drop(self.parked.insert(event, self.now)),
            Some(true) => {
                self.people[told.user].brought.iter_mut().for_each(|brought| brought.spends.push(event));
                self.touch(told.user, Some(event));
            }
            Some(false) => {}
        }
    }

    fn refund(&mut self, event: usize, of: usize, told: Told) -> Answer {
        let named = self.events.get(&of);
        if of == event || named.is_some_and(|named| named.user != told.user || named.refund.is_some()) {
            return Answer::Conflict;
        }
        self.saw("refund before its spend", !self.events.contains_key(&of));
        self.events.insert(event, told);
        let brought = self.people[told.user].brought.as_ref();
        if brought.is_some_and(|brought| brought.spends.contains(&of)) {
            self.touch(told.user, Some(of));
        }
        Answer::Done
    }

    /// What is left of a spend after the refunds that weigh on it.
    pub(super) fn left(&self, spend: usize) -> i64 {
        let Told { user, cents, at, .. } = self.events[&spend];
        let weighs = |it: &&Told| it.user == user && (it.at < at + CLAWBACK || it.weighs_for_ever());
        let names = |it: &&Told| it.refund.is_some_and(|(of, _)| of == spend);
        let refunded: i64 = self.events.values().filter(names).filter(weighs).map(|it| it.cents).sum();
        cents - refunded.min(cents)
    }
}
