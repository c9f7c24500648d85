//! Plays a history on the application and on the oracle, and compares them after every step.

mod compare;
mod credits;
mod payouts;
mod retract;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use referral_app::{
    App, Application, ApplyRefusal as ApplyRefused, EmailVerified, Failure, RecordSpend, Replayable, SignUp,
};
use referral_domain::apply::ApplyRefusal;
use referral_domain::id::{BatchId, PayoutId, ReferralId, TransactionId};
use referral_domain::ledger::{Balances, TransactionKind};
use referral_domain::port::Changes;
use referral_domain::program::{Commission, Policy, Program, Terms};
use referral_domain::referral::{Attribution, Referral, Review, Source, State};
use referral_domain::spend::{Answer as Spent, EventCommand, RefundReason};
use referral_domain::time::Timestamp;

use super::Sweeps;
use super::happening::{Granted, Happening, PEOPLE, Setting, Verdict as Decided};
use super::oracle::{A_DAY, Answer, BUDGET, CAP, DELAY_DAYS, MINIMUM, MONTHS, Oracle, Promise, Told, Why};
use crate::build::{a_program, a_refund, a_spend, host, usd};
use crate::contract::Subject;
use crate::pausable::Pause;
use crate::world::World;

/// What was reached how often.
type Seen = BTreeMap<&'static str, u64>;

/// A history on both sides.
struct Play {
    app: App,
    world: World,
    pause: Pause,
    oracle: Oracle,
    sweeps: Sweeps,
    codes: Vec<String>,
    events: Vec<(usize, EventCommand)>,
    /// Payouts and batches, in the order in which they were made.
    payouts: Vec<PayoutId>,
    batches: Vec<BatchId>,
    balances: Vec<Balances>,
    /// Transactions seen so far.
    posted: BTreeSet<TransactionId>,
    /// By referral: how often its reward was granted, less how often it was taken back.
    granted: BTreeMap<(TransactionKind, ReferralId), i64>,
    /// By referral: the transactions that granted something, in their order.
    grants: BTreeMap<(Granted, ReferralId), Vec<TransactionId>>,
}

/// A store, how many histories were played on it, and how many referrals they left.
pub(super) struct Place {
    subject: Subject,
    pub(super) played: u32,
    referrals: u64,
}

impl Place {
    pub(super) const fn new(subject: Subject) -> Self {
        Self { subject, played: 0, referrals: 0 }
    }
}

/// Plays a history in a program of its own; answers what it reached.
pub(super) async fn play(
    place: &mut Place,
    setting: Setting,
    sweeps: Sweeps,
    history: &[Happening],
) -> Result<Seen, TestCaseError> {
    let mut play = Play::open(place, setting, sweeps).await;
    let mut seen = Seen::new();
    for (step, happening) in history.iter().enumerate() {
        let (told, expected) = play.step(happening).await;
        prop_assert_eq!(told, expected, "step {}: {:?}", step, happening);
        if let Some(what) = label(told) {
            *seen.entry(what).or_default() += 1;
        }
        play.compare()
            .await
            .map_err(|broken| TestCaseError::fail(format!("step {step}: {happening:?}: {broken}")))?;
    }
    place.played += 1;
    place.referrals = play.is_sound(place.referrals).await?;
    play.oracle.seen.into_iter().for_each(|(what, times)| *seen.entry(what).or_default() += times);
    Ok(seen)
}

const fn label(told: Answer) -> Option<&'static str> {
    match told {
        Answer::Done | Answer::Built { .. } | Answer::Settled { .. } => None,
        Answer::Again => Some("again"),
        Answer::Conflict => Some("conflict"),
        Answer::Refused(why) => Some(why),
    }
}

fn program(setting: Setting, number: u32) -> Program {
    let commission = Commission::of_millionths(100_000, u32::try_from(MONTHS).unwrap_or(0), Some(CAP));
    let terms = Terms {
        hold_days: if setting.holds { 14 } else { 0 },
        commission: commission.filter(|_| setting.shares),
        ..Terms::default()
    };
    let policy = Policy {
        reward_budget: setting.bounded.then_some(BUDGET),
        payout_delay_days: DELAY_DAYS,
        minimum_payout: MINIMUM,
        ..Policy::default()
    };
    a_program().named(&format!("history-{number}")).terms(terms).policy(policy).limited_to(A_DAY).build()
}

