//! The application: the ports it runs on, injected once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use referral_domain::adjustment::AdjustmentLimit;
use referral_domain::code::FoldedCode;
use referral_domain::id::{BookId, UserId};
use referral_domain::identity::{Fingerprint, IdentityKey};
use referral_domain::money::{Currency, MoneyFault};
use referral_domain::port::{
    Chance, Clock, Ids, Inserted, Limiter, NewUser, Rail, Reports, Store, StoreError, Unit,
};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::arrivals::Arrivals;
use crate::blocks::one_turn;
use crate::code_cache::{CodeCache, LIFE};
use crate::failure::Failure;
use crate::lane::Lane;
use crate::shared_reads::SharedReads;
use crate::throttle::Limits;
use crate::touched::Touched;
use crate::transact::transact;

/// What an [`App`] is made of.
#[derive(Clone)]
pub struct Parts {
    /// Where facts are kept.
    pub store: Arc<dyn Store>,
    /// Where questions are answered.
    pub reports: Arc<dyn Reports>,
    /// What counts attempts.
    pub limiter: Arc<dyn Limiter>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn Ids>,
    /// Where chance comes from.
    pub chance: Arc<dyn Chance>,
    /// Under which key personal things are hashed.
    pub identity: IdentityKey,
    /// The rate limits; `None` for benchmarks alone. The exact daily limit per referrer is always kept.
    pub limits: Option<Limits>,
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct App {
    parts: Parts,
    /// Whether the limiter was down when it was last asked, so that it is said once.
    pub(crate) limiter_down: Arc<AtomicBool>,
    /// Codes looked up a moment ago, if they are remembered.
    pub(crate) codes: Option<CodeCache>,
    /// Keys whose last use was written a moment ago.
    pub(crate) touched: Touched,
    /// Where single spend events share units, if they do.
    pub(crate) lane: Option<Lane>,
    /// Where sign-ups share units, if they do.
    pub(crate) arrivals: Option<Arrivals>,
    /// How batches of payouts leave.
    rails: Arc<[Box<dyn Rail>]>,
    /// How far one person may adjust alone.
    adjustments: AdjustmentLimit,
    /// Who may verify the ledger: one at a time.
    pub(crate) verifying: Arc<Semaphore>,
}

impl App {
    /// An application on these ports.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let reports = Arc::new(SharedReads::new(parts.reports.clone()));
        let parts = Parts { reports, ..parts };
        Self {
            parts,
            limiter_down: Arc::default(),
            codes: None,
            touched: Touched::default(),
            lane: None,
            arrivals: None,
            verifying: one_turn(),
            rails: Arc::new([]),
            adjustments: AdjustmentLimit::default(),
        }
    }

