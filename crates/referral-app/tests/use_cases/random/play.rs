//! Plays a history on the application and on the oracle, and compares them after every step.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use referral_app::{
    Application, ApplyRefusal as ApplyRefused, RedeemCredits, RedeemRefused, ReversalRefused,
    ReverseRedemption, SignUp,
};
use referral_domain::apply::ApplyRefusal;
use referral_domain::credit::{RedeemMode, RedeemRefusal};
use referral_domain::id::{RedemptionId, ReferralId, TransactionId};
use referral_domain::ledger::{TransactionKind, Verdict};
use referral_domain::port::{HistoryFilter, HistoryItem, Reports};
use referral_domain::referral::{Award, Progress, WithheldReason};
use referral_domain::spend::{Answer as Spent, SpendCommand};
use referral_domain::time::Timestamp;
use referral_domain::user::EmailStatus;
use referral_testkit::build::{a_program, a_spend, host, named_id, reference, usd};

use super::happening::{Happening, PEOPLE};
use super::oracle::{A_DAY, Answer, Oracle, Promise, Why};
use crate::pausable::Pause;
use crate::stage::{Stage, answer, fresh, only};

/// What a history brought about.
#[derive(Clone, Copy, Default)]
pub(super) struct Told {
    pub(super) rewards: u64,
    pub(super) refusals: u64,
}

/// A history on both sides.
struct Play {
    stage: Stage,
    pause: Pause,
    oracle: Oracle,
    codes: Vec<String>,
    spends: Vec<(usize, SpendCommand)>,
    /// Grants seen so far, by transaction, and which promise of which referral they keep.
    granted: BTreeSet<TransactionId>,
    kept: BTreeSet<(TransactionKind, ReferralId)>,
}

/// Plays a history.
pub(super) async fn play(history: &[Happening]) -> Result<Told, TestCaseError> {
    let mut play = Play::open().await;
    let mut refusals = 0;
    for (step, happening) in history.iter().enumerate() {
        let (told, expected) = play.step(happening).await;
        prop_assert_eq!(told, expected, "step {}: {:?}", step, happening);
        refusals += u64::from(matches!(told, Answer::Refused(_)));
        play.compare()
            .await
            .map_err(|broken| TestCaseError::fail(format!("step {step}: {happening:?}: {broken}")))?;
    }
    Ok(Told { rewards: play.oracle.rewards, refusals })
}

impl Play {
    async fn open() -> Self {
        let pause = Pause::default();
        let program = a_program().limited_to(A_DAY).build();
        let stage = Stage::made_of(program, |parts| pause.over(parts)).await;
        let mut codes = Vec::new();
        for user in 0..PEOPLE {
            codes.push(stage.code(&name(user)).await);
        }
        let oracle = Oracle::of(PEOPLE, stage.now().micros());
        Self {
            stage,
            pause,
            oracle,
            codes,
            spends: Vec::new(),
            granted: BTreeSet::new(),
            kept: BTreeSet::new(),
        }
    }

    /// One happening on both sides: what the application answered, and what the oracle expects.
    async fn step(&mut self, happening: &Happening) -> (Answer, Answer) {
        match *happening {
            Happening::SignUp { user, code, verified, created_ago, applied_ago } => {
                self.sign_up(user, code, verified, created_ago, applied_ago).await
            }
            Happening::Hear { user, verified, ago } => self.hear(user, verified, ago).await,
            Happening::Spend { event, user, cents, ago } => {
                let command =
                    a_spend(&format!("inv_{event}"), &name(user), usd(cents)).at(self.at(ago)).build();
                self.spend(event, user, command).await
            }
            Happening::SpendAgain { nth } => match self.spends.get(nth).cloned() {
                Some((event, command)) => self.spend(event, number(command.user.as_str()), command).await,
                None => (Answer::Done, Answer::Done),
            },
            Happening::Redeem { reference, user, cents, up_to } => {
                self.redeem(reference, user, cents, up_to).await
            }
            Happening::Reverse { reference, redemption, cents } => {
                self.reverse(reference, redemption, cents).await
            }
            ref other => self.pass(other).await,
        }
    }

    /// What asks nobody: time, pauses, sweeps.
    async fn pass(&mut self, happening: &Happening) -> (Answer, Answer) {
        let app = &self.stage.app;
        match *happening {
            Happening::Advance { micros } => {
                self.oracle.now = self.stage.world.clock.advance(micros).micros()
            }
            Happening::Pause { paused } => {
                self.pause.set(paused);
                self.oracle.paused = paused;
            }
            Happening::Expire => {
                app.expire_referrals().await.expect("a sweep");
                self.oracle.expire();
            }
            _ => {
                app.reconcile_referrals().await.expect("a sweep");
                self.oracle.reconcile();
            }
        }
        (Answer::Done, Answer::Done)
    }

    fn at(&self, ago: i64) -> Timestamp {
        self.stage.now().plus_micros(-ago)
    }