impl Play {
    async fn open(place: &Place, setting: Setting, sweeps: Sweeps) -> Self {
        let (store, reports) = (Arc::clone(&place.subject.store), Arc::clone(&place.subject.reports));
        let program = program(setting, place.played);
        let (pause, book) = (Pause::default(), program.book);
        let world = World::with(store, reports, program).await;
        let app = World::application(pause.over_one(world.parts(), book));
        let mut codes = Vec::new();
        for user in 0..PEOPLE {
            let report = app.code_of(&world.program.slug, &host(&name(user))).await.expect("a code");
            codes.push(report.code.text.to_string());
        }
        let oracle = Oracle::of(PEOPLE, setting, world.now().micros());
        Self {
            app,
            world,
            pause,
            oracle,
            sweeps,
            codes,
            events: Vec::new(),
            payouts: Vec::new(),
            batches: Vec::new(),
            balances: vec![Balances::default(); PEOPLE],
            posted: BTreeSet::new(),
            granted: BTreeMap::new(),
            grants: BTreeMap::new(),
        }
    }

    /// One happening on both sides: what the application answered, and what the oracle expects.
    async fn step(&mut self, happening: &Happening) -> (Answer, Answer) {
        match *happening {
            Happening::SignUp { user, code, verified, created_ago, applied_ago } => {
                let at = (self.at(created_ago), self.at(applied_ago));
                self.sign_up(user, code, verified, at).await
            }
            Happening::Hear { user, verified, ago } => self.hear(user, verified, ago).await,
            Happening::Spend { event, user, cents, ago } => {
                let spend = a_spend(&id(event), &name(user), usd(cents)).at(self.at(ago)).build();
                self.tell(event, EventCommand::Spend(spend)).await
            }
            Happening::Refund { event, told, of, user, cents, ago, reason } => {
                let (of, user) = told.and_then(|nth| self.spend_told(nth)).unwrap_or((of, user));
                let refund = a_refund(&id(event), &name(user), &id(of), usd(cents)).at(self.at(ago));
                let refund = refund.because(RefundReason::ALL[reason]).build();
                self.tell(event, EventCommand::Refund(refund)).await
            }
            Happening::TellAgain { nth } => match self.events.get(nth).cloned() {
                Some((event, command)) => self.tell(event, command).await,
                None => (Answer::Done, Answer::Done),
            },
            Happening::Redeem { reference, user, cents, up_to } => {
                self.redeem(reference, user, cents, up_to).await
            }
            Happening::Reverse { reference, redemption, cents } => {
                self.reverse(reference, redemption, cents).await
            }
            Happening::Retract { user, what, back, reason } => self.retract(user, what, back, reason).await,
            Happening::Review { user, verdict } => self.review(user, verdict).await,
            Happening::Pay(ref paying) => self.pay(paying).await,
            ref other => self.pass(other).await,
        }
    }

    /// An event told before and its user, if it is a spend.
    fn spend_told(&self, nth: usize) -> Option<(usize, usize)> {
        let (event, command) = self.events.get(nth)?;
        let spend = matches!(command, EventCommand::Spend(_));
        spend.then(|| (*event, number(command.user().as_str())))
    }

    /// What asks nobody: time, pauses, sweeps.
    async fn pass(&mut self, happening: &Happening) -> (Answer, Answer) {
        match *happening {
            Happening::Advance { micros } => self.oracle.now = self.world.clock.advance(micros).micros(),
            Happening::Pause { paused } => {
                self.pause.set(paused);
                self.oracle.paused = paused;
            }
            Happening::Expire => {
                self.app.expire_referrals().await.expect("a sweep");
                self.oracle.expire();
            }
            Happening::Release => {
                self.app.release_holds().await.expect("a sweep");
                self.oracle.release();
            }
            Happening::GrantBudgeted => {
                self.app.grant_budgeted().await.expect("a sweep");
                self.oracle.grant_budgeted();
            }
            _ => {
                self.app.reconcile_referrals().await.expect("a sweep");
                self.oracle.reconcile(self.sweeps == Sweeps::ByReferral);
            }
        }
        (Answer::Done, Answer::Done)
    }

    fn at(&self, ago: i64) -> Timestamp {
        self.world.now().plus_micros(-ago)
    }

