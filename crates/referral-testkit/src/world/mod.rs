//! A store with a program in it, and the story of a referral told on it through the ports and the domain's decisions.

mod application;
mod apply;
mod payout;
mod redeem;
mod spend;

use std::any::Any;
use std::sync::Arc;

use referral_domain::budget::{Budget, BudgetMonth};
use referral_domain::code::Code;
use referral_domain::grant;
use referral_domain::id::{TransactionId, UserId};
use referral_domain::ledger::Wallet;
use referral_domain::port::{
    AccountReport, Changes, Clock, CodeClaim, Ids, Inserted, NewUser, ReferrerReport, Reports, Store,
    StoreError, Unit, UnitOfWork,
};
use referral_domain::program::Program;
use referral_domain::referral::Referral;
use referral_domain::settle::Grant;
use referral_domain::spend::SpendEvent;
use referral_domain::time::Timestamp;
use referral_domain::tracking::DayDelta;
use referral_domain::user::UserFacts;
use uuid::Uuid;

use crate::build::{a_code, a_program, host, source};
use crate::fake::{FakeClock, SeededIds};
use crate::transact::{Boxed, transact};

pub use payout::a_person;
pub use redeem::{a_redemption_of, a_reversal_of};

/// A store with one program, a clock at noon, and seeded ids. Clones share all of it.
#[derive(Clone)]
pub struct World {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its read models.
    pub reports: Arc<dyn Reports>,
    /// The program.
    pub program: Program,
    /// The clock.
    pub clock: Arc<FakeClock>,
    /// The ids.
    pub ids: Arc<SeededIds>,
    /// What must outlive the store.
    keep: Arc<dyn Any + Send + Sync>,
}

impl World {
    /// Seeds a store with [`a_program`].
    pub async fn new(store: Arc<dyn Store>, reports: Arc<dyn Reports>) -> Self {
        Self::with(store, reports, a_program().build()).await
    }

    /// Seeds a store with this program.
    pub async fn with(store: Arc<dyn Store>, reports: Arc<dyn Reports>, program: Program) -> Self {
        let (clock, ids, keep) = (Arc::default(), Arc::default(), Arc::new(()));
        let world = Self { store, reports, program, clock, ids, keep };
        world.insert_program(&world.program).await;
        world
    }

    /// Keeps something until the last clone is gone.
    #[must_use]
    pub fn keeping(mut self, what: impl Any + Send + Sync) -> Self {
        self.keep = Arc::new((self.keep, what));
        self
    }

    /// The same store seen from another program, which it gets.
    pub async fn beside(&self, program: Program) -> Self {
        self.insert_program(&program).await;
        Self { program, ..self.clone() }
    }

    async fn insert_program(&self, program: &Program) {
        let mut unit = self.begin().await;
        let inserted = unit.programs().insert(program).await.expect("a program is stored");
        assert_eq!(inserted, Inserted::New, "the slug {} was free", program.slug);
        unit.commit().await.expect("a unit commits");
    }