    async fn sign_up(
        &mut self,
        user: usize,
        code: Option<usize>,
        verified: Option<bool>,
        created_ago: i64,
        applied_ago: i64,
    ) -> (Answer, Answer) {
        let (created_at, applied_at) = (self.at(created_ago), self.at(applied_ago));
        let command = SignUp {
            code: code.map(|owner| self.codes[owner].clone()),
            email_verified: verified,
            created_at: Some(created_at),
            applied_at: Some(applied_at),
            ..self.stage.a_sign_up(&name(user))
        };
        let told = match answer(self.stage.app.sign_up(&command).await) {
            Ok(receipt) => match fresh(receipt).application {
                Application::Again(_) => Answer::Again,
                Application::Made(_) | Application::Noted => Answer::Done,
            },
            Err(refused) => Answer::Refused(why_not_applied(refused)),
        };
        (told, self.oracle.sign_up(user, code, verified, created_at.micros(), applied_at.micros()))
    }

    async fn hear(&mut self, user: usize, verified: bool, ago: i64) -> (Answer, Answer) {
        let at = self.at(ago);
        let command = self.stage.an_email_event(&name(user), verified, Some(at));
        let told = answer(self.stage.app.email_verified(&command).await);
        let told = told.map_or(Answer::Refused("time"), |_| Answer::Done);
        (told, self.oracle.hear(user, verified, at.micros()))
    }

    async fn spend(&mut self, event: usize, user: usize, command: SpendCommand) -> (Answer, Answer) {
        let (cents, at) = (command.amount.minor(), command.occurred_at.micros());
        let told = answer(self.stage.app.record_spend(&self.stage.a_batch(vec![command.clone()])).await);
        let told = match told.map(|mut receipt| receipt.answers.remove(0)) {
            Ok(Spent::Recorded(_)) => Answer::Done,
            Ok(Spent::Replayed(_)) => Answer::Again,
            Ok(Spent::Conflict(_)) => Answer::Conflict,
            Err(_) => Answer::Refused("time"),
        };
        self.spends.push((event, command));
        (told, self.oracle.spend(event, (user, cents, at)))
    }

    async fn redeem(&mut self, order: usize, user: usize, cents: i64, up_to: bool) -> (Answer, Answer) {
        let mode = if up_to { RedeemMode::UpTo } else { RedeemMode::Exact };
        let command =
            RedeemCredits { mode, ..self.stage.a_redemption(&format!("order:{order}"), &name(user), cents) };
        let told = match answer(self.stage.app.redeem_credits(&command).await) {
            Ok(receipt) => {
                if receipt.replayed {
                    Answer::Again
                } else {
                    Answer::Done
                }
            }
            Err(RedeemRefused::Conflict) => Answer::Conflict,
            Err(RedeemRefused::Rule(RedeemRefusal::EmailNotVerified)) => Answer::Refused("not verified"),
            Err(RedeemRefused::Rule(RedeemRefusal::InsufficientBalance { .. })) => {
                Answer::Refused("too little")
            }
        };
        (told, self.oracle.redeem(order, user, cents, up_to))
    }

    async fn reverse(&mut self, back: usize, order: usize, cents: Option<i64>) -> (Answer, Answer) {
        let command = ReverseRedemption {
            program: self.stage.program().slug.clone(),
            redemption: self.redemption(order).await,
            reference: reference(&format!("back:{back}")),
            amount: cents,
            reason: None,
        };
        let told = match answer(self.stage.app.reverse_redemption(&command).await) {
            Ok(receipt) => {
                if receipt.replayed {
                    Answer::Again
                } else {
                    Answer::Done
                }
            }
            Err(ReversalRefused::Conflict) => Answer::Conflict,
            Err(ReversalRefused::NotFound) => Answer::Refused("not found"),
            Err(ReversalRefused::Over(_)) => Answer::Refused("over"),
        };
        (told, self.oracle.reverse(back, order, cents))
    }

    /// The redemption under a reference, or nobody's.
    async fn redemption(&self, order: usize) -> RedemptionId {
        let (mut unit, book) = (self.stage.world.begin().await, self.stage.program().book);
        let known = unit.redemptions().find(book, &reference(&format!("order:{order}"))).await;
        let nobodys = RedemptionId::from_uuid(named_id("nobody's"));
        known.expect("the store answers").map_or(nobodys, |redemption| redemption.id)
    }

    /// Both sides agree, the ledger holds (I1, I4), and nothing was granted twice or to the wrong one (I5, I9).
    async fn compare(&mut self) -> Result<(), TestCaseError> {
        for user in 0..PEOPLE {
            self.compare_balance(user).await?;
            self.compare_referral(user).await?;
            self.look_at_grants(user).await?;
        }
        let brought = self.oracle.people.iter().filter(|person| person.brought.is_some()).count();
        match self.stage.memory.verify().await.expect("the store answers") {
            Verdict::Verified(counts) => prop_assert_eq!(counts.referrals, brought as u64, "I8"),
            broken => prop_assert!(false, "I1, I4: {:?}", broken),
        }
        Ok(())
    }

