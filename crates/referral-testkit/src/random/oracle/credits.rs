//! Credits used and given back.

use super::{Answer, Email, Oracle, Taken};

impl Oracle {
    pub(in super::super) fn may_redeem(&self, user: usize) -> bool {
        match self.email(user) {
            Email::Yes { .. } => true,
            Email::No => false,
            Email::Unknown => self.people[user].brought.is_none(),
        }
    }

    pub(in super::super) fn redeem(
        &mut self,
        reference: usize,
        user: usize,
        cents: i64,
        up_to: bool,
    ) -> Answer {
        let (asked, available) = ((user, cents, up_to), self.people[user].purse.available);
        match self.taken.get(&reference) {
            Some(known) if known.asked == asked => return Answer::Again,
            Some(_) => return Answer::Conflict,
            None if !self.may_redeem(user) => return Answer::Refused("not verified"),
            None if cents > available && !up_to => return Answer::Refused("too little"),
            None => {}
        }
        let remaining = cents.min(available);
        self.people[user].purse.take(remaining);
        self.taken.insert(reference, Taken { asked, remaining });
        Answer::Done
    }

    pub(in super::super) fn reverse(
        &mut self,
        reference: usize,
        redemption: usize,
        cents: Option<i64>,
    ) -> Answer {
        let Some(taken) = self.taken.get_mut(&redemption) else { return Answer::Refused("not found") };
        let back = cents.unwrap_or(taken.remaining);
        match self.given_back.get(&reference) {
            Some(known) if *known == (redemption, cents) => return Answer::Again,
            Some(_) => return Answer::Conflict,
            None if back == 0 || back > taken.remaining => return Answer::Refused("over"),
            None => {}
        }
        taken.remaining -= back;
        let user = taken.asked.0;
        self.receive(user, back);
        self.given_back.insert(reference, (redemption, cents));
        Answer::Done
    }

    pub(super) fn receive(&mut self, user: usize, amount: i64) {
        let repaid = self.people[user].purse.receive(amount);
        self.saw("owed and repaid", repaid);
    }
}
