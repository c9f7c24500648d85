//! What an operator takes back of what a rule granted, for good.

use super::super::happening::Granted;
use super::{Answer, Brought, Oracle, Promise};

impl Oracle {
    /// Takes back what was granted for the referral of this user the `nth` time, from 0.
    pub(in super::super) fn retract(
        &mut self,
        user: usize,
        what: Granted,
        nth: usize,
        reason: usize,
    ) -> Answer {
        match self.retracted.get(&(user, what, nth)) {
            Some(known) if *known == reason => return Answer::Again,
            Some(_) => return Answer::Refused("retracted before"),
            None => {}
        }
        let Some(mut it) = self.people[user].brought.take() else { return Answer::Conflict };
        let stands = !it.fraud && it.stands(what, nth);
        if stands {
            self.retracted.insert((user, what, nth), reason);
            self.withdraw(user, &mut it, what, nth);
        }
        self.people[user].brought = Some(it);
        if !stands {
            return Answer::Refused("retracted before");
        }
        self.touch(user, None);
        Answer::Done
    }

    fn withdraw(&mut self, user: usize, it: &mut Brought, what: Granted, nth: usize) {
        match what {
            Granted::Welcome => it.gone.welcome = true,
            Granted::Reward => {
                self.saw("held reward withdrawn", it.reward == Promise::Held);
                it.gone.reward = true;
            }
            Granted::Commission => {
                let amount = it.commission.rises[nth].min(it.commission.posted);
                it.gone.commission += amount;
                it.commission.posted -= amount;
                let owes = self.people[it.by].purse.take_share(user, nth, amount);
                self.saw_owed(it.by, owes);
                self.saw("part of a commission withdrawn", amount < it.commission.rises[nth]);
            }
        }
        let way = match what {
            Granted::Welcome => "welcome withdrawn",
            Granted::Reward => "reward withdrawn",
            Granted::Commission => "commission withdrawn",
        };
        self.saw(way, true);
    }
}

impl Brought {
    /// Whether what was granted the `nth` time is there to be taken back.
    fn stands(&self, what: Granted, nth: usize) -> bool {
        match what {
            Granted::Welcome => self.welcome == Promise::Granted,
            Granted::Reward => self.steps as usize == 2 * nth + 1,
            Granted::Commission => self.commission.posted > 0,
        }
    }
}
