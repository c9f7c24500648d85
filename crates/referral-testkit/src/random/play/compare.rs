//! What is compared after every step, and what is asked of every posting.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use referral_domain::id::ReferralId;
use referral_domain::ledger::{Balances, TransactionKind, Verdict};
use referral_domain::port::{BatchFilter, BatchHead, HistoryFilter, HistoryItem, PayoutFilter, PayoutItem};
use referral_domain::referral::{Award, Referral, Review, WithheldReason};
use referral_domain::time::Timestamp;
use referral_domain::user::EmailStatus;

use super::{PEOPLE, Play, Promise, Why, name, number};
use crate::build::host;

impl Play {
    /// Both sides agree, and whatever was posted was rightly so.
    pub(super) async fn compare(&mut self) -> Result<(), TestCaseError> {
        for user in 0..PEOPLE {
            self.compare_referral(user).await?;
            if self.compare_balance(user).await? {
                self.look_at_postings(user).await?;
            }
        }
        self.compare_payouts().await
    }

    /// Payouts and batches stand where they should.
    async fn compare_payouts(&self) -> Result<(), TestCaseError> {
        if self.payouts.is_empty() {
            return Ok(());
        }
        let (book, limit) = (self.world.program.book, 200);
        let filter = PayoutFilter { limit, ..PayoutFilter::default() };
        let payouts = self.world.reports.payouts(book, &filter).await.expect("the store answers");
        let told = |item: &PayoutItem| {
            let whose = item.host.as_ref().map(|host| number(host.as_str()));
            (whose.expect("nobody was erased"), item.payout.amount, item.payout.status().as_str())
        };
        let told: Vec<_> = payouts.iter().map(told).collect();
        prop_assert_eq!(told, self.oracle.payouts_told());
        let filter = BatchFilter { limit, ..BatchFilter::default() };
        let batches = self.world.reports.batches(book, &filter).await.expect("the store answers");
        let stands = |head: &BatchHead| head.steps.last().map(|step| step.stage.status().as_str());
        let told =
            batches.iter().map(|head| (head.count as usize, head.total, stands(head).expect("a step")));
        prop_assert_eq!(told.collect::<Vec<_>>(), self.oracle.batches_told());
        Ok(())
    }

    /// Answers whether it is another than after the step before.
    async fn compare_balance(&mut self, user: usize) -> Result<bool, TestCaseError> {
        let slug = &self.world.program.slug;
        let view = self.app.balance(slug, &host(&name(user))).await.expect("a balance");
        let purse = &self.oracle.people[user].purse;
        let expected = Balances {
            available: purse.available,
            held: purse.held(),
            in_payout: purse.in_payout,
            owed: purse.owed,
        };
        let balances = view.balance.balances;
        prop_assert_eq!(balances, expected, "the balances of {}", user);
        prop_assert_eq!(view.balance.payable, self.oracle.payable(user), "what is payable to {}", user);
        prop_assert_eq!(view.can_redeem, self.oracle.may_redeem(user), "whether {} may redeem", user);
        Ok(std::mem::replace(&mut self.balances[user], balances) != balances)
    }

    async fn compare_referral(&self, user: usize) -> Result<(), TestCaseError> {
        let told = self.referral(user).await.map(|referral| {
            let progress = referral.progress;
            let commission = progress.commission;
            let awards = (promise(progress.welcome), promise(progress.reward), progress.reward_steps);
            let shared = (commission.net(), commission.due, commission.posted, commission.withheld.map(why));
            let verified_at = progress.verified_at.map(Timestamp::micros);
            let gone = progress.withdrawn;
            let gone = (gone.welcome, gone.reward, gone.commission);
            (progress.state.name().as_str(), progress.spend.net(), verified_at, awards, shared, gone)
        });
        let expected = self.oracle.people[user].brought.as_ref().map(|it| {
            let awards = (it.welcome, it.reward, it.steps);
            let shared = (it.commission.net, it.commission.due, it.commission.posted, it.commission.why);
            let gone = (it.gone.welcome, it.gone.reward, it.gone.commission);
            (it.state(), it.net, it.verified_at, awards, shared, gone)
        });
        prop_assert_eq!(told, expected, "the referral of {}", user);
        Ok(())
    }

