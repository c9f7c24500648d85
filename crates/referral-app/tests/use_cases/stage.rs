//! The application on the memory store, and the verbs of the tests.

use std::net::IpAddr;
use std::sync::Arc;

use referral_app::{
    App, Application, ApplyCode, ApplyReceipt, ApplyRefusal, EmailReceipt, EmailVerified, Failure, Limits,
    Parts, RecordSpend, RedeemCredits, RedeemReceipt, RedeemRefused, Replayable, SignUp,
};
use referral_domain::apply::ApplyRefusal as Rule;
use referral_domain::credit::{BalanceSnapshot, RedeemMode};
use referral_domain::ledger::{Balances, LedgerCounts, Verdict};
use referral_domain::port::{Changes, Reports, Store};
use referral_domain::program::Program;
use referral_domain::referral::{Attribution, Referral, Review, Source};
use referral_domain::spend::{Answer, EventCommand, Outcome, SpendCommand};
use referral_domain::time::Timestamp;
use referral_domain::user::{EmailStatus, Word};
use referral_memory::MemoryStore;
use referral_memory::limiter::MemoryLimiter;
use referral_testkit::build::{a_program, a_refund, a_spend, host, identity_key, reference, usd};
use referral_testkit::fake::SeededChance;
use referral_testkit::world::World;

/// An application, the store it runs on, and the world behind both.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) world: World,
    pub(crate) memory: MemoryStore,
}

impl Stage {
    /// With the default program.
    pub(crate) async fn open() -> Self {
        Self::with(a_program().build()).await
    }

    /// With this program.
    pub(crate) async fn with(program: Program) -> Self {
        Self::made_of(program, |parts| parts).await
    }

    /// With this program, and some parts exchanged.
    pub(crate) async fn made_of(program: Program, exchange: impl FnOnce(Parts) -> Parts) -> Self {
        let memory = MemoryStore::new();
        let (store, reports) = (Arc::new(memory.clone()), Arc::new(memory.clone()));
        let world = World::with(store, reports, program).await;
        let app = App::new(exchange(parts(&world)));
        Self { app, world, memory }
    }

