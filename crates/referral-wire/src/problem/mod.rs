//! Problems (RFC 9457): the one shape of every refusal and every fault that leaves this service.
//!
//! A handler answers `Err(Problem)`; the edge adds the request id, the security headers and one log line.
//! Nothing of `source` is ever shown: what may be told and what may not are separate fields.

mod code;
mod fault;
mod markdown;
pub mod page;
mod reply;
mod schema;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use referral_domain::port::{StoreError, chain};

pub use code::{Entry, ProblemCode};
pub use fault::{FieldFault, Place};
pub use markdown::problems_markdown;
pub use reply::PROBLEM_JSON;
pub use schema::{FaultSchema, ProblemSchema};

/// The most entries in `errors`.
pub const FAULTS_MAX: usize = 20;

/// When to come back after a passing fault of ours.
const RETRY_SOON: Duration = Duration::from_secs(1);

/// A refusal or a fault, ready to be answered.
#[derive(Debug, Clone)]
pub struct Problem {
    code: ProblemCode,
    detail: Cow<'static, str>,
    errors: Vec<FieldFault>,
    retry_after: Option<Duration>,
    instance: Option<String>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem that says no more than its code's meaning.
    #[must_use]
    pub fn new(code: ProblemCode) -> Self {
        let detail = Cow::Borrowed(code.entry().meaning);
        Self { code, detail, errors: Vec::new(), retry_after: None, instance: None, source: None }
    }

    /// The same with words for this one case; never a driver's words.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same, blaming these fields; at most [`FAULTS_MAX`] are kept.
    #[must_use]
    pub fn errors(mut self, mut errors: Vec<FieldFault>) -> Self {
        errors.truncate(FAULTS_MAX);
        self.errors = errors;
        self
    }

    /// The same with `Retry-After` and `retry_after_seconds`, rounded up to whole seconds.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same for the request with this id.
    #[must_use]
    pub fn instance(mut self, request_id: &str) -> Self {
        self.instance = Some(request_id.to_owned());
        self
    }

    /// The same with its cause, which is logged and never shown.
    #[must_use]
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Missing or bad credentials; every cause has this one reply.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(ProblemCode::Unauthenticated)
    }

    /// Unknown, somebody else's, or an id of the wrong form.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ProblemCode::NotFound)
    }

    /// A fault of ours; the cause is logged.
    #[must_use]
    pub fn internal(source: impl Error + Send + Sync + 'static) -> Self {
        Self::new(ProblemCode::Internal).caused_by(source)
    }

    /// The store did not answer; the cause is logged. The caller may try again in a second.
    #[must_use]
    pub fn store_unavailable(source: impl Error + Send + Sync + 'static) -> Self {
        Self::new(ProblemCode::StoreUnavailable).retry_after(RETRY_SOON).caused_by(source)
    }

    /// One wrong query parameter.
    #[must_use]
    pub fn parameter(name: &str, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self::new(ProblemCode::InvalidQuery)
            .detail("1 parameter is wrong")
            .errors(vec![FieldFault::parameter(name, code, detail)])
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> ProblemCode {
        self.code
    }

    /// The fields it blames.
    #[must_use]
    pub fn faults(&self) -> &[FieldFault] {
        &self.errors
    }

    /// Its cause and the causes of that, one after the other, for the log alone.
    #[must_use]
    pub fn chain(&self) -> String {
        self.source.as_deref().map(|error| chain(error)).unwrap_or_default()
    }

    fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }
}

impl From<StoreError> for Problem {
    /// A store that is away or overrun is worth another try in a second; one that holds nonsense is not.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::store_unavailable(error),
            StoreError::Contended(_) => Self::new(ProblemCode::Busy).retry_after(RETRY_SOON).caused_by(error),
            StoreError::Corrupt { .. } => Self::internal(error),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl Error for Problem {}

/// What a handler answers.
pub type Reply<T = actix_web::HttpResponse> = Result<T, Problem>;
