//! What is kept of a request while it is inside, and what is done to its reply on the way out.

use std::fmt;
use std::time::Instant;

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::{Error, HttpRequest, HttpResponse, ResponseError, web};

use super::cors::Verdict;
use super::headers::secure;
use super::meter::{self, Route};
use super::request_id::X_REQUEST_ID;
use super::{EdgeConfig, RequestId};
use crate::problem::{PROBLEM_JSON, Problem};
use crate::routing::Pattern;

/// The method's name, if it is one that anything here answers: whoever asks chooses it, and it names a metric.
fn known(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    const NAMES: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.iter().position(|known| known == method).map_or("OTHER", |index| NAMES[index])
}

/// One request between coming and going.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) id: RequestId,
    pub(super) cors: Verdict,
    https: bool,
    method: &'static str,
    pub(super) pattern: Pattern,
    begun: Instant,
}

impl Visit {
    pub(super) fn begin(request: &ServiceRequest, config: &web::Data<EdgeConfig>) -> Self {
        Self {
            id: RequestId::of(request.headers(), &*config.ids),
            cors: config.cors.judge(request.head()),
            https: config.https,
            method: known(request.method()),
            pattern: Pattern::default(),
            begun: Instant::now(),
        }
    }

    /// The span of everything inside; `caller` is filled in once it is known.
    pub(super) fn span(&self) -> tracing::Span {
        tracing::info_span!(
            "request",
            request_id = self.id.as_str(),
            method = self.method,
            route = tracing::field::Empty,
            caller = tracing::field::Empty,
        )
    }

    /// The whole reply to a preflight.
    pub(super) fn preflight(&self, request: ServiceRequest) -> ServiceResponse {
        let mut reply = HttpResponse::NoContent().finish();
        self.sign(reply.headers_mut());
        request.into_response(reply)
    }

    /// Turns an error into a problem, adds the headers, counts and logs.
    pub(super) fn finish(&self, reply: ServiceResponse) -> ServiceResponse {
        let problem = problem_in(reply.response());
        let mut reply = match &problem {
            Some(problem) => self.replace(reply, problem),
            None => reply,
        };
        self.sign(reply.headers_mut());
        let route = self.route(reply.request());
        self.record(reply.status(), problem.as_ref(), route);
        reply
    }

    /// The error for a request that is no longer there to be answered.
    pub(super) fn give_up(&self, problem: Problem) -> Error {
        let route = Route::Known(self.pattern.known().unwrap_or(NO_ROUTE));
        self.record(problem.status_code(), Some(&problem), route);
        GivenUp { visit: self.clone(), problem }.into()
    }

    /// The pattern by which a request was routed. Endpoints note their own: finding it out costs as much as routing again.
    fn route(&self, request: &HttpRequest) -> Route {
        match self.pattern.known() {
            Some(path) => Route::Known(path),
            None => request.match_pattern().map_or(Route::Known(NO_ROUTE), Route::Other),
        }
    }

    fn replace(&self, reply: ServiceResponse, problem: &Problem) -> ServiceResponse {
        let allow = reply.headers().get(ALLOW).cloned();
        let mut ours = self.render(problem);
        if let Some(allow) = allow {
            ours.headers_mut().insert(ALLOW, allow);
        }
        reply.into_response(ours)
    }

    fn render(&self, problem: &Problem) -> HttpResponse {
        problem.clone().instance(self.id.as_str()).error_response()
    }

    fn sign(&self, headers: &mut HeaderMap) {
        headers.insert(X_REQUEST_ID, self.id.header());
        self.cors.write(headers);
        secure(headers, self.https);
    }

    /// Counts every reply; logs what broke, once, with its chain.
    fn record(&self, status: StatusCode, problem: Option<&Problem>, route: Route) {
        let elapsed = self.begun.elapsed();
        meter::count(self.method, &route, status, elapsed);
        let (route, elapsed_us) = (route.as_str(), elapsed.as_micros());
        match problem.filter(|_| status.is_server_error()) {
            Some(problem) => tracing::error!(%problem, chain = problem.chain(), route, "the request failed"),
            None => tracing::debug!(status = status.as_u16(), route, elapsed_us, "answered"),
        }
    }
}

/// What is said of a request that came to no endpoint.
const NO_ROUTE: &str = "none";

/// The problem a reply stands for: its own, or the one its bare status means. `None` for what may go out as it is.
fn problem_in(reply: &HttpResponse) -> Option<Problem> {
    let failed = reply.status().is_client_error() || reply.status().is_server_error();
    let rendered = || reply.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON);
    match reply.error() {
        Some(error) if failed => Some(problem_of(error)),
        None if failed && !rendered() => Some(Problem::of_status(reply.status())),
        Some(_) | None => None,
    }
}

/// Our own problem, or what the status of somebody else's error means; their words are for the log alone.
pub(super) fn problem_of(error: &Error) -> Problem {
    let ours = error.as_error::<Problem>().cloned();
    ours.unwrap_or_else(|| {
        let problem = Problem::of_status(error.as_response_error().status_code());
        problem.caused_by(Foreign(error.to_string()))
    })
}

/// What an error that is not ours said.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Foreign(String);

/// A problem that renders itself with every header, because nothing comes after it.
#[derive(Debug)]
struct GivenUp {
    visit: Visit,
    problem: Problem,
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl ResponseError for GivenUp {
    fn status_code(&self) -> StatusCode {
        self.problem.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut reply = self.visit.render(&self.problem);
        self.visit.sign(reply.headers_mut());
        reply
    }
}