    /// The clock's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.ids.next()
    }

    /// A user to be found, or made under a new id.
    #[must_use]
    pub fn new_user(&self, name: &str) -> NewUser {
        NewUser { host: host(name), fresh: UserId::from_uuid(self.id()) }
    }

    /// Begins a unit of work.
    pub async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.store.begin().await.expect("a unit begins")
    }

    /// Runs a body in a unit of work; see [`transact`].
    ///
    /// # Errors
    /// The store's, or the body's.
    pub async fn transact<'env, T, F>(&self, body: F) -> Result<T, StoreError>
    where
        F: for<'u> Fn(&'u mut Unit<'env>) -> Boxed<'u, Result<T, StoreError>> + Send + Sync,
        T: Send,
    {
        transact(self.store.as_ref(), body).await
    }

    /// Records changes in a unit of their own.
    pub async fn record(&self, changes: &Changes) {
        self.try_record(changes).await.expect("changes are recorded");
    }

    /// Records changes in a unit of their own, once.
    ///
    /// # Errors
    /// The store's.
    pub async fn try_record(&self, changes: &Changes) -> Result<(), StoreError> {
        let mut unit = self.store.begin().await?;
        unit.recorder().record(self.program.book, changes).await?;
        unit.commit().await
    }

    /// A user, made when nobody has that name yet.
    pub async fn user(&self, name: &str) -> UserFacts {
        self.users(&[name]).await.remove(0)
    }

    /// Users, made when nobody has their names yet.
    pub async fn users(&self, names: &[&str]) -> Vec<UserFacts> {
        let named: Vec<_> = names.iter().map(|name| self.new_user(name)).collect();
        let mut unit = self.begin().await;
        let book = self.program.book;
        let users = unit.users().lock(book, &named, &[], self.now()).await.expect("users are locked");
        unit.commit().await.expect("a unit commits");
        users
    }

    /// Replaces what is stored of a user.
    pub async fn know(&self, facts: UserFacts) {
        self.record(&Changes { users: vec![facts], ..Changes::default() }).await;
    }

    /// The primary code of a user, who is made when nobody has that name yet.
    pub async fn code(&self, owner: &str) -> Code {
        let owner = self.user(owner).await;
        self.claim(a_code(self.program.book, owner.id).build()).await
    }

    /// Claims a code that is free.
    pub async fn claim(&self, code: Code) -> Code {
        let mut unit = self.begin().await;
        let claim = unit.codes().claim(&code).await.expect("a code is claimed");
        unit.commit().await.expect("a unit commits");
        match claim {
            CodeClaim::Claimed => code,
            CodeClaim::OwnerHas(known) => *known,
            CodeClaim::Taken => panic!("the code {} is taken", code.text),
        }
    }

    /// Stores referrals as they are.
    pub async fn refer(&self, referrals: &[Referral]) {
        self.record(&Changes { new_referrals: referrals.to_vec(), ..Changes::default() }).await;
    }

    /// The referral a user came by, as a unit locks it.
    pub async fn referral(&self, referred: UserId) -> Option<Referral> {
        let mut unit = self.begin().await;
        unit.referrals().lock(self.program.book, &[referred]).await.expect("referrals are locked").pop()
    }

    /// A user's wallet, as a unit locks it.
    pub async fn wallet(&self, user: UserId) -> Wallet {
        let mut unit = self.begin().await;
        let (book, currency) = (self.program.book, self.program.currency);
        unit.ledger().open(book, currency, &[user]).await.expect("wallets are opened").remove(0)
    }

    /// What a user has, as a report tells it, and of it what they had earned at or before `aged`.
    pub async fn account(&self, name: &str, aged: Timestamp) -> AccountReport {
        self.reports.account(self.program.book, &host(name), aged).await.expect("a report")
    }

    /// A referrer's code and their referrals, counted, as a report tells them.
    pub async fn referrer(&self, name: &str) -> ReferrerReport {
        self.reports.referrer(self.program.book, &host(name)).await.expect("a report")
    }

    /// The event recorded under this id.
    pub async fn event(&self, name: &str) -> Option<SpendEvent> {
        let (mut unit, id) = (self.begin().await, source(name));
        let scene =
            unit.spending().scene(self.program.book, &[], std::slice::from_ref(&id), self.now()).await;
        scene.expect("a scene is set").known.remove(&id)
    }

    /// Posts grants onto freshly opened wallets; adds what is to be recorded of them.
    ///
    /// # Errors
    /// The store's.
    pub async fn post(
        &self,
        unit: &mut Unit<'_>,
        grants: &[Grant],
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        if grants.is_empty() {
            return Ok(());
        }
        let users: Vec<_> = grants.iter().map(|grant| grant.to).collect();
        let Program { book, currency, .. } = self.program;
        let wallets = unit.ledger().open(book, currency, &users).await?;
        let holds = unit.ledger().holds(book, &grant::takes_from(grants)).await?;
        let at = (currency, self.now());
        grant::post_all(changes, (wallets, holds), grants, at, &mut || self.id()).expect("grants are posted");
        changes.days = DayDelta::merged(std::mem::take(&mut changes.days));
        Ok(())
    }

    /// The month's budget, locked when the program has one.
    ///
    /// # Errors
    /// The store's.
    pub async fn budget(&self, unit: &mut Unit<'_>) -> Result<Budget, StoreError> {
        let month = self.now().month();
        match self.program.rules.policy.reward_budget {
            None => Ok(Budget::unbounded(month)),
            limit => Ok(Budget::of(limit, unit.budgets().lock(self.program.book, month).await?)),
        }
    }

    /// What is to be recorded of the month's budget.
    #[must_use]
    pub fn budget_change(&self, budget: &Budget) -> Option<BudgetMonth> {
        budget.change().filter(|_| self.program.rules.policy.reward_budget.is_some())
    }

    /// A new transaction's id.
    #[must_use]
    pub fn transaction_id(&self) -> TransactionId {
        TransactionId::from_uuid(self.id())
    }
}