    /// The same store under an application with some parts exchanged.
    pub(crate) fn exchanging(&self, exchange: impl FnOnce(Parts) -> Parts) -> Self {
        Self { app: App::new(exchange(parts(&self.world))), ..self.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.world.now()
    }

    pub(crate) fn program(&self) -> &Program {
        &self.world.program
    }

    /// The code of a user, made on first ask.
    pub(crate) async fn code(&self, owner: &str) -> String {
        let report = self.app.code_of(&self.program().slug, &host(owner)).await.expect("a code");
        report.code.text.to_string()
    }

    /// A sign-up of this user now, without a code.
    pub(crate) fn a_sign_up(&self, user: &str) -> SignUp {
        SignUp {
            program: self.program().slug.clone(),
            user: host(user),
            code: None,
            email: None,
            email_verified: None,
            ip: None,
            created_at: None,
            applied_at: None,
            attribution: api(),
        }
    }

    /// A sign-up of this user now, with this code.
    pub(crate) fn with_code(&self, user: &str, code: &str) -> SignUp {
        SignUp { code: Some(code.to_owned()), ..self.a_sign_up(user) }
    }

    /// A user signs up with a code, and a referral is made.
    pub(crate) async fn refer(&self, user: &str, code: &str) -> Referral {
        made(self.app.sign_up(&self.with_code(user, code)).await)
    }

    /// What a sign-up is refused for.
    pub(crate) async fn refusal(&self, command: &SignUp) -> ApplyRefusal {
        refused(self.app.sign_up(command).await)
    }

    /// A code applied by this user's own token, which tells that they signed up now.
    pub(crate) fn an_application(&self, user: &str, code: &str) -> ApplyCode {
        ApplyCode {
            program: self.program().slug.clone(),
            user: host(user),
            code: code.to_owned(),
            attribution: api(),
            signed_up_at: Some(self.now()),
            email: None,
            email_verified: None,
            ip: None,
        }
    }

    /// An event says that this user's e-mail is verified, or not, since now.
    pub(crate) async fn hear(&self, user: &str, verified: bool) -> EmailReceipt {
        self.hear_at(user, verified, self.now()).await
    }

    /// The same, since another instant.
    pub(crate) async fn hear_at(&self, user: &str, verified: bool, at: Timestamp) -> EmailReceipt {
        let command = self.an_email_event(user, verified, Some(at));
        self.app.email_verified(&command).await.expect("an event is heard")
    }

    pub(crate) fn an_email_event(&self, user: &str, verified: bool, at: Option<Timestamp>) -> EmailVerified {
        let program = self.program().slug.clone();
        EmailVerified { program, user: host(user), email: None, verified, occurred_at: at }
    }

    /// A user spends so many cents now.
    pub(crate) async fn spend(&self, name: &str, user: &str, cents: i64) -> Answer {
        self.spend_all(vec![a_spend(name, user, usd(cents)).at(self.now()).build()]).await.remove(0)
    }

    /// So many cents of a spend of a user are refunded now.
    pub(crate) async fn refund(&self, name: &str, user: &str, spend: &str, cents: i64) -> Answer {
        let refund = a_refund(name, user, spend, usd(cents)).at(self.now()).build();
        let told = self.app.record_spend(&self.a_batch_of(vec![refund.into()])).await;
        told.expect("a refund is recorded").answers.remove(0)
    }

    /// A batch of spends.
    pub(crate) async fn spend_all(&self, events: Vec<SpendCommand>) -> Vec<Answer> {
        self.app.record_spend(&self.a_batch(events)).await.expect("spends are recorded").answers
    }

    pub(crate) fn a_batch(&self, events: Vec<SpendCommand>) -> RecordSpend {
        self.a_batch_of(events.into_iter().map(Into::into).collect())
    }

    pub(crate) fn a_batch_of(&self, events: Vec<EventCommand>) -> RecordSpend {
        RecordSpend { program: self.program().slug.clone(), events }
    }

    /// Exactly so many cents of a user, under this reference.
    pub(crate) fn a_redemption(&self, name: &str, user: &str, cents: i64) -> RedeemCredits {
        RedeemCredits {
            program: self.program().slug.clone(),
            user: host(user),
            amount: cents,
            mode: RedeemMode::Exact,
            reference: reference(name),
            description: None,
        }
    }

    /// Takes exactly so many cents.
    pub(crate) async fn redeem(
        &self,
        name: &str,
        user: &str,
        cents: i64,
    ) -> Result<RedeemReceipt, RedeemRefused> {
        answer(self.app.redeem_credits(&self.a_redemption(name, user, cents)).await)
    }

    /// A user's balance now.
    pub(crate) async fn balance(&self, user: &str) -> BalanceSnapshot {
        self.app.balance(&self.program().slug, &host(user)).await.expect("a balance").balance
    }

    /// What a user has available now.
    pub(crate) async fn available(&self, user: &str) -> i64 {
        self.balance(user).await.balances.available
    }

    /// The referral a user came by.
    pub(crate) async fn referral(&self, user: &str) -> Option<Referral> {
        let view = self.app.my_referrer(&self.program().slug, &host(user)).await.expect("a view");
        view.referral
    }

    /// A person opens, clears or confirms the case of a user's referral.
    pub(crate) async fn review(&self, user: &str, review: Review) {
        let Referral { facts, mut progress } = self.referral(user).await.expect("a referral");
        progress.review = review;
        self.world.record(&Changes { progress: vec![(facts.id, progress)], ..Changes::default() }).await;
    }

    /// What is known of a user's e-mail.
    pub(crate) async fn email_status(&self, user: &str) -> EmailStatus {
        let facts = self.memory.user(self.program().book, &host(user)).await.expect("the store answers");
        facts.expect("a user who was heard of").email_status()
    }

    /// Ben came by Ana's code and is verified: he has his welcome credit of 10.00.
    pub(crate) async fn ben_is_verified(&self) {
        let code = self.code("u_ana").await;
        self.refer("u_ben", &code).await;
        self.hear("u_ben", true).await;
    }

    /// The whole ledger holds.
    pub(crate) async fn is_sound(&self) -> LedgerCounts {
        match self.memory.verify().await.expect("the store answers") {
            Verdict::Verified(counts) => counts,
            broken => panic!("{broken:?}"),
        }
    }

    /// Everything that is stored, as text: equal texts, equal stores.
    pub(crate) fn stored(&self) -> String {
        format!("{:#?}", self.memory)
    }
}

/// The parts of an application on this world, with limits.
fn parts(world: &World) -> Parts {
    Parts {
        store: Arc::clone(&world.store) as Arc<dyn Store>,
        reports: Arc::clone(&world.reports) as Arc<dyn Reports>,
        limiter: Arc::new(MemoryLimiter::default()),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
        chance: Arc::new(SeededChance::default()),
        identity: identity_key(),
        limits: Some(Limits::default()),
    }
}

pub(crate) fn api() -> Attribution {
    Attribution { source: Source::Api, click: None, clicked_at: None, sub_id: None }
}

pub(crate) fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().expect("an address"))
}

