//! Rewards and redemptions against what they posted.

use referral_domain::credit::{Redemption, Reversal};
use referral_domain::grant::RewardStep;
use referral_domain::id::{BookId, ReferralId, TransactionId};
use referral_domain::ledger::{Check, Transaction, TransactionKind};
use referral_domain::referral::{Award, Referral};
use referral_domain::settle::{commission_due, is_reward_due};

use super::{Finding, equal};
use crate::state::State;

/// What a transaction posted: its kind, for which referral, and the sum of its legs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Posted {
    pub(super) kind: TransactionKind,
    pub(super) referral: Option<ReferralId>,
    pub(super) amount: i64,
}

impl State {
    pub(super) fn posted(&self, book: BookId, id: TransactionId) -> Option<Posted> {
        let Transaction { kind, referral, .. } = *self.transactions.find(&(book, id))?;
        let legs = self.transfers.iter().filter(|((of, _), leg)| *of == book && leg.transaction == id);
        let amount = legs.fold(0_i64, |sum, (_, leg)| sum.saturating_add(leg.amount));
        Some(Posted { kind, referral, amount })
    }
}

/// [`Check::RewardSteps`]: steps follow one another and are posted; what a referral says is granted is the last of them.
pub(super) fn steps_are_posted(state: &State) -> Finding {
    state.referrals.iter().try_for_each(|((book, _), referral)| {
        let id = referral.facts.id;
        let steps: Vec<_> = state.steps_of(*book, id).collect();
        for (step, n) in steps.iter().zip(1..) {
            let place = format!("reward step {n} of {id}");
            equal(Check::RewardSteps, &place, &n, &step.n)?;
            equal(
                Check::RewardSteps,
                place,
                &Some(posting_of(step)),
                &state.posted(*book, step.transaction),
            )?;
        }
        reward_is_its_step(referral, steps.last().copied())?;
        welcome_is_posted(state, *book, referral)
    })?;
    state.reward_steps.iter().try_for_each(|((book, referral, n), _)| {
        let known = state.referral_ids.find(&(*book, *referral)).is_some();
        equal(Check::RewardSteps, format!("reward step {n} of {referral}: it exists"), &true, &known)
    })
}

/// Grants are posted as bonuses; an even step takes one back.
fn posting_of(step: &RewardStep) -> Posted {
    let kind =
        if step.n % 2 == 1 { TransactionKind::ReferralBonus } else { TransactionKind::CreditRetraction };
    Posted { kind, referral: Some(step.referral), amount: step.amount }
}

fn reward_is_its_step(referral: &Referral, last: Option<&RewardStep>) -> Finding {
    let place = format!("reward of {}", referral.facts.id);
    let n = last.map_or(0, |step| step.n);
    equal(Check::RewardSteps, &place, &n, &referral.progress.reward_steps)?;
    let granted = last.filter(|step| step.n % 2 == 1);
    let promised = granted.map(|_| referral.facts.terms.referrer_reward);
    equal(Check::RewardSteps, &place, &promised, &granted.map(|step| step.amount))?;
    let transaction = granted.map(|step| step.transaction);
    equal(Check::RewardSteps, place, &transaction, &referral.progress.reward.transaction())
}

fn welcome_is_posted(state: &State, book: BookId, referral: &Referral) -> Finding {
    let Some(transaction) = referral.progress.welcome.transaction() else { return Ok(()) };
    let amount = referral.facts.terms.welcome_credit;
    let kind = TransactionKind::WelcomeCredit;
    let expected = Posted { kind, referral: Some(referral.facts.id), amount };
    let place = format!("welcome credit of {}", referral.facts.id);
    equal(Check::RewardSteps, place, &Some(expected), &state.posted(book, transaction))
}

/// [`Check::DueRewards`]: what the facts of a referral demand, by the domain's own rule, is posted or withheld.
pub(super) fn are_granted_when_due(state: &State) -> Finding {
    state.referrals.rows().try_for_each(|referral| {
        let place = format!("reward of {} in book {}: it is due", referral.facts.id, referral.facts.book.0);
        let due = is_reward_due(referral);
        commission_is_due(referral)?;
        match referral.progress.reward {
            Award::NotDue | Award::Retracted => equal(Check::DueRewards, place, &false, &due),
            Award::Held { .. } | Award::Granted { .. } => equal(Check::DueRewards, place, &true, &due),
            // What was due when it was withheld is put right by the next unit that settles it; nothing is paid.
            Award::Withheld(_) => Ok(()),
        }
    })
}

/// What a commission comes to, by the domain's own rule; all of it is posted, unless something stands in the way of more.
fn commission_is_due(referral: &Referral) -> Finding {
    let progress = referral.progress.commission;
    let due = commission_due(referral);
    let place = format!("commission of {} in book {}", referral.facts.id, referral.facts.book.0);
    equal(Check::DueRewards, &place, &due, &progress.due)?;
    let short = progress.withheld.is_some() && progress.posted < due;
    equal(Check::DueRewards, place, &due, if short { &due } else { &progress.posted })
}

/// [`Check::Redemptions`]: each took what its transaction posted, and was given back at most that.
pub(super) fn redemptions_are_posted(state: &State) -> Finding {
    for ((book, id), redemption) in state.redemptions.iter() {
        let place = format!("redemption {id}");
        equal(Check::Redemptions, &place, &expected_of(redemption), &posted_by(state, *book, redemption))?;
        let given_back =
            state.reversals_of(*book, *id).fold(0_i64, |sum, row| sum.saturating_add(row.amount));
        let within = given_back <= redemption.redeemed;
        equal(Check::Redemptions, format!("{place}: at most what it took was given back"), &true, &within)?;
    }
    state.reversals.iter().try_for_each(|((book, _), reversal)| reversal_is_posted(state, *book, reversal))
}

fn expected_of(redemption: &Redemption) -> Option<Posted> {
    let kind = TransactionKind::CreditRedemption;
    (redemption.redeemed != 0).then_some(Posted { kind, referral: None, amount: redemption.redeemed })
}

fn posted_by(state: &State, book: BookId, redemption: &Redemption) -> Option<Posted> {
    redemption.transaction.and_then(|transaction| state.posted(book, transaction))
}

fn reversal_is_posted(state: &State, book: BookId, reversal: &Reversal) -> Finding {
    let place = format!("reversal {}", reversal.reference);
    let kind = TransactionKind::CreditRedemption;
    let expected = Posted { kind, referral: None, amount: reversal.amount };
    let posted = state.posted(book, reversal.transaction);
    equal(Check::Redemptions, &place, &Some(expected), &posted)?;
    let known = state.redemptions.find(&(book, reversal.redemption)).is_some();
    equal(Check::Redemptions, format!("{place}: its redemption exists"), &true, &known)
}
