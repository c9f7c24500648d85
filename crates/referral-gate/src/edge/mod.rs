//! The edge: what every request meets first and every reply passes last, in one place.
//!
//! In this order: a request id; the CORS answer, which for a preflight is the whole reply; a time limit and a
//! net under panics around everything inside; then whatever came back is finished: an error of any origin
//! becomes a problem with the request id, and every reply gets its headers. One log line for what broke.

mod cors;
mod finish;
mod headers;
mod meter;
mod request_id;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::time::timeout;
use actix_web::{Error, HttpMessage as _, web};
use futures_util::FutureExt as _;
use referral_domain::port::Ids;
use tracing::Instrument as _;

pub use cors::CorsPolicy;
pub use request_id::RequestId;

use crate::problem::{Problem, ProblemCode};
use finish::{Visit, problem_of};

/// How long a request may take, reading its body included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// What the edge needs to know; in the app's data.
#[derive(Clone)]
pub struct EdgeConfig {
    /// Which origins may read replies in a browser.
    pub cors: CorsPolicy,
    /// Whether the public URL is https, so that browsers may be told to stay with it.
    pub https: bool,
    /// How long a request may take; [`REQUEST_TIMEOUT`] outside of tests.
    pub timeout: Duration,
    /// Where request ids come from.
    pub ids: Arc<dyn Ids>,
}

impl std::fmt::Debug for EdgeConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EdgeConfig")
            .field("cors", &self.cors)
            .field("https", &self.https)
            .finish_non_exhaustive()
    }
}

/// The outermost middleware: `App::new().app_data(Data::new(config)).wrap(from_fn(edge))`.
///
/// # Errors
/// Only when there is no request left to answer to (a time-out, a panic, an error of another middleware); the
/// error then renders itself with every header.
pub async fn edge(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let config = request.app_data::<web::Data<EdgeConfig>>().cloned();
    let config = config.ok_or_else(|| Problem::new(ProblemCode::Internal))?;
    let visit = Visit::begin(&request, &config);
    request.extensions_mut().insert(visit.id.clone());
    request.extensions_mut().insert(visit.pattern.clone());
    if visit.cors.is_preflight() {
        return Ok(visit.preflight(request));
    }
    let span = visit.span();
    async {
        match within(config.timeout, next.call(request)).await {
            Ok(reply) => Ok(visit.finish(reply.map_into_boxed_body())),
            Err(problem) => Err(visit.give_up(problem)),
        }
    }
    .instrument(span)
    .await
}

/// Waits for the inside, but not for ever, and not through a panic.
async fn within<B>(
    limit: Duration,
    inside: impl Future<Output = Result<ServiceResponse<B>, Error>>,
) -> Result<ServiceResponse<B>, Problem> {
    match timeout(limit, AssertUnwindSafe(inside).catch_unwind()).await {
        Err(_elapsed) => Err(Problem::new(ProblemCode::Timeout)),
        Ok(Err(panic)) => Err(Problem::internal(Panicked(words(&*panic)))),
        Ok(Ok(Err(error))) => Err(problem_of(&error)),
        Ok(Ok(Ok(reply))) => Ok(reply),
    }
}

/// What a panic said; for the log alone.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

fn words(panic: &(dyn Any + Send)) -> String {
    let fixed = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    fixed.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
