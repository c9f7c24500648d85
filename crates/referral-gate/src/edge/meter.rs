//! What is counted of every reply, by method, route and status.
//!
//! A counter is found by its labels, which costs as much as a short reply does: so each worker looks once and keeps what it
//! found. There are as many as methods, routes and statuses make, none of which a caller chooses.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use actix_web::http::StatusCode;
use metrics::{Counter, Histogram};

/// The replies of one kind.
#[derive(Clone)]
struct Meter {
    requests: Counter,
    seconds: Histogram,
}

impl Meter {
    fn find(method: &'static str, route: Cow<'static, str>, status: StatusCode) -> Self {
        let labels = [
            ("method", Cow::Borrowed(method)),
            ("route", route),
            ("status", Cow::Owned(status.as_str().to_owned())),
        ];
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
pub(super) fn count(method: &'static str, route: &Cow<'static, str>, status: StatusCode, elapsed: Duration) {
    match *route {
        Cow::Borrowed(fixed) => KEPT.with_borrow_mut(|kept| {
            let meter = kept.entry((method, fixed, status));
            meter.or_insert_with(|| Meter::find(method, Cow::Borrowed(fixed), status)).count(elapsed);
        }),
        Cow::Owned(_) => Meter::find(method, route.clone(), status).count(elapsed),
    }
}