    async fn look_at_postings(&mut self, user: usize) -> Result<(), TestCaseError> {
        for HistoryItem { line, transaction } in self.newest(user).await.into_iter().rev() {
            let after = line.after;
            let lowest = [after.available, after.held, after.in_payout, after.owed].into_iter().min();
            prop_assert!(lowest >= Some(0), "I3: {:?}", line);
            let Some(referral) = transaction.referral.filter(|_| self.posted.insert(transaction.id)) else {
                continue;
            };
            self.note(&line, &transaction);
            let (kind, by) = match transaction.kind {
                TransactionKind::ReferralBonus => (TransactionKind::ReferralBonus, 1),
                TransactionKind::WelcomeCredit => (TransactionKind::WelcomeCredit, 1),
                TransactionKind::CreditRetraction => (self.taken_back(user, referral).await, -1),
                _ => continue,
            };
            let standing = self.granted.entry((kind, referral)).or_default();
            *standing += by;
            prop_assert!((0..=1).contains(standing), "I5: {:?}", transaction);
            if by > 0 {
                self.was_rightly_granted(user, referral).await?;
            }
        }
        Ok(())
    }

    /// What a retraction takes back: the reward of whoever referred, the welcome credit of whoever came.
    async fn taken_back(&self, from: usize, referral: ReferralId) -> TransactionKind {
        match self.referral(from).await {
            Some(own) if own.facts.id == referral => TransactionKind::WelcomeCredit,
            _ => TransactionKind::ReferralBonus,
        }
    }

    /// I9, asked of the store alone: what was granted just now was not to be withheld.
    async fn was_rightly_granted(&self, to: usize, referral: ReferralId) -> Result<(), TestCaseError> {
        prop_assert!(!self.oracle.paused, "nothing is granted in a paused program");
        prop_assert_ne!(self.email_status(to).await, EmailStatus::Unverified, "I9");
        for user in 0..PEOPLE {
            let came_by = self.referral(user).await.filter(|it| it.facts.id == referral);
            if let Some(came_by) = came_by {
                let referred = self.email_status(user).await;
                prop_assert!(matches!(referred, EmailStatus::Verified(_)), "I9: {:?}", referred);
                prop_assert_ne!(came_by.progress.review, Review::Open, "I9");
            }
        }
        Ok(())
    }

    pub(super) async fn referral(&self, user: usize) -> Option<Referral> {
        let (book, name) = (self.world.program.book, host(&name(user)));
        self.world.reports.my_referral(book, &name).await.expect("the store answers").referral
    }

    async fn email_status(&self, user: usize) -> EmailStatus {
        let (book, name) = (self.world.program.book, host(&name(user)));
        self.world.reports.my_referral(book, &name).await.expect("the store answers").email
    }

    /// More lines than one step ever writes.
    async fn newest(&self, user: usize) -> Vec<HistoryItem> {
        let (book, name) = (self.world.program.book, host(&name(user)));
        let facts = self.world.reports.user(book, &name).await.expect("the store answers");
        let filter = HistoryFilter { limit: 30, ..HistoryFilter::default() };
        let id = facts.expect("everybody has a code").id;
        self.world.reports.history(book, id, &filter).await.expect("the store answers")
    }

    /// The whole ledger holds (I1, I4), nobody was referred twice (I8), and nobody was paid anything else (I12). Answers
    /// how many referrals there are, so many of them before this history.
    pub(super) async fn is_sound(&self, before: u64) -> Result<u64, TestCaseError> {
        for user in (0..PEOPLE).filter(|_| !self.payouts.is_empty()) {
            let (book, name) = (self.world.program.book, host(&name(user)));
            let summary = self.world.reports.payout_summary(book, &name, self.world.now()).await;
            prop_assert_eq!(
                summary.expect("the store answers").paid,
                self.oracle.paid(user),
                "I12: {}",
                user
            );
        }
        let brought = self.oracle.people.iter().filter(|person| person.brought.is_some()).count();
        let expected = before + brought as u64;
        match self.world.reports.verify().await.expect("the store answers") {
            Verdict::Verified(counts) => {
                prop_assert_eq!(counts.referrals, expected, "I8");
            }
            broken @ Verdict::Broken { .. } => prop_assert!(false, "I1, I4: {:?}", broken),
        }
        Ok(expected)
    }
}

fn promise(award: Award) -> Promise {
    match award {
        Award::NotDue => Promise::NotDue,
        Award::Retracted => Promise::Retracted,
        Award::Held { .. } => Promise::Held,
        Award::Granted { .. } => Promise::Granted,
        Award::Withheld(reason) => Promise::Withheld(why(reason)),
    }
}

const fn why(reason: WithheldReason) -> Why {
    match reason {
        WithheldReason::EmailNotVerified => Why::Email,
        WithheldReason::UnderReview => Why::Review,
        WithheldReason::ProgramPaused => Why::Paused,
        WithheldReason::ReferrerEmailNotVerified => Why::Referrer,
        WithheldReason::Budget => Why::Budget,
    }
}
