//! Writing a decision down: what a table refers to is written before it, and each row first takes its keys, then
//! answers for the rest. So whoever lost a race hears that ([`StoreError::Contended`]) and may run again; whoever holds
//! a free key and breaks a rule hears which ([`StoreError::Corrupt`]). Either way nothing of the unit is stored.

use async_trait::async_trait;
use referral_domain::grant::{CommissionStep, RewardStep};
use referral_domain::id::{BookId, ReferralId};
use referral_domain::port::{Changes, Recorder, StoreError};
use referral_domain::referral::{Award, Progress};
use referral_domain::tracking::DayDelta;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Recorder for MemoryUnit {
    async fn record(&mut self, book: BookId, changes: &Changes) -> Result<(), StoreError> {
        self.call(|state| state.record(book, changes)).await
    }
}

impl State {
    fn record(&mut self, book: BookId, changes: &Changes) -> Result<(), StoreError> {
        self.books.has(&book)?;
        changes.users.iter().try_for_each(|facts| self.save_user(book, facts))?;
        changes.codes.iter().try_for_each(|code| self.save_code(book, code))?;
        changes.new_referrals.iter().try_for_each(|referral| self.add_referral(book, referral))?;
        self.post(book, &changes.posting)?;
        changes.steps.iter().try_for_each(|step| self.add_step(book, step))?;
        changes.commission_steps.iter().try_for_each(|step| self.add_commission_step(book, step))?;
        changes.holds.iter().try_for_each(|hold| self.add_hold(book, hold))?;
        changes.hold_steps.iter().try_for_each(|step| self.add_hold_step(book, step))?;
        changes.budget.iter().try_for_each(|budget| self.save_budget(book, budget))?;
        changes.progress.iter().try_for_each(|(id, progress)| self.save_progress(book, *id, progress))?;
        changes.events.iter().try_for_each(|event| self.add_event(book, event))?;
        changes.folded.iter().try_for_each(|(source, referral)| self.fold_event(book, source, *referral))?;
        changes.redemptions.iter().try_for_each(|redemption| self.add_redemption(book, redemption))?;
        changes.reversals.iter().try_for_each(|reversal| self.add_reversal(book, reversal))?;
        self.record_payouts(book, changes)?;
        changes.days.iter().try_for_each(|day| self.add_day(book, day))?;
        changes.replies.iter().try_for_each(|(key, reply)| self.replies.add(key.clone(), reply.clone()))?;
        changes.audit.iter().try_for_each(|entry| self.add_audit(book, entry))?;
        changes.adjustments.iter().try_for_each(|adjustment| self.add_adjustment(book, adjustment))?;
        changes.adjustment_steps.iter().try_for_each(|step| self.add_adjustment_step(book, step))?;
        changes.adjustments.iter().try_for_each(|adjustment| self.adjustment_was_asked(book, adjustment))?;
        self.awards_are_posted(book, changes)
    }

    /// Stores a reward step; it follows the one before, so grants and retractions alternate.
    fn add_step(&mut self, book: BookId, step: &RewardStep) -> Result<(), StoreError> {
        self.referral_ids.has(&(book, step.referral))?;
        self.use_transaction(book, step.transaction, "a reward step")?;
        let last = self.steps_of(book, step.referral).last().map_or(0, |step| step.n);
        self.reward_steps.add((book, step.referral, step.n), step.clone())?;
        let rule = |column, says| self.reward_steps.rule(column, says);
        rule("n", "each step follows the one before").holds(step.n == last + 1, step)?;
        rule("amount", "a step moves something").holds(step.amount > 0, step)
    }

    /// Stores a commission step; it follows the one before, and says what is posted after it.
    fn add_commission_step(&mut self, book: BookId, step: &CommissionStep) -> Result<(), StoreError> {
        self.referral_ids.has(&(book, step.referral))?;
        self.use_transaction(book, step.transaction, "a commission step")?;
        let last = self.commission_steps_of(book, step.referral).last();
        let (n, posted) = last.map_or((0, 0), |last| (last.n, last.posted));
        self.commission_steps.add((book, step.referral, step.n), step.clone())?;
        let rule = |column, says| self.commission_steps.rule(column, says);
        rule("n", "each step follows the one before").holds(step.n == n + 1, step)?;
        rule("amount", "a step moves something").holds(step.amount != 0, step)?;
        let follows = step.posted >= 0 && posted.checked_add(step.amount) == Some(step.posted);
        rule("posted", "what is posted is the sum of the steps").holds(follows, step)
    }

    /// A referral's commission steps, the first first.
    pub(crate) fn commission_steps_of(
        &self,
        book: BookId,
        referral: ReferralId,
    ) -> impl Iterator<Item = &CommissionStep> {
        self.commission_steps.range((book, referral, u32::MIN)..=(book, referral, u32::MAX))
    }

    /// A referral's reward steps, the first first.
    pub(crate) fn steps_of(&self, book: BookId, referral: ReferralId) -> impl Iterator<Item = &RewardStep> {
        self.reward_steps.range((book, referral, u32::MIN)..=(book, referral, u32::MAX))
    }

    fn add_day(&mut self, book: BookId, gained: &DayDelta) -> Result<(), StoreError> {
        let owner = self.codes.get(&(book, gained.code))?.owner;
        let rule = self.affiliate_tracking.rule("referrer_id", "a day row is of its code's owner");
        rule.holds(owner == gained.referrer, gained)?;
        let key = (book, gained.referrer, gained.code, gained.day);
        let stored = self.affiliate_tracking.find(&key).copied();
        let rows = DayDelta::merged(stored.into_iter().chain([*gained]).collect());
        rows.into_iter().for_each(|row| self.affiliate_tracking.put(key, row));
        Ok(())
    }

    /// Refuses an award that says it is granted without what granted it. It is asked last, once all is written.
    fn awards_are_posted(&self, book: BookId, changes: &Changes) -> Result<(), StoreError> {
        let new = changes.new_referrals.iter().map(|referral| (referral.facts.id, &referral.progress));
        let changed = changes.progress.iter().map(|(id, progress)| (*id, progress));
        new.chain(changed).try_for_each(|(id, progress)| self.award_is_posted(book, id, progress))
    }

    fn award_is_posted(&self, book: BookId, id: ReferralId, progress: &Progress) -> Result<(), StoreError> {
        for award in [progress.welcome, progress.reward] {
            award.transaction().map_or(Ok(()), |id| self.transactions.has(&(book, id)))?;
        }
        let rule = |says| self.referrals.rule("reward_steps", says);
        let last = self.steps_of(book, id).last().map_or(0, |step| step.n);
        rule("a referral counts the reward steps it has").holds(progress.reward_steps == last, &id)?;
        let (n, posted) =
            self.commission_steps_of(book, id).last().map_or((0, 0), |step| (step.n, step.posted));
        let told = (progress.commission.steps, progress.commission.posted);
        let rule_of =
            self.referrals.rule("commission_steps", "a referral counts the commission steps it has");
        rule_of.holds(told == (n, posted), &id)?;
        let odd = progress.reward_steps % 2 == 1;
        rule("the number of steps is odd while the reward is posted")
            .holds(odd == progress.reward.is_posted(), &id)?;
        let held = matches!(progress.welcome, Award::Held { .. });
        self.referrals.rule("welcome_status", "a welcome credit is never held").holds(!held, &id)
    }
}