    async fn compare_balance(&self, user: usize) -> Result<(), TestCaseError> {
        let slug = &self.stage.program().slug;
        let view = self.stage.app.balance(slug, &host(&name(user))).await.expect("a balance");
        let expected = only(self.oracle.people[user].available);
        prop_assert_eq!(view.balance.balances, expected, "the balances of {}", user);
        prop_assert_eq!(view.can_redeem, self.oracle.may_redeem(user), "whether {} may redeem", user);
        Ok(())
    }

    async fn compare_referral(&self, user: usize) -> Result<(), TestCaseError> {
        let told = self.stage.referral(&name(user)).await.map(|referral| {
            let Progress { state, verified_at, spend, welcome, reward, .. } = referral.progress;
            let verified_at = verified_at.map(Timestamp::micros);
            (state.name().as_str(), spend.net(), verified_at, promise(welcome), promise(reward))
        });
        let expected = self.oracle.people[user].brought.as_ref();
        let expected =
            expected.map(|it| (it.state(), it.net, it.verified_at, Some(it.welcome), Some(it.reward)));
        prop_assert_eq!(told, expected, "the referral of {}", user);
        Ok(())
    }

    async fn look_at_grants(&mut self, user: usize) -> Result<(), TestCaseError> {
        for HistoryItem { line, transaction } in self.history(user).await {
            let after = line.after;
            let lowest = [after.available, after.held, after.in_payout, after.owed].into_iter().min();
            prop_assert!(lowest >= Some(0), "I3: {:?}", line);
            let Some(referral) = transaction.referral.filter(|_| self.granted.insert(transaction.id)) else {
                continue;
            };
            prop_assert!(self.kept.insert((transaction.kind, referral)), "I5: {:?}", transaction);
            self.was_rightly_granted(user, referral).await?;
        }
        Ok(())
    }

    /// I9, asked of the store alone: what was granted just now was not to be withheld.
    async fn was_rightly_granted(&self, to: usize, referral: ReferralId) -> Result<(), TestCaseError> {
        prop_assert!(!self.oracle.paused, "nothing is granted in a paused program");
        prop_assert_ne!(self.stage.email_status(&name(to)).await, EmailStatus::Unverified, "I9");
        for user in 0..PEOPLE {
            let came_by = self.stage.referral(&name(user)).await;
            if came_by.is_some_and(|it| it.facts.id == referral) {
                let referred = self.stage.email_status(&name(user)).await;
                prop_assert!(matches!(referred, EmailStatus::Verified(_)), "I9: {:?}", referred);
            }
        }
        Ok(())
    }

    async fn history(&self, user: usize) -> Vec<HistoryItem> {
        let book = self.stage.program().book;
        let facts = self.stage.memory.user(book, &host(&name(user))).await.expect("the store answers");
        let everything = HistoryFilter { limit: u32::MAX, ..HistoryFilter::default() };
        let id = facts.expect("everybody has a code").id;
        self.stage.memory.history(book, id, &everything).await.expect("the store answers")
    }
}

fn name(user: usize) -> String {
    format!("u_{user}")
}

fn number(name: &str) -> usize {
    name.trim_start_matches("u_").parse().expect("a number")
}

fn promise(award: Award) -> Option<Promise> {
    Some(match award {
        Award::NotDue | Award::Retracted => Promise::NotDue,
        Award::Held { .. } | Award::Granted { .. } => Promise::Granted,
        Award::Withheld(WithheldReason::EmailNotVerified) => Promise::Withheld(Why::Email),
        Award::Withheld(WithheldReason::ProgramPaused) => Promise::Withheld(Why::Paused),
        Award::Withheld(WithheldReason::ReferrerEmailNotVerified) => Promise::Withheld(Why::Referrer),
        Award::Withheld(WithheldReason::UnderReview | WithheldReason::Budget) => return None,
    })
}

fn why_not_applied(refused: ApplyRefused) -> &'static str {
    match refused {
        ApplyRefused::Rule(ApplyRefusal::ProgramPaused) => "paused",
        ApplyRefused::Rule(ApplyRefusal::SelfReferral) => "self",
        ApplyRefused::Rule(ApplyRefusal::AlreadyReferred) => "already referred",
        ApplyRefused::Rule(ApplyRefusal::ReferralCycle) => "ring",
        ApplyRefused::SignedUpAhead | ApplyRefused::Rule(ApplyRefusal::TimeOutOfRange) => "time",
        ApplyRefused::Rule(ApplyRefusal::ApplyWindowOver) => "apply window",
        ApplyRefused::Rule(ApplyRefusal::ReferrerLimit { .. }) => "limit",
        other => panic!("nothing refuses so here: {other:?}"),
    }
}