    async fn sign_up(
        &mut self,
        user: usize,
        code: Option<usize>,
        verified: Option<bool>,
        (created_at, applied_at): (Timestamp, Timestamp),
    ) -> (Answer, Answer) {
        let command = SignUp {
            program: self.world.program.slug.clone(),
            user: host(&name(user)),
            code: code.map(|owner| self.codes[owner].clone()),
            email: None,
            email_verified: verified,
            ip: None,
            created_at: Some(created_at),
            applied_at: Some(applied_at),
            attribution: Attribution { source: Source::Api, click: None, clicked_at: None, sub_id: None },
        };
        let told = match answer(self.app.sign_up(&command).await) {
            Ok(Replayable::Fresh(receipt)) => match receipt.application {
                Application::Again(_) => Answer::Again,
                Application::Made(_) | Application::Noted => Answer::Done,
            },
            Ok(Replayable::Replayed(_)) => panic!("no key was sent"),
            Err(refused) => Answer::Refused(why_not_applied(refused)),
        };
        (told, self.oracle.sign_up(user, code, verified, created_at.micros(), applied_at.micros()))
    }

    async fn hear(&mut self, user: usize, verified: bool, ago: i64) -> (Answer, Answer) {
        let (at, program) = (self.at(ago), self.world.program.slug.clone());
        let command =
            EmailVerified { program, user: host(&name(user)), email: None, verified, occurred_at: Some(at) };
        let told = answer(self.app.email_verified(&command).await);
        let told = told.map_or(Answer::Refused("time"), |_| Answer::Done);
        (told, self.oracle.hear(user, verified, at.micros()))
    }

    async fn tell(&mut self, event: usize, command: EventCommand) -> (Answer, Answer) {
        let batch = RecordSpend { program: self.world.program.slug.clone(), events: vec![command.clone()] };
        let told = answer(self.app.record_spend(&batch).await);
        let told = match told.map(|mut receipt| receipt.answers.remove(0)) {
            Ok(Spent::Recorded(_)) => Answer::Done,
            Ok(Spent::Replayed(_)) => Answer::Again,
            Ok(Spent::Conflict(_)) => Answer::Conflict,
            Err(_) => Answer::Refused("time"),
        };
        let fact = fact(&command);
        self.events.push((event, command));
        (told, self.oracle.tell(event, fact))
    }

    /// Nothing decides a case yet, so its decision is written onto the progress; a sign-up that tells nothing new has
    /// everything settled.
    async fn review(&mut self, user: usize, verdict: Decided) -> (Answer, Answer) {
        if !self.oracle.review(user, verdict) {
            return (Answer::Done, Answer::Done);
        }
        let Some(mut referral) = self.referral(user).await else { return (Answer::Done, Answer::Conflict) };
        decide(&mut referral, verdict, self.world.now());
        let progress = vec![(referral.facts.id, referral.progress)];
        self.world.record(&Changes { progress, ..Changes::default() }).await;
        let what = match verdict {
            Decided::Open => "review: open",
            Decided::Clear => "review: clear",
            Decided::Confirm => "review: confirm",
        };
        *self.oracle.seen.entry(what).or_default() += 1;
        if verdict == Decided::Open {
            return (Answer::Done, Answer::Done);
        }
        let now = self.world.now();
        self.sign_up(user, None, None, (now, now)).await
    }
}

fn decide(referral: &mut Referral, verdict: Decided, now: Timestamp) {
    let progress = &mut referral.progress;
    progress.review = match verdict {
        Decided::Open => Review::Open,
        Decided::Clear => Review::Cleared,
        Decided::Confirm => Review::Confirmed,
    };
    if verdict == Decided::Confirm {
        progress.state = State::Fraud { activated_at: progress.state.activated_at(), closed_at: now };
    }
}

fn fact(command: &EventCommand) -> Told {
    let at = command.occurred_at().micros();
    let refund = match command {
        EventCommand::Spend(_) => None,
        EventCommand::Refund(refund) => {
            let reason = RefundReason::ALL.iter().position(|reason| *reason == refund.reason);
            Some((number(refund.spend.as_str()), reason.expect("one of them")))
        }
    };
    Told { user: number(command.user().as_str()), cents: command.amount().minor(), at, refund }
}

const fn again(replayed: bool) -> Answer {
    if replayed { Answer::Again } else { Answer::Done }
}

fn name(user: usize) -> String {
    format!("u_{user}")
}

fn id(event: usize) -> String {
    format!("e_{event}")
}

fn number(name: &str) -> usize {
    name.get(2..).and_then(|number| number.parse().ok()).expect("a number")
}

fn answer<T, R>(settled: Result<T, Failure<R>>) -> Result<T, R> {
    settled.map_err(|failure| match failure {
        Failure::Refused(refusal) => refusal,
        Failure::NoProgram => panic!("there is a program"),
        Failure::KeyReused => panic!("no key was sent"),
        Failure::Store(error) => panic!("the store answers: {error:?}"),
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
