//! What a rule granted and an operator takes back, on both sides.

use referral_app::{Replayable, RetractTransaction, RetractionRefused};
use referral_domain::audit::{Actor, ActorKind};
use referral_domain::ledger::{Balances, Line, Transaction, TransactionKind};

use super::super::happening::Granted;
use super::{Answer, Play, again, answer};

impl Play {
    /// The `back`-th before the last that was granted for the referral of this user, if there is one.
    pub(super) async fn retract(
        &mut self,
        user: usize,
        what: Granted,
        back: usize,
        reason: usize,
    ) -> (Answer, Answer) {
        let nothing = (Answer::Done, Answer::Done);
        let Some(referral) = self.referral(user).await else { return nothing };
        let granted = self.grants.get(&(what, referral.facts.id));
        let last = granted.map_or(0, Vec::len);
        let Some(nth) = last.checked_sub(back + 1) else { return nothing };
        let command = RetractTransaction {
            program: self.world.program.slug.clone(),
            transaction: self.grants[&(what, referral.facts.id)][nth],
            reason: ["By mistake", "Of one household"][reason].to_owned(),
            by: Actor { kind: ActorKind::Staff, id: "u_ada".to_owned() },
        };
        let told = match answer(self.app.retract_transaction(&command, None).await) {
            Ok(Replayable::Fresh(receipt)) => again(receipt.replayed),
            Ok(Replayable::Replayed(_)) => panic!("no key was sent"),
            Err(RetractionRefused::AlreadyRetracted) => Answer::Refused("retracted before"),
            Err(RetractionRefused::NotFound | RetractionRefused::NotRetractable(_)) => Answer::Conflict,
        };
        // What is taken back and what is granted with it may come to nothing: it is looked at all the same.
        self.balances.iter_mut().for_each(|balances| balances.owed = -1);
        (told, self.oracle.retract(user, what, nth, reason))
    }

    /// Notes what a rule granted.
    pub(super) fn note(&mut self, line: &Line, transaction: &Transaction) {
        let worth = |sums: Balances| sums.available + sums.held + sums.in_payout - sums.owed;
        let what = match transaction.kind {
            TransactionKind::WelcomeCredit => Granted::Welcome,
            TransactionKind::ReferralBonus => Granted::Reward,
            TransactionKind::AffiliateCommission if worth(line.after) > worth(line.before) => {
                Granted::Commission
            }
            _ => return,
        };
        if let Some(referral) = transaction.referral {
            self.grants.entry((what, referral)).or_default().push(transaction.id);
        }
    }
}
