//! Referrals.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use async_trait::async_trait;
use referral_domain::commission::CommissionProgress;
use referral_domain::credit::may_redeem;
use referral_domain::id::{BookId, ReferralId, UserId};
use referral_domain::port::{Matured, Referrals, StoreError};
use referral_domain::program::Program;
use referral_domain::referral::{
    Award, Progress, Referral, Review, SpendTotals, State as ReferralState, WithheldReason,
};
use referral_domain::retraction::Withdrawn;
use referral_domain::settle::{is_reward_due, is_welcome_due};
use referral_domain::time::Timestamp;
use referral_domain::user::EmailStatus;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Referrals for MemoryUnit {
    async fn lock(&mut self, book: BookId, referred: &[UserId]) -> Result<Vec<Referral>, StoreError> {
        self.call(|state| {
            let by_id: BTreeSet<_> = referred.iter().copied().collect();
            Ok(by_id.into_iter().filter_map(|user| state.referral_of(book, user)).cloned().collect())
        })
        .await
    }

    async fn ancestors(
        &mut self,
        book: BookId,
        user: UserId,
        generations: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        self.call(|state| {
            let referrer = |user: &UserId| state.referral_of(book, *user).map(|found| found.facts.referrer);
            let nearest_first = std::iter::successors(referrer(&user), referrer);
            Ok(nearest_first.take(generations as usize).collect())
        })
        .await
    }

    async fn nth_newest(
        &mut self,
        book: BookId,
        asked: &[(UserId, u32)],
        since: Timestamp,
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        self.call(|state| {
            let nth = |&(referrer, n): &(UserId, u32)| {
                let made = state.referrals_by(book, referrer).map(|referral| referral.facts.created_at);
                let mut newest_first: Vec<_> = made.filter(|made_at| *made_at > since).collect();
                newest_first.sort_by_key(|made_at| Reverse(*made_at));
                n.checked_sub(1).and_then(|before_it| newest_first.get(before_it as usize).copied())
            };
            Ok(asked.iter().map(nth).collect())
        })
        .await
    }

    async fn waiting_for(
        &mut self,
        book: BookId,
        referrer: UserId,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        self.call(|state| {
            let waiting = state.referrals_by(book, referrer).filter(|referral| waits_for_referrer(referral));
            Ok(waiting.map(|referral| referral.facts.referred).take(limit as usize).collect())
        })
        .await
    }

    async fn claim_expired(
        &mut self,
        book: BookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Referral>, StoreError> {
        self.call(|state| {
            let over = state.referrals_in(book).filter(|referral| is_over(referral, now));
            Ok(over.take(limit as usize).cloned().collect())
        })
        .await
    }

    async fn claim_unsettled(&mut self, book: BookId, limit: u32) -> Result<Vec<Referral>, StoreError> {
        self.call(|state| {
            let program = state.program_of(book)?;
            let unsettled =
                state.referrals_in(book).filter(|referral| state.may_be_unsettled(program, referral));
            Ok(unsettled.take(limit as usize).cloned().collect())
        })
        .await
    }

    async fn claim_budgeted(&mut self, book: BookId, limit: u32) -> Result<Vec<Referral>, StoreError> {
        self.call(|state| {
            let withheld = Award::Withheld(WithheldReason::Budget);
            let mut waiting: Vec<_> =
                state.referrals_in(book).filter(|referral| referral.progress.reward == withheld).collect();
            waiting.sort_by_key(|referral| (referral.progress.state.completed_at(), referral.facts.id));
            Ok(waiting.into_iter().take(limit as usize).cloned().collect())
        })
        .await
    }

    async fn claim_matured(
        &mut self,
        book: BookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Matured, StoreError> {
        self.call(|state| state.matured(book, now, limit)).await
    }
}

fn waits_for_referrer(referral: &Referral) -> bool {
    let reason = Some(WithheldReason::ReferrerEmailNotVerified);
    referral.progress.reward.reason() == reason || referral.progress.commission.withheld == reason
}

/// Whether nothing that was withdrawn is given back.
const fn is_kept(before: Withdrawn, after: Withdrawn) -> bool {
    before.welcome <= after.welcome && before.reward <= after.reward && before.commission <= after.commission
}

/// Whether a referral's window is over though its state does not say so. Completed ones stay completed.
fn is_over(referral: &Referral, now: Timestamp) -> bool {
    let open = matches!(referral.progress.state, ReferralState::Pending | ReferralState::Active { .. });
    open && referral.facts.qualifies_until <= now
}

impl State {
    /// Every referral of a book, by referred user.
    pub(crate) fn referrals_in(&self, book: BookId) -> impl Iterator<Item = &Referral> {
        self.referrals.rows().filter(move |referral| referral.facts.book == book)
    }

    /// A referrer's referrals, by referred user.
    pub(crate) fn referrals_by(&self, book: BookId, referrer: UserId) -> impl Iterator<Item = &Referral> {
        self.referrals_in(book).filter(move |referral| referral.facts.referrer == referrer)
    }

    /// The referral a user came by.
    pub(crate) fn referral_of(&self, book: BookId, referred: UserId) -> Option<&Referral> {
        self.referrals.find(&(book, referred))
    }

    /// The program of a book that exists.
    pub(crate) fn program_of(&self, book: BookId) -> Result<&Program, StoreError> {
        self.programs.get(self.books.get(&book)?)
    }

    /// What is known of a user's e-mail.
    pub(crate) fn email_status(&self, book: BookId, user: UserId) -> EmailStatus {
        self.users.find(&(book, user)).map_or(EmailStatus::Unknown, |facts| facts.email_status())
    }

    /// Whether a user may not use what they have before their e-mail is verified.
    pub(crate) fn must_verify(&self, book: BookId, user: UserId) -> bool {
        !may_redeem(self.email_status(book, user), self.referral_of(book, user).is_some())
    }

    /// Whether an award of the referral may not be at its level. An award of nothing is never due.
    fn may_be_unsettled(&self, program: &Program, referral: &Referral) -> bool {
        let Progress { state, welcome, reward, commission, .. } = &referral.progress;
        let fraud = matches!(state, ReferralState::Fraud { .. });
        let off = |award: &Award, due: bool| match award {
            Award::NotDue | Award::Retracted => due,
            Award::Held { .. } | Award::Granted { .. } => !due,
            Award::Withheld(_) => false,
        };
        let welcome_off = off(welcome, is_welcome_due(referral)) && *welcome != Award::Retracted;
        let commission_off = commission.due != commission.posted && commission.withheld.is_none()
            || fraud && commission.posted != 0;
        let freed = |reason| match reason {
            Some(WithheldReason::ProgramPaused) => !program.is_paused(),
            Some(WithheldReason::ReferrerEmailNotVerified) => {
                self.email_status(program.book, referral.facts.referrer) != EmailStatus::Unverified
            }
            _ => false,
        };
        let reasons = [welcome.reason(), reward.reason(), commission.withheld];
        off(reward, is_reward_due(referral))
            || welcome_off
            || commission_off
            || reasons.into_iter().any(freed)
    }

    /// Holds that may be released, the first to mature first, and the referrals they are of.
    fn matured(&self, book: BookId, now: Timestamp, limit: u32) -> Result<Matured, StoreError> {
        let mut due = Vec::new();
        for hold in self.holds_in(book).filter(|hold| hold.remaining > 0 && hold.matures_at <= now) {
            let referred = *self.referral_ids.get(&(book, hold.referral))?;
            let referral = self.referrals.get(&(book, referred))?;
            if referral.progress.review != Review::Open {
                due.push((hold.clone(), referral.clone()));
            }
        }
        due.sort_by_key(|(hold, _)| (hold.matures_at, hold.transaction));
        due.truncate(limit as usize);
        let (holds, mut referrals): (Vec<_>, Vec<_>) = due.into_iter().unzip();
        referrals.sort_by_key(|referral| referral.facts.referred);
        referrals.dedup_by_key(|referral| referral.facts.referred);
        Ok(Matured { holds, referrals })
    }

    /// Refuses progress that no referral can have made.
    fn may_be_progress(&self, id: ReferralId, progress: &Progress) -> Result<(), StoreError> {
        let SpendTotals { gross, refunded } = progress.spend;
        let rule = self.referrals.rule("spend", "refunds take back at most what was spent");
        rule.holds(0 <= refunded && refunded <= gross, &id)?;
        let CommissionProgress { gross, refunded, due, posted, .. } = progress.commission;
        let rule = self.referrals.rule("commission", "refunds take back at most what was spent");
        rule.holds(0 <= refunded && refunded <= gross, &id)?;
        let rule = self.referrals.rule("commission", "nothing less than nothing is due or posted");
        rule.holds(due >= 0 && posted >= 0, &id)?;
        let Withdrawn { welcome, reward, commission } = progress.withdrawn;
        let gone = |withdrawn: bool, award: Award| !withdrawn || award == Award::Retracted;
        let rule = self.referrals.rule("withdrawn", "what was withdrawn is taken back");
        rule.holds(gone(welcome, progress.welcome) && gone(reward, progress.reward), &id)?;
        let rule = self.referrals.rule("withdrawn", "nothing less than nothing is withdrawn");
        rule.holds(commission >= 0, &id)
    }

    /// Stores a new referral: of two people who exist, by a code of the referrer.
    pub(crate) fn add_referral(&mut self, book: BookId, referral: &Referral) -> Result<(), StoreError> {
        let facts = &referral.facts;
        self.users.has(&(book, facts.referred))?;
        let owner = self.codes.get(&(book, facts.code))?.owner;
        self.referral_ids.add((book, facts.id), facts.referred)?;
        self.referrals.add((book, facts.referred), referral.clone())?;
        let rule = |column, says| self.referrals.rule(column, says);
        rule("book_id", "a referral is recorded in its own book").holds(facts.book == book, &facts.id)?;
        rule("code_id", "a referral's code is the referrer's").holds(owner == facts.referrer, &facts.id)?;
        rule("referred_id", "nobody refers themselves").holds(facts.referrer != facts.referred, &facts.id)?;
        self.may_be_progress(facts.id, &referral.progress)
    }

    /// Replaces the progress of a referral: the facts stay, and its reward steps never become fewer.
    pub(crate) fn save_progress(
        &mut self,
        book: BookId,
        id: ReferralId,
        progress: &Progress,
    ) -> Result<(), StoreError> {
        self.may_be_progress(id, progress)?;
        let referred = *self.referral_ids.get(&(book, id))?;
        let rule = self.referrals.rule("reward_steps", "reward steps never become fewer");
        let fewer = self.referrals.rule("commission_steps", "commission steps never become fewer");
        let for_good = self.referrals.rule("withdrawn", "what was withdrawn stays withdrawn");
        self.referrals.change(&(book, referred), |stored| {
            rule.holds(stored.progress.reward_steps <= progress.reward_steps, &id)?;
            fewer.holds(stored.progress.commission.steps <= progress.commission.steps, &id)?;
            for_good.holds(is_kept(stored.progress.withdrawn, progress.withdrawn), &id)?;
            stored.progress = progress.clone();
            Ok(())
        })?
    }
}