    /// The same, but single spend events, and sign-ups, that are told at the same time share a unit: many of them are
    /// recorded much faster, and each is still durable before it is answered. Units run on the runtime this is called on.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn with_lane(self) -> Self {
        self.sharing(Handle::current(), |alone, _| Lane::start(alone))
    }

    /// The same as [`App::with_lane`], but all these units run on this runtime, those of several events as well: on a thread
    /// that has nothing else to do, no unit waits between its calls for a thread that is busy with requests.
    #[must_use]
    pub fn with_lane_on(self, runtime: Handle) -> Self {
        self.sharing(runtime, |alone, runtime| Lane::start_on(alone, runtime))
    }

    /// With a lane and shared arrivals in front of itself as it is without either.
    fn sharing(self, runtime: Handle, lane: impl FnOnce(Arc<Self>, Handle) -> Lane) -> Self {
        let alone = Self { lane: None, arrivals: None, ..self.clone() };
        let arrivals = Some(Arrivals::start(alone.clone(), runtime.clone()));
        Self { lane: Some(lane(Arc::new(alone), runtime)), arrivals, ..self }
    }

    /// The same, but whether a code may be used, and by which rules a balance is payable, is answered from what was looked up
    /// in the last 2 seconds. Applying a code, redeeming and paying never are.
    #[must_use]
    pub fn with_code_cache(self) -> Self {
        Self { codes: Some(CodeCache::living(LIFE)), ..self }
    }

    /// The same, but batches of payouts can leave by these rails.
    #[must_use]
    pub fn with_rails(self, rails: Vec<Box<dyn Rail>>) -> Self {
        Self { rails: rails.into(), ..self }
    }

    /// The rail of a format.
    pub(crate) fn rail(&self, format: &str) -> Option<&dyn Rail> {
        self.rails.iter().map(Box::as_ref).find(|rail| rail.format() == format)
    }

    /// Forgets what was looked up of a code: it may have changed.
    pub fn forget_code(&self, book: BookId, folded: &FoldedCode) {
        self.codes.iter().for_each(|codes| codes.forget(book, folded));
    }

    /// Forgets what was looked up of a program: it may have changed.
    pub fn forget_program(&self, slug: &Slug) {
        self.codes.iter().for_each(|codes| codes.forget_program(slug));
    }

    /// Forgets what was looked up of all codes.
    pub fn forget_codes(&self) {
        self.codes.iter().for_each(CodeCache::clear);
    }

    /// Takes no more single spend events, and lets nobody who signs up share a unit; ready when all that were taken are
    /// answered. Without a lane, at once.
    pub async fn close_lane(&self) {
        if let Some(arrivals) = &self.arrivals {
            arrivals.close().await;
        }
        if let Some(lane) = &self.lane {
            lane.close().await;
        }
    }

    /// Makes the program `default` when there is none. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ensure_default_program(&self, landing_url: &str) -> Result<(), StoreError> {
        let program = &self.default_program(landing_url)?;
        transact(self.store(), |unit| {
            Box::pin(async move {
                match unit.programs().insert(program).await? {
                    Inserted::New | Inserted::AlreadyThere => Ok(()),
                }
            })
        })
        .await
    }

    fn default_program(&self, landing_url: &str) -> Result<Program, StoreError> {
        let usd = Currency::parse("USD").map_err(|fault: MoneyFault| no_default(fault))?;
        let book = BookId(self.draw_number().max(1));
        Program::default_program(book, usd, landing_url.to_owned(), self.now())
            .ok_or_else(|| no_default("the slug `default` is not well formed"))
    }

    /// 63 random bits.
    pub(crate) fn draw_number(&self) -> i64 {
        let mut bytes = [0; 8];
        self.chance().fill(&mut bytes);
        i64::from_be_bytes(bytes) & i64::MAX
    }

    /// The same, but one person may adjust this much alone.
    #[must_use]
    pub const fn limiting_adjustments(mut self, limit: AdjustmentLimit) -> Self {
        self.adjustments = limit;
        self
    }

    pub(crate) const fn adjustment_limit(&self) -> AdjustmentLimit {
        self.adjustments
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.parts.store.as_ref()
    }

    /// Questions without a unit.
    #[must_use]
    pub fn reports(&self) -> &dyn Reports {
        self.parts.reports.as_ref()
    }

    pub(crate) fn limiter(&self) -> &dyn Limiter {
        self.parts.limiter.as_ref()
    }

    pub(crate) fn chance(&self) -> &dyn Chance {
        self.parts.chance.as_ref()
    }

    pub(crate) const fn identity(&self) -> &IdentityKey {
        &self.parts.identity
    }

    pub(crate) const fn limits(&self) -> Option<&Limits> {
        self.parts.limits.as_ref()
    }

    /// The time, for whoever renders an answer.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub(crate) fn draw_id(&self) -> Uuid {
        self.parts.ids.next()
    }

    /// The keyed hash under which a payment method's fingerprint is kept.
    #[must_use]
    pub fn payment_fingerprint(&self, fingerprint: &str) -> Fingerprint {
        self.identity().payment(fingerprint)
    }

    pub(crate) fn new_user(&self, host: &HostId) -> NewUser {
        NewUser { host: host.clone(), fresh: UserId::from_uuid(self.draw_id()) }
    }

    /// A program with the rules in force now.
    ///
    /// # Errors
    /// [`Failure::NoProgram`] or [`Failure::Store`].
    pub async fn program<R>(&self, slug: &Slug) -> Result<Program, Failure<R>> {
        self.reports().program(slug, self.now()).await?.ok_or(Failure::NoProgram)
    }

    /// A program as it was in the last 2 seconds, for those who only show something: with a cache of codes it is
    /// remembered there, and forgotten as codes are. Nothing is decided by it.
    ///
    /// # Errors
    /// [`Failure::NoProgram`] or [`Failure::Store`].
    pub(crate) async fn program_lately<R>(&self, slug: &Slug) -> Result<Program, Failure<R>> {
        match &self.codes {
            Some(codes) => codes.program(self.reports(), slug, self.now()).await?.ok_or(Failure::NoProgram),
            None => self.program(slug).await,
        }
    }
}

/// The program as a unit sees it: policy is always the version in force when it is decided.
pub(crate) async fn program_in<R>(
    unit: &mut Unit<'_>,
    slug: &Slug,
    now: Timestamp,
) -> Result<Program, Failure<R>> {
    unit.programs().find(slug, now).await?.ok_or(Failure::NoProgram)
}

fn no_default(source: impl Into<referral_domain::port::BoxError>) -> StoreError {
    StoreError::corrupt("programs", "currency", "default", source)
}