pub(crate) const fn word(at: Timestamp, verified: bool) -> Word {
    Word { at, verified }
}

/// Balances with nothing but this available.
pub(crate) fn only(available: i64) -> Balances {
    Balances { available, ..Balances::default() }
}

/// The answer of a use case that neither lacks its program nor its store.
pub(crate) fn answer<T, R>(settled: Result<T, Failure<R>>) -> Result<T, R> {
    settled.map_err(|failure| match failure {
        Failure::Refused(refusal) => refusal,
        Failure::NoProgram => panic!("there is a program"),
        Failure::KeyReused => panic!("the key is of this body"),
        Failure::Store(error) => panic!("the store answers: {error:?}"),
    })
}

/// The same of what may be repeated under a key, when it was done now.
pub(crate) fn done<T, R>(settled: Result<Replayable<T>, Failure<R>>) -> Result<T, R> {
    answer(settled).map(fresh)
}

/// What was done now.
pub(crate) fn fresh<T>(replayable: Replayable<T>) -> T {
    match replayable {
        Replayable::Fresh(receipt) => receipt,
        Replayable::Replayed(reply) => panic!("done before: {reply:?}"),
    }
}

type Applied = Result<Replayable<ApplyReceipt>, Failure<ApplyRefusal>>;

/// What came of an application that was not refused.
pub(crate) fn application(applied: Applied) -> Application {
    fresh(answer(applied).expect("nothing refuses")).application
}

/// The referral that was made.
pub(crate) fn made(applied: Applied) -> Referral {
    match application(applied) {
        Application::Made(report) => report.referral,
        other => panic!("no referral was made: {other:?}"),
    }
}

/// The referral that was there already.
pub(crate) fn again(applied: Applied) -> Referral {
    match application(applied) {
        Application::Again(report) => report.referral,
        other => panic!("not a repetition: {other:?}"),
    }
}

/// Why it was refused.
pub(crate) fn refused(applied: Applied) -> ApplyRefusal {
    answer(applied).map(fresh).expect_err("a rule refuses")
}

/// Refused by a rule of applying.
pub(crate) const fn rule(rule: Rule) -> ApplyRefusal {
    ApplyRefusal::Rule(rule)
}

/// What an event that was recorded now counted for.
pub(crate) fn outcome(answer: &Answer) -> Outcome {
    match answer {
        Answer::Recorded(event) => event.outcome,
        other => panic!("not recorded now: {other:?}"),
    }
}
