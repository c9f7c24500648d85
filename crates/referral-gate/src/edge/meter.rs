//! What is counted of every reply, by method, route and status.
//!
//! A counter is found by its labels, which costs as much as a short reply does: so each worker looks once and keeps what it
//! found. There are as many as methods, routes and statuses make, none of which a caller chooses.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use actix_web::http::StatusCode;
use metrics::{Counter, Histogram};

/// The pattern by which a request was routed.
pub(super) enum Route {
    /// One that an endpoint noted.
    Known(&'static str),
    /// One that had to be looked for.
    Other(String),
}

impl Route {
    /// Its text.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Known(pattern) => pattern,
            Self::Other(pattern) => pattern,
        }
    }
}

/// The replies of one kind.
#[derive(Clone)]
struct Meter {
    requests: Counter,
    seconds: Histogram,
}

impl Meter {
    fn find(method: &'static str, route: &str, status: StatusCode) -> Self {
        let labels = [("method", method), ("route", route), ("status", status.as_str())]
            .map(|(label, value)| (label, value.to_owned()));
        Self {
            requests: metrics::counter!("http_requests_total", &labels),
            seconds: metrics::histogram!("http_request_seconds", &labels),
        }
    }

    fn count(&self, elapsed: Duration) {
        self.requests.increment(1);
        self.seconds.record(elapsed.as_secs_f64());
    }
}

type Kept = HashMap<(&'static str, &'static str, StatusCode), Meter>;

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::new(HashMap::new());
}

/// Counts a reply that took so long. The recorder is the one that was there when this worker first counted its like.
pub(super) fn count(method: &'static str, route: &Route, status: StatusCode, elapsed: Duration) {
    match *route {
        Route::Known(pattern) => KEPT.with_borrow_mut(|kept| {
            let meter = kept.entry((method, pattern, status));
            meter.or_insert_with(|| Meter::find(method, pattern, status)).count(elapsed);
        }),
        Route::Other(ref pattern) => Meter::find(method, pattern, status).count(elapsed),
    }
}
